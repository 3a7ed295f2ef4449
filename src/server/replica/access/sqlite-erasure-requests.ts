import type { ErasureRequest, ErasureRequestStore } from './chain-store.ts'
import type { SqliteFile } from '../../home/data-dir/sqlite-file.ts'

/** A step of the file's schema. */
export const erasureRequestTable = `
  CREATE TABLE erasure_request (
    account TEXT PRIMARY KEY,
    asked_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    kept_at INTEGER,
    -- Days on which the server ran, and the last of them.
    days INTEGER NOT NULL DEFAULT 0,
    last_day INTEGER NOT NULL
  ) STRICT;
`

interface Row {
  readonly asked_at: number
  readonly due_at: number
  readonly kept_at: number | null
}

/** What was asked by who has no device, in a file with {@link erasureRequestTable}. */
export class SqliteErasureRequests implements ErasureRequestStore {
  readonly #file: SqliteFile

  constructor(file: SqliteFile) {
    this.#file = file
  }

  of(account: string): Promise<ErasureRequest | null> {
    return this.#run(() => {
      const row = this.#file.sql
        .prepare<[string], Row>('SELECT asked_at, due_at, kept_at FROM erasure_request WHERE account = ?')
        .get(account)
      return row === undefined ? null : { askedAt: row.asked_at, dueAt: row.due_at, keptAt: row.kept_at }
    })
  }

  ask(account: string, { askedAt, dueAt, day }: Parameters<ErasureRequestStore['ask']>[1]): Promise<void> {
    return this.#run(() => {
      const text = 'INSERT OR REPLACE INTO erasure_request (account, asked_at, due_at, last_day) VALUES (?, ?, ?, ?)'
      this.#file.sql.prepare(text).run(account, askedAt, dueAt, day)
    })
  }

  countDay(day: number): Promise<void> {
    return this.#run(() => {
      const text = 'UPDATE erasure_request SET days = days + 1, last_day = ? WHERE kept_at IS NULL AND last_day <> ?'
      this.#file.sql.prepare(text).run(day, day)
    })
  }

  keep(account: string, at: number): Promise<boolean> {
    return this.#run(() => {
      const text = 'UPDATE erasure_request SET kept_at = ? WHERE account = ? AND kept_at IS NULL'
      return this.#file.sql.prepare(text).run(at, account).changes > 0
    })
  }

  due({ at, days }: Parameters<ErasureRequestStore['due']>[0]): Promise<readonly string[]> {
    return this.#run(() =>
      this.#file.sql
        .prepare<[number, number], { account: string }>(
          'SELECT account FROM erasure_request WHERE kept_at IS NULL AND due_at <= ? AND days >= ? ORDER BY due_at',
        )
        .all(at, days)
        .map(({ account }) => account),
    )
  }

  forgetKept(before: number): Promise<void> {
    return this.#run(() => {
      const { changes } = this.#file.sql.prepare('DELETE FROM erasure_request WHERE kept_at < ?').run(before)
      if (changes > 0) this.#file.markErased()
      this.#file.purge()
    })
  }

  /** What SQLite throws comes as a rejection. */
  #run<T>(run: () => T): Promise<T> {
    return new Promise((resolve) => resolve(run()))
  }
}
