import { createHash } from 'node:crypto'
import type { RandomPort } from '#shared/ports/random.ts'

/** Deterministic stand-in for the system's randomness: a SHA-256 counter stream. */
export class SeededRandom implements RandomPort {
  readonly #seed: string
  #counter = 0

  constructor(seed: string | number) {
    this.#seed = String(seed)
  }

  bytes(length: number): Uint8Array {
    const out = new Uint8Array(length)
    for (let at = 0; at < length; at += 32) {
      const block = createHash('sha256').update(`${this.#seed}\0${this.#counter++}`).digest()
      out.set(block.subarray(0, Math.min(32, length - at)), at)
    }
    return out
  }

  /** Uniform in [0, 1). */
  unit(): number {
    return Buffer.from(this.bytes(6)).readUIntBE(0, 6) / 2 ** 48
  }

  /** Uniform integer in [0, below). */
  below(below: number): number {
    return Math.floor(this.unit() * below)
  }
}
