import type { ClockPort } from '#shared/ports/clock.ts'

/** Token bucket: `burst` at once, `perSecond` in the long run. */
export class RateLimit {
  readonly #clock: ClockPort
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #at: number

  constructor(clock: ClockPort, perSecond: number, burst: number) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
    this.#at = clock.monotonic()
  }

  /** True when one more is allowed, which is then counted. */
  take(): boolean {
    this.#refill()
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }

  /** True when nothing was taken for so long that forgetting the bucket changes nothing. */
  get isFull(): boolean {
    this.#refill()
    return this.#tokens >= this.#burst
  }

  #refill(): void {
    const now = this.#clock.monotonic()
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) / 1000) * this.#perSecond)
    this.#at = now
  }
}

/** One bucket per key; the table forgets full buckets and never grows past `capacity`. */
export class RateTable {
  readonly #buckets = new Map<string, RateLimit>()
  readonly #make: () => RateLimit
  readonly #capacity: number

  constructor(make: () => RateLimit, capacity: number) {
    this.#make = make
    this.#capacity = capacity
  }

  take(key: string): boolean {
    let bucket = this.#buckets.get(key)
    if (bucket === undefined) {
      if (this.#buckets.size >= this.#capacity) this.#forget()
      // A table full of busy keys refuses newcomers instead of growing.
      if (this.#buckets.size >= this.#capacity) return false
      bucket = this.#make()
      this.#buckets.set(key, bucket)
    }
    return bucket.take()
  }

  #forget(): void {
    for (const [key, bucket] of this.#buckets) if (bucket.isFull) this.#buckets.delete(key)
  }
}
