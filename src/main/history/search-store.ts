/** The `saved_search` table: always what `mergeSavedSearches` says about each account. */
import type { Database, Statement } from 'better-sqlite3'
import type { Entry, SavedSearchBody } from '#shared/model/entry.ts'
import { maxSavedSearches } from '#shared/model/limits.ts'
import { mergeSavedSearches } from '#shared/model/merge-search.ts'
import { compareEntries } from '#shared/model/merge-order.ts'
import type { Touched } from './apply-entry.ts'
import type { EntryStore } from './entry-store.ts'

export class SearchStore {
  readonly #entries: EntryStore
  readonly #clear: Statement<[string]>
  readonly #insert: Statement<[string, string, string, string]>

  constructor(db: Database, entries: EntryStore) {
    this.#entries = entries
    this.#clear = db.prepare('DELETE FROM saved_search WHERE account = ?')
    this.#insert = db.prepare('INSERT OR REPLACE INTO saved_search (id, account, name, query) VALUES (?, ?, ?, ?)')
  }

  /** Returns whether the entry was new: false for what a newer one of the same search outdid, and beyond the bound. */
  apply(entry: Entry, { searchId }: SavedSearchBody, touched: Touched): boolean {
    const { account } = entry.head
    const known = this.#entries.savedSearches(account)
    const same = known.filter(({ body }) => body.kind === 'saved-search' && body.searchId === searchId)
    if (same.some((held) => compareEntries(held, entry) >= 0)) return false
    if (same.length === 0 && known.length >= maxSavedSearches) return false
    for (const outdone of same) this.#entries.remove(outdone)
    this.#entries.insert(entry, { conversation: null, author: null, subject: searchId })
    this.#clear.run(account)
    for (const { id, name, query } of mergeSavedSearches(this.#entries.savedSearches(account))) {
      this.#insert.run(id, account, name, query)
    }
    touched.searches = true
    return true
  }
}
