import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '#main/platform/system-clock.ts'
import { encodeEntry } from '#shared/model/entry-codec.ts'
import { HistoryReplicaJournal } from '#main/replication/journal/history-replica-journal.ts'
import { openedOf, placeOf, readOf, sealedOf } from '#test/contracts/replica-journal.ts'
import { alice, EntryMaker, TestHistory } from '#test/integration/history/history-fixture.ts'
import { openHistoryInProcess, type OpenHistory } from '../open-history.ts'

const dayMs = 86_400_000
const own = new Uint8Array(16).fill(1)
const sibling = new Uint8Array(16).fill(2)
let test: TestHistory
let history: OpenHistory
let now: number

beforeEach(async () => {
  now = Date.UTC(2027, 0, 1)
  test = new TestHistory()
  history = openHistoryInProcess({ path: test.path, key: test.key, clock: { ...systemClock, now: () => now } })
  await history.writer.replica.switchOn(alice, { snapshot: false })
})
afterEach(async () => {
  await history.close()
  await test.remove()
})

const open = () => HistoryReplicaJournal.open({ keeper: history.writer.replica, account: alice })

/** Two own batches, of which the first is confirmed, two of the sibling, and a tombstone. */
async function fill(): Promise<void> {
  const journal = await open()
  const make = new EntryMaker(now)
  for (const text of ['one', 'two']) {
    await history.writer.commit({ entries: [make.incoming(text)] })
    const found = await journal.unsealed(1, () => 1)
    if (found === null) throw new Error('nothing waits')
    await journal.keepSealed(sealedOf((journal.own()?.seq ?? 0) + 1, found))
  }
  await journal.keepConfirmed(1)
  const erased = [{ device: sibling, seq: 9, bodyHash: new Uint8Array(32) }]
  await journal.keepRead([readOf(1, { contents: [openedOf(1, encodeEntry(make.incoming('three')))], erased })])
  await journal.keepRead([readOf(2, { contents: [openedOf(2, encodeEntry(make.incoming('four')))] })])
}

it('keeps sealed batches for 60 days, and one that the server never confirmed for longer', async () => {
  await fill()
  now += 59 * dayMs
  expect((await open()).oldestSealed()).toBe(1)
  now += 2 * dayMs
  const journal = await open()
  expect([journal.oldestSealed(), await journal.sealed(1)]).toEqual([2, null])
  now += 60 * dayMs
  expect((await (await open()).sealed(2))?.place.seq).toBe(2)
})

it('keeps hashes and tombstones for 67 days, and hashes that are still asked for', async () => {
  await fill()
  now += 66 * dayMs
  const known = async () => {
    const journal = await open()
    const erased = await journal.erasedAmong([{ device: sibling, seq: 9, bodyHash: new Uint8Array(32), at: 0 }])
    const hashes = [
      journal.hashAt(sibling, 1),
      journal.hashAt(sibling, 2),
      journal.hashAt(own, 1),
      journal.hashAt(own, 2),
    ]
    return [...hashes.map((hash) => hash !== null), erased.length]
  }
  expect(await known()).toEqual([true, true, true, true, 1])
  now += 2 * dayMs
  // How far the sibling is read, what was confirmed, and what was not.
  expect(await known()).toEqual([false, true, true, true, 0])
  expect((await open()).places()).toEqual([placeOf(sibling, 2)])
})
