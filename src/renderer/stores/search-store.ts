/**
 * What is looked for and what was found. It lives here and not in a component, so that going back from a hit shows the same
 * results at the same place.
 */
import { create } from 'zustand'
import type { BridgeEvents } from '#shared/bridge/events.ts'
import type { ErrorCode } from '#shared/errors.ts'
import type { ConversationId, SearchId } from '#shared/model/ids.ts'
import { emptyFilter, type SearchFilter } from '#shared/model/search.ts'
import type { SavedSearchView, SearchHit } from '#shared/model/views.ts'
import { ask, attempt, perform } from './actions.ts'

/** Hits of one answer. */
const pageSize = 30
/** Most hits that are read again at once after much has changed. */
const refreshSize = 200
/** A search starts this long after the last key, ms. */
const typingDelayMs = 120

/** A failure as an answer of main names it. */
export interface SearchFailure {
  readonly code: ErrorCode
  readonly params: Readonly<Record<string, string | number>>
}

export interface SearchState {
  readonly filter: SearchFilter
  /** Whether the panel with everything but the words is open. */
  readonly panelOpen: boolean
  readonly hits: readonly SearchHit[]
  /** `first` while what is shown belongs to an older question, `more` while older hits are on their way. */
  readonly loading: 'first' | 'more' | null
  /** Where the next page begins; null = there are no more. */
  readonly before: number | null
  readonly failure: SearchFailure | null
  /** How far the results were scrolled, px, and the hit that was opened last. */
  readonly scrollTop: number
  readonly openedKey: string | null
  readonly saved: readonly SavedSearchView[]
}

const nothingFound = {
  ...{ hits: [], loading: null, before: null, failure: null },
  ...{ scrollTop: 0, openedKey: null },
} as const
const start: SearchState = { filter: emptyFilter, panelOpen: false, ...nothingFound, saved: [] }
const useStore = create<SearchState>(() => start)

/** Grows with every question, so that an answer to an older one is dropped. */
let question = 0
let timer: ReturnType<typeof setTimeout> | undefined

/** What is looked for, what was found, and what is kept. */
export function useSearch(): SearchState {
  return useStore()
}

/** The same, now. */
export function searchNow(): SearchState {
  return useStore.getState()
}

/** A key that tells hits of different conversations apart. */
export function hitKey(hit: SearchHit): string {
  return `${hit.conversationId} ${hit.messageKey}`
}

/** Whether anything but words is asked for. */
export function isNarrowed({ conversationIds, kind, direction, from, to }: SearchFilter): boolean {
  return conversationIds !== null || kind !== 'any' || direction !== 'any' || from !== null || to !== null
}

/** Whether anything is asked for at all. */
export function isAsking(filter: SearchFilter): boolean {
  return filter.text.trim() !== '' || isNarrowed(filter)
}

/** Changes what is looked for; words wait for the next key, everything else is asked at once. */
export function changeSearch(change: Partial<SearchFilter>): void {
  const isTyping = Object.keys(change).join() === 'text'
  look({ ...searchNow().filter, ...change }, isTyping ? typingDelayMs : 0)
}

function look(filter: SearchFilter, delayMs: number): void {
  clearTimeout(timer)
  question += 1
  if (!isAsking(filter)) {
    useStore.setState({ filter, ...nothingFound })
    return
  }
  useStore.setState({ filter, loading: 'first', failure: null, scrollTop: 0, openedKey: null })
  if (delayMs === 0) void readFirst(pageSize)
  else timer = setTimeout(() => void readFirst(pageSize), delayMs)
}

/** Nothing is looked for any more; the panel stays as it is. */
export function clearSearch(): void {
  changeSearch(emptyFilter)
}

/** Everything but the words goes. */
export function clearFilters(): void {
  changeSearch({ ...emptyFilter, text: searchNow().filter.text })
}

/** Shows or hides the panel. */
export function setPanelOpen(panelOpen: boolean): void {
  useStore.setState({ panelOpen })
  if (panelOpen) void loadSavedSearches()
}

/** Opens the panel for one conversation: what was looked for elsewhere is over. */
export function searchConversation(id: ConversationId): void {
  setPanelOpen(true)
  const { filter } = searchNow()
  if (filter.conversationIds?.length === 1 && filter.conversationIds[0] === id) return
  changeSearch({ ...emptyFilter, conversationIds: [id] })
}

async function readFirst(limit: number): Promise<void> {
  const asked = question
  const { filter } = searchNow()
  const reply = await attempt('search.query', { ...argsOf(filter), before: null, limit })
  if (asked !== question) return
  if (reply.ok) useStore.setState({ ...reply.value, loading: null, failure: null })
  else useStore.setState({ hits: [], before: null, loading: null, failure: reply })
}

/** Asks again after a failure. */
export function retrySearch(): void {
  changeSearch({})
}

/** Reads the next older hits, if there are more and none are on their way. */
export async function loadMoreHits(): Promise<void> {
  const { filter, before, loading } = searchNow()
  if (before === null || loading !== null) return
  const asked = question
  useStore.setState({ loading: 'more' })
  const reply = await attempt('search.query', { ...argsOf(filter), before, limit: pageSize })
  if (asked !== question) return
  if (!reply.ok) {
    useStore.setState({ loading: null, failure: reply })
    return
  }
  useStore.setState(({ hits }) => ({
    hits: [...hits, ...reply.value.hits],
    before: reply.value.before,
    loading: null,
    failure: null,
  }))
}

function argsOf(filter: SearchFilter) {
  const { conversationIds } = filter
  return { filter: { ...filter, conversationIds: conversationIds === null ? null : [...conversationIds] } }
}

/** Remembers where the results were left. */
export function keepSearchPlace(place: Partial<Pick<SearchState, 'scrollTop' | 'openedKey'>>): void {
  useStore.setState(place)
}

/** What changed in the history changes among the hits too: nothing that was deleted stays to be read. */
export function applyToHits(event: BridgeEvents['history.appended']): void {
  const { hits, filter } = searchNow()
  if (event.bulk) {
    // What went is not named: it leaves with the answer.
    if (isAsking(filter)) refresh(hits.length)
    return
  }
  const removed = new Set(event.removedConversations)
  const changed = new Map(event.messages.map((message) => [`${message.conversationId} ${message.key}`, message]))
  if (!hits.some((hit) => removed.has(hit.conversationId) || changed.has(hitKey(hit)))) return
  useStore.setState({
    hits: hits.flatMap((hit) => {
      const message = changed.get(hitKey(hit))
      if (removed.has(hit.conversationId) || message?.deleted === true) return []
      return [message === undefined ? hit : { ...hit, bookmarked: message.bookmarked }]
    }),
  })
}

function refresh(held: number): void {
  question += 1
  void readFirst(Math.min(refreshSize, Math.max(pageSize, held)))
}

/** Reads the searches that are kept. */
export async function loadSavedSearches(): Promise<void> {
  const saved = await ask('search.saved', {})
  if (saved !== null) useStore.setState({ saved })
}

/** Keeps what is looked for now under a name; one of the same name is replaced. Returns whether it was kept. */
export async function saveSearch(name: string): Promise<boolean> {
  const { filter, saved } = searchNow()
  const same = saved.find((search) => search.name === name)
  const kept = await perform('search.save', { id: same?.id ?? null, name, ...argsOf(filter) })
  if (kept) await loadSavedSearches()
  return kept
}

/** Looks for what was kept. */
export function runSavedSearch({ filter }: SavedSearchView): void {
  look(filter, 0)
}

/** Keeps a search no longer. */
export async function forgetSearch(id: SearchId): Promise<void> {
  if (await perform('search.forget', { id })) await loadSavedSearches()
}

/** Forgets everything, as the program does when it locks. */
export function forgetSearches(): void {
  clearTimeout(timer)
  question += 1
  useStore.setState(start, true)
}
