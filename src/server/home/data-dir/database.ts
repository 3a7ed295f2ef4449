import { join } from 'node:path'
import { SqliteFile } from './sqlite-file.ts'

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
  `
  ALTER TABLE account ADD COLUMN password_epoch INTEGER NOT NULL DEFAULT 0;
  `,
]

/** The server's one database file; plain SQLite, because what it holds must be readable without anybody's passphrase. */
export class HomeDatabase extends SqliteFile {
  constructor(directory: string) {
    super(join(directory, 'home.db'), migrations)
  }

  get(name: string): string | null {
    const row = this.sql.prepare<[string], { value: string }>('SELECT value FROM setting WHERE name = ?').get(name)
    return row?.value ?? null
  }

  set(name: string, value: string): void {
    this.sql.prepare('INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)').run(name, value)
  }
}
