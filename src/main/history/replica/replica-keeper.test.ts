import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodeEntry } from '#shared/model/entry-codec.ts'
import type { Entry, EntryBody } from '#shared/model/entry.ts'
import type { Aor, MessageId } from '#shared/model/ids.ts'
import {
  alice,
  bob,
  conversationWith,
  EntryMaker,
  eve,
  TestHistory,
} from '#test/integration/history/history-fixture.ts'
import { packEntries, unpackEntries } from '../archive-reader.ts'
import { openDatabase } from '../database.ts'
import type { OpenHistory } from '../open-history.ts'
import type { HistoryChange } from '../port.ts'
import type { BatchRead } from '../replica-port.ts'

const sibling = new Uint8Array(16).fill(2)
const bytes32 = (number: number): Uint8Array => new Uint8Array(32).fill(number % 256)
let test: TestHistory
let history: OpenHistory
let make: EntryMaker

beforeEach(async () => {
  test = new TestHistory()
  history = test.open()
  make = new EntryMaker(Date.now() - 60_000)
  await history.writer.replica.switchOn(alice, { snapshot: false })
})
afterEach(() => test.remove())

const replica = () => history.writer.replica
const commit = (...entries: readonly Entry[]) => history.writer.commit({ entries })
const message = (id: string) => history.reader.message(conversationWith(bob), bob, id as MessageId)
const waiting = async () => (await replica().progress(alice))?.waiting

function batchOf(last: number, contents: readonly Uint8Array[], at = Date.now()): BatchRead {
  const first = last - Math.max(1, contents.length) + 1
  const seqs = Float64Array.from(contents, (_, i) => first + i)
  const bodyHashes = new Uint8Array(Buffer.concat(Array.from(seqs, bytes32)))
  const place = { device: sibling, seq: last, hash: bytes32(last), at }
  const nothing = { unopened: [], missing: [], frontier: [], erased: [] }
  return { place, contents: { ...packEntries(contents), seqs, bodyHashes }, ...nothing }
}

/** How many rows of a table there are, by a connection of its own. */
function rows(sql: string): number {
  const db = openDatabase({ path: test.path, key: test.key, role: 'reader' })
  try {
    return db.prepare<[], number>(`SELECT count(*) FROM ${sql}`).pluck().get() ?? -1
  } finally {
    db.close()
  }
}

describe('what another device wrote', () => {
  it('is kept and counted, not shown, where it is no entry of the account', async () => {
    const foreign = make.incoming('of another account')
    const contents = [
      Uint8Array.of(1, 2, 3),
      encodeEntry({ ...foreign, head: { ...foreign.head, account: eve } }),
      new Uint8Array([...encodeEntry(make.incoming('cut')), 0]),
      encodeEntry(make.incoming('good', { id: 'm1' })),
    ]
    expect(await replica().keepRead(alice, [batchOf(4, contents)])).toMatchObject({ unreadable: 3 })
    expect((await message('m1'))?.text).toBe('good')
    expect((await history.reader.conversations()).conversations).toHaveLength(1)
    expect(rows('replica_unopened WHERE header IS NULL')).toBe(3)
    // They wait for no key.
    expect((await replica().unopened(alice, 0)).envelopes).toEqual([])
  })

  it('says the latest timestamp, for the clock to go on from', async () => {
    const [early, late] = [make.incoming('one'), make.incoming('two')]
    const { latest } = await replica().keepRead(alice, [batchOf(2, [encodeEntry(late), encodeEntry(early)])])
    expect(latest).toEqual(late.head.hlc)
  })

  it('is told as it came where it is live, and as a whole where it is much or old', async () => {
    const changes: HistoryChange[] = []
    history.writer.onChange((change) => changes.push(change))
    await replica().keepRead(alice, [batchOf(1, [encodeEntry(make.incoming('live'))])])
    const old = Date.now() - 2 * 86_400_000
    await replica().keepRead(alice, [batchOf(2, [encodeEntry(make.incoming('old'))], old)])
    const many = Array.from({ length: 20 }, (_, i) => encodeEntry(make.incoming(`one of many ${i}`)))
    await replica().keepRead(alice, [batchOf(22, many)])
    await expect.poll(() => changes.some(({ bulk }) => bulk), { timeout: 5000 }).toBe(true)
    expect(changes.flatMap(({ newIncoming }) => newIncoming.map(({ text }) => text))).toEqual(['live'])
  })

  it('comes in several batches at once, in one transaction', async () => {
    const batches = [1, 2, 3].map((seq) => batchOf(seq, [encodeEntry(make.incoming(`number ${seq}`))]))
    await replica().keepRead(alice, batches)
    expect((await replica().journal(alice))?.places).toEqual([batches[2]?.place])
    expect(rows('replica_envelope')).toBe(3)
  })

  it('is not taken where a tombstone names it', async () => {
    const erased = [{ device: sibling, seq: 5, bodyHash: bytes32(5) }]
    await replica().keepRead(alice, [{ ...batchOf(4, []), erased }])
    await replica().keepRead(alice, [batchOf(5, [encodeEntry(make.incoming('erased before', { id: 'm1' }))])])
    expect(await message('m1')).toBeNull()
    expect((await replica().journal(alice))?.places[0]?.seq).toBe(5)
  })
})

describe('what waits to be sealed', () => {
  it('is of this account alone', async () => {
    const other = make.incoming('of another account')
    await commit({ ...other, head: { ...other.head, account: 'sip:alice@work.example' as Aor } }, make.incoming('mine'))
    expect(await waiting()).toBe(1)
  })

  it('leaves out what has disappeared by now, though nobody has erased it yet', async () => {
    const base = make.outgoing('gone by now')
    const body = { ...base.body, expiresAfter: 1 } as EntryBody
    await commit({ ...base, body }, make.incoming('stays'))
    const contents = (await replica().unsealed(alice, 10))?.contents
    expect(contents === undefined ? [] : unpackEntries(contents)).toHaveLength(1)
  })

  it('is handed out in its turn, however long it is', async () => {
    await commit(make.incoming('€'.repeat(1_000_000)), make.incoming('after it'))
    const found = await replica().unsealed(alice, 256)
    expect(unpackEntries(found!.contents).map(({ length }) => length > 3_000_000)).toEqual([true])
    expect(await waiting()).toBe(2)
  })

  it('is handed out about a batch at a time', async () => {
    await commit(...Array.from({ length: 6 }, () => make.incoming('x'.repeat(400_000))))
    expect((await replica().unsealed(alice, 256))?.queued).toHaveLength(3)
  })

  it('does not come back when the commit it came with is refused', async () => {
    const broken = { ...make.incoming(''), head: { ...make.incoming('').head, id: 'short' as never } }
    await expect(commit(make.incoming('refused with it'), broken)).rejects.toMatchObject({ code: 'invalid-argument' })
    expect(await waiting()).toBe(0)
  })
})

describe('switching on', () => {
  const old = () => new EntryMaker(Date.now() - 100 * 86_400_000)

  it('goes on after a crash at any step, and queues each once', async () => {
    await replica().switchOff(alice)
    const entries = Array.from({ length: 1700 }, (_, i) => (i % 2 === 0 ? make : old()).incoming(`number ${i}`))
    for (let at = 0; at < entries.length; at += 500) await commit(...entries.slice(at, at + 500))
    await commit(old().contact({ name: 'Eve', policy: 'accepted' }, eve))
    await replica().switchOn(alice, { snapshot: true })
    for (let start = 0; start < 3; start += 1) {
      await history.close()
      history = test.open()
    }
    await expect.poll(async () => (await replica().progress(alice))?.share, { timeout: 10_000 }).toBe(1)
    expect(await waiting()).toBe(851)
  })

  it('again is no change, and off forgets all but the entries', async () => {
    await commit(make.incoming('one', { id: 'm1' }))
    await replica().keepRead(alice, [batchOf(1, [encodeEntry(make.incoming('two'))])])
    await replica().switchOn(alice, { snapshot: true })
    expect(await waiting()).toBe(1)
    await replica().switchOff(alice)
    for (const table of ['replica', 'replica_device', 'replica_hash', 'replica_unsealed', 'replica_envelope'])
      expect([table, rows(table)]).toEqual([table, 0])
    expect((await message('m1'))?.text).toBe('one')
  })

  it('begins again with what it would begin with, and nothing of before', async () => {
    await commit(make.incoming('one', { id: 'm1' }))
    await replica().keepRead(alice, [batchOf(1, [encodeEntry(make.incoming('two'))])])
    await replica().beginAgain(alice)
    await expect.poll(async () => (await replica().progress(alice))?.share, { timeout: 10_000 }).toBe(1)
    expect(await waiting()).toBe(2)
    for (const table of ['replica_device', 'replica_hash', 'replica_envelope'])
      expect([table, rows(table)]).toEqual([table, 0])
    await replica().switchOff(alice)
    await expect(replica().beginAgain(alice)).rejects.toMatchObject({ code: 'not-found' })
  })

  it('begins again with what waits, however old it is', async () => {
    await replica().beginAgain(alice)
    await commit(old().incoming('imported'), make.incoming('new'))
    expect(await waiting()).toBe(2)
    await replica().beginAgain(alice)
    await expect.poll(async () => (await replica().progress(alice))?.share, { timeout: 10_000 }).toBe(1)
    expect(await waiting()).toBe(2)
  })

  it('ends with the account', async () => {
    await commit(make.incoming('one'))
    await history.writer.commit({ eraseAccounts: [alice] })
    expect([await replica().accounts(), rows('replica_unsealed')]).toEqual([[], 0])
    await commit(make.incoming('two'))
    expect(rows('replica_unsealed')).toBe(0)
  })
})
