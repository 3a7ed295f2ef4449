/**
 * Words of the index that begin as the user has typed. SQLite answers for a beginning it has no index of by building the list of all rows
 * first, which for a word in every tenth message takes longer than everything else; for words it reads from the newest on.
 */
import type { Database, Statement } from 'better-sqlite3'

/** Beginnings of up to so many characters have an index of their own. */
export const indexedPrefix = 3
/** Words that are looked for one by one; with more, each of them is rare. */
const most = 128
/** Sorts after a word and before any other that begins with it: no word holds it. */
const after = '\u0001'
/** Sorts after every word that begins so. */
const last = '\u{10ffff}'

/** Lets a connection see the words of the index. */
export function openWords(db: Database): void {
  db.exec("CREATE VIRTUAL TABLE temp.indexed_word USING fts5vocab (main, message_text, 'instance')")
}

export class BegunWords {
  readonly #next: Statement<[string, string], string>

  constructor(db: Database) {
    this.#next = db
      .prepare<[string, string], string>('SELECT term FROM temp.indexed_word WHERE term >= ? AND term < ? LIMIT 1')
      .pluck()
  }

  /** Null when the index of beginnings knows, or when there are too many. */
  of(prefix: string): readonly string[] | null {
    if (Array.from(prefix).length <= indexedPrefix) return null
    const found: string[] = []
    let from = prefix
    for (;;) {
      // From word to word: a list of all would read every place where each of them is.
      const word = this.#next.get(from, prefix + last)
      if (word === undefined) return found
      if (found.length === most) return null
      found.push(word)
      from = word + after
    }
  }
}
