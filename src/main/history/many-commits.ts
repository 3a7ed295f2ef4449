import type { ClockPort, Timer } from '#shared/ports/clock.ts'

/** What one of many commits changed is announced as often, the first of it soon, ms. */
const everyMs = 1000
const firstMs = 50

/** Many commits one after the other are one change on the screen, which reads again once in a while. */
export class ManyCommits {
  readonly #clock: Pick<ClockPort, 'monotonic' | 'after'>
  readonly #announce: () => void
  #timer: Timer | null = null
  #announcedAt = -Infinity

  constructor(clock: Pick<ClockPort, 'monotonic' | 'after'>, announce: () => void) {
    this.#clock = clock
    this.#announce = announce
  }

  /** Something was changed that is not announced yet. */
  get isWaiting(): boolean {
    return this.#timer !== null
  }

  announceLater(): void {
    if (this.#timer !== null) return
    const sinceMs = this.#clock.monotonic() - this.#announcedAt
    this.#timer = this.#clock.after(Math.max(firstMs, everyMs - sinceMs), () => {
      this.#timer = null
      this.#announcedAt = this.#clock.monotonic()
      this.#announce()
    })
  }

  /** What changed was announced, or nobody is to hear of it. */
  stopWaiting(): void {
    this.#timer?.cancel()
    this.#timer = null
  }
}
