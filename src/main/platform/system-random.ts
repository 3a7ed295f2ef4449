import { randomBytes } from 'node:crypto'
import type { RandomPort } from '#shared/ports/random.ts'

/** The operating system's cryptographic randomness; every call returns a fresh, unpooled buffer. */
export const systemRandom: RandomPort = {
  bytes: (length) => {
    const fresh = new Uint8Array(length)
    // randomBytes gives a view of a pool for small sizes, which must not cross a thread.
    fresh.set(randomBytes(length))
    return fresh
  },
}
