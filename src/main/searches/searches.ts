import { SottoError } from '#shared/errors.ts'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import type { EntryFactory, EntryOrigin } from '#shared/model/entry-factory.ts'
import type { SavedSearchBody } from '#shared/model/entry.ts'
import type { Aor, SearchId } from '#shared/model/ids.ts'
import { parseSavedFilter } from '#shared/bridge/search-filter.ts'
import type { SearchFilter } from '#shared/model/search.ts'
import type { SavedSearchView, SearchPage } from '#shared/model/views.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { SearchRequest } from '#main/history/message-search.ts'
import type { HistoryReaderPort, HistoryWriterPort } from '#main/history/port.ts'

export interface SearchesPorts {
  readonly reader: Pick<HistoryReaderPort, 'search' | 'savedSearches'>
  readonly writer: Pick<HistoryWriterPort, 'commit'>
  readonly entries: Pick<EntryFactory, 'make'>
  /** Own accounts that searches can be kept under, the first one first. */
  readonly accounts: () => readonly EntryOrigin[]
  readonly clock: ClockPort
  readonly random: RandomPort
}

/** Searching, and the searches that the user keeps. */
export class Searches {
  readonly #ports: SearchesPorts

  constructor(ports: SearchesPorts) {
    this.#ports = ports
  }

  query(request: SearchRequest): Promise<SearchPage> {
    return this.#ports.reader.search(request)
  }

  /** By name; without those that a newer version saved in a way that this one does not understand. */
  async saved(): Promise<readonly SavedSearchView[]> {
    const stored = await this.#ports.reader.savedSearches()
    return stored.flatMap(({ id, name, query }) => {
      const filter = parseSavedFilter(query)
      return filter === null ? [] : [{ id, name, filter }]
    })
  }

  /** @throws SottoError `not-found` for an id that is none, or without an account. */
  async save({
    id,
    name,
    filter,
  }: {
    readonly id: SearchId | null
    readonly name: string
    readonly filter: SearchFilter
  }): Promise<void> {
    const origin = await this.#originOf(id)
    const searchId = id ?? (toBase64Url(this.#ports.random.bytes(16)) as SearchId)
    await this.#say(origin, { searchId, name: name.toWellFormed(), query: JSON.stringify(filter) })
  }

  /** @throws SottoError `not-found` */
  async forget({ id }: { readonly id: SearchId }): Promise<void> {
    await this.#say(await this.#originOf(id), { searchId: id, name: '' })
  }

  async #say(origin: EntryOrigin, said: Pick<SavedSearchBody, 'searchId' | 'name' | 'query'>): Promise<void> {
    const { entries, writer, clock } = this.#ports
    await writer.commit({ entries: [entries.make(origin, { kind: 'saved-search', at: clock.now(), ...said })] })
  }

  /** A known search stays with its account. */
  async #originOf(id: SearchId | null): Promise<EntryOrigin> {
    const account = id === null ? null : await this.#accountOf(id)
    const origin = this.#ports.accounts().find((own) => account === null || own.account === account)
    if (origin === undefined) throw new SottoError('not-found')
    return origin
  }

  async #accountOf(id: SearchId): Promise<Aor> {
    const known = (await this.#ports.reader.savedSearches()).find((search) => search.id === id)
    if (known === undefined) throw new SottoError('not-found')
    return known.account
  }
}
