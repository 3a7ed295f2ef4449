/** A running timer; `cancel` is idempotent. */
export interface Timer {
  cancel(): void
}

/** Time as everything but the wiring sees it, so that a simulation can own it. */
export interface ClockPort {
  /** Wall clock, milliseconds since 1970-01-01 UTC. */
  now(): number
  /** Monotonic milliseconds from an arbitrary origin. */
  monotonic(): number
  /** Calls `run` once after `delayMs`; the timer never keeps the process alive. */
  after(delayMs: number, run: () => void): Timer
}
