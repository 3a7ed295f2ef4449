import type { SqliteFile } from '../../home/data-dir/sqlite-file.ts'
import type { ErasureMark, ErasureMarks } from '../erasures/marks.ts'

/** A step of the file's schema. */
export const erasedAccountTable = `
  CREATE TABLE erased_account (
    name TEXT PRIMARY KEY,
    at INTEGER NOT NULL
  ) STRICT;
`

/** Erasures that were done in a file with {@link erasedAccountTable}, chains and wishes. */
export class SqliteErasureMarks implements ErasureMarks {
  readonly #file: SqliteFile

  constructor(file: SqliteFile) {
    this.#file = file
  }

  marks(): Promise<ReadonlyMap<string, number>> {
    return this.#run(() => {
      const rows = this.#file.sql.prepare<[], ErasureMark>('SELECT name, at FROM erased_account').all()
      return new Map(rows.map(({ name, at }) => [name, at]))
    })
  }

  mark(mark: ErasureMark): Promise<void> {
    return this.#run(() => this.markNow(mark))
  }

  /** {@link mark} within a transaction of the file. */
  markNow({ name, at }: ErasureMark): void {
    this.#file.sql.prepare('INSERT OR REPLACE INTO erased_account (name, at) VALUES (?, ?)').run(name, at)
  }

  dropMarksBefore(at: number): Promise<void> {
    return this.#run(() => {
      this.#file.sql.prepare('DELETE FROM erased_account WHERE at < ?').run(at)
    })
  }

  accounts(after: string, most: number): Promise<readonly string[]> {
    return this.#run(() =>
      this.#file.sql
        .prepare<[string, string, string, number], { account: string }>(
          `SELECT account FROM chain_link WHERE account > ? UNION SELECT account FROM epoch_box WHERE account > ?
           UNION SELECT account FROM erasure_request WHERE account > ? ORDER BY account LIMIT ?`,
        )
        .all(after, after, after, most)
        .map(({ account }) => account),
    )
  }

  /** What SQLite throws comes as a rejection. */
  #run<T>(run: () => T): Promise<T> {
    return new Promise((resolve) => resolve(run()))
  }
}
