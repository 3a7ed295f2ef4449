import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { BridgeEvents } from '#shared/bridge/events.ts'
import type { ConversationId, SearchId } from '#shared/model/ids.ts'
import { emptyFilter, type SearchFilter } from '#shared/model/search.ts'
import type { SearchHit, SearchPage } from '#shared/model/views.ts'

interface Query {
  readonly filter: SearchFilter
  readonly before: number | null
  readonly limit: number
}
type Reply = { ok: true; value: unknown } | { ok: false; code: string; params: object }

const queries: { readonly args: Query; readonly answer: (reply: Reply) => Promise<void> }[] = []
const asked: [string, unknown][] = []
let saved: unknown = []
vi.stubGlobal('window', {
  sotto: {
    call: (name: string, args: unknown) => {
      asked.push([name, args])
      if (name !== 'search.query') return Promise.resolve({ ok: true, value: name === 'search.saved' ? saved : null })
      return new Promise<Reply>((resolve) => {
        const answer = async (reply: Reply): Promise<void> => {
          resolve(reply)
          await vi.advanceTimersByTimeAsync(0)
        }
        queries.push({ args: args as Query, answer })
      })
    },
    on: () => () => undefined,
  },
})
const store = await import('./search-store.ts')

const bob = 'b'.repeat(22) as ConversationId
const carol = 'c'.repeat(22) as ConversationId
const hit = (position: number, conversationId = bob): SearchHit =>
  ({ conversationId, messageKey: `m${position}`, position, bookmarked: false }) as unknown as SearchHit
const page = (hits: readonly SearchHit[], before: number | null = null): { ok: true; value: SearchPage } => ({
  ok: true,
  value: { hits, before },
})
const history = (over: Partial<BridgeEvents['history.appended']>): BridgeEvents['history.appended'] => ({
  ...{ revision: 1, conversations: [], removedConversations: [], messages: [], bulk: false },
  ...over,
})
const positions = () => store.searchNow().hits.map(({ position }) => position)
const last = () => queries.at(-1)!

beforeEach(() => {
  vi.useFakeTimers()
  store.forgetSearches()
  queries.length = 0
  asked.length = 0
  saved = []
})
afterEach(() => vi.useRealTimers())

describe('a search', () => {
  it('waits for the last key, and asks once', async () => {
    for (const text of ['r', 'ri', 'riv']) store.changeSearch({ text })
    expect(queries).toHaveLength(0)
    expect(store.searchNow().loading).toBe('first')
    await vi.advanceTimersByTimeAsync(500)
    expect(queries.map(({ args }) => args)).toEqual([
      { filter: { ...emptyFilter, text: 'riv' }, before: null, limit: 30 },
    ])
    await last().answer(page([hit(9), hit(8)]))
    expect(positions()).toEqual([9, 8])
    expect(store.searchNow().loading).toBeNull()
  })

  it('asks for a filter without words at once', () => {
    store.changeSearch({ kind: 'file' })
    expect(last().args.filter).toEqual({ ...emptyFilter, kind: 'file' })
  })

  it('drops an answer to an older question, whichever comes last', async () => {
    store.changeSearch({ kind: 'file' })
    store.changeSearch({ kind: 'call' })
    await queries[1]!.answer(page([hit(5)]))
    await queries[0]!.answer(page([hit(7)]))
    expect(positions()).toEqual([5])
  })

  it('keeps showing what was found until there is an answer', async () => {
    store.changeSearch({ kind: 'file' })
    await last().answer(page([hit(5)]))
    store.changeSearch({ kind: 'call' })
    expect(positions()).toEqual([5])
    expect(store.searchNow().loading).toBe('first')
  })

  it('is over when nothing is asked for, and an answer on its way is dropped', async () => {
    store.changeSearch({ kind: 'file' })
    store.clearSearch()
    await last().answer(page([hit(5)]))
    expect(store.searchNow()).toMatchObject({ hits: [], loading: null, before: null, filter: emptyFilter })
    store.changeSearch({ text: '   ' })
    await vi.advanceTimersByTimeAsync(500)
    expect(queries).toHaveLength(1)
  })

  it('says what failed, and asks again', async () => {
    store.changeSearch({ kind: 'file' })
    await last().answer({ ok: false, code: 'disk-failed', params: {} })
    expect(store.searchNow()).toMatchObject({ failure: { code: 'disk-failed' }, hits: [], loading: null })
    store.retrySearch()
    await last().answer(page([hit(5)]))
    expect(store.searchNow()).toMatchObject({ failure: null, loading: null })
    expect(positions()).toEqual([5])
  })
})

describe('more hits', () => {
  it('follow where the page before ended, one page at a time', async () => {
    store.changeSearch({ kind: 'link' })
    await last().answer(page([hit(9), hit(8)], 8))
    void store.loadMoreHits()
    void store.loadMoreHits()
    expect(queries).toHaveLength(2)
    expect(last().args).toMatchObject({ before: 8, limit: 30 })
    await last().answer(page([hit(7), hit(3)]))
    expect(positions()).toEqual([9, 8, 7, 3])
    void store.loadMoreHits()
    expect(queries).toHaveLength(2)
  })

  it('of an older question are dropped', async () => {
    store.changeSearch({ kind: 'link' })
    await last().answer(page([hit(9)], 9))
    void store.loadMoreHits()
    const more = last()
    store.changeSearch({ kind: 'call' })
    await last().answer(page([hit(4)], 4))
    await more.answer(page([hit(7)]))
    expect(positions()).toEqual([4])
    expect(store.searchNow().before).toBe(4)
  })

  it('can fail without taking away what is there', async () => {
    store.changeSearch({ kind: 'link' })
    await last().answer(page([hit(9)], 9))
    void store.loadMoreHits()
    await last().answer({ ok: false, code: 'disk-failed', params: {} })
    expect(positions()).toEqual([9])
    expect(store.searchNow()).toMatchObject({ failure: { code: 'disk-failed' }, loading: null, before: 9 })
  })
})

describe('what changes in the history', () => {
  beforeEach(async () => {
    store.changeSearch({ kind: 'link' })
    await last().answer(page([hit(9), hit(8, carol), hit(7)]))
  })
  const message = (position: number, over: object) =>
    ({ conversationId: bob, key: `m${position}`, deleted: false, bookmarked: false, ...over }) as never

  it('takes deleted messages and erased conversations from the hits', () => {
    store.applyToHits(history({ messages: [message(9, { deleted: true })] }))
    expect(positions()).toEqual([8, 7])
    store.applyToHits(history({ removedConversations: [carol] }))
    expect(positions()).toEqual([7])
  })

  it('shows a bookmark that was set, and leaves other messages alone', () => {
    store.applyToHits(history({ messages: [message(7, { bookmarked: true }), message(20, { deleted: true })] }))
    expect(store.searchNow().hits.map(({ bookmarked }) => bookmarked)).toEqual([false, false, true])
  })

  it('is read again after a change that is not listed', async () => {
    store.applyToHits(history({ bulk: true }))
    expect(positions()).toEqual([9, 8, 7])
    await last().answer(page([hit(8, carol)]))
    expect(positions()).toEqual([8])
  })

  it('asks nothing while nothing is looked for', () => {
    store.clearSearch()
    const before = queries.length
    store.applyToHits(history({ bulk: true }))
    expect(queries).toHaveLength(before)
  })
})

describe('one conversation', () => {
  it('opens the panel for it and forgets what was looked for elsewhere', () => {
    store.changeSearch({ kind: 'call', text: 'old' })
    store.searchConversation(bob)
    expect(store.searchNow()).toMatchObject({ panelOpen: true, filter: { ...emptyFilter, conversationIds: [bob] } })
  })

  it('keeps what is looked for in it already', () => {
    store.searchConversation(bob)
    store.changeSearch({ text: 'key' })
    store.searchConversation(bob)
    expect(store.searchNow().filter).toMatchObject({ text: 'key', conversationIds: [bob] })
  })
})

describe('saved searches', () => {
  const kept = {
    id: 's'.repeat(22) as SearchId,
    name: 'Calls with Bob',
    filter: { ...emptyFilter, kind: 'call' },
  } as const

  it('replace one of the same name', async () => {
    saved = [kept]
    await store.loadSavedSearches()
    store.changeSearch({ kind: 'file' })
    expect(await store.saveSearch('Calls with Bob')).toBe(true)
    expect(asked).toContainEqual([
      'search.save',
      { id: kept.id, name: 'Calls with Bob', filter: { ...emptyFilter, kind: 'file' } },
    ])
    expect(await store.saveSearch('Another')).toBe(true)
    expect(asked).toContainEqual([
      'search.save',
      { id: null, name: 'Another', filter: { ...emptyFilter, kind: 'file' } },
    ])
  })

  it('are looked for at once, words and all', () => {
    store.runSavedSearch({ ...kept, filter: { ...emptyFilter, text: 'keys' } })
    expect(last().args.filter).toEqual({ ...emptyFilter, text: 'keys' })
  })
})

it('nothing is left when Sotto locks', async () => {
  saved = [{ id: 's', name: 'secret', filter: emptyFilter }]
  store.setPanelOpen(true)
  store.changeSearch({ kind: 'file' })
  const open = last()
  await vi.advanceTimersByTimeAsync(0)
  expect(store.searchNow().saved).toHaveLength(1)
  store.forgetSearches()
  await open.answer(page([hit(1)]))
  expect(store.searchNow()).toMatchObject({ hits: [], saved: [], filter: emptyFilter, panelOpen: false, loading: null })
})
