import Database from 'better-sqlite3'
import { SottoError, type ErrorCode } from '#shared/errors.ts'

const codes: readonly (readonly [prefix: string, code: ErrorCode])[] = [
  ['SQLITE_FULL', 'disk-full'],
  ['SQLITE_CORRUPT', 'history-corrupt'],
  ['SQLITE_NOTADB', 'history-corrupt'],
  ['SQLITE_IOERR', 'disk-failed'],
  ['SQLITE_CANTOPEN', 'disk-failed'],
  ['SQLITE_READONLY', 'disk-failed'],
  ['SQLITE_BUSY', 'profile-in-use'],
  ['SQLITE_LOCKED', 'profile-in-use'],
  ['SQLITE_PERM', 'disk-failed'],
]

/** The failure the user is told about; anything that is not the disk's or the file's fault is returned as it is: a bug. */
export function storageFailure(error: unknown): unknown {
  if (error instanceof SottoError) return error
  const code = errorCodeOf(error)
  if (code === 'ENOSPC' || code === 'EDQUOT') return new SottoError('disk-full', {}, error)
  if (isSystemCode(error, code)) return new SottoError('disk-failed', {}, error)
  const known = codes.find(([prefix]) => code.startsWith(prefix))
  return known === undefined ? error : new SottoError(known[1], {}, error)
}

/** Runs `work` and turns failures of disk and database into SottoErrors. */
export function withStorageFailures<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw storageFailure(error)
  }
}

function errorCodeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

function isSystemCode(error: unknown, code: string): boolean {
  return !(error instanceof Database.SqliteError) && error instanceof Error && 'syscall' in error && code !== ''
}
