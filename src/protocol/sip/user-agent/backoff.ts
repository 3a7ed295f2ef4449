import type { RandomPort } from '#shared/ports/random.ts'

/** RFC 5626 §4.5 with a shorter base: one client on a desk, not a fleet of phones behind one power switch. */
const baseMs = 2_000
const maxMs = 300_000

/** Uniform in [0, 1) from 32 random bits. */
export function uniform(random: RandomPort): number {
  const bytes = random.bytes(4)
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) / 2 ** 32
}

/** How long to wait after `failures` consecutive failures (1 = the first): half to all of a doubling bound, ms. */
export function backoffMs(failures: number, random: RandomPort): number {
  const bound = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 20))
  return Math.round(bound * (0.5 + uniform(random) / 2))
}
