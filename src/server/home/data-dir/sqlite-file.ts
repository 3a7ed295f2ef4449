import Database from 'better-sqlite3'
import { chmodSync } from 'node:fs'

/** Opens with this many ms of patience; there is one process per directory, so waiting means a bug. */
const busyMs = 2_000

/** A database file of the server: what was committed is durable, what was erased is in no file. */
export class SqliteFile {
  readonly sql: Database.Database
  #erased = false

  /** Each migration moves `user_version` up by one; they are never edited once released. */
  constructor(path: string, migrations: readonly string[]) {
    this.sql = new Database(path, { timeout: busyMs })
    chmodSync(path, 0o600)
    for (const pragma of [
      'journal_mode = WAL',
      'synchronous = FULL',
      'secure_delete = ON',
      'temp_store = MEMORY',
      'foreign_keys = ON',
    ]) {
      this.sql.pragma(pragma)
    }
    this.#migrate(migrations)
  }

  /** Says that deleted rows may still stand in the write-ahead log; {@link purge} removes them there, too. */
  markErased(): void {
    this.#erased = true
  }

  /** Moves the log into the database and empties it, so that erased rows are in no file; cheap when nothing was erased. */
  purge(): void {
    if (!this.#erased) return
    this.sql.pragma('wal_checkpoint(TRUNCATE)')
    // Only now: on a full disk it throws, and is tried again.
    this.#erased = false
  }

  close(): void {
    this.#erased = true
    this.purge()
    this.sql.close()
  }

  #migrate(migrations: readonly string[]): void {
    const current = this.sql.pragma('user_version', { simple: true }) as number
    if (current > migrations.length) throw new Error('database is from a newer version')
    migrations.slice(current).forEach((step, index) => {
      this.sql.transaction(() => {
        this.sql.exec(step)
        this.sql.pragma(`user_version = ${current + index + 1}`)
      })()
      this.markErased()
    })
  }
}
