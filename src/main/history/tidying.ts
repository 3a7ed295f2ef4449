/** What the writer does in pauses: indexes new words, folds the log into the database and the search index into fewer pieces. */
import { statSync } from 'node:fs'
import type { Database } from 'better-sqlite3'
import { SottoError } from '#shared/errors.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import { IndexMerge } from './index-merge.ts'
import { storageFailure } from './sqlite-failure.ts'
import type { WordIndex } from './word-index.ts'

/** The write-ahead log is folded into the database when idle beyond this, at once beyond four times it, bytes. */
const checkpointBytes = 4 * 1024 * 1024
const idleMs = 200
/** Transactions after which a pause is used, however short the log is. */
const tidyAfter = 64
/** Between two steps of tidying. */
const stepMs = 20

export class Tidying {
  readonly #db: Database
  readonly #path: string
  readonly #clock: ClockPort
  readonly #words: WordIndex
  readonly #indexMerge: IndexMerge
  #idle: Timer | null = null
  /** Transactions since the search index was last in order. */
  #untidied = 0
  /** The search index is to be looked at, until nothing is left to merge. */
  #mergeDue = false
  #stopped = false

  constructor(parts: {
    readonly db: Database
    readonly path: string
    readonly clock: ClockPort
    readonly words: WordIndex
  }) {
    this.#db = parts.db
    this.#path = parts.path
    this.#clock = parts.clock
    this.#words = parts.words
    this.#indexMerge = new IndexMerge(parts.db)
  }

  /** After a transaction. Folding the log is slow: it waits for a pause, unless the log grew too long. */
  schedule(): void {
    this.#idle?.cancel()
    const bytes = this.#logBytes()
    this.#untidied += 1
    if (bytes > 4 * checkpointBytes) this.#checkpoint()
    this.#mergeDue ||= bytes > checkpointBytes || this.#untidied > tidyAfter
    if (this.#mergeDue || this.#words.isBehind) this.#idle = this.#clock.after(idleMs, () => this.#tidy())
  }

  /** Before the database is closed. */
  stop(): void {
    this.#stopped = true
    this.#idle?.cancel()
  }

  #logBytes(): number {
    return statSync(`${this.#path}-wal`, { throwIfNoEntry: false })?.size ?? 0
  }

  /** New words go into the search index, the log into the database, then the search index into fewer pieces, until the next commit. */
  #tidy(): void {
    if (this.#stopped) return
    try {
      if (this.#words.isBehind) this.#catchUp()
      if (this.#logBytes() > checkpointBytes) this.#checkpoint()
      if (!this.#mergeDue) return
      if (this.#indexMerge.step()) this.#idle = this.#clock.after(stepMs, () => this.#tidy())
      else [this.#untidied, this.#mergeDue] = [0, false]
    } catch (error) {
      // A full disk: the index is whole as it is, the next pause tries again.
      if (!(storageFailure(error) instanceof SottoError)) throw error
    }
  }

  #catchUp(): void {
    let isDurable = false
    try {
      this.#db.transaction(() => this.#words.catchUp()).immediate()
      isDurable = true
    } finally {
      this.#words.noteEnd(isDurable)
    }
  }

  #checkpoint(): void {
    if (this.#stopped) return
    try {
      this.#db.pragma('wal_checkpoint(TRUNCATE)')
    } catch {
      // A full disk or a reader in the way: the log holds everything, the next pause tries again.
    }
  }
}
