import type { Timer } from '#shared/ports/clock.ts'
import type { ContinuationFlag } from './chunk.ts'
import type { RequestHead } from './head.ts'
import type { MsrpSession } from './session-runner.ts'

interface HeldFrame {
  readonly head: RequestHead
  readonly pieces: Uint8Array[]
  flag: ContinuationFlag | null
}

/** An answerer may write before its answer reached us; more than this is dropped and the sender times out. */
const maxHeldBytes = 262_144
const maxHeldFrames = 64

/** Our end of one session: the value of `a=path`, kept valid at the relay, and what arrives before the session opens. */
export class LocalPath {
  readonly sessionId: string
  readonly ownUri: string
  readonly #renewedHandlers: ((path: readonly string[]) => void)[] = []
  readonly #expiredHandlers: (() => void)[] = []
  readonly #releasedHandlers: (() => void)[] = []
  #path: readonly string[]
  #session: MsrpSession | null = null
  #held: HeldFrame[] = []
  #heldBytes = 0
  #timer: Timer | null = null
  #released = false

  constructor(sessionId: string, path: readonly string[]) {
    this.sessionId = sessionId
    this.#path = path
    this.ownUri = path.at(-1) ?? ''
  }

  /** Relays first, own URI last: `a=path` is these joined by spaces. */
  get path(): readonly string[] {
    return this.#path
  }

  get session(): MsrpSession | null {
    return this.#session
  }

  get released(): boolean {
    return this.#released
  }

  /** The relay gave a new path: the peer should be told by a re-INVITE before the old one expires. */
  onRenewed(handler: (path: readonly string[]) => void): void {
    this.#renewedHandlers.push(handler)
  }

  /** The relay refused to renew: the session can still send for a while, then no more. */
  onExpired(handler: () => void): void {
    this.#expiredHandlers.push(handler)
  }

  /** For the connection. */
  onReleased(handler: () => void): void {
    this.#releasedHandlers.push(handler)
  }

  /** For the connection. */
  renew(path: readonly string[]): void {
    const changed = path.join(' ') !== this.#path.join(' ')
    this.#path = path
    if (!changed) return
    this.#session?.renewLocalPath(path)
    for (const handler of this.#renewedHandlers) handler(path)
  }

  /** For the connection. */
  expire(): void {
    for (const handler of this.#expiredHandlers) handler()
  }

  /** For the connection. */
  holdTimer(timer: Timer): void {
    this.#timer?.cancel()
    this.#timer = timer
  }

  /** For the connection. */
  bind(session: MsrpSession): void {
    this.#session = session
  }

  /** For the connection: hands over what came too early. */
  replay(): void {
    const held = this.#held.filter((frame) => frame.flag !== null)
    this.#held = []
    this.#heldBytes = 0
    for (const { head, pieces, flag } of held) {
      this.beginRequest(head)
      for (const piece of pieces) this.writeRequest(piece)
      this.endRequest(flag ?? '#')
    }
  }

  /** The path is not needed any more; an unused reservation must be released. */
  release(): void {
    if (this.#released) return
    this.#released = true
    this.#timer?.cancel()
    this.#held = []
    for (const handler of this.#releasedHandlers) handler()
  }

  /** For the connection. */
  beginRequest(head: RequestHead): void {
    if (this.#session !== null) this.#session.beginRequest(head)
    else if (this.#held.length < maxHeldFrames) this.#held.push({ head, pieces: [], flag: null })
  }

  /** For the connection. */
  writeRequest(bytes: Uint8Array): void {
    if (this.#session !== null) {
      this.#session.writeRequest(bytes)
      return
    }
    const frame = this.#held.at(-1)
    if (frame?.flag !== null) return
    this.#heldBytes += bytes.length
    if (this.#heldBytes > maxHeldBytes) this.#held.pop()
    else frame.pieces.push(Uint8Array.prototype.slice.call(bytes))
  }

  /** For the connection. */
  endRequest(flag: ContinuationFlag): void {
    if (this.#session !== null) {
      this.#session.endRequest(flag)
      return
    }
    const frame = this.#held.at(-1)
    if (frame?.flag === null) frame.flag = flag
  }
}
