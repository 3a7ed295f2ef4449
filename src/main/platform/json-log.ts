import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogFields, LogPort } from '#shared/ports/log.ts'

/** Lowest level that is written. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

const order: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']
const longestValue = 200

interface LogSink {
  readonly clock: ClockPort
  readonly level: LogLevel
  /** Takes one line without its line break. */
  readonly write: (line: string) => void
}

/** Log as one JSON object per line; strings are cut to 200 characters, so that no body slips in by mistake. */
export function createJsonLog(sink: LogSink, area = 'main'): LogPort {
  const line = (level: LogLevel, event: string, fields: LogFields = {}): void => {
    if (order.indexOf(level) < order.indexOf(sink.level)) return
    const time = new Date(sink.clock.now()).toISOString()
    sink.write(JSON.stringify({ time, level, area, event, ...shorten(fields) }))
  }
  return {
    debug: (event, fields) => line('debug', event, fields),
    info: (event, fields) => line('info', event, fields),
    warn: (event, fields) => line('warn', event, fields),
    error: (event, fields) => line('error', event, fields),
    child: (child) => createJsonLog(sink, `${area}.${child}`),
  }
}

function shorten(fields: LogFields): LogFields {
  const cut = (value: LogFields[string]): LogFields[string] =>
    typeof value === 'string' && value.length > longestValue ? `${value.slice(0, longestValue)}…` : value
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, cut(value)]))
}
