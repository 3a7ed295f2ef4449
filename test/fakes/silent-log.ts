import type { LogPort } from '#shared/ports/log.ts'

/** Nobody reads it. */
export const silentLog: LogPort = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
}
