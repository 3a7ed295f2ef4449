/** What was received on one day. */
import type { Database, Statement } from 'better-sqlite3'
import type { StoredPlace } from '../place-batch.ts'
import type { BatchToStore, BodyToErase, StoredHead } from '../replica-store.ts'
import { purge, type OpenDatabase } from './database.ts'

const schema = `
  CREATE TABLE batch (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    device BLOB NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    hash BLOB NOT NULL,
    bytes BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX batch_by_place ON batch (account, device, last);
  -- How far each device came on this day, where it began, and how much that is.
  CREATE TABLE head (
    account TEXT NOT NULL,
    device BLOB NOT NULL,
    first INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    batches INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (account, device)
  ) STRICT, WITHOUT ROWID;
  -- Bodies that were to be erased on this day and had not come yet.
  CREATE TABLE tombstone (
    account TEXT NOT NULL,
    device BLOB NOT NULL,
    seq INTEGER NOT NULL,
    body_hash BLOB NOT NULL,
    PRIMARY KEY (account, device, seq, body_hash)
  ) STRICT, WITHOUT ROWID;
`

/** A stored batch, with its place in the order of receipt on its day. */
export interface BatchRow extends Omit<StoredPlace, 'day'> {
  readonly id: number
  readonly bytes: Uint8Array
}

/** How far a device came on a day, and how much that is. */
export interface DayHead extends Omit<StoredHead, 'day'> {
  readonly batches: number
  readonly bytes: number
}

type Place = [account: string, device: Uint8Array, seq: number]

export class DayFile {
  readonly day: number
  readonly #db: Database
  readonly #transaction: (run: () => void) => void
  readonly #span: Statement<[string, Uint8Array], { first: number; seq: number }>
  readonly #heads: Statement<[string], DayHead>
  readonly #reaching: Statement<Place, BatchRow>
  readonly #before: Statement<Place, BatchRow>
  readonly #addBatch: Statement<[string, Uint8Array, number, number, Uint8Array, Uint8Array]>
  readonly #addHead: Statement<[string, Uint8Array, number, number, Uint8Array, number]>

  constructor(path: string, day: number, open: OpenDatabase) {
    this.day = day
    const db = open(path, schema)
    this.#db = db
    const transaction = db.transaction((run: () => void) => run())
    this.#transaction = (run) => transaction.immediate(run)
    this.#span = db.prepare('SELECT first, seq FROM head WHERE account = ? AND device = ?')
    this.#heads = db.prepare('SELECT device, seq, hash, batches, bytes FROM head WHERE account = ?')
    const some = 'SELECT id, first, last, hash, bytes FROM batch WHERE account = ? AND device = ? AND'
    this.#reaching = db.prepare(`${some} last >= ? ORDER BY last LIMIT 1`)
    this.#before = db.prepare(`${some} last < ? ORDER BY last DESC LIMIT 1`)
    const batch = 'INSERT INTO batch (account, device, first, last, hash, bytes)'
    this.#addBatch = db.prepare(`${batch} VALUES (?, ?, ?, ?, ?, ?)`)
    this.#addHead = db.prepare(`INSERT INTO head VALUES (?, ?, ?, ?, ?, 1, ?) ON CONFLICT DO UPDATE SET
      seq = excluded.seq, hash = excluded.hash, batches = batches + 1, bytes = bytes + excluded.bytes`)
  }

  /** Durable when it returns; nothing of it is there when it throws. */
  transaction(run: () => void): void {
    this.#transaction(run)
  }

  append(account: string, { device, first, last, hash, bytes }: BatchToStore): void {
    this.#addBatch.run(account, device, first, last, hash, bytes)
    this.#addHead.run(account, device, first, last, hash, bytes.length)
  }

  /** First and last seq that a device wrote on this day. */
  span(account: string, device: Uint8Array): { readonly first: number; readonly seq: number } | null {
    return this.#span.get(account, device) ?? null
  }

  heads(account: string): readonly DayHead[] {
    return this.#heads.all(account)
  }

  /** The first batch of a device that ends at or behind `seq`. */
  reaching(account: string, device: Uint8Array, seq: number): BatchRow | null {
    return this.#reaching.get(account, device, seq) ?? null
  }

  /** The last batch of a device that ends before `seq`. */
  before(account: string, device: Uint8Array, seq: number): BatchRow | null {
    return this.#before.get(account, device, seq) ?? null
  }

  /** Puts one with fewer bodies in the place of a batch of this device. */
  replace([account, device]: readonly [string, Uint8Array], { id, bytes }: BatchRow, by: Uint8Array): void {
    this.#db.prepare('UPDATE batch SET bytes = ? WHERE id = ?').run(by, id)
    this.#db
      .prepare('UPDATE head SET bytes = bytes + ? WHERE account = ? AND device = ?')
      .run(by.length - bytes.length, account, device)
  }

  addTombstone(account: string, { device, seq, bodyHash }: BodyToErase): void {
    this.#db.prepare('INSERT OR IGNORE INTO tombstone VALUES (?, ?, ?, ?)').run(account, device, seq, bodyHash)
  }

  /** Of a device, for these seqs. */
  tombstones(account: string, device: Uint8Array, [first, last]: readonly [number, number]): readonly BodyToErase[] {
    return this.#db
      .prepare<[string, Uint8Array, number, number], BodyToErase>(
        `SELECT device, seq, body_hash AS bodyHash FROM tombstone
           WHERE account = ? AND device = ? AND seq BETWEEN ? AND ?`,
      )
      .all(account, device, first, last)
  }

  tombstoneAccounts(): readonly string[] {
    return this.#db.prepare<[], string>('SELECT DISTINCT account FROM tombstone').pluck().all()
  }

  eraseAccount(account: string): void {
    this.transaction(() => {
      for (const table of ['batch', 'head', 'tombstone'])
        this.#db.prepare(`DELETE FROM ${table} WHERE account = ?`).run(account)
    })
  }

  /** Leaves nothing of what was erased in any file. */
  purge(): void {
    purge(this.#db)
  }

  close(): void {
    this.#db.close()
  }
}
