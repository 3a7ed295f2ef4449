/** Keeps the search index in few pieces: a search looks into each of them, and each page of them is decrypted. */
import type { Database, Statement } from 'better-sqlite3'

/** Pages of one step: some milliseconds, in which nobody can commit. */
const pagesPerStep = 24
/** Pieces of one size that are merged; SQLite would leave three. */
const smallestMerge = 2

export class IndexMerge {
  readonly #db: Database
  readonly #configure: Statement<[]>
  readonly #merge: Statement<[]>
  readonly #changes: Statement<[], number>
  readonly #setting: Statement<[], number>

  constructor(db: Database) {
    this.#db = db
    // Literals: a bound number is no integer to FTS5.
    const command = (name: string, value: number) =>
      db.prepare<[]>(`INSERT INTO message_text (message_text, rank) VALUES ('${name}', ${value})`)
    this.#configure = command('usermerge', smallestMerge)
    this.#merge = command('merge', pagesPerStep)
    this.#changes = db.prepare<[], number>('SELECT total_changes()').pluck()
    this.#setting = db.prepare<[], number>("SELECT v FROM message_text_config WHERE k = 'usermerge'").pluck()
  }

  /** Merges a little, in a transaction of its own; returns whether there is more to do. */
  step(): boolean {
    if (this.#db.inTransaction) return false
    if (this.#setting.get() !== smallestMerge) this.#configure.run()
    const before = this.#changes.get() ?? 0
    this.#merge.run()
    // Fewer than two changes: nothing but the note that there was nothing to do (https://sqlite.org/fts5.html#the_merge_command).
    return (this.#changes.get() ?? 0) - before >= 2
  }
}
