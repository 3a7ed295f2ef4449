/** One transaction over several commits, each of which can be taken back alone. */
import type { Database, Statement } from 'better-sqlite3'

export class GroupTransaction {
  readonly #db: Database
  readonly #statements: Readonly<Record<'begin' | 'commit' | 'save' | 'keep' | 'takeBack', Statement<[]>>>

  constructor(db: Database) {
    this.#db = db
    // Prepared: to compile these for each commit took a tenth of what it costs.
    this.#statements = {
      begin: db.prepare('BEGIN IMMEDIATE'),
      commit: db.prepare('COMMIT'),
      save: db.prepare('SAVEPOINT one'),
      keep: db.prepare('RELEASE one'),
      takeBack: db.prepare('ROLLBACK TO one'),
    }
  }

  begin(): void {
    this.#statements.begin.run()
  }

  /** Returns when it is durable. */
  commit(): void {
    this.#statements.commit.run()
  }

  /** Takes everything back, if the database has not by itself. */
  abort(): void {
    if (this.#db.inTransaction) this.#db.exec('ROLLBACK')
  }

  /**
   * Runs a part; one that throws is taken back, and `failed` hears why.
   * @throws what `run` threw, where a full disk has ended the whole transaction.
   */
  part<T>(run: () => T, failed: (error: unknown) => T): T {
    this.#statements.save.run()
    try {
      const result = run()
      this.#statements.keep.run()
      return result
    } catch (error) {
      if (!this.#db.inTransaction) throw error
      this.#statements.takeBack.run()
      this.#statements.keep.run()
      return failed(error)
    }
  }
}
