/** The hash and the MAC that are not negotiated: SHA-256 and its HMAC (RFC 6189 §5.1.2.2), and the hash chain (§9). */
import { createHash } from 'node:crypto'
import { equalBytes } from '#shared/bytes/bytes.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { macOf } from './kdf.ts'
import { imageBytes, shortMacBytes } from './message.ts'

export function implicitHash(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest())
}

/** The MAC of a message, leftmost 64 bits. */
export function implicitMac(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return macOf('S256', key, bytes).slice(0, shortMacBytes)
}

/** Whether the last 64 bits of a message are the MAC of what is before them. */
export function hasImplicitMac(key: Uint8Array, message: Uint8Array): boolean {
  const end = message.length - shortMacBytes
  return end > 0 && equalBytes(implicitMac(key, message.subarray(0, end)), message.subarray(end))
}

/** H0 to H3: each is the hash of the one before, sent in the opposite order. */
export interface HashChain {
  readonly h0: Uint8Array
  readonly h1: Uint8Array
  readonly h2: Uint8Array
  readonly h3: Uint8Array
}

export function hashChainOf(h0: Uint8Array): HashChain {
  const h1 = implicitHash(h0)
  const h2 = implicitHash(h1)
  return { h0, h1, h2, h3: implicitHash(h2) }
}

export function newHashChain(random: RandomPort): HashChain {
  return hashChainOf(random.bytes(imageBytes))
}

/** Whether hashing `preimage` `times` times gives `image`. */
export function isPreimage(preimage: Uint8Array, image: Uint8Array, times: number): boolean {
  let value = preimage
  for (let round = 0; round < times; round += 1) value = implicitHash(value)
  return equalBytes(value, image)
}
