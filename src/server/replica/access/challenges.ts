import type { AccessCrypto } from './crypto.ts'
import { concatBytes, copyOf, equalBytes, utf8 } from '#shared/bytes/bytes.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { challengeBytes } from '#shared/replication/request.ts'

const label = utf8('sotto/v1/replica-challenge\0')
const secretBytes = 32
const timeBytes = 8
const nonceBytes = 16
const stampBytes = timeBytes + nonceBytes

/**
 * Gives out challenges and knows them again without keeping them: time of issue, a random number, and an HMAC over both under a secret
 * that lives as long as this object. So a challenge is answered to the process that gave it, as its TLS connection is.
 *
 *     0            8               24             56
 *     issued, ms   random number   HMAC-SHA-256
 */
export class Challenges {
  readonly #clock: ClockPort
  readonly #random: RandomPort
  readonly #crypto: AccessCrypto
  readonly #lifetimeMs: number
  readonly #secret: Uint8Array

  constructor(ports: {
    readonly clock: ClockPort
    readonly random: RandomPort
    readonly crypto: AccessCrypto
    readonly lifetimeMs: number
  }) {
    this.#clock = ports.clock
    this.#random = ports.random
    this.#crypto = ports.crypto
    this.#lifetimeMs = ports.lifetimeMs
    this.#secret = ports.random.bytes(secretBytes)
  }

  issue(): Uint8Array {
    const time = new Uint8Array(timeBytes)
    // Monotonic: a clock that is set back must not make old challenges fresh again.
    new DataView(time.buffer).setBigUint64(0, BigInt(Math.floor(this.#clock.monotonic())))
    const stamp = concatBytes(time, this.#random.bytes(nonceBytes))
    return concatBytes(stamp, this.#mac(stamp))
  }

  /** When it was given out, by the monotonic clock; null for what this object did not give out, or too long ago. */
  issuedAt(challenge: Uint8Array): number | null {
    if (challenge.length !== challengeBytes) return null
    const stamp = copyOf(challenge.subarray(0, stampBytes))
    if (!equalBytes(this.#mac(stamp), challenge.subarray(stampBytes))) return null
    const issuedAt = Number(new DataView(stamp.buffer).getBigUint64(0))
    return this.#clock.monotonic() - issuedAt <= this.#lifetimeMs ? issuedAt : null
  }

  #mac(stamp: Uint8Array): Uint8Array {
    return this.#crypto.mac(this.#secret, concatBytes(label, stamp))
  }
}
