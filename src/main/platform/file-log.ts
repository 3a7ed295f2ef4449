import { appendFileSync, existsSync, renameSync, statSync } from 'node:fs'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import { createJsonLog } from './json-log.ts'

const maxBytes = 1_000_000

/** Keeps one older file, so that a log never grows past about two megabytes. */
function rotate(file: string): void {
  if (existsSync(file) && statSync(file).size > maxBytes) renameSync(file, `${file}.1`)
}

/** The profile's log: warnings and errors, one JSON object a line, readable by the owner only; never user data. */
export function openFileLog(file: string, clock: ClockPort): LogPort {
  rotate(file)
  const write = (line: string): void => {
    try {
      appendFileSync(file, `${line}\n`, { mode: 0o600 })
    } catch {
      // A full disk must not take the program down for its log.
    }
  }
  return createJsonLog({ clock, level: 'warn', write })
}
