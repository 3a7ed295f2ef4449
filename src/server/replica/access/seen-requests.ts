import type { ClockPort } from '#shared/ports/clock.ts'

/**
 * Remembers accepted requests until their challenges end. When there is no room the first ones are forgotten, and with them every challenge
 * as old as theirs: a request is asked to be signed anew rather than accepted twice.
 */
export class SeenRequests {
  readonly #clock: ClockPort
  readonly #lifetimeMs: number
  readonly #capacity: number
  /** Time of issue of the challenge, by hash of the request, in the order of acceptance. */
  readonly #seen = new Map<string, number>()
  /** Challenges given out until then may have been used for what is forgotten. */
  #forgottenUpTo = -1

  constructor(ports: { readonly clock: ClockPort; readonly lifetimeMs: number; readonly capacity: number }) {
    this.#clock = ports.clock
    this.#lifetimeMs = ports.lifetimeMs
    this.#capacity = ports.capacity
  }

  get size(): number {
    return this.#seen.size
  }

  /** Notes a request; only `first` may be accepted. */
  note(hash: string, issuedAt: number): 'first' | 'repeated' | 'forgotten' {
    if (this.#seen.has(hash)) return 'repeated'
    if (issuedAt <= this.#forgottenUpTo) return 'forgotten'
    this.#makeRoom()
    this.#seen.set(hash, issuedAt)
    return 'first'
  }

  #makeRoom(): void {
    const ended = this.#clock.monotonic() - this.#lifetimeMs
    for (const [hash, issuedAt] of this.#seen) {
      if (issuedAt >= ended && this.#seen.size < this.#capacity) return
      this.#seen.delete(hash)
      this.#forgottenUpTo = Math.max(this.#forgottenUpTo, issuedAt)
    }
  }
}
