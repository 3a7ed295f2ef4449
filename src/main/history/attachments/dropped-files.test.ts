import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '#main/platform/system-clock.ts'
import type { Entry } from '#shared/model/entry.ts'
import { attachmentIdOf } from '#shared/model/derive-ids.ts'
import type { AttachmentId } from '#shared/model/ids.ts'
import { fullWhile } from '#test/fakes/full-database.ts'
import { bob, conversationWith, EntryMaker, TestHistory } from '#test/integration/history/history-fixture.ts'
import { HistoryReader } from '../history-reader.ts'
import { HistoryWriter } from '../history-writer.ts'
import { attachmentFile } from './attachment-store.ts'

const ids = [1, 2, 3].map((fill) => attachmentIdOf(new Uint8Array(32).fill(fill))) as [
  AttachmentId,
  AttachmentId,
  AttachmentId,
]
const [id] = ids
let test: TestHistory
let writer: HistoryWriter
let reader: HistoryReader
let make: EntryMaker
let failing: boolean

beforeEach(() => {
  test = new TestHistory()
  failing = false
  writer = openWriter()
  reader = new HistoryReader({ path: test.path, key: test.key })
  make = new EntryMaker()
  mkdirSync(test.attachments)
  for (const each of ids) writeFileSync(attachmentFile(test.attachments, each), 'sealed')
})
afterEach(async () => {
  reader.close()
  writer.close()
  await test.remove()
})

function openWriter(): HistoryWriter {
  const open = fullWhile(() => failing)
  return new HistoryWriter({ path: test.path, key: test.key, attachments: test.attachments, clock: systemClock, open })
}

function named(attachment: AttachmentId): Entry {
  const { head, body } = make.incoming('')
  if (body.kind !== 'message') throw new Error('not a message')
  const { conversation, peer, author, messageId, sentAt } = body
  const place = { conversation, peer, author, messageId, sentAt }
  const file = { fileName: 'a.png', mediaType: 'image/png', size: 6, attachment, attachmentKey: new Uint8Array(32) }
  return { head, body: { kind: 'file', ...place, ...file } }
}

const isThere = (each: AttachmentId): boolean => existsSync(attachmentFile(test.attachments, each))
const erased = { eraseConversations: [conversationWith(bob)] }

describe('files of attachments', () => {
  it('go when nothing names them; what is named, held or was never dropped stays', async () => {
    const [gone, again, held] = ids
    await writer.commit({ entries: ids.map(named) })
    await writer.commit({ eraseDropped: ids })
    expect(ids.map(isThere)).toEqual([true, true, true])
    await writer.commit(erased)
    await writer.commit({ entries: [named(again)], holdAttachments: [held] })
    await writer.commit({ eraseDropped: ids })
    expect([gone, again, held].map(isThere)).toEqual([false, true, true])
    expect(await reader.droppedAttachments()).toEqual([held])
    await writer.commit({ releaseAttachments: true })
    await writer.commit({ eraseDropped: [held] })
    expect(isThere(held)).toBe(false)
    expect(await reader.droppedAttachments()).toEqual([])
  })

  it('stay when what dropped them is refused by the disk, though both came in the same turn', async () => {
    await writer.commit({ entries: [named(id)] })
    failing = true
    const both = [writer.commit(erased), writer.commit({ eraseDropped: [id] })]
    expect(await Promise.allSettled(both)).toMatchObject(both.map(() => ({ reason: { code: 'disk-full' } })))
    expect(isThere(id)).toBe(true)
    failing = false
    await writer.commit(erased)
    await writer.commit({ eraseDropped: [id] })
    expect(isThere(id)).toBe(false)
  })

  it('that are named while their erasing waits in the same turn stay', async () => {
    await writer.commit({ entries: [named(id)] })
    await writer.commit(erased)
    await Promise.all([writer.commit({ entries: [named(id)] }), writer.commit({ eraseDropped: [id] })])
    expect(isThere(id)).toBe(true)
  })

  it('are held by nobody after a start, and what was dropped meanwhile is told when they are let go', async () => {
    await writer.commit({ entries: [named(id)], holdAttachments: ids })
    const heard: (boolean | undefined)[] = []
    writer.onChange(({ attachmentsDropped }) => heard.push(attachmentsDropped))
    await writer.commit(erased)
    await writer.commit({ releaseAttachments: true })
    await expect.poll(() => heard).toEqual([undefined, true])
    await writer.commit({ holdAttachments: ids })
    writer.close()
    writer = openWriter()
    await writer.commit({ eraseDropped: [id] })
    expect(isThere(id)).toBe(false)
  })
})
