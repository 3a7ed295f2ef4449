/** A token bucket that may go into debt: it never says no, only how long to wait. */
export class RateBucket {
  readonly #perMs: number
  readonly #burst: number
  #level: number
  #atMs: number

  constructor(perSecond: number, burstSeconds: number, nowMs: number) {
    this.#perMs = perSecond / 1000
    this.#burst = perSecond * burstSeconds
    this.#level = this.#burst
    this.#atMs = nowMs
  }

  /** Takes `amount`; returns milliseconds until the debt is paid, 0 when there is none. */
  take(amount: number, nowMs: number): number {
    this.#level = Math.min(this.#burst, this.#level + (nowMs - this.#atMs) * this.#perMs) - amount
    this.#atMs = nowMs
    return this.#level >= 0 ? 0 : -this.#level / this.#perMs
  }
}
