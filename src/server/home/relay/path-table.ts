import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { sessionIdOf } from '#protocol/msrp/uri.ts'

/** A URI that the relay handed out in Use-Path: valid on the connection it was given to, until it expires. */
export interface RelayPath<Owner> {
  readonly token: string
  readonly owner: Owner
  readonly expiresAtMs: number
}

/** All paths of the relay. Tokens are 144 random bits: knowing one is the right to write to its owner. */
export class PathTable<Owner> {
  readonly #clock: ClockPort
  readonly #random: RandomPort
  readonly #paths = new Map<string, RelayPath<Owner>>()

  constructor(clock: ClockPort, random: RandomPort) {
    this.#clock = clock
    this.#random = random
  }

  /** Makes a path for a connection. */
  add(owner: Owner, lifeMs: number): string {
    const token = Buffer.from(this.#random.bytes(18)).toString('base64url')
    this.#paths.set(token, { token, owner, expiresAtMs: this.#clock.monotonic() + lifeMs })
    return token
  }

  /** The live path a URI names, or null. */
  find(uri: string | undefined): RelayPath<Owner> | null {
    const token = uri === undefined ? null : sessionIdOf(uri)
    const path = token === null ? undefined : this.#paths.get(token)
    return path !== undefined && path.expiresAtMs > this.#clock.monotonic() ? path : null
  }

  /** Live paths of a connection. */
  countOf(owner: Owner): number {
    const now = this.#clock.monotonic()
    let count = 0
    for (const path of this.#paths.values()) if (path.owner === owner && path.expiresAtMs > now) count += 1
    return count
  }

  /** Forgets the paths of a connection (RFC 4976 §6.3: they die with it). */
  removeOwner(owner: Owner): void {
    for (const [token, path] of this.#paths) if (path.owner === owner) this.#paths.delete(token)
  }

  /** Forgets what has expired. */
  sweep(): void {
    const now = this.#clock.monotonic()
    for (const [token, path] of this.#paths) if (path.expiresAtMs <= now) this.#paths.delete(token)
  }
}
