/** Values a log line may hold: never bodies, keys, SAS values, passwords or addresses. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/** Structured log; user data never goes into it, success is quiet. */
export interface LogPort {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
  child(area: string): LogPort
}
