/** Which of the last indexes were received (RFC 3711 §3.3.2). Check first, accept only what was authenticated. */

/** Packets that may come late; a power of two, and never below 64 (RFC 3711 §3.3.2). */
const windowSize = 1024
const words = windowSize / 32

export type ReplayVerdict = 'fresh' | 'replayed' | 'too-old'

/** A sliding bitmap over packet indexes. */
export class ReplayWindow {
  readonly #seen = new Uint32Array(words)
  #highest = -1

  /** The highest index accepted; -1 before the first. */
  get highest(): number {
    return this.#highest
  }

  /** Changes nothing: the packet may be forged. */
  check(index: number): ReplayVerdict {
    if (index > this.#highest) return 'fresh'
    if (this.#highest - index >= windowSize) return 'too-old'
    return this.#has(index) ? 'replayed' : 'fresh'
  }

  /** Notes an authenticated index that {@link check} called fresh. */
  accept(index: number): void {
    if (index > this.#highest) this.#advance(index)
    const at = index % windowSize
    this.#seen[at >>> 5] = (this.#seen[at >>> 5] ?? 0) | (1 << (at & 31))
  }

  #has(index: number): boolean {
    const at = index % windowSize
    return (((this.#seen[at >>> 5] ?? 0) >>> (at & 31)) & 1) === 1
  }

  /** Forgets the indexes whose places the new ones take. */
  #advance(index: number): void {
    if (index - this.#highest >= windowSize) this.#seen.fill(0)
    else
      for (let next = this.#highest + 1; next < index; next += 1) {
        const at = next % windowSize
        this.#seen[at >>> 5] = (this.#seen[at >>> 5] ?? 0) & ~(1 << (at & 31))
      }
    this.#highest = index
  }
}
