import type { ClockPort, Timer } from '#shared/ports/clock.ts'

export interface IdleLockPorts {
  readonly clock: ClockPort
  /** Seconds since somebody touched the computer. */
  readonly idleSeconds: () => number
  /** Minutes after which to lock; 0 = never. */
  readonly lockAfterMinutes: () => number
  readonly lock: () => void
}

/** How often is looked, ms. */
const lookMs = 15_000

/** Locks after a pause; what keeps it from locking, as a call does, is asked again at the next look. Returns what stops it. */
export function lockWhenIdle({ clock, idleSeconds, lockAfterMinutes, lock }: IdleLockPorts): () => void {
  let timer: Timer
  const look = (): void => {
    const minutes = lockAfterMinutes()
    if (minutes > 0 && idleSeconds() >= minutes * 60) lock()
    timer = clock.after(lookMs, look)
  }
  timer = clock.after(lookMs, look)
  return () => timer.cancel()
}
