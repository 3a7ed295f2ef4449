/** Saves attachments where the user wants them, in the clear: a file has its name only when all of it is there and authentic. */
import { open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { ProtocolError, SottoError } from '#shared/errors.ts'
import { isSameRow, type RowRef, type SavingView } from '#shared/model/saving.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { AttachmentStore } from '#main/history/attachments/attachment-store.ts'
import type { AttachmentKey, HistoryReaderPort } from '#main/history/port.ts'
import { storageFailure } from '#main/history/sqlite-failure.ts'
import { syncDirectory } from '#main/platform/atomic-file.ts'
import { safeFileName, type FileName } from './file-name.ts'

/** Where files go; null = the user changed their mind. */
export interface SaveDialogPort {
  saveFile(suggestion: FileName): Promise<string | null>
  /** Shows a file in the desktop's file manager. */
  reveal(path: string): void
}

export interface FileSaverPorts {
  readonly reader: Pick<HistoryReaderPort, 'attachmentOf'>
  readonly attachments: Pick<AttachmentStore, 'read' | 'has'>
  /** Fetches a file that only another device has; `progress` from 0 to 1, `check` throws where it was cancelled. @throws SottoError. */
  readonly fetch: (
    conversationId: RowRef['conversationId'],
    attachment: AttachmentKey,
    hooks: { readonly progress: (share: number) => void; readonly check: () => void },
  ) => Promise<void>
  readonly dialog: SaveDialogPort
  /** Knows of half written files after a crash, too. */
  readonly unfinished: {
    /** Before the first byte for `target`; the name to write under. */
    begin(target: string): Promise<string>
    end(target: string): Promise<void>
  }
  readonly clock: ClockPort
  /** What is being saved or was, newest last. */
  readonly changed: (saving: readonly SavingView[]) => void
}

/** Between two reports of progress, ms. */
const reportMs = 100
/** Saved files whose place is remembered until Sotto locks. */
const remembered = 50

interface Task extends RowRef {
  readonly total: number
  readonly target: string
  done: number
  /** Monotonic, ms. */
  reportedAt: number
  state: 'running' | 'cancelled' | 'saved'
}

export class FileSaver {
  readonly #ports: FileSaverPorts
  readonly #running = new Set<Promise<unknown>>()
  #tasks: readonly Task[] = []

  constructor(ports: FileSaverPorts) {
    this.#ports = ports
  }

  /**
   * Asks where to and writes the file; resolves when it is durable, or the user changed their mind.
   * @throws SottoError `not-found`, `file-not-there-yet`, `file-damaged`, `disk-full`, `disk-failed`.
   */
  async save({ conversationId, author, messageId }: RowRef): Promise<void> {
    const ref = { conversationId, author, messageId }
    if (this.#tasks.some((task) => task.state === 'running' && isSameRow(task, ref))) return
    const attachment = await this.#ports.reader.attachmentOf(conversationId, author, messageId)
    if (attachment === null) throw new SottoError('not-found')
    const target = await this.#ports.dialog.saveFile(safeFileName(attachment.fileName))
    if (target === null) return
    const { size: total } = attachment
    const reportedAt = this.#ports.clock.monotonic()
    const task: Task = { ...ref, total, target, done: 0, reportedAt, state: 'running' }
    this.#keep([...this.#tasks.filter((other) => !isSameRow(other, ref)), task].slice(-remembered))
    const work = this.#write(task, attachment)
    this.#running.add(work)
    await work.finally(() => this.#running.delete(work))
  }

  /** Ends the saving of a row's file; nothing of it stays. */
  cancel(ref: RowRef): void {
    for (const task of this.#tasks) if (task.state === 'running' && isSameRow(task, ref)) task.state = 'cancelled'
  }

  /** Shows what was saved in the file manager. */
  reveal(ref: RowRef): void {
    const task = this.#tasks.find(({ state, ...row }) => state === 'saved' && isSameRow(row, ref))
    if (task !== undefined) this.#ports.dialog.reveal(task.target)
  }

  /** The history closes: what runs is ended, and nothing is remembered. */
  async stop(): Promise<void> {
    for (const task of this.#tasks) if (task.state === 'running') task.state = 'cancelled'
    await Promise.allSettled(this.#running)
    this.#keep([])
  }

  async #write(task: Task, attachment: AttachmentKey): Promise<void> {
    try {
      await this.#fetchIfMissing(task, attachment)
      await this.#place(task, attachment)
      task.state = 'saved'
      this.#keep(this.#tasks)
    } catch (error) {
      this.#keep(this.#tasks.filter((other) => other !== task))
      if (task.state !== 'cancelled') throw failureOf(error)
    }
  }

  /** Its progress is shown first, then that of saving. */
  async #fetchIfMissing(task: Task, attachment: AttachmentKey): Promise<void> {
    if (await this.#ports.attachments.has(attachment.id)) return
    const check = (): void => {
      if (task.state === 'cancelled') throw new SottoError('cancelled')
    }
    const progress = (share: number): void => this.#report(task, Math.floor(share * task.total))
    await this.#ports.fetch(task.conversationId, attachment, { progress, check })
    check()
    task.done = 0
  }

  async #place(task: Task, attachment: AttachmentKey): Promise<void> {
    const { unfinished } = this.#ports
    const temporary = await unfinished.begin(task.target)
    try {
      await this.#copy(task, attachment, temporary)
      await rename(temporary, task.target)
      await syncDirectory(path.dirname(task.target))
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined)
      throw error
    } finally {
      // What is not forgotten now, by a full disk or a history that closes, the next start finds gone.
      await unfinished.end(task.target).catch(() => undefined)
    }
  }

  async #copy(task: Task, attachment: AttachmentKey, temporary: string): Promise<void> {
    await rm(temporary, { force: true })
    const handle = await open(temporary, 'wx', 0o600)
    try {
      for await (const bytes of this.#ports.attachments.read(attachment)) {
        if (task.state === 'cancelled') throw new SottoError('cancelled')
        await handle.writeFile(bytes)
        this.#report(task, task.done + bytes.length)
      }
      await handle.sync()
    } finally {
      await handle.close()
    }
  }

  #report(task: Task, done: number): void {
    task.done = done
    const now = this.#ports.clock.monotonic()
    if (now - task.reportedAt < reportMs) return
    task.reportedAt = now
    this.#keep(this.#tasks)
  }

  #keep(tasks: readonly Task[]): void {
    this.#tasks = tasks
    this.#ports.changed(tasks.map(viewOf))
  }
}

/** What is not authentic was changed on the disk, whoever did it. */
function failureOf(error: unknown): unknown {
  return error instanceof ProtocolError ? new SottoError('file-damaged', {}, error) : storageFailure(error)
}

function viewOf({ conversationId, author, messageId, done, total, state }: Task): SavingView {
  return { conversationId, author, messageId, done, total, saved: state === 'saved' }
}
