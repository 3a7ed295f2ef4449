import type Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDatabase } from '#main/history/database.ts'
import type { OpenHistory } from '#main/history/open-history.ts'
import { encodeEntry } from '#shared/model/entry-codec.ts'
import type { Entry } from '#shared/model/entry.ts'
import { maxWaitingReceipts } from '#shared/model/limits.ts'
import { alice, aliceAccount, bob, conversationWith, EntryMaker, TestHistory } from './history-fixture.ts'

const withBob = conversationWith(bob)

describe('what a peer can make grow', () => {
  let test: TestHistory
  let history: OpenHistory
  let db: Database.Database
  let make: EntryMaker

  beforeEach(async () => {
    test = new TestHistory()
    history = test.open()
    db = openDatabase({ path: test.path, key: test.key, role: 'reader' })
    make = new EntryMaker()
    await history.writer.commit({ accounts: [{ id: aliceAccount, aor: alice }] })
    await history.writer.commit({ entries: [make.contact({ policy: 'accepted', name: '' })] })
  })
  afterEach(async () => {
    db.close()
    await test.remove()
  })

  const commit = (entries: readonly Entry[]) => history.writer.commit({ entries })
  const count = () => db.prepare('SELECT count(*) FROM entry').pluck().get() as number
  const peerName = (name: string) => make.entry({ kind: 'peer-name', conversation: withBob, peer: bob, name })
  const receipts = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => make.delivery(`never-${from + index}`, 'delivered', bob))
  const stateOf = async (id: string) => {
    await commit([make.outgoing(id, { id })])
    const page = await history.reader.page({ conversationId: withBob, anchor: { at: 'newest' }, limit: 200 })
    return page.messages.find(({ messageId }) => messageId === id)?.state
  }

  it('keeps of its names the newest, and the first for the day it was met', async () => {
    const names = Array.from({ length: 500 }, (_, index) => peerName(`Bob the ${index}th`))
    for (let at = 0; at < names.length; at += 50) await commit(names.slice(at, at + 50))
    expect(await history.reader.contacts()).toMatchObject([{ name: 'Bob the 499th', nameSource: 'peer' }])
    expect(count()).toBe(3)
    // One that arrives late, and one that was dropped and comes again, say nothing.
    expect((await commit([names[250]!])).fresh).toEqual([false])
    expect(count()).toBe(3)
  })

  it('throws out the names an earlier version kept, with the next thing learned about the peer', async () => {
    const writer = openDatabase({ path: test.path, key: test.key, role: 'writer' })
    await commit([peerName('first')])
    const [first, ...more] = Array.from({ length: 40 }, (_, index) => peerName(`old ${index}`))
    await commit([first!])
    const copy = writer.prepare(
      `INSERT INTO entry (id, account, conversation, kind, bytes)
         SELECT ?, account, conversation, kind, ? FROM entry WHERE kind = 7 LIMIT 1`,
    )
    for (const entry of more) copy.run(Buffer.from(entry.head.id, 'base64url'), encodeEntry(entry))
    writer.close()
    expect(count()).toBe(1 + 2 + more.length)
    await commit([make.contact({ note: 'a note' })])
    expect(count()).toBe(4)
    expect(await history.reader.contacts()).toMatchObject([{ name: 'old 39', note: 'a note' }])
  })

  it('keeps a bounded number of receipts for messages that are not here, the newest ones', async () => {
    const before = count()
    const many = 3 * maxWaitingReceipts
    for (let at = 0; at < many; at += 128) {
      await commit(receipts(at, at + 128))
      expect(count() - before).toBeLessThanOrEqual(maxWaitingReceipts)
    }
    expect(await stateOf(`never-${many - 1}`)).toBe('delivered')
    expect(await stateOf('never-0')).toBe('queued')
  })

  it('bounds them also over restarts', async () => {
    const before = count()
    for (let run = 0; run < 6; run++) {
      await commit(receipts(run * 200, run * 200 + 200))
      await history.close()
      history = test.open()
    }
    expect(count() - before).toBeLessThanOrEqual(maxWaitingReceipts)
  })

  it('never counts or removes receipts of messages that are here, nor what the own device says', async () => {
    const ids = Array.from({ length: maxWaitingReceipts + 100 }, (_, index) => `mine-${index}`)
    // Every second receipt comes before its message.
    const commits = ids.flatMap((id, index) => {
      const [message, receipt] = [make.outgoing(id, { id }), make.delivery(id, 'displayed', bob)]
      return index % 2 === 0 ? [message, receipt] : [receipt, message]
    })
    for (let at = 0; at < commits.length; at += 51) await commit(commits.slice(at, at + 51))
    await commit([make.delivery('elsewhere', 'failed')])
    await commit(receipts(0, maxWaitingReceipts + 1))
    const states = db.prepare("SELECT count(*) FROM message WHERE state = 'displayed'").pluck()
    expect(states.get()).toBe(ids.length)
    expect(count()).toBe(1 + 2 * ids.length + 1 + maxWaitingReceipts / 2)
    expect(await stateOf('elsewhere')).toBe('failed')
  })

  it('counts again after a commit that failed, and after the account was erased', async () => {
    await commit(receipts(0, 300))
    const bad = make.incoming('x'.repeat(1_000_001))
    await expect(commit([...receipts(300, 500), bad])).rejects.toMatchObject({ code: 'invalid-argument' })
    await commit(receipts(500, 500 + maxWaitingReceipts - 300))
    expect(count() - 1).toBe(maxWaitingReceipts)
    await history.writer.commit({ eraseAccounts: [alice] })
    await commit(receipts(0, maxWaitingReceipts))
    expect(count()).toBe(maxWaitingReceipts)
  })
})
