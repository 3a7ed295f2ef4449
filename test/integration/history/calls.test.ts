/** Calls as rows of a conversation, in the database. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { emptyFilter } from '#shared/model/search.ts'
import { openDatabase } from '#main/history/database.ts'
import type { OpenHistory } from '#main/history/open-history.ts'
import type { HistoryChange } from '#main/history/port.ts'
import type { Entry } from '#shared/model/entry.ts'
import { alice, aliceAccount, bob, conversationWith, EntryMaker, TestHistory } from './history-fixture.ts'

const withBob = conversationWith(bob)
let test: TestHistory
let history: OpenHistory
let make: EntryMaker
const changes: HistoryChange[] = []

beforeEach(async () => {
  test = new TestHistory()
  history = test.open()
  make = new EntryMaker()
  await commit(make.contact({ policy: 'accepted' }))
  changes.length = 0
  history.writer.onChange((change) => changes.push(change))
})
afterEach(() => test.remove())

const commit = (...entries: readonly Entry[]) =>
  history.writer.commit({ accounts: [{ id: aliceAccount, aor: alice }], entries })
const rows = async () =>
  (await history.reader.page({ conversationId: withBob, anchor: { at: 'newest' }, limit: 50 })).messages
const conversation = () => history.reader.conversation(withBob)

describe('a call in the history', () => {
  it('stands among the messages, and is the preview of its conversation', async () => {
    await commit(make.incoming('Shall I call?'))
    const record = { outcome: 'answered', video: true, durationMs: 61_000, readers: 'only-us' } as const
    await commit(make.call({ author: alice, id: 'c1', ...record }))
    expect(await rows()).toMatchObject([
      { text: 'Shall I call?' },
      { text: '', direction: 'outgoing', author: alice, messageId: 'c1', call: record },
    ])
    expect((await rows())[0]).not.toHaveProperty('call')
    const expected = { preview: '', previewCall: record, previewDirection: 'outgoing', previewState: 'none' }
    expect(await conversation()).toMatchObject(expected)
    await history.close()
    history = test.open()
    expect(await conversation()).toMatchObject(expected)
    await commit(make.incoming('Nice to hear you'))
    const after = await conversation()
    expect(after).toMatchObject({ preview: 'Nice to hear you', previewState: 'delivered' })
    expect(after).not.toHaveProperty('previewCall')
  })

  it('is unread only where it was missed, and read as any message', async () => {
    await commit(make.call({ id: 'c1' }), make.call({ outcome: 'answered' }), make.call({ author: alice }))
    await commit(make.call({ outcome: 'elsewhere' }), make.call({ outcome: 'declined' }))
    expect(await conversation()).toMatchObject({ unread: 1 })
    const unread = await history.reader.unreadUpTo(withBob, Number.MAX_SAFE_INTEGER, 10)
    expect(unread.map(({ messageId }) => messageId)).toEqual(['c1'])
    await commit(make.read('c1'))
    expect(await conversation()).toMatchObject({ unread: 0 })
    expect(await history.reader.unreadUpTo(withBob, Number.MAX_SAFE_INTEGER, 10)).toEqual([])
  })

  it('that another own device answered is no longer missed', async () => {
    await commit(make.call({ id: 'c1' }))
    expect(await conversation()).toMatchObject({ unread: 1, previewCall: { outcome: 'missed' } })
    await commit(make.call({ id: 'c1', outcome: 'answered', durationMs: 5000, device: 'EEEEEEEEEEEEEEEEEEEEEA' }))
    await commit(make.call({ id: 'c1' }))
    expect(await rows()).toMatchObject([{ call: { outcome: 'answered', durationMs: 5000 } }])
    expect(await conversation()).toMatchObject({ unread: 0, previewCall: { outcome: 'answered' } })
  })

  it('is announced as a row, and not as a message to notify of', async () => {
    await commit(make.call({ id: 'c1' }))
    await new Promise((resolve) => setImmediate(resolve))
    expect(changes.at(-1)).toMatchObject({
      ...{ messages: [{ call: { outcome: 'missed' } }], newIncoming: [], bulk: false },
    })
  })

  it('of a stranger is no preview', async () => {
    await commit(make.contact({ policy: 'blocked' }))
    await commit(make.call())
    expect(await conversation()).not.toHaveProperty('previewCall')
  })

  it('is not found by searching', async () => {
    await commit(make.call({ id: 'zebra', outcome: 'answered' }))
    for (const text of ['answered', 'zebra', 'missed']) {
      const found = await history.reader.search({ filter: { ...emptyFilter, text }, before: null, limit: 10 })
      expect(found.hits).toEqual([])
    }
  })

  it('is gone when the user deletes it, from the disk as well, and stays gone', async () => {
    await commit(make.incoming('before'), make.call({ id: 'c1', outcome: 'answered' }))
    expect((await rows()).length).toBe(2)
    await commit(make.remove('c1'))
    const again = await commit(make.call({ id: 'c1', outcome: 'answered', durationMs: 7 }))
    expect(again.fresh).toEqual([false])
    expect((await rows()).map(({ text }) => text)).toEqual(['before'])
    expect(await conversation()).toMatchObject({ preview: 'before' })
    const db = openDatabase({ path: test.path, key: test.key, role: 'reader' })
    expect(db.prepare('SELECT count(*) FROM entry WHERE kind = 8').pluck().get()).toBe(0)
    expect(db.prepare('SELECT total, unread FROM conversation').all()).toEqual([{ total: 1, unread: 1 }])
    db.close()
  })

  it('is not gone when the caller takes it back', async () => {
    await commit(make.call({ id: 'c1' }), make.delete('c1', bob))
    expect(await rows()).toMatchObject([{ call: { outcome: 'missed' } }])
  })

  it('counts unread by its own index', () => {
    const db = openDatabase({ path: test.path, key: test.key, role: 'reader' })
    const plan = db
      .prepare<[], { detail: string }>(
        `EXPLAIN QUERY PLAN SELECT count(*) FROM (SELECT 1 FROM message
           WHERE message.conversation = 1 AND position > 5 AND incoming = 1 AND deleted = 0 AND quiet = 0 LIMIT 10)`,
      )
      .all()
    expect(plan.map(({ detail }) => detail).join('\n')).toContain('INDEX message_unread')
    db.close()
  })
})
