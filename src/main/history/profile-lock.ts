import Database from 'better-sqlite3'
import { storageFailure } from './sqlite-failure.ts'

/** A held profile; `release` is idempotent. */
export interface ProfileLock {
  release(): void
}

/**
 * Takes the profile for this process; the system gives it up when the process ends, however it ends. The lock file is an
 * empty SQLite file because SQLite has the one lock that holds on every platform.
 * @throws SottoError `profile-in-use` when another process has it, `disk-full`, `disk-failed`.
 */
export function lockProfile(lockFile: string): ProfileLock {
  let db: Database.Database | null = null
  try {
    db = new Database(lockFile, { timeout: 0 })
    db.pragma('journal_mode = MEMORY')
    db.pragma('locking_mode = EXCLUSIVE')
    db.exec('BEGIN EXCLUSIVE')
    const held = db
    return { release: () => held.close() }
  } catch (error) {
    db?.close()
    throw storageFailure(error)
  }
}
