import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { DigestCredentials } from './auth.ts'
import { serializeChunk, type ContinuationFlag } from './chunk.ts'
import type { Head, RequestHead, ResponseHead } from './head.ts'
import { LocalPath } from './local-path.ts'
import { requestRelayPath, type RelayRefusal } from './relay-auth.ts'
import { responseFor } from './reports.ts'
import { MsrpSession, type SessionHost, type SessionSetup } from './session-runner.ts'
import type { SessionConfig } from './session.ts'
import type { FrameTransport, TransportEnd, TransportHandler } from './transport.ts'
import { sessionIdOf } from './uri.ts'

export interface ConnectionPorts {
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly log: LogPort
}

/** How to get paths from the relay at the far end; null for a direct connection. */
export interface RelayAccess {
  /** To-Path of AUTH. */
  readonly relayPath: readonly string[]
  readonly credentials: DigestCredentials
  readonly expiresSeconds: number
}

/** RFC 4975: 30 s for an answer. */
const authTimeoutMs = 30_000
/** A path is renewed when this share of its life is over. */
const renewAfter = 0.8

/** One connection to a relay or a peer, shared by any number of sessions. */
export class MsrpConnection implements TransportHandler {
  readonly #ports: ConnectionPorts
  readonly #access: RelayAccess | null
  readonly #paths = new Map<string, LocalPath>()
  readonly #awaited = new Map<string, (head: ResponseHead | 'closed' | null) => void>()
  readonly #closedHandlers: ((end: TransportEnd) => void)[] = []
  readonly #host: SessionHost
  #transport: FrameTransport | null = null
  /** Where the parts of the frame being read go; null = dropped. */
  #target: LocalPath | null = null
  #unknown: RequestHead | null = null
  #closed = false

  constructor(ports: ConnectionPorts, access: RelayAccess | null) {
    this.#ports = ports
    this.#access = access
    this.#host = {
      clock: ports.clock,
      newId: () => this.newId(),
      sendFrame: (head, body, flag) => this.#send(head, body, flag),
      forget: (session) => this.#forget(session),
    }
  }

  /** For the client: the transport whose handler this is. */
  attach(transport: FrameTransport): void {
    this.#transport = transport
  }

  get closed(): boolean {
    return this.#closed
  }

  get secure(): boolean {
    return this.#transport?.secure ?? false
  }

  /** 96 random bits: transaction, message and session ids. */
  newId(): string {
    return Buffer.from(this.#ports.random.bytes(12)).toString('hex')
  }

  onClosed(handler: (end: TransportEnd) => void): void {
    this.#closedHandlers.push(handler)
  }

  /**
   * A path of our own for one session, to be put into `a=path`: asks the relay (RFC 4976 §5.1: never one path for two
   * sessions) and keeps it renewed, or names this connection itself. What arrives for it is held until the session opens.
   */
  async reservePath(): Promise<Result<LocalPath, RelayRefusal>> {
    const sessionId = this.newId()
    const ownUri = this.#ownUri(sessionId)
    const path = new LocalPath(sessionId, [ownUri])
    if (this.#access === null) return ok(this.#register(path))
    const granted = await this.#authorize(ownUri, this.#access)
    if (!granted.ok) return granted
    if (this.#closed) return err({ kind: 'closed' })
    path.renew([...granted.value.usePath, ownUri])
    this.#keepFresh(path, granted.value.expiresSeconds, this.#access)
    return ok(this.#register(path))
  }

  #register(path: LocalPath): LocalPath {
    this.#paths.set(path.sessionId, path)
    path.onReleased(() => this.#paths.delete(path.sessionId))
    return path
  }

  /** Through a relay our host stays unnamed (RFC 7977 App. A); a direct peer knows it anyway. */
  #ownUri(sessionId: string): string {
    const scheme = this.secure ? 'msrps' : 'msrp'
    const transport = this.#transport?.kind === 'ws' ? 'ws' : 'tcp'
    const local = this.#transport?.local
    if (this.#access !== null || local === undefined)
      return `${scheme}://${this.newId()}.invalid:2855/${sessionId};${transport}`
    const host = local.host.includes(':') ? `[${local.host}]` : local.host
    return `${scheme}://${host}:${local.port}/${sessionId};${transport}`
  }

  #authorize(ownUri: string, access: RelayAccess): ReturnType<typeof requestRelayPath> {
    return requestRelayPath({ ...access, ownUri, newId: () => this.newId(), request: (head) => this.#request(head) })
  }

  #keepFresh(path: LocalPath, expiresSeconds: number, access: RelayAccess): void {
    const renew = async (): Promise<void> => {
      const granted = await this.#authorize(path.ownUri, access)
      if (path.released || this.#closed) return
      if (!granted.ok) {
        this.#ports.log.warn('msrp.path-not-renewed', { reason: granted.error.kind })
        path.expire()
        return
      }
      path.renew([...granted.value.usePath, path.ownUri])
      this.#keepFresh(path, granted.value.expiresSeconds, access)
    }
    const timer = this.#ports.clock.after(expiresSeconds * renewAfter * 1000, () => void renew())
    path.holdTimer(timer)
  }

  #request(head: RequestHead): Promise<ResponseHead | null | 'closed'> {
    if (this.#closed) return Promise.resolve('closed')
    return new Promise((resolve) => {
      const settle = (response: ResponseHead | 'closed' | null): void => {
        timer.cancel()
        this.#awaited.delete(head.transactionId)
        resolve(response)
      }
      const timer: Timer = this.#ports.clock.after(authTimeoutMs, () => settle(null))
      this.#awaited.set(head.transactionId, settle)
      this.#send(head, null, '$')
    })
  }

  /** Opens the session of a reserved path once the peer's path is known; what arrived early is replayed. */
  openSession(
    path: LocalPath,
    setup: Omit<SessionSetup, 'config'> & { readonly config: Omit<SessionConfig, 'localPath'> },
  ): MsrpSession {
    const config: SessionConfig = { ...setup.config, localPath: path.path }
    const session = new MsrpSession(this.#host, { ...setup, config })
    path.bind(session)
    session.start()
    path.replay()
    if (this.#closed) session.close('lost')
    return session
  }

  /** Closes the connection; its sessions end as lost. */
  close(): void {
    this.#transport?.close()
    this.onEnded({ kind: 'socket' })
  }

  onHead(head: Head): void {
    this.#target = null
    this.#unknown = null
    if (head.kind === 'response') {
      this.#handleResponse(head)
      return
    }
    const path = this.#pathFor(head)
    if (path === undefined) this.#unknown = head
    else {
      this.#target = path
      path.beginRequest(head)
    }
  }

  #pathFor(head: Head): LocalPath | undefined {
    const sessionId = sessionIdOf(head.toPath[0] ?? '')
    return sessionId === null ? undefined : this.#paths.get(sessionId)
  }

  #handleResponse(head: ResponseHead): void {
    const awaited = this.#awaited.get(head.transactionId)
    if (awaited !== undefined) awaited(head)
    else this.#pathFor(head)?.session?.handleResponse(head)
  }

  onBody(bytes: Uint8Array): void {
    this.#target?.writeRequest(bytes)
  }

  onEnd(flag: ContinuationFlag): void {
    const response = this.#unknown === null ? null : responseFor(this.#unknown, 481)
    this.#unknown = null
    if (response !== null) this.#send(response, null, '$')
    const target = this.#target
    this.#target = null
    target?.endRequest(flag)
  }

  onDrain(): void {
    for (const path of [...this.#paths.values()]) path.session?.handleWritable(true)
  }

  onEnded(end: TransportEnd): void {
    if (this.#closed) return
    this.#closed = true
    if (end.kind === 'malformed') this.#ports.log.warn('msrp.malformed', { code: end.code })
    for (const settle of [...this.#awaited.values()]) settle('closed')
    for (const path of [...this.#paths.values()]) {
      path.session?.close('lost')
      path.release()
    }
    for (const handler of this.#closedHandlers) handler(end)
  }

  #send(head: Head, body: Uint8Array | null, flag: ContinuationFlag): boolean {
    if (this.#closed || this.#transport === null) return false
    // Ids were chosen against the body already, so the writer never needs another.
    return this.#transport.send(serializeChunk({ head, body, flag }, () => this.newId()).bytes)
  }

  #forget(session: MsrpSession): void {
    for (const path of [...this.#paths.values()]) if (path.session === session) path.release()
  }
}
