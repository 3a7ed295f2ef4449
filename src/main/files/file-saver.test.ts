import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SottoError } from '#shared/errors.ts'
import type { Aor, ConversationId, MessageId } from '#shared/model/ids.ts'
import type { RowRef, SavingView } from '#shared/model/saving.ts'
import { AttachmentStore, type StoredAttachment } from '#main/history/attachments/attachment-store.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { FileSaver, type FileSaverPorts } from './file-saver.ts'

const row: RowRef = {
  ...{ conversationId: 'c' as ConversationId, author: 'sip:bob@home.example' as Aor, messageId: 'm' as MessageId },
}
const other: RowRef = { ...row, messageId: 'other' as MessageId }
const content = new Uint8Array(randomBytes(1_000_000))

let folder: string
let downloads: string
let store: AttachmentStore
let stored: StoredAttachment
let told: (readonly SavingView[])[]
let revealed: string[]
/** Places whose file may be half written. */
let begun: string[]
/** What the dialog answers. */
let target: string | null
const clock = new FakeClock()

async function* bytes(): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(content)
}

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'sotto-saving-'))
  downloads = path.join(folder, 'downloads')
  mkdirSync(downloads)
  store = new AttachmentStore(path.join(folder, 'attachments'), systemRandom)
  stored = await store.write(bytes())
  told = []
  revealed = []
  begun = []
  target = path.join(downloads, 'plan.pdf')
})
afterEach(() => expect(begun).toEqual([]))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function saver(more: Partial<FileSaverPorts> = {}): FileSaver {
  const attachment = { ...stored, fileName: 'plan.pdf', mediaType: 'application/pdf' }
  return new FileSaver({
    reader: { attachmentOf: (_, __, id) => Promise.resolve(id === ('gone' as MessageId) ? null : attachment) },
    attachments: store,
    fetch: () => Promise.reject(new SottoError('not-found')),
    dialog: {
      saveFile: ({ name, extension }) => {
        expect([name, extension]).toEqual(['plan', 'pdf'])
        return Promise.resolve(target)
      },
      reveal: (file) => revealed.push(file),
    },
    unfinished: {
      begin: (file) => {
        begun.push(file)
        return Promise.resolve(path.join(downloads, '.half'))
      },
      end: (file) => {
        expect(existsSync(path.join(downloads, '.half'))).toBe(false)
        begun.splice(begun.indexOf(file), 1)
        return Promise.resolve()
      },
    },
    ...{ clock, changed: (saving) => told.push(saving), ...more },
  })
}

/** A store that stops after its first chunk until it is let go on. */
function halting() {
  const gate = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const read: AttachmentStore['read'] = async function* (attachment) {
    for await (const chunk of store.read(attachment)) {
      await clock.advance(1000)
      yield chunk
      begun.resolve()
      await gate.promise
    }
  }
  return { attachments: { read, has: () => Promise.resolve(true) }, begun: begun.promise, go: gate.resolve }
}

describe('saving a file of a conversation', () => {
  it('writes it as it was sent, tells how far it is, and shows where it is', async () => {
    const files = saver(slowly())
    await files.save(row)
    expect(readFileSync(path.join(downloads, 'plan.pdf')).equals(content)).toBe(true)
    expect(readdirSync(downloads)).toEqual(['plan.pdf'])
    const shares = told.map(([view]) => view?.done ?? 0)
    expect(shares).toEqual(shares.toSorted((a, b) => a - b))
    expect(new Set(shares).size).toBeGreaterThan(10)
    expect(told.at(-1)).toEqual([{ ...row, done: content.length, total: content.length, saved: true }])
    files.reveal(row)
    files.reveal(other)
    expect(revealed).toEqual([target])
  })

  it('leaves nothing of what the user cancels, and what was there before', async () => {
    writeFileSync(path.join(downloads, 'plan.pdf'), 'an older plan')
    const slow = halting()
    const files = saver({ attachments: slow.attachments })
    const saving = files.save(row)
    await slow.begun
    expect(readdirSync(downloads)).toHaveLength(2)
    files.cancel(other)
    files.cancel(row)
    slow.go()
    await saving
    expect(readdirSync(downloads)).toEqual(['plan.pdf'])
    expect(readFileSync(path.join(downloads, 'plan.pdf'), 'latin1')).toBe('an older plan')
    expect(told.at(-1)).toEqual([])
  })

  it('fetches first what only another device has, and saves nothing of what nobody gives', async () => {
    const attachments: FileSaverPorts['attachments'] = {
      read: (of) => store.read(of),
      has: () => Promise.resolve(false),
    }
    const asked: string[] = []
    const files = saver({
      attachments,
      fetch: (conversationId, { id }, { progress }) => {
        asked.push(`${conversationId} ${id}`)
        progress(0.5)
        return Promise.resolve()
      },
    })
    await files.save(row)
    expect(asked).toEqual([`c ${stored.id}`])
    const saved = path.join(downloads, 'plan.pdf')
    expect(readFileSync(saved).equals(content)).toBe(true)
    rmSync(saved)
    const fetch = () => Promise.reject(new SottoError('file-not-there-yet'))
    const without = saver({ attachments, fetch })
    await expect(without.save(row)).rejects.toMatchObject({ code: 'file-not-there-yet' })
    expect(readdirSync(downloads)).toEqual([])
  })

  it('ends the fetching of what the user cancels', async () => {
    const begun = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    const files = saver({
      attachments: { read: (of) => store.read(of), has: () => Promise.resolve(false) },
      fetch: async (_id, _attachment, { check }) => {
        begun.resolve()
        await gate.promise
        check()
      },
    })
    const saving = files.save(row)
    await begun.promise
    files.cancel(row)
    gate.resolve()
    await saving
    expect(readdirSync(downloads)).toEqual([])
    expect(told.at(-1)).toEqual([])
  })

  it('ends what runs when the history closes, and forgets where files went', async () => {
    const files = saver()
    await files.save(other)
    const slow = halting()
    const later = saver({ attachments: slow.attachments })
    target = path.join(downloads, 'second.pdf')
    const saving = later.save(row)
    await slow.begun
    const stopped = later.stop()
    slow.go()
    await Promise.all([stopped, saving, files.stop()])
    expect(readdirSync(downloads)).toEqual(['plan.pdf'])
    files.reveal(other)
    expect(revealed).toEqual([])
  })

  it('gives no name to a file that was changed on the disk', async () => {
    const sealed = path.join(folder, 'attachments', stored.id)
    const damaged = readFileSync(sealed)
    damaged[damaged.length - 40] = (damaged[damaged.length - 40] ?? 0) ^ 1
    writeFileSync(sealed, damaged)
    await expect(saver().save(row)).rejects.toMatchObject({ code: 'file-damaged' })
    expect(readdirSync(downloads)).toEqual([])
    expect(told.at(-1)).toEqual([])
  })

  it('says so when the file or its place is not there', async () => {
    const gone = { ...row, messageId: 'gone' as MessageId }
    await expect(saver().save(gone)).rejects.toMatchObject({ code: 'not-found' })
    target = path.join(folder, 'no such folder', 'plan.pdf')
    await expect(saver().save(row)).rejects.toMatchObject({ code: 'disk-failed' })
    rmSync(path.join(folder, 'attachments', stored.id))
    target = path.join(downloads, 'plan.pdf')
    await expect(saver().save(row)).rejects.toMatchObject({ code: 'not-found' })
    expect(readdirSync(downloads)).toEqual([])
  })

  it('does nothing when the user changed their mind', async () => {
    target = null
    await saver().save(row)
    expect(told).toEqual([])
    expect(existsSync(path.join(downloads, 'plan.pdf'))).toBe(false)
  })

  it('does not save the same file twice at once', async () => {
    const slow = halting()
    const files = saver({ attachments: slow.attachments })
    const saving = files.save(row)
    await slow.begun
    await files.save(row)
    slow.go()
    await saving
    expect(readdirSync(downloads)).toEqual(['plan.pdf'])
  })
})

/** A store whose every chunk takes a second. */
function slowly(): Partial<FileSaverPorts> {
  const slow = halting()
  slow.go()
  return { attachments: slow.attachments }
}
