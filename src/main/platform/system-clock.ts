import type { ClockPort, Timer } from '#shared/ports/clock.ts'

/** Longest delay a Node timer takes; longer ones would fire at once. */
const longestDelayMs = 0x7fffffff

/** The real clock of a process. */
export const systemClock: ClockPort = {
  // eslint-disable-next-line no-restricted-properties -- the one place that reads the wall clock for everyone
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, run): Timer => {
    const handle = setTimeout(run, Math.min(Math.max(0, delayMs), longestDelayMs))
    handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
}
