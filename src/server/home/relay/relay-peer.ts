import type { Timer } from '#shared/ports/clock.ts'
import { serializeChunk, type ContinuationFlag } from '#protocol/msrp/chunk.ts'
import type { ByteRange, Head, RequestHead, ResponseHead } from '#protocol/msrp/head.ts'
import { reportFor, responseFor } from '#protocol/msrp/reports.ts'
import type { FrameTransport, TransportEnd, TransportHandler } from '#protocol/msrp/transport.ts'
import { AuthDesk } from './auth-desk.ts'
import { Forwarder } from './forwarder.ts'
import { RateBucket } from './rate-bucket.ts'
import type { RelayCore } from './relay.ts'
import { routeRequest } from './router.ts'

interface Transaction {
  readonly source: RelayPeer
  /** As it was written to this peer. */
  readonly head: RequestHead
  readonly range: ByteRange
  /** The sender's own id, for answers that go the whole way back. */
  readonly originalId: string
  readonly timer: Timer
}

interface ForwardedPiece {
  readonly body: Uint8Array | null
  readonly flag: ContinuationFlag
  readonly source: RelayPeer
}

/** What becomes of the request being read. */
type Plan =
  | { readonly kind: 'forward'; readonly forwarder: Forwarder; readonly head: RequestHead }
  | { readonly kind: 'auth' | 'drop'; readonly head: RequestHead }
  | { readonly kind: 'answer'; readonly head: RequestHead; readonly status: number }

/** One connection of the relay. */
export class RelayPeer implements TransportHandler {
  readonly #core: RelayCore
  readonly #auth: AuthDesk
  readonly #frames: RateBucket
  readonly #bytes: RateBucket
  readonly #transactions = new Map<string, Transaction>()
  /** Sources that wait for this peer to take more. */
  readonly #waiting = new Set<RelayPeer>()
  /** Why reading from this peer stands still. */
  readonly #pauses = new Set<RelayPeer | 'rate'>()
  readonly #timers = new Set<Timer>()
  #transport: FrameTransport | null = null
  #plan: Plan | null = null
  #heard = false
  #lastMs: number
  #closed = false

  constructor(core: RelayCore) {
    this.#core = core
    const { clock, limits } = core
    this.#lastMs = clock.monotonic()
    this.#frames = new RateBucket(limits.rate.framesPerSecond, limits.rate.burstSeconds, this.#lastMs)
    this.#bytes = new RateBucket(limits.rate.bytesPerSecond, limits.rate.burstSeconds, this.#lastMs)
    this.#auth = new AuthDesk(core, this)
  }

  /** Starts the clocks of an accepted connection (RFC 4976 §6.1). */
  attach(transport: FrameTransport): void {
    this.#transport = transport
    const { limits } = this.#core
    this.#after(limits.firstRequestMs, () => !this.#heard && this.close())
    this.#after(limits.authenticateMs, () => !this.#auth.authenticated && this.close())
    this.#watchIdle()
  }

  get transport(): FrameTransport | null {
    return this.#transport
  }

  get user(): string | null {
    return this.#auth.user
  }

  isClosed(): boolean {
    return this.#closed
  }

  #watchIdle(): void {
    const { clock, limits } = this.#core
    const left = this.#lastMs + limits.idleMs - clock.monotonic()
    if (left <= 0) this.close()
    else this.#after(left, () => this.#watchIdle())
  }

  #after(delayMs: number, run: () => unknown): void {
    const timer = this.#core.clock.after(delayMs, () => {
      this.#timers.delete(timer)
      run()
    })
    this.#timers.add(timer)
  }

  close(): void {
    this.#transport?.close()
    this.onEnded({ kind: 'socket' })
  }

  onHead(head: Head): void {
    this.#heard = true
    this.#lastMs = this.#core.clock.monotonic()
    this.#charge(this.#frames, 1)
    this.#plan = null
    if (this.#closed) return
    if (head.kind === 'response') this.#handleResponse(head)
    else this.#plan = this.#planFor(head)
  }

  #planFor(head: RequestHead): Plan {
    if (head.malformed !== null) return { kind: 'answer', head, status: 400 }
    if (head.method === 'AUTH' && head.toPath.length === 1) return { kind: 'auth', head }
    // Only who has signed in may have anything forwarded.
    if (!this.#auth.authenticated) return { kind: 'answer', head, status: 403 }
    const route = routeRequest(this.#core.paths, head, this)
    if (route.kind === 'self') return { kind: 'answer', head, status: 200 }
    if (route.kind === 'refuse') return { kind: 'answer', head, status: route.status }
    // This relay opens no connections: it serves the people of its own domain.
    if (route.kind === 'outside') return { kind: 'answer', head, status: 403 }
    const forwarder = new Forwarder(route.head, this, route.to, this.#core.limits.maxForwardBytes)
    return { kind: 'forward', forwarder, head }
  }

  onBody(bytes: Uint8Array): void {
    this.#charge(this.#bytes, bytes.length)
    if (this.#plan?.kind === 'forward') this.#plan.forwarder.write(bytes)
  }

  onEnd(flag: ContinuationFlag): void {
    const plan = this.#plan
    this.#plan = null
    if (plan === null || this.#closed) return
    if (plan.kind === 'auth') this.#auth.handle(plan.head)
    else if (plan.kind === 'answer') this.answer(plan.head, plan.status)
    else if (plan.kind === 'forward') this.#endForward(plan.head, plan.forwarder.end(flag))
  }

  /** Hop by hop: SEND is answered here, other methods by their destination (RFC 4976 §6.4). */
  #endForward(head: RequestHead, status: number): void {
    if (head.method === 'SEND' || status >= 300) this.answer(head, status)
  }

  /** Answers a request of this peer, where it may be answered. */
  answer(head: RequestHead, status: number): void {
    const response = responseFor(head, status)
    if (response !== null) this.write(response, null, '$')
  }

  /** Writes a frame to this peer; false = it is full. Who asks on and on and reads no answer is cut off. */
  write(head: Head, body: Uint8Array | null, flag: ContinuationFlag): boolean {
    if (this.#closed || this.#transport === null) return true
    // Twice: what others sent to a slow reader must not cut it off.
    if (this.#transport.bufferedBytes > 2 * this.#core.limits.maxQueuedBytes) {
      this.close()
      return true
    }
    return this.#transport.send(serializeChunk({ head, body, flag }, () => this.#core.newId()).bytes)
  }

  /** Passes a request of another peer on to this one; returns null, or the status that refuses it. */
  forward(head: RequestHead, { body, flag, source }: ForwardedPiece): number | null {
    if (this.#closed || this.#transport === null) return 481
    const { limits } = this.#core
    const tracked = head.method === 'SEND' ? head.failureReport !== 'no' : head.method !== 'REPORT'
    const full = this.#transport.bufferedBytes > limits.maxQueuedBytes
    if (full || (tracked && this.#transactions.size >= limits.maxTransactions)) return 413
    const sent: RequestHead = { ...head, transactionId: this.#core.newId() }
    const { bytes, transactionId } = serializeChunk({ head: sent, body, flag }, () => this.#core.newId())
    if (tracked) this.#track({ ...sent, transactionId }, body?.length ?? 0, { source, originalId: head.transactionId })
    if (!this.#transport.send(bytes)) source.#waitFor(this)
    return null
  }

  #track(head: RequestHead, length: number, origin: { readonly source: RelayPeer; readonly originalId: string }): void {
    const start = head.byteRange?.start ?? 1
    const range = { start, end: start + length - 1, total: head.byteRange?.total ?? null }
    const { clock, limits } = this.#core
    const expire = (): void => {
      this.#transactions.delete(head.transactionId)
      // RFC 4976 §6.4.1: silence is a failure only where answers were asked for.
      if (head.failureReport === 'yes') this.#reportFailure({ ...origin, head, range }, 408)
    }
    const timer = clock.after(limits.transactionMs, expire)
    this.#transactions.set(head.transactionId, { ...origin, head, range, timer })
  }

  #handleResponse(response: ResponseHead): void {
    const transaction = this.#transactions.get(response.transactionId)
    if (transaction === undefined) return
    this.#transactions.delete(response.transactionId)
    transaction.timer.cancel()
    if (transaction.head.method !== 'SEND') this.#returnResponse(transaction, response)
    else if (response.code >= 300) this.#reportFailure(transaction, response.code)
  }

  /** RFC 4976 §6.4.3: answers to other methods go the whole path back. */
  #returnResponse({ source, originalId }: Transaction, response: ResponseHead): void {
    let { toPath, fromPath } = response
    while (toPath.length > 0 && this.#core.paths.find(toPath[0]) !== null) {
      fromPath = [...toPath.slice(0, 1), ...fromPath]
      toPath = toPath.slice(1)
    }
    if (toPath.length > 0) source.write({ ...response, transactionId: originalId, toPath, fromPath }, null, '$')
  }

  /** Tells the original sender, along the path its request came (RFC 4976 §6.4.1). */
  #reportFailure({ source, head, range }: Pick<Transaction, 'source' | 'head' | 'range'>, status: number): void {
    if (head.method !== 'SEND' || head.messageId === null || head.failureReport === 'no') return
    const received = { ...head, toPath: head.fromPath.slice(0, 1), fromPath: head.fromPath.slice(1) }
    const report = reportFor(received, status, range, this.#core.newId())
    if (this.#core.paths.find(report.toPath[0]) === null) {
      source.write(report, null, '$')
      return
    }
    const route = routeRequest(this.#core.paths, report, null)
    if (route.kind === 'forward') route.to.write(route.head, null, '$')
  }

  /** This peer writes faster than `target` takes: stop reading from it. */
  #waitFor(target: RelayPeer): void {
    if (target.isClosed() || target === this) return
    target.#waiting.add(this)
    this.#pause(target)
  }

  #pause(why: RelayPeer | 'rate'): void {
    if (this.#pauses.size === 0) this.#transport?.pause()
    this.#pauses.add(why)
  }

  #resume(why: RelayPeer | 'rate'): void {
    if (this.#pauses.delete(why) && this.#pauses.size === 0 && !this.#closed) this.#transport?.resume()
  }

  #charge(bucket: RateBucket, amount: number): void {
    const waitMs = bucket.take(amount, this.#core.clock.monotonic())
    if (waitMs === 0 || this.#pauses.has('rate')) return
    this.#pause('rate')
    this.#after(waitMs, () => this.#resume('rate'))
  }

  onDrain(): void {
    for (const source of this.#waiting) source.#resume(this)
    this.#waiting.clear()
  }

  onEnded(end: TransportEnd): void {
    if (this.#closed) return
    this.#closed = true
    if (end.kind === 'malformed') this.#core.log.info('relay.malformed', { code: end.code })
    for (const timer of this.#timers) timer.cancel()
    this.#core.paths.removeOwner(this)
    this.#core.forget(this)
    this.onDrain()
    for (const target of this.#pauses) if (target !== 'rate') target.#waiting.delete(this)
    for (const transaction of this.#transactions.values()) {
      transaction.timer.cancel()
      this.#reportFailure(transaction, 481)
    }
    this.#transactions.clear()
  }
}
