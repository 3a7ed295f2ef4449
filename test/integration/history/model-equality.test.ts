import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type Database from 'better-sqlite3'
import { openDatabase } from '#main/history/database.ts'
import type { OpenHistory } from '#main/history/open-history.ts'
import { tokens } from '#main/history/search-text.ts'
import { arbitraryEntry, fixtureAccount } from '#test/fixtures/arbitrary-entry.ts'
import type { Entry } from '#shared/model/entry.ts'
import { readFloor } from '#shared/model/merge-gone.ts'
import { mergeEntries, subjectOf, type MergedMessage } from '#shared/model/merge.ts'
import { compareHlc } from '#shared/model/hlc.ts'
import type { ConversationId } from '#shared/model/ids.ts'
import { only } from '#shared/model/merge-order.ts'
import type { ContactView, FileView, MessageView } from '#shared/model/views.ts'
import { TestHistory } from './history-fixture.ts'

let test: TestHistory
let history: OpenHistory
let db: Database.Database
beforeAll(() => {
  test = new TestHistory()
  history = test.open()
  db = openDatabase({ path: test.path, key: test.key, role: 'writer' })
  db.exec("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab (main, message_text, 'row')")
})
afterAll(async () => {
  db.close()
  await test.remove()
})

const keyOf = (author: string, id: string, variant: number) =>
  variant === 0 ? `${author} ${id}` : `${author} ${id} ~${variant}`

/** The model's message as the screen would show it, but for the position. */
function viewOf(message: MergedMessage) {
  return {
    conversationId: message.conversation,
    key: keyOf(message.author, message.messageId, message.variant),
    messageId: message.messageId,
    direction: message.incoming ? 'incoming' : 'outgoing',
    author: message.author,
    text: message.text,
    contentType: 'text/plain',
    sentAt: message.sentAt,
    receivedAt: message.receivedAt,
    state: message.state,
    ...(message.failure === undefined ? {} : { failure: message.failure }),
    ...(message.path === undefined ? {} : { path: message.path }),
    ...(message.displayReceipt === undefined ? {} : { displayReceipt: true }),
    edited: message.edited,
    deleted: message.deleted,
    conflicting: message.conflicting,
    authenticatedBy: message.authenticatedBy,
    bookmarked: message.bookmarked,
    ...(message.reactions.length === 0 ? {} : { reactions: message.reactions }),
    ...(message.expiresAfter === undefined ? {} : { expiresAfter: message.expiresAfter }),
    ...(message.timer === undefined ? {} : { timer: message.timer }),
    ...(message.call === undefined ? {} : { call: message.call }),
    ...(message.file === undefined ? {} : { file: fileViewOf(message.file) }),
  }
}

function fileViewOf({ attachment, ...file }: NonNullable<MergedMessage['file']>): FileView {
  return { ...file, stored: attachment !== undefined }
}

/** Where messages stand on every device: when first seen, then what their author's clock said. */
function inPlace(a: MergedMessage, b: MergedMessage): number {
  const text = (one: string, other: string) => (one === other ? 0 : one < other ? -1 : 1)
  return (
    a.hlc.wallMs - b.hlc.wallMs ||
    a.hlc.counter - b.hlc.counter ||
    a.sentAt - b.sentAt ||
    text(a.author, b.author) ||
    text(a.messageId, b.messageId) ||
    a.variant - b.variant
  )
}

/** All in few instants, as devices see them that do not know of each other. */
function crowded(entries: readonly Entry[]): readonly Entry[] {
  return entries.map(({ head, body }) => {
    const hlc = { wallMs: 1_000 + (head.hlc.wallMs % 2), counter: head.hlc.counter % 2 }
    return { head: { ...head, hlc }, body: 'sentAt' in body ? { ...body, sentAt: 1_000 + (body.sentAt % 2) } : body }
  })
}

/** All from files, of two devices, about few messages. */
function filed(entries: readonly Entry[]): readonly Entry[] {
  return crowded(entries).map(({ head, body }) => ({
    head: { ...head, authenticatedBy: 'file' as const, verified: false },
    body,
  }))
}

/** What either end last said about disappearing messages; for the own side only what the servers cannot have made up. */
function latestTimers(entries: readonly Entry[]) {
  const told = only(entries, 'timer').filter(({ head }) => head.authenticatedBy !== 'file')
  const said = told.toSorted((a, b) => compareHlc(a.head.hlc, b.head.hlc) || a.body.expiresAfter - b.body.expiresAfter)
  return (id: ConversationId) => {
    const here = said.filter(({ body }) => body.conversation === id)
    const own = here.findLast(({ head, body }) => body.author === head.account && head.authenticatedBy !== 'server')
    const peer = here.findLast(({ head, body }) => body.author !== head.account)
    return { own: own?.body.expiresAfter ?? 0, peer: peer?.body.expiresAfter ?? 0 }
  }
}

/** How far is read by rows that are gone. */
function readFloors(entries: readonly Entry[]) {
  const clusters = Map.groupBy(entries, (entry) => JSON.stringify(subjectOf(entry)))
  return (id: ConversationId) =>
    Math.max(
      -1,
      ...[...clusters.values()].filter(([first]) => first && subjectOf(first)?.conversation === id).map(readFloor),
    )
}

async function storedMessages(): Promise<readonly MessageView[]> {
  const { conversations } = await history.reader.conversations()
  const pages = await Promise.all(
    conversations.map(({ id }) => history.reader.page({ conversationId: id, anchor: { at: 'newest' }, limit: 100 })),
  )
  return pages.flatMap((page) => page.messages)
}

const byKey = (a: { conversationId: string; key: string }, b: { conversationId: string; key: string }) =>
  a.conversationId + a.key < b.conversationId + b.key ? -1 : 1

async function checkMessages(entries: readonly Entry[]): Promise<void> {
  const model = mergeEntries(entries)
  const stored = await storedMessages()
  const withoutPosition = stored.map(({ position, expiresAt, ...rest }) => rest)
  expect([...withoutPosition].sort(byKey)).toEqual(model.messages.map(viewOf).sort(byKey))
  const positions = new Map(stored.map((message) => [`${message.conversationId} ${message.key}`, message.position]))
  const positionOf = (m: MergedMessage) =>
    positions.get(`${m.conversation} ${keyOf(m.author, m.messageId, m.variant)}`) ?? -1
  for (const [id, mine] of Map.groupBy(model.messages, ({ conversation }) => conversation)) {
    const shown = stored.filter(({ conversationId }) => conversationId === id)
    const keys = (list: readonly { readonly key: string }[]) => list.map(({ key }) => key)
    expect(keys(shown.toSorted((a, b) => a.position - b.position))).toEqual(keys(mine.toSorted(inPlace).map(viewOf)))
  }
  const timers = latestTimers(entries)
  const floors = readFloors(entries)
  for (const { id, unread, timers: kept } of (await history.reader.conversations()).conversations) {
    expect(kept).toEqual(timers(id))
    const mine = model.messages.filter((message) => message.conversation === id)
    const readTo = Math.max(floors(id), ...mine.filter((message) => message.readMark).map(positionOf))
    const waits = (m: MergedMessage) =>
      m.authenticatedBy !== 'file' && (m.call === undefined || m.call.outcome === 'missed')
    const expected = mine.filter((m) => m.incoming && !m.deleted && waits(m) && positionOf(m) > readTo)
    expect(unread).toBe(expected.length)
  }
}

async function checkContacts(entries: readonly Entry[]): Promise<void> {
  const model = mergeEntries(entries).contacts
  const stored = await history.reader.contacts()
  expect(stored).toHaveLength(model.length)
  const names = (list: readonly Pick<ContactView, 'name' | 'note' | 'policy' | 'callPolicy' | 'addedAt'>[]) =>
    list
      .map(({ name, note, policy, callPolicy, addedAt }) => JSON.stringify([name, note, policy, callPolicy, addedAt]))
      .sort()
  expect(names(stored)).toEqual(names(model.map((contact) => ({ ...contact, name: contact.name || contact.peerName }))))
}

/** The search index holds the words of the shown texts, each as often as it should, and nothing else. */
async function checkIndex(): Promise<void> {
  const expected = new Map<string, number>()
  for (const { text, file } of await storedMessages()) {
    for (const token of tokens(file?.name ?? text)) expected.set(token.text, (expected.get(token.text) ?? 0) + 1)
  }
  const rows = db.prepare<[], { term: string; cnt: number }>('SELECT term, cnt FROM vocabulary').all()
  const words = rows.filter((row) => !/^[\ue100-\ue1ff]/.test(row.term))
  expect(new Map(words.map((row) => [row.term, row.cnt]))).toEqual(expected)
}

it('what the database shows equals the pure merge of the set, in any order and grouping of commits', async () => {
  const few = fc.uniqueArray(arbitraryEntry(), { minLength: 1, maxLength: 14, selector: (entry) => entry.head.id })
  const many = fc.uniqueArray(arbitraryEntry(), { minLength: 14, maxLength: 40, selector: (entry) => entry.head.id })
  const arrivals = fc.oneof(few, many.map(crowded), many.map(filed)).chain((entries) =>
    fc.record({
      entries: fc.shuffledSubarray([...entries, ...entries.slice(0, 3)], { minLength: entries.length }),
      cut: fc.nat(entries.length),
      /** The first entries were searched for before the others came. */
      searched: fc.boolean(),
    }),
  )
  await fc.assert(
    fc.asyncProperty(arrivals, async ({ entries, cut, searched }) => {
      // First: a run that failed, and is being shrunk, left its entries.
      await history.writer.commit({ eraseAccounts: [fixtureAccount] })
      await history.writer.commit({ entries: entries.slice(0, cut) })
      if (searched) await history.writer.makeSearchable()
      await history.writer.commit({ entries: entries.slice(cut) })
      await history.writer.makeSearchable()
      await checkMessages(entries)
      await checkContacts(entries)
      await checkIndex()
      await history.writer.commit({ eraseAccounts: [fixtureAccount] })
      expect(await storedMessages()).toEqual([])
      expect(db.prepare('SELECT count(*) FROM entry').pluck().get()).toBe(0)
      expect(db.prepare('SELECT count(*) FROM vocabulary').pluck().get()).toBe(0)
      expect(db.prepare('SELECT count(*) FROM message_unindexed').pluck().get()).toBe(0)
    }),
    { numRuns: 600 },
  )
}, 120_000)
