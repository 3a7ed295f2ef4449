import Database from 'better-sqlite3'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'

/** Opens with this many ms of patience; there is one process per directory, so waiting means a bug. */
const busyMs = 2_000

/** Each step moves `user_version` up by one; steps are never edited once released. */
const migrations: readonly string[] = [
  `
  CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE account (
    user TEXT PRIMARY KEY,
    ha1_md5 TEXT NOT NULL,
    ha1_sha256 TEXT NOT NULL,
    created_day INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE invitation (code_hash BLOB PRIMARY KEY, expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE device (
    user TEXT NOT NULL,
    instance TEXT NOT NULL,
    last_seen_day INTEGER NOT NULL,
    PRIMARY KEY (user, instance)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE message (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    recipient TEXT NOT NULL,
    sender TEXT NOT NULL,
    from_header TEXT NOT NULL,
    to_aor TEXT NOT NULL,
    call_id TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    headers TEXT NOT NULL,
    body BLOB NOT NULL,
    size INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX message_by_order ON message (recipient);
  CREATE INDEX message_by_recipient ON message (recipient, sender, size);
  CREATE INDEX message_by_call ON message (call_id);
  CREATE INDEX message_by_sender ON message (sender);
  CREATE TABLE delivery (
    message INTEGER NOT NULL REFERENCES message (seq) ON DELETE CASCADE,
    instance TEXT NOT NULL,
    PRIMARY KEY (message, instance)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE echo_secret (
    user TEXT NOT NULL,
    zid BLOB NOT NULL,
    rs1 BLOB NOT NULL,
    rs2 BLOB,
    last_call_day INTEGER NOT NULL,
    PRIMARY KEY (user, zid)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE account DROP COLUMN ha1_md5;
  ALTER TABLE account ADD COLUMN phone_ha1_md5 TEXT;
  `,
]

/** The server's one database file; plain SQLite, because what it holds must be readable without anybody's passphrase. */
export class HomeDatabase {
  readonly sql: Database.Database
  #erased = false

  constructor(directory: string) {
    const path = join(directory, 'home.db')
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
    this.#migrate()
  }

  get(name: string): string | null {
    const row = this.sql.prepare<[string], { value: string }>('SELECT value FROM setting WHERE name = ?').get(name)
    return row?.value ?? null
  }

  set(name: string, value: string): void {
    this.sql.prepare('INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)').run(name, value)
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

  #migrate(): void {
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
