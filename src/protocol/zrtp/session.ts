/** What the streams of one call share (RFC 6189 §4.4.3): the session key of the first, and the nonces of all. */
import { toHex, wipe } from '#shared/bytes/bytes.ts'
import type { Algorithms } from './algorithms.ts'

/** Of one call; never carried over to another (§4.5.2). */
export interface SessionKey {
  readonly zrtpSess: Uint8Array
  readonly peerZid: Uint8Array
  readonly algorithms: Algorithms
}

/** Nonces of a call at most: each stream uses one or two. */
const maxNonces = 256

/** One per call. The first stream gives it its key; further streams wait for it. */
export class ZrtpSession {
  #key: SessionKey | null = null
  #isClosed = false
  readonly #nonces = new Set<string>()
  readonly #waiting: (() => void)[] = []

  /** Null before the first stream is secure, and after the end. */
  get key(): SessionKey | null {
    return this.#key
  }

  /** Takes the key of the first stream over; a second one is refused. */
  establish(key: SessionKey): void {
    if (this.#key !== null || this.#isClosed) {
      wipe(key.zrtpSess)
      return
    }
    this.#key = key
    for (const run of this.#waiting.splice(0)) run()
  }

  /** Runs once there is a key. */
  whenReady(run: () => void): void {
    if (this.#key !== null) run()
    else if (!this.#isClosed) this.#waiting.push(run)
  }

  /** False for a nonce that a stream of this call has used. */
  claimNonce(nonce: Uint8Array): boolean {
    const text = toHex(nonce)
    if (this.#nonces.has(text) || this.#nonces.size >= maxNonces) return false
    this.#nonces.add(text)
    return true
  }

  /** Wipes the key, no later than the end of the call (§4.7.3). */
  close(): void {
    this.#isClosed = true
    if (this.#key !== null) wipe(this.#key.zrtpSess)
    this.#key = null
    this.#waiting.length = 0
  }
}
