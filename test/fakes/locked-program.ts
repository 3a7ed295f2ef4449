/** What runs while Sotto is locked, over a line that writes down how it answers. */
import { KeptSignalling } from '#main/accounts/signalling/kept-signalling.ts'
import type {
  IncomingBody,
  SignallingAccount,
  SignallingEvent,
  SignallingPort,
} from '#main/accounts/signalling-port.ts'
import type { CallCommand } from '#main/accounts/signalling-port-calls.ts'
import { describeBody } from '#main/compose-lock.ts'
import { LockedSession } from '#main/locked/locked-session.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { newSpoolKey, sealKeyOf, type SpoolOpenKey } from '#main/spool/sealed-record.ts'
import { Spool } from '#main/spool/spool.ts'
import { SpoolStore } from '#main/spool/spool-store.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import type { CallId, CallView } from '#shared/model/calls.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import { silentLog } from './silent-log.ts'

export const accountId = 'A'.repeat(22) as AccountId
export const alice = 'sip:alice@example.org' as Aor

/** A signalling client that is told what happens, and remembers what it was asked for. */
export class ScriptedLine implements SignallingPort {
  readonly answers = new Map<number, number>()
  readonly configured: SignallingAccount[] = []
  readonly commands: CallCommand[] = []
  readonly chats: [string, string][] = []
  networkChanges = 0
  onAnswer: (receipt: number, status: number) => void = () => undefined
  #handler: (event: SignallingEvent) => void = () => undefined

  raise(event: SignallingEvent): void {
    this.#handler(event)
  }

  onEvent(handler: (event: SignallingEvent) => void): () => void {
    this.#handler = handler
    return () => undefined
  }

  readonly #answer = (receipt: number, status: number): Promise<void> => {
    this.answers.set(receipt, status)
    this.onAnswer(receipt, status)
    return Promise.resolve()
  }

  accept = (receipt: number, status = 200): Promise<void> => this.#answer(receipt, status)
  refuse = (receipt: number, status: number): Promise<void> => this.#answer(receipt, status)

  configure = (account: SignallingAccount): Promise<void> => {
    this.configured.push(account)
    return Promise.resolve()
  }

  answerChatSession = (session: string, answer: string): Promise<void> => {
    this.chats.push([session, answer])
    return Promise.resolve()
  }

  call = (command: CallCommand): ReturnType<SignallingPort['call']> => {
    this.commands.push(command)
    return Promise.resolve({ ok: true, value: null })
  }

  send = (): ReturnType<SignallingPort['send']> => Promise.reject(new Error('nothing is sent here'))
  remove = (): Promise<void> => Promise.resolve()
  reconnect = (): Promise<void> => Promise.resolve()
  networkChanged = (): Promise<void> => {
    this.networkChanges += 1
    return Promise.resolve()
  }
  typing = (): Promise<void> => Promise.resolve()
  stop = (): Promise<void> => Promise.resolve()
}

/** A body as it comes in. */
export function bodyOf(text: string, over: Partial<IncomingBody> = {}): Omit<IncomingBody, 'receipt'> {
  return {
    ...{ accountId, path: 'sip-message', from: 'sip:bob@example.org' as Aor, fromName: 'Bob', to: alice },
    ...{ contentType: 'text/plain', payload: utf8(text), transportId: text, storedAt: null, fromSelf: false },
    ...over,
  }
}

/** The parts of a locked program, in a folder. */
export class LockedProgram {
  readonly line = new ScriptedLine()
  readonly key: SpoolOpenKey = newSpoolKey(systemRandom)
  readonly spool: Spool
  readonly locked: LockedSession
  readonly kept: KeptSignalling
  readonly notices: string[] = []
  shown: readonly CallView[] = []
  #receipts = 0

  constructor(folder: string, clock: ClockPort) {
    this.spool = new Spool({ store: new SpoolStore(folder), random: systemRandom })
    this.locked = new LockedSession({
      ...{ spool: this.spool, describe: describeBody, clock, random: systemRandom, log: silentLog },
      notices: {
        message: () => this.notices.push('message'),
        missedCall: () => this.notices.push('missed call'),
        ring: ({ callId, silent }) => this.notices.push(`ring ${callId}${silent ? ' silently' : ''}`),
        stopRinging: (callId: CallId) => this.notices.push(`quiet ${callId}`),
      },
      screen: { changed: (calls) => (this.shown = calls) },
    })
    this.locked.useKey(sealKeyOf(this.key))
    this.kept = new KeptSignalling(this.line, this.locked)
  }

  /** A body comes in; its receipt. */
  deliver(body: Omit<IncomingBody, 'receipt'>): number {
    const receipt = ++this.#receipts
    this.line.raise({ kind: 'body', body: { ...body, receipt } })
    return receipt
  }
}
