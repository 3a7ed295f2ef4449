import type { RandomPort } from '#shared/ports/random.ts'
import { firstRetryDelayMs, maxRetryDelayMs } from './limits.ts'

/** Wait before the next attempt after `attempts` failed ones, ms: doubling, capped, with jitter between half and all. */
export function retryDelayMs(attempts: number, random: RandomPort): number {
  const full = Math.min(maxRetryDelayMs, firstRetryDelayMs * 2 ** Math.min(attempts - 1, 30))
  const [high = 0, low = 0] = random.bytes(2)
  return Math.round(full * (0.5 + ((high << 8) | low) / 0x1ffff))
}
