/** Blobs of which the first part was received on one day. */
import { createHash } from 'node:crypto'
import type { Database, Statement } from 'better-sqlite3'
import type { BlobPart } from '../blob-store.ts'
import { purge, type OpenDatabase } from './database.ts'

const schema = `
  CREATE TABLE blob (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    hash BLOB NOT NULL,
    size INTEGER NOT NULL,
    received INTEGER NOT NULL,
    whole INTEGER NOT NULL,
    UNIQUE (account, hash)
  ) STRICT;
  CREATE TABLE part (
    blob INTEGER NOT NULL REFERENCES blob (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (blob, at)
  ) STRICT;
`

export interface BlobRow {
  readonly id: number
  readonly size: number
  readonly received: number
  /** 1 once all is here and its hash was checked. */
  readonly whole: number
}

export class BlobDay {
  readonly day: number
  readonly #db: Database
  readonly #find: Statement<[string, Uint8Array], BlobRow>
  readonly #begin: Statement<[string, Uint8Array, number]>
  readonly #addPart: Statement<[number, number, Uint8Array]>
  readonly #grow: Statement<[number, number]>
  readonly #end: Statement<[number]>
  readonly #parts: Statement<[number], Uint8Array>
  readonly #from: Statement<[number, number, number], { at: number; bytes: Uint8Array }>
  readonly #remove: Statement<[number]>
  readonly #usage: Statement<[string], { blobs: number; bytes: number | null }>

  constructor(path: string, day: number, open: OpenDatabase) {
    this.day = day
    const db = open(path, schema)
    this.#db = db
    db.pragma('foreign_keys = ON')
    this.#find = db.prepare('SELECT id, size, received, whole FROM blob WHERE account = ? AND hash = ?')
    this.#begin = db.prepare('INSERT INTO blob (account, hash, size, received, whole) VALUES (?, ?, ?, 0, 0)')
    this.#addPart = db.prepare('INSERT INTO part (blob, at, bytes) VALUES (?, ?, ?)')
    this.#grow = db.prepare('UPDATE blob SET received = ? WHERE id = ?')
    this.#end = db.prepare('UPDATE blob SET whole = 1 WHERE id = ?')
    this.#parts = db.prepare<[number], Uint8Array>('SELECT bytes FROM part WHERE blob = ? ORDER BY at').pluck()
    // The part that `at` is in, and those behind it.
    this.#from = db.prepare(
      `SELECT at, bytes FROM part WHERE blob = ?
         AND at >= (SELECT max(at) FROM part WHERE blob = ? AND at <= ?) ORDER BY at`,
    )
    this.#remove = db.prepare('DELETE FROM blob WHERE id = ?')
    this.#usage = db.prepare('SELECT count(*) AS blobs, sum(size) AS bytes FROM blob WHERE account = ?')
  }

  find(account: string, hash: Uint8Array): BlobRow | null {
    return this.#find.get(account, hash) ?? null
  }

  /** Adds a part, to a blob that begins with it where `row` is null; durable when it returns. Says what came of it. */
  add(account: string, row: BlobRow | null, { hash, size, at, bytes }: BlobPart): 'part' | 'stored' | 'wrong-hash' {
    const add = (): 'part' | 'stored' | 'wrong-hash' => {
      const id = row?.id ?? Number(this.#begin.run(account, hash, size).lastInsertRowid)
      this.#addPart.run(id, at, bytes)
      this.#grow.run(at + bytes.length, id)
      if (at + bytes.length < size) return 'part'
      if (this.#isRight(id, hash)) this.#end.run(id)
      else this.#remove.run(id)
      return this.find(account, hash) === null ? 'wrong-hash' : 'stored'
    }
    return this.#db.transaction(add).immediate()
  }

  /** Bytes from `at` on, up to `most`. */
  read({ id, size }: BlobRow, { at, most }: { readonly at: number; readonly most: number }): Uint8Array {
    const wanted = new Uint8Array(Math.max(0, Math.min(most, size - at)))
    let filled = 0
    for (const part of wanted.length === 0 ? [] : this.#from.iterate(id, id, at)) {
      const bytes = part.bytes.subarray(at + filled - part.at).subarray(0, wanted.length - filled)
      wanted.set(bytes, filled)
      filled += bytes.length
      if (filled === wanted.length) break
    }
    return wanted
  }

  remove({ id }: BlobRow): void {
    this.#remove.run(id)
  }

  eraseAccount(account: string): boolean {
    return this.#db.prepare('DELETE FROM blob WHERE account = ?').run(account).changes > 0
  }

  usage(account: string): { readonly blobs: number; readonly bytes: number } {
    const { blobs = 0, bytes = null } = this.#usage.get(account) ?? {}
    return { blobs, bytes: bytes ?? 0 }
  }

  /** Leaves nothing of what was erased in any file. */
  purge(): void {
    purge(this.#db)
  }

  close(): void {
    this.#db.close()
  }

  #isRight(id: number, hash: Uint8Array): boolean {
    const found = createHash('sha256')
    for (const bytes of this.#parts.iterate(id)) found.update(bytes)
    return found.digest().equals(hash)
  }
}
