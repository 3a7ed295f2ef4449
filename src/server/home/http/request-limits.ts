import type { ClockPort } from '#shared/ports/clock.ts'

const windowMs = 60_000

/** Counts requests, and failed attempts at secrets, per address in fixed minutes; in memory, forgotten with the minute. */
export class RequestLimits {
  readonly #clock: ClockPort
  readonly #limits: { readonly httpRequestsPerMinute: number; readonly httpFailuresPerMinute: number }
  #windowStart: number
  readonly #requests = new Map<string, number>()
  readonly #failures = new Map<string, number>()

  constructor(
    clock: ClockPort,
    limits: { readonly httpRequestsPerMinute: number; readonly httpFailuresPerMinute: number },
  ) {
    this.#clock = clock
    this.#limits = limits
    this.#windowStart = clock.monotonic()
  }

  /** Counts one request; false when this address has had its share. */
  admit(host: string): boolean {
    this.#roll()
    const requests = (this.#requests.get(host) ?? 0) + 1
    this.#requests.set(host, requests)
    return (
      requests <= this.#limits.httpRequestsPerMinute &&
      (this.#failures.get(host) ?? 0) < this.#limits.httpFailuresPerMinute
    )
  }

  recordFailure(host: string): void {
    this.#failures.set(host, (this.#failures.get(host) ?? 0) + 1)
  }

  #roll(): void {
    const now = this.#clock.monotonic()
    if (now - this.#windowStart < windowMs) return
    this.#windowStart = now
    this.#requests.clear()
    this.#failures.clear()
  }
}
