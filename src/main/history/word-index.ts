/** The search index of rows. New words may wait for a pause: a commit then writes five pages less, and is durable sooner. */
import type { Database, Statement } from 'better-sqlite3'
import { indexText, searchTextVersion, type IndexedRow } from './search-text.ts'
import { messageColumns, messageJoin, type MessageRow } from './views.ts'

/** Rows whose words wait at most; those of the next commit are indexed with it, and theirs too. */
const maxWaiting = 64
/** Rows read at a time while the index is built. */
const rebuildPage = 1000

export class WordIndex {
  readonly #db: Database
  readonly #index: Statement<[number, string]>
  readonly #unindex: Statement<[number, string]>
  readonly #wait: Statement<[number]>
  readonly #waitNoMore: Statement<[number]>
  readonly #waits: Statement<[number], number>
  readonly #waiting: Statement<[], MessageRow>
  readonly #nobodyWaits: Statement<[]>
  /** Never fewer than do wait: a transaction that is rolled back leaves it too high. */
  #atMost: number
  /** As before, once the transaction that caught up is durable; null when none did. */
  #atMostThen: number | null = null
  /** Whether the words of new rows wait for {@link catchUp}: not where many come at once. */
  postpones = false

  constructor(db: Database) {
    this.#db = db
    this.#index = db.prepare('INSERT INTO message_text (rowid, body) VALUES (?, ?)')
    this.#unindex = db.prepare("INSERT INTO message_text (message_text, rowid, body) VALUES ('delete', ?, ?)")
    this.#wait = db.prepare('INSERT INTO message_unindexed (position) VALUES (?)')
    this.#waitNoMore = db.prepare('DELETE FROM message_unindexed WHERE position = ?')
    this.#waits = db.prepare<[number], number>('SELECT 1 FROM message_unindexed WHERE position = ?').pluck()
    this.#waiting = db.prepare(
      `SELECT ${messageColumns} FROM ${messageJoin} WHERE position IN (SELECT position FROM message_unindexed)`,
    )
    this.#nobodyWaits = db.prepare('DELETE FROM message_unindexed')
    this.#atMost = db.prepare<[], number>('SELECT count(*) FROM message_unindexed').pluck().get() ?? 0
  }

  /** Whether there may be rows that no search finds yet. */
  get isBehind(): boolean {
    return this.#atMost > 0
  }

  /** Whether {@link catchUp} is due before the transaction ends. */
  get isFull(): boolean {
    return this.#atMost > maxWaiting
  }

  /** A row of this position is new. */
  add(position: number, row: IndexedRow): void {
    if (!this.postpones) {
      this.#index.run(position, indexText(row))
      return
    }
    this.#wait.run(position)
    this.#atMost += 1
    if (this.#atMostThen !== null) this.#atMostThen += 1
  }

  /** A row says other words than it did. */
  change(position: number, before: IndexedRow, now: IndexedRow): void {
    const [words, wordsNow] = [indexText(before), indexText(now)]
    if (words === wordsNow || (this.isBehind && this.#waits.get(position) !== undefined)) return
    this.#unindex.run(position, words)
    this.#index.run(position, wordsNow)
  }

  remove(position: number, row: IndexedRow): void {
    if (this.isBehind && this.#waitNoMore.run(position).changes > 0) return
    this.#unindex.run(position, indexText(row))
  }

  /** Indexes the words that wait, inside a running transaction. */
  catchUp(): void {
    for (const row of this.#waiting.all()) this.#index.run(row.position, indexText(row))
    this.#nobodyWaits.run()
    this.#atMostThen = 0
  }

  /** The transaction is durable, or nothing of it holds. */
  noteEnd(isDurable: boolean): void {
    if (isDurable) this.#atMost = this.#atMostThen ?? this.#atMost
    this.#atMostThen = null
  }

  /** Builds the index again if its rules changed; tells how far it is, 0 to 1. */
  rebuildIfNeeded(report: (share: number) => void): void {
    const version = this.#db.prepare("SELECT value FROM state WHERE name = 'search_text_version'").pluck().get()
    if (version === searchTextVersion) return
    this.#db
      .transaction(() => {
        this.#db.prepare("INSERT INTO message_text (message_text) VALUES ('delete-all')").run()
        for (const page of this.#allRows(report)) for (const row of page) this.#index.run(row.position, indexText(row))
        this.#nobodyWaits.run()
        this.#db
          .prepare("INSERT OR REPLACE INTO state (name, value) VALUES ('search_text_version', ?)")
          .run(searchTextVersion)
      })
      .immediate()
    this.#atMost = 0
  }

  /** In pages: one long query would keep the connection busy, and one list the memory. */
  *#allRows(report: (share: number) => void): Generator<readonly MessageRow[]> {
    const page = this.#db.prepare<[number], MessageRow>(
      `SELECT ${messageColumns} FROM ${messageJoin} WHERE position > ? ORDER BY position LIMIT ${rebuildPage}`,
    )
    const [first, last] = this.#ends()
    let at = -1
    for (let rows = page.all(at); rows.length > 0; rows = page.all(at)) {
      yield rows
      at = rows.at(-1)?.position ?? 0
      // Positions are of time: nearly even, and counting rows would take seconds.
      report((at - first) / Math.max(1, last - first))
    }
  }

  #ends(): readonly [number, number] {
    const end = (order: 'ASC' | 'DESC'): number =>
      this.#db.prepare<[], number>(`SELECT position FROM message ORDER BY position ${order} LIMIT 1`).pluck().get() ?? 0
    return [end('ASC'), end('DESC')]
  }
}
