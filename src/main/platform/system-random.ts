import { randomFillSync } from 'node:crypto'
import { newSecret } from '#shared/bytes/secret.ts'
import type { RandomPort } from '#shared/ports/random.ts'

/** The operating system's cryptographic randomness; every call returns a fresh buffer of its own, fit for a key. */
export const systemRandom: RandomPort = { bytes: (length) => randomFillSync(newSecret(length)) }
