import type { RandomPort } from '#shared/ports/random.ts'

const firstMs = 1000
const longestMs = 300_000

/** Wait before the next try after `failures` failed ones, ms: doubling up to five minutes, with jitter between half and all. */
export function backOffMs(failures: number, random: RandomPort): number {
  const full = Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 30))
  const [high = 0, low = 0] = random.bytes(2)
  return Math.round(full * (0.5 + ((high << 8) | low) / 0x1ffff))
}
