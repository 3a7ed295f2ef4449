import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openDatabase } from '#main/history/database.ts'
import type { OpenHistory } from '#main/history/open-history.ts'
import type { HistoryChange } from '#main/history/port.ts'
import { emptyFilter } from '#shared/model/search.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { DeviceId, MessageId } from '#shared/model/ids.ts'
import { alice, bob, conversationWith, EntryMaker, TestHistory } from './history-fixture.ts'

let test: TestHistory
let history: OpenHistory
beforeEach(() => {
  test = new TestHistory()
  history = test.open()
})
afterEach(() => test.remove())

const conversationId = conversationWith(bob)
const instant = { wallMs: 1_760_000_000_000, counter: 0 }

/** A message of bob's that some own device saw in the one instant. */
function seen(maker: EntryMaker, text: string, sentAt: number): Entry {
  const { head, body } = maker.incoming(text, { id: text })
  if (body.kind !== 'message') throw new Error('not a message')
  const device = (sentAt % 2 === 0 ? 'BBBBBBBBBBBBBBBBBBBBBA' : 'CCCCCCCCCCCCCCCCCCCCCA') as DeviceId
  return { head: { ...head, device, hlc: instant, observedAt: instant.wallMs }, body: { ...body, sentAt } }
}

async function shown() {
  const { conversations } = await history.reader.conversations()
  const { messages } = await history.reader.page({ conversationId, anchor: { at: 'newest' }, limit: 100 })
  const [conversation] = conversations
  return {
    ...{ preview: conversation?.preview, unread: conversation?.unread },
    messages: messages.map(({ text, reactions = [] }) => [text, ...reactions.flatMap(({ emojis }) => emojis)]),
  }
}

function orders<T>(of: readonly T[]): readonly (readonly T[])[] {
  if (of.length < 2) return [of]
  return of.flatMap((first, index) => orders(of.toSpliced(index, 1)).map((rest) => [first, ...rest]))
}

/** Turns the rows of the instant round, as a program of schema 11 may have left them. */
function asTheyCame(): void {
  const db = openDatabase({ path: test.path, key: test.key, role: 'writer' })
  const positions = db.prepare<[], number>('SELECT position FROM message ORDER BY position').pluck().all()
  db.transaction(() => {
    db.pragma('defer_foreign_keys = ON')
    for (const table of ['message', 'reaction']) {
      const move = db.prepare(`UPDATE ${table} SET position = ? WHERE position = ?`)
      for (const position of positions) move.run(-1 - position, position)
      for (const [index, position] of positions.toReversed().entries()) move.run(position, -1 - (positions[index] ?? 0))
    }
    db.pragma('user_version = 11')
  })()
  db.close()
}

describe('messages of one instant', () => {
  it('stand in one order with all they have, whichever came first and in whatever commits', async () => {
    const maker = new EntryMaker(instant.wallMs)
    const [first, second, third] = [seen(maker, 'zebra', 1), seen(maker, 'adder', 2), seen(maker, 'marmot', 3)]
    const reaction = maker.entry(
      {
        ...{ kind: 'reaction', conversation: conversationId, peer: bob, author: alice, messageId: 'r' as MessageId },
        ...{ target: 'adder' as MessageId, targetAuthor: bob, emojis: '👍', sentAt: 4 },
      },
      { authenticatedBy: 'own-device' },
    )
    const contact = maker.contact({ policy: 'accepted' })
    for (const order of orders([first, second, third, reaction, maker.read('adder')])) {
      await history.writer.commit({ eraseAccounts: [alice] })
      await history.writer.commit({ entries: [contact] })
      for (const entry of order) await history.writer.commit({ entries: [entry] })
      expect(await shown()).toEqual({
        preview: 'marmot',
        unread: 1,
        messages: [['zebra'], ['adder', '👍'], ['marmot']],
      })
      await history.writer.makeSearchable()
      for (const text of ['zebra', 'adder', 'marmot']) {
        const filter = { ...emptyFilter, text }
        const { hits } = await history.reader.search({ filter, before: null, limit: 10 })
        expect(hits.map(({ excerpt }) => excerpt)).toEqual([text])
      }
    }
  })

  it('are each told as what they are, though the first had to make room', async () => {
    const maker = new EntryMaker(instant.wallMs)
    const told: HistoryChange[] = []
    history.writer.onChange((change) => told.push(change))
    await history.writer.commit({
      entries: [seen(maker, 'later', 3), seen(maker, 'earlier', 1), seen(maker, 'between', 2)],
    })
    await vi.waitFor(() => expect(told).toHaveLength(1))
    const [change] = told
    expect(change?.bulk).toBe(true)
    expect(change?.newIncoming.map(({ text }) => text).sort()).toEqual(['between', 'earlier', 'later'])
  })

  it('are all there where they are too many to be put in order', async () => {
    const maker = new EntryMaker(instant.wallMs)
    const many = Array.from({ length: 500 }, (_, index) => seen(maker, `text ${index}`, 1_000 - index))
    await history.writer.commit({ entries: many })
    const { messages } = await history.reader.page({ conversationId, anchor: { at: 'newest' }, limit: 1_000 })
    expect(new Set(messages.map(({ text }) => text)).size).toBe(messages.length)
    expect((await history.reader.conversations()).conversations[0]?.unread).toBe(500)
  })

  it('are put in order where a program of before wrote them as they came', async () => {
    const maker = new EntryMaker(instant.wallMs)
    const texts = ['zebra', 'adder', 'marmot', 'badger']
    await history.writer.commit({ entries: [maker.contact({ policy: 'accepted' })] })
    await history.writer.commit({ entries: texts.map((text, index) => seen(maker, text, index)) })
    const reaction = maker.entry(
      {
        ...{ kind: 'reaction', conversation: conversationId, peer: bob, author: alice, messageId: 'r' as MessageId },
        ...{ target: 'adder' as MessageId, targetAuthor: bob, emojis: '👍', sentAt: 4 },
      },
      { authenticatedBy: 'own-device' },
    )
    await history.writer.commit({ entries: [reaction, maker.read('marmot')] })
    const before = await shown()
    expect(before).toMatchObject({ preview: 'badger', unread: 1 })
    await history.close()
    asTheyCame()
    history = test.open()
    expect(await shown()).toEqual(before)
    await history.writer.makeSearchable()
    for (const text of texts) {
      const { hits } = await history.reader.search({ filter: { ...emptyFilter, text }, before: null, limit: 10 })
      expect(hits.map(({ excerpt }) => excerpt)).toEqual([text])
    }
  })

  it('make room only in their own conversation', async () => {
    const maker = new EntryMaker(instant.wallMs)
    const other = maker.incoming('other', { peer: alice })
    const others = [other, maker.incoming('another', { peer: alice })].map(({ head, body }) => ({
      head: { ...head, hlc: instant },
      body,
    }))
    await history.writer.commit({ entries: others })
    const before = await history.reader.page({
      conversationId: conversationWith(alice),
      anchor: { at: 'newest' },
      limit: 9,
    })
    for (const entry of [seen(maker, 'b', 2), seen(maker, 'a', 1)]) await history.writer.commit({ entries: [entry] })
    const after = await history.reader.page({
      conversationId: conversationWith(alice),
      anchor: { at: 'newest' },
      limit: 9,
    })
    expect(after.messages).toEqual(before.messages)
    expect((await shown()).messages).toEqual([['a'], ['b']])
  })
})
