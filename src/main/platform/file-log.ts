import { appendFileSync, renameSync, statSync } from 'node:fs'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import { createJsonLog } from './json-log.ts'

/** Two files of at most this much, so that a log never grows past about two megabytes. */
const defaultMaxBytes = 1_000_000

/**
 * The profile's log: warnings and errors, one JSON object a line, readable by the owner only; never user data. A full file becomes
 * `….1`, in place of the one before.
 */
export function openFileLog(file: string, clock: ClockPort, maxBytes = defaultMaxBytes): LogPort {
  let size = sizeOf(file)
  const write = (line: string): void => {
    const bytes = Buffer.from(`${line}\n`)
    try {
      if (size > 0 && size + bytes.length > maxBytes) {
        renameSync(file, `${file}.1`)
        size = 0
      }
      appendFileSync(file, bytes, { mode: 0o600 })
      size += bytes.length
    } catch {
      // A full disk must not take the program down for its log; what is there may have changed.
      size = sizeOf(file)
    }
  }
  return createJsonLog({ clock, level: 'warn', write })
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
