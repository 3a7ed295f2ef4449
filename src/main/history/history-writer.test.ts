import { mkdtempSync, rmSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { MessageId } from '#shared/model/ids.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { bob, conversationWith, EntryMaker } from '#test/integration/history/history-fixture.ts'
import { fullWhile } from '#test/fakes/full-database.ts'
import { HistoryReader } from './history-reader.ts'
import { HistoryWriter } from './history-writer.ts'
import type { HistoryChange } from './port.ts'

const key = new Uint8Array(randomBytes(32))
const conversation = conversationWith(bob)
const id = 'm1' as MessageId
let folder: string
let writer: HistoryWriter
let reader: HistoryReader
let make: EntryMaker
let failing: boolean

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'sotto-writer-'))
  const file = path.join(folder, 'history.db')
  failing = false
  writer = new HistoryWriter({ path: file, key, clock: systemClock, open: fullWhile(() => failing) })
  reader = new HistoryReader({ path: file, key })
  make = new EntryMaker()
  await writer.commit({ entries: [make.contact({ policy: 'accepted' })] })
  await announcements()
})

afterEach(() => {
  reader.close()
  writer.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Lets what is announced after its commit be announced. */
async function announcements(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** Notes each change, and whether the disk had the message of `id` when it was announced. */
function listen(): { readonly change: HistoryChange; readonly onDisk: Promise<boolean> }[] {
  const heard: { change: HistoryChange; onDisk: Promise<boolean> }[] = []
  writer.onChange((change) => {
    const onDisk = reader.message(conversation, bob, id).then((message) => message !== null)
    heard.push({ change, onDisk })
  })
  return heard
}

describe('announcing', () => {
  it('shows what came in while it is made durable, and answers after that', async () => {
    const heard = listen()
    const receipt = await writer.commit({ entries: [make.incoming('hello', { id })] })
    expect(heard).toHaveLength(1)
    expect(heard[0]?.change).toMatchObject({
      revision: receipt.revision,
      bulk: false,
      newIncoming: [{ text: 'hello' }],
    })
    expect(await heard[0]?.onDisk).toBe(false)
    expect(await reader.message(conversation, bob, id)).not.toBeNull()
    await announcements()
    expect(heard).toHaveLength(1)
  })

  it('announces what makes others read again only when they find it', async () => {
    const heard = listen()
    await writer.commit({ entries: [make.contact({ name: 'Robert' }), make.incoming('hello', { id })] })
    expect(heard).toHaveLength(0)
    await announcements()
    expect(heard[0]?.change.contacts).toMatchObject([{ name: 'Robert' }])
    expect(await heard[0]?.onDisk).toBe(true)
  })

  it('answers who writes before it announces', async () => {
    const heard = listen()
    await writer.commit({ entries: [make.outgoing('hello')] })
    expect(heard).toHaveLength(0)
    await announcements()
    expect(heard).toHaveLength(1)
  })

  it('keeps the order when both happen in one turn', async () => {
    const heard = listen()
    const own = Array.from({ length: 256 }, () => writer.commit({ entries: [make.outgoing('mine')] }))
    await Promise.all([...own, writer.commit({ entries: [make.incoming('theirs', { id })] })])
    await announcements()
    const revisions = heard.map(({ change }) => change.revision)
    expect(revisions).toHaveLength(2)
    expect(revisions).toEqual(revisions.toSorted((a, b) => a - b))
  })

  it('takes back what it announced and the disk did not take', async () => {
    const heard = listen()
    failing = true
    await expect(writer.commit({ entries: [make.incoming('hello', { id })] })).rejects.toMatchObject({
      code: 'disk-full',
    })
    failing = false
    const [shown, takenBack] = heard.map(({ change }) => change)
    expect(shown).toMatchObject({ bulk: false, newIncoming: [{ text: 'hello' }] })
    expect(takenBack).toMatchObject({ bulk: true, messages: [] })
    expect(takenBack?.revision).toBeGreaterThan(shown?.revision ?? Infinity)
    expect(await reader.message(conversation, bob, id)).toBeNull()
    const { revision } = await writer.commit({ entries: [make.incoming('hello', { id })] })
    expect(revision).toBeGreaterThan(takenBack?.revision ?? Infinity)
    expect(await reader.message(conversation, bob, id)).not.toBeNull()
  })
})

describe('parts of something long', () => {
  const damaged = { bytes: Uint8Array.of(0xff), ends: Uint32Array.of(1) }
  const failed = (reason: unknown) => ({ status: 'rejected', reason })
  const textsNow = async () =>
    (await reader.page({ conversationId: conversation, anchor: { at: 'newest' }, limit: 9 })).messages.map(
      ({ text }) => text,
    )

  it('end at the one that failed: none of the later is applied, whenever it was sent', async () => {
    const outcomes = await Promise.allSettled([
      writer.commit({ entries: [make.incoming('one')], partOf: 7 }),
      writer.commit({ packed: damaged, partOf: 7 }),
      writer.commit({ entries: [make.incoming('three')], partOf: 7 }),
      writer.commit({ entries: [make.incoming('by itself')] }),
      writer.commit({ entries: [make.incoming('of another')], partOf: 8 }),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual([
      ...['fulfilled', 'rejected', 'rejected'],
      ...['fulfilled', 'fulfilled'],
    ])
    expect(outcomes[2]).toMatchObject(failed({ code: 'cancelled' }))
    await expect(writer.commit({ entries: [make.incoming('four')], partOf: 7 })).rejects.toMatchObject({
      code: 'cancelled',
    })
    expect(await textsNow()).toEqual(['one', 'by itself', 'of another'])
  })

  it('end where the disk was full, though it has room again before the next is tried', async () => {
    failing = true
    const first = writer.commit({ entries: [make.incoming('one')], partOf: 7 })
    await expect(first).rejects.toMatchObject({ code: 'disk-full' })
    failing = false
    const second = writer.commit({ entries: [make.incoming('two')], partOf: 7 })
    await expect(second).rejects.toMatchObject({ code: 'cancelled' })
    await writer.commit({ entries: [make.incoming('three')] })
    expect(await textsNow()).toEqual(['three'])
  })

  it('are announced as one when the last has come, not a second later', async () => {
    const heard = listen()
    await writer.commit({ entries: [make.incoming('one')], partOf: 7 })
    await writer.commit({ entries: [make.incoming('two', { id })], partOf: 7 })
    await announcements()
    expect(heard).toEqual([])
    await writer.commit({ endOf: 7 })
    await announcements()
    expect(heard.map(({ change }) => change)).toMatchObject([{ bulk: true }])
    expect(await heard[0]?.onDisk).toBe(true)
  })
})
