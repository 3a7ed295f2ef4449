import type { Database } from 'better-sqlite3'
import { wipe } from '#shared/bytes/bytes.ts'
import type { Migration } from './migrations.ts'

/**
 * Secret keys become bytes of a table of their own: text would stay in the program's memory as strings, which nobody can wipe.
 * A moved identity has the layout of `identity/identity-record.ts`, version 2.
 */
export const secrets: Migration = {
  version: 6,
  sql: 'CREATE TABLE secret (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;',
  run: (db) => {
    const rows = db.prepare<[], OldRow>("SELECT key, value FROM setting WHERE key LIKE 'identity.%'").all()
    for (const { key, value } of rows) moveIdentity(db, key, JSON.parse(value) as OldIdentity)
  },
}

interface OldRow {
  readonly key: string
  readonly value: string
}

interface OldIdentity {
  readonly identity: string
  readonly picked: readonly string[]
  readonly paperState: string
  readonly links: readonly string[]
  readonly seeds: { readonly ed25519: string; readonly x25519: string; readonly omemo: string }
  readonly paperSecret: string | null
}

function moveIdentity(db: Database, key: string, old: OldIdentity): void {
  const { identity, picked, paperState, links, seeds, paperSecret } = old
  const head = Buffer.from(JSON.stringify({ version: 2, identity, picked, paperState, links }))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(head.length)
  const keys = [seeds.ed25519, seeds.x25519, seeds.omemo, paperSecret ?? ''].map((text) =>
    Buffer.from(text, 'base64url'),
  )
  const bytes = Buffer.concat([length, head, ...keys])
  db.prepare('INSERT INTO secret (name, value) VALUES (?, ?)').run(key, bytes)
  db.prepare('DELETE FROM setting WHERE key = ?').run(key)
  wipe(bytes, ...keys)
}
