/** Opens the encrypted database: cipher, durability and schema version (docs/history.md). */
import { existsSync } from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { SottoError } from '#shared/errors.ts'
import { openWords } from './begun-words.ts'
import { migrations, type Migration } from './migrations/migrations.ts'
import { pageCipherOf, unlock } from './page-cipher.ts'
import { withStorageFailures } from './sqlite-failure.ts'

/** Page cache, KiB, filled as pages are read. To search a long history is to read pages all over it (docs/decisions/0006): the reader keeps more. */
const cacheKib = { writer: 4096, reader: 32_768 } as const
/** The writer checkpoints by itself, when idle. */
const busyTimeoutMs = 5000

export interface OpenDatabaseOptions {
  readonly path: string
  /** Raw 256-bit key; stays the caller's to wipe. */
  readonly key: Uint8Array
  readonly role: 'writer' | 'reader'
  /** Another list of steps, for tests of the migrations themselves. */
  readonly migrations?: readonly Migration[]
}

/**
 * Opens the history; the writer also brings the schema up to date.
 * @throws SottoError `history-corrupt` (also for a wrong key), `history-too-new`, `disk-full`, `disk-failed`.
 */
export function openDatabase(options: OpenDatabaseOptions): Database.Database {
  return withStorageFailures(() => {
    if (!existsSync(path.dirname(options.path))) throw new SottoError('disk-failed')
    const cipher = pageCipherOf(options.path)
    const db = new Database(options.path, { fileMustExist: options.role === 'reader', timeout: busyTimeoutMs })
    try {
      unlock(db, cipher, options.key)
      configure(db, options.role)
      const steps = options.migrations ?? migrations
      if (options.role === 'writer') {
        migrate(db, steps)
        requireWritable(db)
      }
      if (schemaVersion(db) > steps.length) throw new SottoError('history-too-new')
      if (options.role === 'reader') {
        openWords(db)
        db.pragma('query_only = ON')
      }
      return db
    } catch (error) {
      db.close()
      throw error
    }
  })
}

function configure(db: Database.Database, role: OpenDatabaseOptions['role']): void {
  db.pragma('temp_store = MEMORY')
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.pragma('secure_delete = ON')
  db.pragma('foreign_keys = ON')
  db.pragma('trusted_schema = OFF')
  db.pragma(`cache_size = -${cacheKib[role]}`)
  db.pragma('wal_autocheckpoint = 0')
}

/** Version of the schema in the file; 0 for a fresh one. */
export function schemaVersion(db: Database.Database): number {
  return db.pragma('user_version', { simple: true }) as number
}

/** All steps or none: whoever is thrown back by a full disk can go on with the version that was there. */
function migrate(db: Database.Database, steps: readonly Migration[]): void {
  const from = schemaVersion(db)
  if (from > steps.length) throw new SottoError('history-too-new')
  if (from === steps.length) return
  db.transaction(() => {
    for (const step of steps.slice(from)) {
      db.exec(step.sql)
      step.run?.(db)
      db.pragma(`user_version = ${step.version}`)
    }
  }).immediate()
}

/**
 * SQLite opens a file for reading, without a word, when it cannot be opened for writing.
 * @throws SqliteError `SQLITE_READONLY`.
 */
function requireWritable(db: Database.Database): void {
  // Begins to write and finds nothing to do: no such pages are kept.
  db.pragma('incremental_vacuum(1)')
}

/** Whether the file is whole: authentication of every page and consistency of every index. Slow on large files. */
export function isIntact(db: Database.Database): boolean {
  try {
    return withStorageFailures(() => {
      db.prepare("INSERT INTO message_text (message_text) VALUES ('integrity-check')").run()
      return db.pragma('integrity_check', { simple: true }) === 'ok'
    })
  } catch (error) {
    if (error instanceof SottoError && error.code === 'history-corrupt') return false
    throw error
  }
}
