import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import type Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { utf8 } from '#shared/bytes/bytes.ts'
import { SottoError } from '#shared/errors.ts'
import { EntryFactory } from '#shared/model/entry-factory.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { DeviceId, MessageId } from '#shared/model/ids.ts'
import { emptyFilter } from '#shared/model/search.ts'
import { AttachmentStore } from '#main/history/attachments/attachment-store.ts'
import { openDatabase } from '#main/history/database.ts'
import type { OpenHistory } from '#main/history/open-history.ts'
import { HistoryUpkeep } from '#main/upkeep/upkeep.ts'
import { silentLog } from '#test/fakes/silent-log.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { alice, bob, conversationWith, EntryMaker, eve, randomId, TestHistory } from './history-fixture.ts'

const dayMs = 86_400_000
const start = 1_760_000_000_000
const random = new SeededRandom('upkeep')

let test: TestHistory
let history: OpenHistory
let clock: FakeClock
let make: EntryMaker
let upkeep: HistoryUpkeep
let attachments: AttachmentStore
let keepDays: number
let hasAccount: boolean

beforeEach(() => {
  test = new TestHistory()
  history = test.open()
  clock = new FakeClock(start)
  make = new EntryMaker(start)
  attachments = new AttachmentStore(test.attachments, random)
  keepDays = 0
  hasAccount = true
  upkeep = upkeepOf(history)
})
afterEach(async () => {
  await upkeep.stop()
  await test.remove()
})

function upkeepOf({ writer, reader }: Pick<OpenHistory, 'writer' | 'reader'>): HistoryUpkeep {
  return new HistoryUpkeep({
    ...{ writer, reader, clock, random, attachments, log: silentLog },
    entries: new EntryFactory({ clock, random }),
    deviceOf: () => (hasAccount ? ('BBBBBBBBBBBBBBBBBBBBBA' as DeviceId) : null),
    withdrawNotification: () => undefined,
    keepDays: () => keepDays,
  })
}

async function fileEntry(name: string, more: { expiresAfter?: number } = {}): Promise<Entry> {
  const stored = await attachments.write(
    (async function* () {
      yield await Promise.resolve(utf8(name.repeat(100)))
    })(),
  )
  const place = { conversation: conversationWith(bob), peer: bob, author: alice }
  return make.entry(
    {
      ...{ kind: 'file', ...place, messageId: randomId() as MessageId, fileName: name, mediaType: 'text/plain' },
      ...{ size: stored.size, attachment: stored.id, attachmentKey: stored.key, sentAt: start, ...more },
    },
    { authenticatedBy: 'own-device' },
  )
}

const files = () => readdirSync(test.attachments)
const texts = async () => {
  const page = await history.reader.page({
    ...{ conversationId: conversationWith(bob), anchor: { at: 'newest' }, limit: 200 },
  })
  return page.messages.map(({ text, file }) => file?.name ?? text)
}
const hits = async (text: string) =>
  (await history.reader.search({ filter: { ...emptyFilter, text }, before: null, limit: 200 })).hits.length

/** What stands in the tables, by another connection. */
function rows(sql: string): readonly unknown[] {
  const db: Database.Database = openDatabase({ path: test.path, key: test.key, role: 'reader' })
  try {
    return db.prepare<[]>(sql).pluck().all()
  } finally {
    db.close()
  }
}

describe('what is older than it is kept', () => {
  it('goes with edits, receipts, search words and jobs; what is younger stays', async () => {
    const old = make.outgoing('ancient history')
    const target = 'messageId' in old.body ? old.body.messageId : ('' as MessageId)
    await history.writer.commit({
      entries: [old, make.edit(target, 'ancient story', alice), make.delivery(target, 'sent')],
      addJobs: [make.job(old)],
    })
    await clock.advance(10 * dayMs)
    make = new EntryMaker(clock.now())
    await history.writer.commit({ entries: [make.incoming('fresh')] })
    await upkeep.start()
    expect(await texts()).toEqual(['ancient story', 'fresh'])
    keepDays = 7
    await upkeep.enforce()
    expect(await texts()).toEqual(['fresh'])
    expect(await hits('ancient')).toBe(0)
    expect(rows("SELECT count(*) FROM entry WHERE subject = '" + target + "'")).toEqual([0])
    expect(await history.reader.dueJobs(Number.MAX_SAFE_INTEGER, 10)).toEqual([])
  })

  it('is told per conversation, and the settings hold where nothing is told', async () => {
    await history.writer.commit({
      entries: [
        make.incoming('of bob'),
        make.incoming('of eve', { peer: eve }),
        make.entry(
          { kind: 'contact', conversation: conversationWith(eve), peer: eve, keepDays: 0 },
          { authenticatedBy: 'own-device' },
        ),
      ],
    })
    await clock.advance(40 * dayMs)
    keepDays = 30
    await upkeep.start()
    await upkeep.enforce()
    const counts = await history.reader.counts()
    expect(counts.messages).toBe(1)
    expect(await texts()).toEqual([])
  })

  it('is not told by what only the servers vouch for', async () => {
    const forged = make.entry({ kind: 'contact', conversation: conversationWith(bob), peer: bob, keepDays: 1 })
    await history.writer.commit({ entries: [make.incoming('stays'), forged] })
    await clock.advance(400 * dayMs)
    await upkeep.start()
    await upkeep.enforce()
    expect(await texts()).toEqual(['stays'])
  })

  it('goes hour by hour without being asked, many at a time', async () => {
    await history.writer.commit({ entries: Array.from({ length: 450 }, (_, i) => make.incoming(`row ${i}`)) })
    keepDays = 1
    await upkeep.start()
    await clock.advance(dayMs - 60_000)
    expect((await history.reader.counts()).messages).toBe(450)
    await clock.advance(7_200_000)
    expect((await history.reader.counts()).messages).toBe(0)
    expect(rows('SELECT count(*) FROM entry')).toEqual([0])
  })
})

describe('what disappears', () => {
  it('goes in its time, and nothing of its text, file name or key is left', async () => {
    const place = { conversation: conversationWith(bob), peer: bob, author: alice }
    const message = make.entry(
      {
        ...{ kind: 'message', ...place, messageId: 'm-1' as MessageId, contentType: 'text/plain', sentAt: start },
        ...{ text: 'quicksilver', expiresAfter: 60 },
      },
      { authenticatedBy: 'own-device' },
    )
    await history.writer.commit({ entries: [message, await fileEntry('mercury.txt', { expiresAfter: 60 })] })
    await upkeep.start()
    expect(await texts()).toEqual(['quicksilver', 'mercury.txt'])
    expect(files()).toHaveLength(1)
    await clock.advance(61_000)
    await expect.poll(texts).toEqual([])
    await expect.poll(files).toEqual([])
    const left = rows('SELECT bytes FROM entry').map((bytes) => (bytes as Buffer).toString('latin1'))
    expect(left.length).toBe(2)
    for (const bytes of left) expect(bytes).not.toMatch(/quicksilver|mercury/)
    expect(rows('SELECT count(*) FROM attachment')).toEqual([0])
    await expect.poll(() => rows('SELECT count(*) FROM dropped_attachment')).toEqual([0])
  })

  it('goes before anybody looks, when its time came while the program was closed', async () => {
    await history.writer.commit({ entries: [await fileEntry('late.txt', { expiresAfter: 60 })] })
    await clock.advance(dayMs)
    await upkeep.start()
    expect(await texts()).toEqual([])
  })

  it('goes from a conversation whose account is not in this profile, too', async () => {
    hasAccount = false
    await history.writer.commit({ entries: [await fileEntry('foreign.txt', { expiresAfter: 60 })] })
    await clock.advance(dayMs)
    await upkeep.start()
    expect(await texts()).toEqual([])
    expect(rows('SELECT count(*) FROM entry')).toEqual([0])
  })
})

describe('attachments', () => {
  it('go from the disk with the message, the conversation or the account that held them', async () => {
    const [one, two, three] = [await fileEntry('one'), await fileEntry('two'), await fileEntry('three')]
    await history.writer.commit({ entries: [one, two, three] })
    await upkeep.start()
    expect(files()).toHaveLength(3)
    const { messageId } = one.body as Extract<Entry['body'], { kind: 'file' }>
    await history.writer.commit({ entries: [make.delete(messageId, alice)] })
    await expect.poll(files).toHaveLength(2)
    await history.writer.commit({ eraseConversations: [conversationWith(bob)] })
    await expect.poll(files).toHaveLength(0)
    expect(await texts()).toEqual([])
  })

  it('that were dropped just before a crash, or written without an entry, go at the next start', async () => {
    await history.writer.commit({ entries: [await fileEntry('dropped')] })
    await history.writer.commit({ eraseConversations: [conversationWith(bob)] })
    await fileEntry('orphan')
    expect(files()).toHaveLength(2)
    await upkeep.start()
    await expect.poll(files).toHaveLength(0)
    await expect.poll(() => rows('SELECT count(*) FROM dropped_attachment')).toEqual([0])
  })

  it('are found with their key by who opens them, and by nobody once deleted', async () => {
    const entry = await fileEntry('plan.txt')
    const { messageId } = entry.body as Extract<Entry['body'], { kind: 'file' }>
    await history.writer.commit({ entries: [entry] })
    const held = await history.reader.attachmentOf(conversationWith(bob), alice, messageId)
    expect(held).toMatchObject({ fileName: 'plan.txt', size: 800 })
    let read = ''
    for await (const bytes of attachments.read(held!)) read += Buffer.from(bytes).toString()
    expect(read).toBe('plan.txt'.repeat(100))
    await history.writer.commit({ entries: [make.remove(messageId, alice)] })
    expect(await history.reader.attachmentOf(conversationWith(bob), alice, messageId)).toBeNull()
  })
})

it('tries again after a failure, and says nothing is gone before it is', async () => {
  await history.writer.commit({ entries: [await fileEntry('stubborn', { expiresAfter: 60 })] })
  let failing = true
  const { writer, reader } = history
  await upkeep.stop()
  upkeep = upkeepOf({
    reader,
    writer: {
      ...writer,
      onChange: (handler) => writer.onChange(handler),
      commit: (commit) => (failing ? Promise.reject(new SottoError('disk-full')) : writer.commit(commit)),
    },
  })
  await upkeep.start()
  await clock.advance(61_000)
  expect(await texts()).toEqual(['stubborn'])
  expect(existsSync(path.join(test.directory, 'attachments', files()[0]!))).toBe(true)
  failing = false
  await clock.advance(61_000)
  await expect.poll(texts).toEqual([])
  await expect.poll(files).toEqual([])
})
