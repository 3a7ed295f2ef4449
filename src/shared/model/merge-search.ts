import type { Entry } from './entry.ts'
import type { SearchId } from './ids.ts'
import { compareEntries, only, type Of } from './merge-order.ts'

/** A saved search as the set says. */
export interface MergedSearch {
  readonly id: SearchId
  readonly name: string
  /** JSON of a `SearchFilter`, from an entry: to be checked by whoever uses it. */
  readonly query: string
}

/** What the user keeps as searches: of each id the newest entry holds, and one without a query removes it. Oldest id first. */
export function mergeSavedSearches(entries: readonly Entry[]): readonly MergedSearch[] {
  const newest = new Map<SearchId, Of<'saved-search'>>()
  for (const entry of [...only(entries, 'saved-search')].sort(compareEntries)) newest.set(entry.body.searchId, entry)
  return [...newest.values()].flatMap(({ body: { searchId: id, name, query } }) =>
    query === undefined ? [] : [{ id, name, query }],
  )
}
