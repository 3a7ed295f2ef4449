import { networkInterfaces } from 'node:os'
import type { ClockPort } from '#shared/ports/clock.ts'

const intervalMs = 5_000
/** While people talk: their media must be back within two seconds. */
const urgentMs = 500

export interface NetworkWatcher {
  readonly changed: () => void
  readonly isUrgent: () => boolean
  /** What the addresses are, as text. */
  readonly read?: () => string
}

function fingerprint(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  return addresses
    .filter((address) => !address.internal)
    .map((address) => address.address)
    .sort()
    .join(' ')
}

/**
 * Calls `changed` when the computer's own addresses change, found out within half a second while `isUrgent` says so; returns the
 * disposer. Nothing is sent to find out.
 */
export function watchNetwork(clock: ClockPort, { changed, isUrgent, read = fingerprint }: NetworkWatcher): () => void {
  let last = read()
  let stopped = false
  const look = (): void => {
    if (stopped) return
    const now = read()
    if (now !== last) changed()
    last = now
    clock.after(isUrgent() ? urgentMs : intervalMs, look)
  }
  clock.after(intervalMs, look)
  return () => {
    stopped = true
  }
}
