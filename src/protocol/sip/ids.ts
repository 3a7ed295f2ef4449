/** Tags, branches and Call-IDs from injected cryptographic randomness (RFC 3261 §19.3, §8.1.1.4, §8.1.1.7). */
import type { RandomPort } from '#shared/ports/random.ts'

/** First seven characters of every RFC 3261 branch. */
export const branchCookie = 'z9hG4bK'

function randomHex(random: RandomPort, bytes: number): string {
  return Buffer.from(random.bytes(bytes)).toString('hex')
}

/** From or To tag with 64 random bits; at least 32 are required. */
export function newTag(random: RandomPort): string {
  return randomHex(random, 8)
}

/** Via branch with the magic cookie and 96 random bits. */
export function newBranch(random: RandomPort): string {
  return branchCookie + randomHex(random, 12)
}

/** Call-ID with 128 random bits and no host: it says nothing about the device. */
export function newCallId(random: RandomPort): string {
  return randomHex(random, 16)
}
