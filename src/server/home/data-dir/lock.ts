import Database from 'better-sqlite3'
import { join } from 'node:path'
import { isCode } from './private-file.ts'

/** The held lock of a data directory; the system drops it when the process ends, however it ends. */
export interface DirectoryLock {
  release(): void
}

/**
 * Takes the one lock of a data directory, or returns null when another process has it. It is an exclusive SQLite
 * transaction on an empty file: a real lock of the operating system on every platform, with no stale state to judge.
 */
export function lockDirectory(path: string): DirectoryLock | null {
  const file = new Database(join(path, 'lock'), { timeout: 0 })
  try {
    file.pragma('journal_mode = MEMORY')
    file.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    file.close()
    if (isCode(cause, 'SQLITE_BUSY') || isCode(cause, 'SQLITE_LOCKED')) return null
    throw cause
  }
  return { release: () => file.close() }
}
