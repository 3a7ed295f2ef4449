import { createJsonLog } from '#main/platform/json-log.ts'
import { systemClock } from '#main/platform/system-clock.ts'

/** Logs an unexpected exception of a worker: its type and where it was thrown, never its message. */
export function reportBug(area: string): (error: unknown, method: string) => void {
  const log = createJsonLog(
    { clock: systemClock, level: 'error', write: (line) => process.stderr.write(`${line}\n`) },
    area,
  )
  return (error, method) => {
    const name = error instanceof Error ? error.name : typeof error
    const where = error instanceof Error ? (error.stack?.match(/\n\s+at (.*)/)?.[1] ?? '') : ''
    log.error('bug', { method, name, where })
  }
}
