import Database from 'better-sqlite3'
import { SottoError, type ErrorCode } from '#shared/errors.ts'

const codes: readonly (readonly [prefix: string, code: ErrorCode])[] = [
  ['SQLITE_FULL', 'disk-full'],
  ['SQLITE_CORRUPT', 'file-damaged'],
  ['SQLITE_NOTADB', 'file-damaged'],
  ['SQLITE_IOERR', 'disk-failed'],
  ['SQLITE_CANTOPEN', 'disk-failed'],
  ['SQLITE_READONLY', 'disk-failed'],
  ['SQLITE_BUSY', 'busy'],
]

/** What whoever asked is told of a failing disk; anything else is returned as it is: a bug. */
export function storageFailure(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof SottoError || !('code' in error)) return error
  const code = String(error.code)
  if (code === 'ENOSPC' || code === 'EDQUOT') return new SottoError('disk-full', {}, error)
  if (!(error instanceof Database.SqliteError))
    return 'syscall' in error ? new SottoError('disk-failed', {}, error) : error
  const known = codes.find(([prefix]) => code.startsWith(prefix))
  return known === undefined ? error : new SottoError(known[1], {}, error)
}
