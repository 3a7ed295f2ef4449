import { networkInterfaces } from 'node:os'
import type { ClockPort } from '#shared/ports/clock.ts'

const intervalMs = 5_000

function fingerprint(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  return addresses
    .filter((address) => !address.internal)
    .map((address) => address.address)
    .sort()
    .join(' ')
}

/** Calls `changed` when the computer's own addresses change; returns the disposer. Nothing is sent to find out. */
export function watchNetwork(clock: ClockPort, changed: () => void, read: () => string = fingerprint): () => void {
  let last = read()
  let stopped = false
  const look = (): void => {
    if (stopped) return
    const now = read()
    if (now !== last) changed()
    last = now
    clock.after(intervalMs, look)
  }
  clock.after(intervalMs, look)
  return () => {
    stopped = true
  }
}
