/** What outlives the files of the days: heads of devices whose batches are gone, and what was begun and has to be ended. */
import type { Database } from 'better-sqlite3'
import type { StoredHead } from '../replica-store.ts'
import { purge, type OpenDatabase } from './database.ts'

const schema = `
  CREATE TABLE head (
    account TEXT NOT NULL,
    device BLOB NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    day INTEGER NOT NULL,
    PRIMARY KEY (account, device)
  ) STRICT, WITHOUT ROWID;
  -- Accounts that are being erased.
  CREATE TABLE erasing (account TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
  -- One row: files of earlier days are dropped, whether they are still there or not.
  CREATE TABLE kept_from (day INTEGER NOT NULL) STRICT;
  INSERT INTO kept_from VALUES (0);
`

export class Carried {
  readonly #db: Database
  readonly #erasing: Set<string>
  #keptFrom: number

  constructor(path: string, open: OpenDatabase) {
    this.#db = open(path, schema)
    this.#keptFrom = this.#db.prepare<[], number>('SELECT day FROM kept_from').pluck().get() ?? 0
    this.#erasing = new Set(this.#db.prepare<[], string>('SELECT account FROM erasing').pluck().all())
  }

  /** No day before it has a file that counts. */
  get keptFrom(): number {
    return this.#keptFrom
  }

  /** Accounts of which something may still be there. */
  get erasing(): ReadonlySet<string> {
    return this.#erasing
  }

  heads(account: string): readonly StoredHead[] {
    return this.#db
      .prepare<[string], StoredHead>('SELECT device, seq, hash, day FROM head WHERE account = ?')
      .all(account)
  }

  /** Takes over the heads of the file of a day, which is dropped from here on. */
  takeOver(path: string, day: number): void {
    this.#db.prepare('ATTACH ? AS dropped').run(path)
    try {
      const take = this.#db.transaction(() => {
        this.#db
          .prepare(
            `INSERT INTO head SELECT account, device, seq, hash, ? FROM dropped.head WHERE true
             ON CONFLICT DO UPDATE SET seq = excluded.seq, hash = excluded.hash, day = excluded.day
             WHERE excluded.seq > seq`,
          )
          .run(day)
        this.#db.prepare('UPDATE kept_from SET day = ?').run(day + 1)
      })
      take.immediate()
      this.#keptFrom = day + 1
    } finally {
      this.#db.exec('DETACH dropped')
    }
  }

  beginErasing(account: string): void {
    this.#db.prepare('INSERT OR IGNORE INTO erasing VALUES (?)').run(account)
    this.#erasing.add(account)
  }

  /** Nothing of the account is in any day's file. */
  finishErasing(account: string): void {
    const erase = this.#db.transaction(() => {
      this.#db.prepare('DELETE FROM head WHERE account = ?').run(account)
      this.#db.prepare('DELETE FROM erasing WHERE account = ?').run(account)
    })
    erase.immediate()
    purge(this.#db)
    this.#erasing.delete(account)
  }

  close(): void {
    this.#db.close()
  }
}
