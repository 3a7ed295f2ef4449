/** Writes the history as pages or as JSON that anybody can read: a folder under a temporary name until it is whole. */
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import type { ArchivedConversation, PackedEntries } from '#main/history/archive-port.ts'
import { unpackEntries } from '#main/history/archive-reader.ts'
import { syncDirectory } from '#main/platform/atomic-file.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import { displayAor } from '#shared/model/aor.ts'
import { decodeStoredEntry } from '#shared/model/entry-codec.ts'
import type { MessageView } from '#shared/model/views.ts'
import { attachmentOf, type AttachmentRef } from '../format/attachments.ts'
import type { ExportFacts, ExportJobPorts } from '../write/export-job.ts'
import { temporaryOf } from '../write/export-file.ts'
import { conversationLink, messageArticle, pageEnd, pageStart } from './html.ts'
import { readableWords, type ReadableWords } from './words.ts'

export interface ReadableStart {
  /** The folder to make; nothing of that name may be there. */
  readonly target: string
  readonly format: 'html' | 'json'
  readonly language: 'en' | 'de'
}

interface FileOfMessage {
  readonly label: string
  /** Beside the pages; null when its bytes are not on this device. */
  readonly path: string | null
}

interface OpenPage {
  readonly conversation: ArchivedConversation
  readonly handle: FileHandle
  readonly name: string
  messages: number
}

type ReadablePorts = Pick<ExportJobPorts, 'attachments' | 'check' | 'progress'>

export class ReadableJob {
  readonly #ports: ReadablePorts
  readonly #start: ReadableStart
  readonly #folder: string
  readonly #words: ReadableWords
  readonly #done: { readonly conversation: ArchivedConversation; readonly name: string; readonly messages: number }[] =
    []
  readonly #counts = { files: 0, missing: 0, bytes: 0 }
  #files = new Map<string, FileOfMessage>()
  #page: OpenPage | null = null

  private constructor(ports: ReadablePorts, start: ReadableStart) {
    this.#ports = ports
    this.#start = start
    this.#folder = temporaryOf(start.target)
    this.#words = readableWords(start.language)
  }

  /** @throws the system's error when the folder cannot be made. */
  static async begin(start: ReadableStart, ports: ReadablePorts): Promise<ReadableJob> {
    const job = new ReadableJob(ports, start)
    await rm(job.#folder, { recursive: true, force: true })
    await mkdir(job.#folder, { mode: 0o700 })
    return job
  }

  /** Begins the page of a conversation. */
  async beginConversation(conversation: ArchivedConversation): Promise<void> {
    await this.#endConversation()
    const number = String(this.#done.length + 1).padStart(5, '0')
    const name = `conversation-${number}.${this.#start.format}`
    const handle = await open(path.join(this.#folder, name), 'wx', 0o600)
    this.#page = { conversation, handle, name, messages: 0 }
    this.#files = new Map()
    await this.#write(this.#isHtml ? pageStart(conversation.name, this.#words) : jsonStart(conversation))
  }

  /** Writes the attachments that entries of the conversation name; before its messages. */
  async addFiles(entries: PackedEntries): Promise<void> {
    for (const bytes of unpackEntries(entries)) {
      const entry = decodeStoredEntry(bytes)
      const { body } = entry as {
        readonly body: { readonly fileName?: unknown; readonly author?: unknown; readonly messageId?: unknown }
      }
      if (typeof body.fileName !== 'string') continue
      const ref = attachmentOf(entry)
      const found = ref === null ? null : await this.#writeFile(ref, body.fileName)
      if (found === null) this.#counts.missing += 1
      this.#files.set(`${String(body.author)} ${String(body.messageId)}`, { label: body.fileName, path: found })
    }
  }

  async #writeFile(ref: AttachmentRef, label: string): Promise<string | null> {
    const { attachments, check } = this.#ports
    if ((await attachments.facts(ref)) === null) return null
    if (this.#counts.files === 0) await mkdir(path.join(this.#folder, 'files'), { mode: 0o700 })
    this.#counts.files += 1
    const name = `files/${String(this.#counts.files).padStart(5, '0')}-${safeFileName(label)}`
    const handle = await open(path.join(this.#folder, name), 'wx', 0o600)
    try {
      for await (const bytes of attachments.read(ref)) {
        check()
        await handle.writeFile(bytes)
        this.#counts.bytes += bytes.length
      }
      await handle.sync()
    } finally {
      await handle.close()
    }
    return name
  }

  async addMessages(messages: readonly MessageView[]): Promise<void> {
    this.#ports.check()
    const page = this.#page
    if (page === null) throw new Error('broken invariant: messages belong to a conversation')
    let text = ''
    for (const message of messages) {
      text += this.#isHtml ? this.#article(message, page.conversation) : this.#jsonOf(message, page.messages > 0)
      page.messages += 1
    }
    await this.#write(text)
  }

  #article(message: MessageView, { name, account }: ArchivedConversation): string {
    const author = message.direction === 'outgoing' ? displayAor(account) : name
    return messageArticle(message, author, { words: this.#words, file: this.#fileOf(message) })
  }

  #jsonOf(message: MessageView, hasBefore: boolean): string {
    const { messageId, direction, author, text, sentAt, receivedAt, state, edited, deleted, authenticatedBy, call } =
      message
    const { reactions } = message
    const file = this.#fileOf(message)
    const row = {
      messageId,
      direction,
      author,
      text,
      sentAt,
      receivedAt,
      state,
      edited,
      deleted,
      authenticatedBy,
      call,
      reactions,
      ...(file === null ? {} : { file }),
    }
    return `${hasBefore ? ',' : ''}\n${JSON.stringify(row)}`
  }

  #fileOf({ author, messageId }: MessageView): FileOfMessage | null {
    return this.#files.get(`${author} ${messageId}`) ?? null
  }

  async #endConversation(): Promise<void> {
    const page = this.#page
    if (page === null) return
    await this.#write(this.#isHtml ? pageEnd : '\n]}\n')
    await page.handle.sync()
    await page.handle.close()
    this.#page = null
    this.#done.push(page)
  }

  /** Writes the first page and gives the folder its name. @throws the system's error, `EEXIST` when the name was taken. */
  async finish(): Promise<ExportFacts> {
    await this.#endConversation()
    const first = path.join(this.#folder, `index.${this.#start.format}`)
    const bytes = utf8(this.#isHtml ? this.#indexPage() : this.#indexJson())
    const handle = await open(first, 'wx', 0o600)
    await handle.writeFile(bytes)
    await handle.sync()
    await handle.close()
    await syncDirectory(this.#folder)
    this.#ports.check()
    await rename(this.#folder, this.#start.target)
    await syncDirectory(path.dirname(this.#start.target))
    const { files, missing, bytes: fileBytes } = this.#counts
    const messages = this.#done.reduce((sum, page) => sum + page.messages, 0)
    return {
      ...{ entries: messages, messages, conversations: this.#done.length },
      ...{ attachments: files, missingAttachments: missing, bytes: fileBytes + bytes.length },
    }
  }

  #indexPage(): string {
    const rows = this.#done.map(({ conversation, name, messages }) =>
      conversationLink(conversation, name, this.#words.messages(messages)),
    )
    return `${pageStart(this.#words.title, this.#words)}${rows.join('')}${pageEnd}`
  }

  #indexJson(): string {
    const conversations = this.#done.map(({ conversation: { account, peer, name }, name: file, messages }) => ({
      ...{ account, peer, name, file, messages },
    }))
    return `${JSON.stringify({ format: 'sotto-readable', version: 1, conversations }, null, 1)}\n`
  }

  get #isHtml(): boolean {
    return this.#start.format === 'html'
  }

  async #write(text: string): Promise<void> {
    await this.#page?.handle.writeFile(utf8(text))
  }

  /** Leaves nothing behind. */
  async abandon(): Promise<void> {
    await this.#page?.handle.close().catch(() => undefined)
    this.#page = null
    await rm(this.#folder, { recursive: true, force: true })
  }
}

function jsonStart({ account, peer, name }: ArchivedConversation): string {
  return `${JSON.stringify({ account, peer, name }).slice(0, -1)},"messages":[`
}

/** A name that means a plain file on every system: letters, digits, dots and dashes, never hidden, never a device. */
export function safeFileName(label: string): string {
  const flat = label
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}._-]+/gu, '-')
    .replace(/\.{2,}/g, '.')
  const cut = Array.from(flat.replace(/^[.-]+/, '').replace(/[.-]+$/, ''))
    .slice(-80)
    .join('')
  return cut === '' ? 'file' : cut.replace(/^\./, '_')
}
