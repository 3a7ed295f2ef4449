import { DatabaseError } from 'pg'
import { PostgresStoreError } from './store-error.ts'

export { PostgresStoreError, type PostgresStoreErrorCode } from './store-error.ts'

/**
 * SQLSTATEs (PostgreSQL 15, appendix A), whole classes by their first two characters: connections, too many of them, shutdown, a time that
 * ran out, a server that only reads.
 */
const unavailable = ['08', '57', '53300', '55P03', '25006', '40']
const diskFull = '53100'

/** What failed, as a {@link PostgresStoreError}; a mistake of ours stays what it is. */
export function asStoreError(cause: unknown): unknown {
  if (!(cause instanceof DatabaseError)) return cause instanceof Error ? lost(cause) : cause
  const state = cause.code ?? ''
  if (state === diskFull) return new PostgresStoreError('disk-full', 'PostgreSQL has no room left', cause)
  return unavailable.some((one) => state.startsWith(one)) ? lost(cause) : cause
}

/** Whether PostgreSQL undid this statement because two waited for each other. */
export function isDeadlock(cause: unknown): boolean {
  return cause instanceof DatabaseError && cause.code === '40P01'
}

/** Errors that PostgreSQL did not send are of the way to it. */
function lost(cause: Error): Error {
  if (cause instanceof PostgresStoreError || cause instanceof TypeError || cause instanceof RangeError) return cause
  return new PostgresStoreError('unavailable', cause.message, cause)
}
