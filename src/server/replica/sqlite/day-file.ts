/** What was received on one day. */
import type { Database, Statement } from 'better-sqlite3'
import type { StoredPlace } from '../place-batch.ts'
import type { BatchToStore, StoredHead } from '../replica-store.ts'
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
  -- How far each device came on this day, and where it began.
  CREATE TABLE head (
    account TEXT NOT NULL,
    device BLOB NOT NULL,
    first INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (account, device)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE usage (
    account TEXT PRIMARY KEY,
    batches INTEGER NOT NULL,
    bytes INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`

/** A stored batch, with its place in the order of receipt on its day. */
export interface BatchRow extends Omit<StoredPlace, 'day'> {
  readonly id: number
  readonly bytes: Uint8Array
}

type Place = [account: string, device: Uint8Array, seq: number]

export class DayFile {
  readonly day: number
  readonly #db: Database
  readonly #transaction: (run: () => void) => void
  readonly #span: Statement<[string, Uint8Array], { first: number; seq: number }>
  readonly #heads: Statement<[string], Omit<StoredHead, 'day'>>
  readonly #usage: Statement<[string], { batches: number; bytes: number }>
  readonly #reaching: Statement<Place, BatchRow>
  readonly #before: Statement<Place, BatchRow>
  readonly #addBatch: Statement<[string, Uint8Array, number, number, Uint8Array, Uint8Array]>
  readonly #addHead: Statement<[string, Uint8Array, number, number, Uint8Array]>
  readonly #addUsage: Statement<[string, number, number]>

  constructor(path: string, day: number, open: OpenDatabase) {
    this.day = day
    const db = open(path, schema)
    this.#db = db
    const transaction = db.transaction((run: () => void) => run())
    this.#transaction = (run) => transaction.immediate(run)
    this.#span = db.prepare('SELECT first, seq FROM head WHERE account = ? AND device = ?')
    this.#heads = db.prepare('SELECT device, seq, hash FROM head WHERE account = ?')
    this.#usage = db.prepare('SELECT batches, bytes FROM usage WHERE account = ?')
    const some = 'SELECT id, first, last, hash, bytes FROM batch WHERE account = ? AND device = ? AND'
    this.#reaching = db.prepare(`${some} last >= ? ORDER BY last LIMIT 1`)
    this.#before = db.prepare(`${some} last < ? ORDER BY last DESC LIMIT 1`)
    const batch = 'INSERT INTO batch (account, device, first, last, hash, bytes)'
    this.#addBatch = db.prepare(`${batch} VALUES (?, ?, ?, ?, ?, ?)`)
    this.#addHead = db.prepare(`INSERT INTO head VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET seq = excluded.seq, hash = excluded.hash`)
    this.#addUsage = db.prepare(`INSERT INTO usage VALUES (?, ?, ?)
      ON CONFLICT DO UPDATE SET batches = batches + excluded.batches, bytes = bytes + excluded.bytes`)
  }

  /** Durable when it returns; nothing of it is there when it throws. */
  transaction(run: () => void): void {
    this.#transaction(run)
  }

  append(account: string, { device, first, last, hash, bytes }: BatchToStore): void {
    this.#addBatch.run(account, device, first, last, hash, bytes)
    this.#addHead.run(account, device, first, last, hash)
    this.#addUsage.run(account, 1, bytes.length)
  }

  /** First and last seq that a device wrote on this day. */
  span(account: string, device: Uint8Array): { readonly first: number; readonly seq: number } | null {
    return this.#span.get(account, device) ?? null
  }

  heads(account: string): readonly StoredHead[] {
    return this.#heads.all(account).map((head) => ({ ...head, day: this.day }))
  }

  usage(account: string): { readonly batches: number; readonly bytes: number } | null {
    return this.#usage.get(account) ?? null
  }

  /** The first batch of a device that ends at or behind `seq`. */
  reaching(account: string, device: Uint8Array, seq: number): BatchRow | null {
    return this.#reaching.get(account, device, seq) ?? null
  }

  /** The last batch of a device that ends before `seq`. */
  before(account: string, device: Uint8Array, seq: number): BatchRow | null {
    return this.#before.get(account, device, seq) ?? null
  }

  /** Puts a batch with fewer bodies in the place of another. */
  replace(account: string, { id, bytes }: Pick<BatchRow, 'id' | 'bytes'>, by: Uint8Array): void {
    this.#db.prepare('UPDATE batch SET bytes = ? WHERE id = ?').run(by, id)
    this.#addUsage.run(account, 0, by.length - bytes.length)
  }

  eraseAccount(account: string): void {
    this.transaction(() => {
      for (const table of ['batch', 'head', 'usage'])
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
