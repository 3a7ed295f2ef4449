import { mkdtempSync, rmSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Database } from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ConversationId } from '#shared/model/ids.ts'
import { emptyFilter } from '#shared/model/search.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { fullWhile } from '#test/fakes/full-database.ts'
import { bob, conversationWith, EntryMaker } from '#test/integration/history/history-fixture.ts'
import { isIntact, openDatabase } from './database.ts'
import { FoundAtOnce } from './found-at-once.ts'
import { HistoryReader } from './history-reader.ts'
import { HistoryWriter } from './history-writer.ts'

const key = new Uint8Array(randomBytes(32))
let folder: string
let clock: FakeClock
let writer: HistoryWriter
let reader: HistoryReader
let db: Database
let make: EntryMaker
let full: boolean

function open(): void {
  const file = path.join(folder, 'history.db')
  writer = new HistoryWriter({ path: file, key, clock, open: fullWhile(() => full) })
  reader = new HistoryReader({ path: file, key })
  db = openDatabase({ path: file, key, role: 'writer' })
}

function close(): void {
  db.close()
  reader.close()
  writer.close()
}

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'sotto-words-'))
  clock = new FakeClock()
  full = false
  open()
  make = new EntryMaker()
  await writer.commit({ entries: [make.contact({ policy: 'accepted' })] })
})
afterEach(() => {
  close()
  rmSync(folder, { recursive: true, force: true })
})

const waiting = (): number => db.prepare<[], number>('SELECT count(*) FROM message_unindexed').pluck().get() ?? 0
const search = (text: string) => ({ filter: { ...emptyFilter, text }, before: null, limit: 100 })
/** What the index finds, as it is. */
const indexed = async (text: string) => (await reader.search(search(text))).hits.map(({ excerpt }) => excerpt)

describe('the words of a message', () => {
  it('wait for a pause, and are found then', async () => {
    await writer.commit({ entries: [make.incoming('a purple elephant')] })
    expect([waiting(), await indexed('purple')]).toEqual([1, []])
    await clock.advance(1000)
    expect([waiting(), await indexed('purple')]).toEqual([0, ['a purple elephant']])
  })

  it('are found by a search that comes before the pause, and by several at once', async () => {
    const found = new FoundAtOnce({ writer, reader })
    for (const text of ['one whale', 'two whales, one whale']) {
      await found.commit({ entries: [make.incoming(text)] })
      const pages = await Promise.all([found.search(search('whale')), found.search(search('whale'))])
      expect(pages.map(({ hits }) => hits[0]?.excerpt)).toEqual([text, text])
    }
  })

  it('are found after the program ended before the pause', async () => {
    await writer.commit({ entries: [make.incoming('a purple elephant')] })
    close()
    open()
    expect(waiting()).toBe(1)
    await clock.advance(1000)
    expect([waiting(), await indexed('purple')]).toEqual([0, ['a purple elephant']])
  })

  it('do not wait where many come at once, nor behind 64 others', async () => {
    await writer.commit({ entries: Array.from({ length: 20 }, () => make.incoming('a swarm')) })
    expect([waiting(), (await indexed('swarm')).length]).toEqual([0, 20])
    for (let count = 0; count < 64; count += 1) await writer.commit({ entries: [make.incoming('a crowd')] })
    expect([waiting(), (await indexed('crowd')).length]).toEqual([64, 0])
    await writer.commit({ entries: [make.incoming('a crowd')] })
    expect([waiting(), (await indexed('crowd')).length]).toEqual([0, 65])
    expect(isIntact(db)).toBe(true)
  })

  it('are those of its newest edit when it was edited meanwhile', async () => {
    await writer.commit({ entries: [make.incoming('a purple elephant', { id: 'm1' })] })
    await writer.commit({ entries: [make.edit('m1', 'a grey elephant')] })
    await writer.makeSearchable()
    expect([await indexed('purple'), await indexed('grey')]).toEqual([[], ['a grey elephant']])
    await writer.commit({ entries: [make.edit('m1', 'no elephant')] })
    expect([await indexed('grey'), await indexed('elephant')]).toEqual([[], ['no elephant']])
    expect(isIntact(db)).toBe(true)
  })

  it('are in no index when it was deleted or erased meanwhile', async () => {
    await writer.commit({ entries: [make.incoming('a purple elephant', { id: 'm1' })] })
    await writer.commit({ entries: [make.delete('m1')] })
    await writer.commit({ entries: [make.incoming('a purple whale', { id: 'm2' })] })
    const conversation: ConversationId = conversationWith(bob)
    await writer.commit({ eraseConversations: [conversation] })
    expect(waiting()).toBe(0)
    await writer.commit({
      entries: [make.contact({ policy: 'accepted' }), make.incoming('a purple crab', { id: 'm3' })],
    })
    await writer.makeSearchable()
    expect(await indexed('purple')).toEqual(['a purple crab'])
    expect(isIntact(db)).toBe(true)
  })

  it('go on waiting when the disk has no room for them, and what is indexed is found', async () => {
    const found = new FoundAtOnce({ writer, reader })
    await found.commit({ entries: [make.incoming('a purple elephant')] })
    await found.search(search('purple'))
    await found.commit({ entries: [make.incoming('a purple whale')] })
    full = true
    expect((await found.search(search('purple'))).hits).toHaveLength(1)
    full = false
    expect((await found.search(search('purple'))).hits).toHaveLength(2)
    expect(isIntact(db)).toBe(true)
  })

  it('do not wait when their commit did not hold', async () => {
    full = true
    await expect(writer.commit({ entries: [make.incoming('a purple elephant')] })).rejects.toThrow('disk-full')
    full = false
    expect(waiting()).toBe(0)
    await writer.commit({ entries: [make.incoming('a purple whale')] })
    await clock.advance(1000)
    expect([waiting(), await indexed('purple')]).toEqual([0, ['a purple whale']])
  })
})

describe('what a conversation counts', () => {
  it('is the same, message by message and all at once', async () => {
    const counts = async () => {
      const view = await reader.conversation(conversationWith(bob))
      return [view?.unread, view?.preview, (await reader.counts()).messages]
    }
    await writer.commit({ entries: [make.incoming('one', { id: 'm1' })] })
    await writer.commit({ entries: [make.outgoing('two')] })
    await writer.commit({ entries: [make.incoming('three', { id: 'm3' })] })
    expect(await counts()).toEqual([2, 'three', 3])
    await writer.commit({ entries: [make.read('m3')] })
    expect(await counts()).toEqual([0, 'three', 3])
    const older = make.incoming('older')
    await writer.commit({ entries: [{ ...older, head: { ...older.head, hlc: { wallMs: 1, counter: 0 } } }] })
    expect(await counts()).toEqual([0, 'three', 4])
    await writer.commit({ entries: [make.incoming('four')] })
    expect(await counts()).toEqual([1, 'four', 5])
  })
})
