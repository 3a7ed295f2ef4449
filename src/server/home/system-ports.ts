import { randomBytes } from 'node:crypto'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogFields, LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'

const longestDelayMs = 2_147_483_647

export const systemClock: ClockPort = {
  // eslint-disable-next-line no-restricted-properties -- this is the clock that everything else is given
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, Math.min(Math.max(0, delayMs), longestDelayMs))
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
}

export const systemRandom: RandomPort = { bytes: (length) => new Uint8Array(randomBytes(length)) }

/**
 * The only fields a log line of the server can hold; anything else is dropped. Each has a row in `docs/privacy.md`.
 * None names a user, an address, a message or a key.
 */
export const homeLogFields = [
  'area',
  'bytes',
  'code',
  'count',
  'durationMs',
  'event',
  'level',
  'limit',
  'listener',
  'method',
  'pid',
  'port',
  'reason',
  'status',
  'transport',
] as const

const known = new Set<string>(homeLogFields)

/** JSON lines on standard error from `info` up (all with `verbose`); nothing is ever written to a file. */
export function createStderrLog(options: { readonly verbose: boolean }, write: (line: string) => void): LogPort {
  const at = (area: string): LogPort => {
    const emit = (level: string, event: string, fields: LogFields = {}): void => {
      const kept = Object.entries(fields).filter(([name]) => known.has(name))
      write(`${JSON.stringify({ level, area, event, ...Object.fromEntries(kept) })}\n`)
    }
    return {
      debug: (event, fields) => options.verbose && emit('debug', event, fields),
      info: (event, fields) => emit('info', event, fields),
      warn: (event, fields) => emit('warn', event, fields),
      error: (event, fields) => emit('error', event, fields),
      child: (name) => at(`${area}/${name}`),
    }
  }
  return at('home')
}
