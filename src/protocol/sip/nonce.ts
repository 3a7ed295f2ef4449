/**
 * Server nonces that need no table to be recognised (RFC 7616 §5.4): `base64url(issuedAt 6 | random 10 | HMAC 16)`.
 * Only the request counters of nonces in use are remembered, and boundedly.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'

/** `stale`: ours, but too old or forgotten: challenge again with stale=true. `replayed`: this count was used before. */
export type NonceVerdict = 'fresh' | 'stale' | 'replayed' | 'foreign'

const bodyBytes = 16
const macBytes = 16
/** How far behind the highest count a late request may be. */
const windowSize = 64

interface CountWindow {
  highest: number
  /** Bit i = count `highest - i` was used. */
  seen: bigint
}

export interface NonceOptions {
  readonly lifetimeMs: number
  /** Nonces whose counters are remembered; beyond it the oldest in use turn stale. */
  readonly tracked: number
}

export class NonceIssuer {
  readonly #clock: ClockPort
  readonly #random: RandomPort
  readonly #options: NonceOptions
  readonly #key: Uint8Array
  readonly #windows = new Map<string, CountWindow>()
  /** Nonces issued up to here and not in the table may have been used: they are stale. */
  #forgottenUntil = 0

  constructor(ports: { clock: ClockPort; random: RandomPort }, options: NonceOptions) {
    this.#clock = ports.clock
    this.#random = ports.random
    this.#options = options
    this.#key = ports.random.bytes(32)
  }

  issue(): string {
    const body = Buffer.alloc(bodyBytes)
    body.writeUIntBE(this.#clock.now(), 0, 6)
    body.set(this.#random.bytes(bodyBytes - 6), 6)
    return Buffer.concat([body, this.#mac(body)]).toString('base64url')
  }

  /** Judges without committing: call `markUsed` once the digest proved right. `count` is null without qop. */
  check(nonce: string, count: number | null): NonceVerdict {
    const issuedAt = this.#issuedAt(nonce)
    if (issuedAt === null) return 'foreign'
    const age = this.#clock.now() - issuedAt
    if (age < 0 || age > this.#options.lifetimeMs) return 'stale'
    const window = this.#windows.get(nonce)
    if (window === undefined) return issuedAt <= this.#forgottenUntil ? 'stale' : 'fresh'
    // Without a count a nonce is good for one request.
    if (count === null) return 'replayed'
    if (count > window.highest) return 'fresh'
    const behind = window.highest - count
    if (behind >= windowSize) return 'stale'
    return (window.seen >> BigInt(behind)) & 1n ? 'replayed' : 'fresh'
  }

  /** Records a count that came with a right digest. */
  markUsed(nonce: string, count: number | null): void {
    const used = count ?? 0
    const window = this.#windows.get(nonce)
    if (window === undefined) {
      this.#windows.set(nonce, { highest: used, seen: 1n })
      this.#forgetOldest()
      return
    }
    if (used > window.highest) {
      const shift = used - window.highest
      window.seen = shift >= windowSize ? 1n : BigInt.asUintN(windowSize, (window.seen << BigInt(shift)) | 1n)
      window.highest = used
    } else window.seen |= 1n << BigInt(window.highest - used)
  }

  #forgetOldest(): void {
    for (const nonce of this.#windows.keys()) {
      const issuedAt = this.#issuedAt(nonce) ?? 0
      const expired = this.#clock.now() - issuedAt > this.#options.lifetimeMs
      if (!expired && this.#windows.size <= this.#options.tracked) return
      this.#windows.delete(nonce)
      if (!expired) this.#forgottenUntil = Math.max(this.#forgottenUntil, issuedAt)
    }
  }

  #issuedAt(nonce: string): number | null {
    if (nonce.length !== Math.ceil(((bodyBytes + macBytes) * 4) / 3) || !/^[\w-]+$/.test(nonce)) return null
    const bytes = Buffer.from(nonce, 'base64url')
    // Unused bits of the last character would make two spellings of one nonce.
    if (bytes.toString('base64url') !== nonce) return null
    const body = bytes.subarray(0, bodyBytes)
    return timingSafeEqual(bytes.subarray(bodyBytes), this.#mac(body)) ? body.readUIntBE(0, 6) : null
  }

  #mac(body: Uint8Array): Uint8Array {
    return createHmac('sha256', this.#key).update(body).digest().subarray(0, macBytes)
  }
}
