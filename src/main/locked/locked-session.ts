/** What runs while Sotto is locked: the senders of messages are answered once the spool has them, calls ring without a name. */
import type { IncomingBody, SignallingEvent } from '#main/accounts/signalling-port.ts'
import { wipe } from '#shared/bytes/bytes.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { SpoolSealKey } from '#main/spool/sealed-record.ts'
import type { Spool } from '#main/spool/spool.ts'
import type { SpoolRecord } from '#main/spool/spool-record.ts'
import { LockedCalls } from './locked-calls.ts'
import { PeerMemory, type Hearing } from './peer-memory.ts'
import type { DescribeBody, LockedCallsScreen, LockedLine, LockedNoticesPort } from './ports.ts'

export interface LockedSessionPorts {
  readonly spool: Spool
  readonly describe: DescribeBody
  readonly notices: LockedNoticesPort
  readonly screen: LockedCallsScreen
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly log: LogPort
}

/** Statuses of RFC 3261 and RFC 4975. */
const stored = 202
const badRequest = 400
const forbidden = 403
const msrpTimeout = 408
const unavailable = 480
const serverError = 500
const decline = 603

export class LockedSession {
  readonly calls: LockedCalls
  readonly #ports: LockedSessionPorts
  readonly #running = new Set<Promise<void>>()
  #sealKey: SpoolSealKey | null = null
  #peers: PeerMemory

  constructor(ports: LockedSessionPorts) {
    this.#ports = ports
    this.#peers = new PeerMemory(ports.random, [])
    const { notices, screen, clock } = ports
    this.calls = new LockedCalls({ notices, screen, clock, keep: (record) => this.#keep(record) })
  }

  /** What the next lock seals with; without it whatever comes is refused for now. */
  useKey(key: SpoolSealKey | null): void {
    if (this.#sealKey !== null) wipe(this.#sealKey.mark)
    this.#sealKey = key
  }

  /** Whom the next lock hears. */
  usePeers(peers: ConstructorParameters<typeof PeerMemory>[1]): void {
    this.#peers = new PeerMemory(this.#ports.random, peers)
  }

  handle(event: SignallingEvent, line: LockedLine): void {
    if (event.kind === 'body') this.#run(this.#takeBody(event.body, line))
    else if (event.kind === 'call') this.#run(this.calls.handle(event, this.#peers, line))
    else if (event.kind === 'chat-session')
      // Neither yes nor no: nobody is at this device, but another one may take it.
      this.#run(line.answerChatSession(event.chat.session, 'ring'))
  }

  /** A session takes over: resolves when every sender has his answer. */
  async release(): Promise<void> {
    this.calls.release()
    await Promise.all(this.#running)
  }

  #run(work: Promise<void>): void {
    const done = work
      .catch(() => this.#ports.log.warn('locked.failed'))
      .finally(() => {
        this.#running.delete(done)
      })
    this.#running.add(done)
  }

  async #takeBody(body: IncomingBody, line: LockedLine): Promise<void> {
    const { receipt } = body
    const status = await this.#statusFor(body)
    if (status === stored) await line.accept(receipt, stored)
    else await line.refuse(receipt, status)
  }

  async #statusFor({ receipt: _, ...body }: IncomingBody): Promise<number> {
    const kind = this.#ports.describe(body)
    if (kind === 'malformed') return badRequest
    const hearing = this.#peers.message(body.accountId, body.from)
    if (hearing === 'blocked') return body.path === 'msrp' ? forbidden : decline
    if (kind === 'fleeting') return stored
    try {
      const kept = await this.#keep({ kind: 'body', at: this.#ports.clock.now(), body })
      if (!kept) return notNow(body)
    } catch {
      return body.path === 'msrp' ? msrpTimeout : serverError
    }
    this.#notify(kind, body.fromSelf ? 'silent' : hearing)
    return stored
  }

  #notify(kind: string, hearing: Hearing): void {
    if (kind === 'text' && hearing === 'heard') this.#ports.notices.message()
  }

  async #keep(record: SpoolRecord): Promise<boolean> {
    return this.#sealKey === null ? false : this.#ports.spool.append(this.#sealKey, record)
  }
}

/** The sender, or the server for him, keeps the message and tries again. */
function notNow(body: Pick<IncomingBody, 'path'>): number {
  return body.path === 'msrp' ? msrpTimeout : unavailable
}
