/** A profile whose history can be exported and imported, with files in place of dialogs. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Archive } from '#main/archive/archive.ts'
import type { ArchivePorts } from '#main/archive/archive-port.ts'
import { archiveMethods } from '#main/archive/worker/serve.ts'
import { htmlText } from '#main/chat/html-text.ts'
import { AttachmentStore } from '#main/history/attachments/attachment-store.ts'
import type { OpenHistory } from '#main/history/open-history.ts'
import { Identity } from '#main/identity/identity.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import type { ArchiveActivity } from '#shared/model/archive-views.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { AttachmentId } from '#shared/model/ids.ts'
import type { MessageView } from '#shared/model/views.ts'
import { silentLog } from '#test/fakes/silent-log.ts'
import { type EntryMaker, TestHistory } from '../history/history-fixture.ts'

export const passphrase = 'tidal copper lantern meadow'
export const secret = (): Uint8Array => utf8(passphrase)
export const sealed = { kind: 'passphrase', passphrase: secret() } as const

/** Everything of one profile that exports and imports touch. */
export class ArchiveProfile {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'sotto-archive-'))
  readonly test = new TestHistory()
  readonly history: OpenHistory
  readonly identity: Identity
  readonly attachments: AttachmentStore
  readonly archive: Archive
  readonly activities: (ArchiveActivity | null)[] = []
  /** What the dialogs answer. */
  target = path.join(this.folder, 'export.age')
  source = this.target

  /** `attachments`: the folder of another profile's. */
  constructor(more: Partial<ArchivePorts> = {}, attachments?: string) {
    const files = attachments ?? this.test.attachments
    this.history = this.test.open()
    const { reader, writer } = this.history
    this.identity = new Identity({
      secrets: {
        secret: (name) => reader.secret(name),
        setSecret: (name, value) => writer.setSecret(name, value),
      },
      paperRung: { set: () => Promise.resolve(), remove: () => Promise.resolve() },
      ...{ aorOf: () => null, clock: systemClock, random: systemRandom, deviceName: 'test' },
    })
    this.attachments = new AttachmentStore(files, systemRandom)
    this.archive = new Archive({
      ...{ reader, writer, identity: this.identity, clock: systemClock, program: '0.1.0', language: () => 'en' },
      log: silentLog,
      startWorker: () => Promise.resolve(inThisThread(files)),
      dialog: {
        save: () => Promise.resolve(this.target),
        open: () => Promise.resolve(this.source),
        reveal: () => undefined,
      },
      changed: (activity) => this.activities.push(activity),
      ...more,
    })
  }

  /** Every message of every conversation, as the screen shows it. */
  async messages(): Promise<readonly MessageView[]> {
    const all: MessageView[] = []
    for (const { id } of (await this.history.reader.conversations()).conversations) {
      const page = await this.history.reader.page({ conversationId: id, anchor: { at: 'newest' }, limit: 10_000 })
      all.push(...page.messages)
    }
    return all
  }

  async remove(): Promise<void> {
    await this.archive.stop()
    await this.test.remove()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** A file of bob's, sealed in `attachments`, and the entry that names it. */
export async function fileEntry(
  attachments: AttachmentStore,
  make: EntryMaker,
  fileName: string,
  bytes: Uint8Array = anyBytes(100_000),
): Promise<{ readonly entry: Entry; readonly id: AttachmentId }> {
  const { id, key, size } = await attachments.write(piecesOf(bytes))
  const { head, body } = make.incoming('')
  if (body.kind !== 'message') throw new Error('not a message')
  const { text: _, contentType: __, displayReceipt: ___, ...place } = body
  const file = { fileName, mediaType: 'image/png', size, attachment: id, attachmentKey: key } as const
  return { id, entry: { head, body: { ...place, kind: 'file', ...file } } }
}

/** The bytes as a stream. */
export async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 60_000) yield await Promise.resolve(bytes.subarray(at, at + 60_000))
}

/** The worker's answers without a thread. */
export function inThisThread(attachments: string): Awaited<ReturnType<ArchivePorts['startWorker']>> {
  const handlers = new Set<(payload: never) => void>()
  const methods = archiveMethods({
    ...{ attachments, clock: systemClock, random: systemRandom, textOfHtml: htmlText },
    progress: (progress) => {
      for (const handler of handlers) handler(progress as never)
    },
  })
  const call = async (name: keyof typeof methods, ...args: readonly unknown[]): Promise<unknown> => {
    await Promise.resolve()
    return (methods[name] as (...given: readonly unknown[]) => unknown)(...args)
  }
  return {
    rpc: {
      call: call as never,
      on: (_event, handler) => {
        handlers.add(handler)
        return () => handlers.delete(handler)
      },
      close: () => undefined,
    },
    end: () => Promise.resolve(),
  }
}

/** An address key of age, and whom it opens for. */
export const anyBytes = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
