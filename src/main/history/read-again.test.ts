import type { Database } from 'better-sqlite3'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '#main/platform/system-clock.ts'
import { encodeEntry } from '#shared/model/entry-codec.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { MessageId } from '#shared/model/ids.ts'
import { bob, conversationWith, EntryMaker, TestHistory } from '#test/integration/history/history-fixture.ts'
import { EntryApplier, Touched } from './apply-entry.ts'
import { ConversationStore } from './conversation-store.ts'
import { openDatabase } from './database.ts'
import { EntryStore } from './entry-store.ts'
import { HistoryReader } from './history-reader.ts'
import { HistoryWriter } from './history-writer.ts'
import { WordIndex } from './word-index.ts'
import { MessageStore } from './message-store.ts'
import type { HistoryChange } from './port.ts'
import { EntriesReadAgain, entryTablesNumber } from './read-again.ts'
import { ReplicaTrace } from './replica/replica-trace.ts'

const many = 250
let test: TestHistory
let make: EntryMaker
let db: Database

beforeEach(async () => {
  test = new TestHistory()
  make = new EntryMaker()
  const writer = openWriter()
  await writer.commit({
    entries: [make.contact({ policy: 'accepted' }), make.incoming('known all along', { id: 'old' })],
  })
  writer.close()
  db = openDatabase({ path: test.path, key: test.key, role: 'writer' })
})
afterEach(async () => {
  db.close()
  await test.remove()
})

const openWriter = (): HistoryWriter => new HistoryWriter({ path: test.path, key: test.key, clock: systemClock })
const state = (name: string): unknown => db.prepare('SELECT value FROM state WHERE name = ?').pluck().get(name)
const forgetTables = (): unknown => db.prepare("UPDATE state SET value = 1 WHERE name = 'entry_tables'").run()

/** As a version stored it that knew nothing of its kind. */
function storeUnread(entry: Entry): void {
  db.prepare('INSERT INTO entry (id, account, kind, bytes) VALUES (?, ?, 0, ?)').run(
    Buffer.from(entry.head.id, 'base64url'),
    entry.head.account,
    encodeEntry(entry),
  )
}

async function readAll(): Promise<readonly HistoryChange[]> {
  const writer = openWriter()
  const changes: HistoryChange[] = []
  writer.onChange((change) => changes.push(change))
  await expect.poll(() => state('entry_tables'), { timeout: 20_000 }).toBe(entryTablesNumber())
  await writer.commit({})
  writer.close()
  return changes
}

async function shown(): Promise<readonly string[]> {
  const reader = new HistoryReader({ path: test.path, key: test.key })
  const request = { conversationId: conversationWith(bob), anchor: { at: 'newest' }, limit: 500 } as const
  const page = await reader.page(request)
  reader.close()
  return page.messages.map(({ text }) => text)
}

it('shows what an earlier version could not read, in its place and not as news', async () => {
  storeUnread(make.incoming('not understood then'))
  storeUnread(make.edit('old', 'changed in a way not understood'))
  const future: Entry = { ...make.entry({ kind: 'unknown', bytes: Buffer.from('a1001863', 'hex') }) }
  storeUnread(future)
  forgetTables()
  expect(await shown()).toEqual(['known all along'])
  const changes = await readAll()
  expect(await shown()).toEqual(['changed in a way not understood', 'not understood then'])
  expect(changes.length).toBeGreaterThan(0)
  expect(changes.flatMap(({ newIncoming }) => newIncoming)).toEqual([])
  expect(changes.every(({ bulk }) => bulk)).toBe(true)
  // What is still not understood keeps its bytes.
  expect(db.prepare('SELECT bytes FROM entry WHERE kind = 0').pluck().all()).toEqual([Buffer.from(encodeEntry(future))])
})

it('reads fields again that an earlier version only kept', async () => {
  const entry = make.incoming('by a way not understood', { id: 'm' })
  const writer = openWriter()
  await writer.commit({ entries: [{ ...entry, body: { ...entry.body, path: 'msrp' } as Entry['body'] }] })
  writer.close()
  db.exec("UPDATE message SET path = NULL; INSERT INTO entry_unread SELECT seq FROM entry WHERE subject = 'm'")
  forgetTables()
  await readAll()
  const reader = new HistoryReader({ path: test.path, key: test.key })
  expect(await reader.message(conversationWith(bob), bob, 'm' as MessageId)).toMatchObject({ path: 'msrp' })
  reader.close()
  // It holds nothing more that is not understood.
  expect(db.prepare('SELECT count(*) FROM entry_unread').pluck().get()).toBe(0)
})

it('goes on where it was stopped, and counts each once', async () => {
  for (let at = 0; at < many; at++) storeUnread(make.incoming(`message ${at}`))
  forgetTables()
  const trace = new ReplicaTrace(db, () => 0)
  const entries = new EntryStore(db, trace)
  const stores = { messages: new MessageStore(db, new WordIndex(db)), conversations: new ConversationStore(db) }
  const applier = new EntryApplier(db, { ...stores, entries, trace })
  const again = new EntriesReadAgain(db, { entries, applier })
  db.transaction(() => again.step(new Touched()))()
  expect(again.isDue()).toBe(true)
  const part = (await shown()).length
  expect(part).toBeGreaterThan(1)
  expect(part).toBeLessThan(many)
  await readAll()
  const texts = await shown()
  expect(texts).toHaveLength(many + 1)
  expect(new Set(texts).size).toBe(many + 1)
  expect(db.prepare('SELECT total, unread FROM conversation').all()).toEqual([{ total: many + 1, unread: many + 1 }])
})

it('looks only once', async () => {
  await readAll()
  storeUnread(make.incoming('stored behind its back'))
  const writer = openWriter()
  await writer.commit({})
  await writer.commit({})
  writer.close()
  expect(await shown()).toEqual(['known all along'])
})
