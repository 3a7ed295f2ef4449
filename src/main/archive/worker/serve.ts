/** The archive worker's answers. */
import { AttachmentStore } from '#main/history/attachments/attachment-store.ts'
import { SottoError } from '#shared/errors.ts'
import type { SignatureWorth } from '#shared/model/export-signature.ts'
import type { AttachmentId } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { secretKindOf } from '../age/age-reader.ts'
import { openFileSource } from '../age/byte-source.ts'
import type { OpeningSecret } from '../age/header.ts'
import { archiveFailure } from '../archive-failure.ts'
import { BlinkJob } from '../blink/blink-job.ts'
import { ImportJob, type ImportBatch } from '../read/import-job.ts'
import { ReadableJob } from '../readable/readable-job.ts'
import { ExportJob } from '../write/export-job.ts'
import type { ArchiveMethods, ArchiveWorkerEvents, FileKind, OpenedExport } from './contract.ts'

/** Progress is told this often at most, ms. */
const progressMs = 100
const sqliteStart = 'SQLite format 3\0'

export interface ServePorts {
  readonly attachments: string
  readonly clock: ClockPort
  readonly random: RandomPort
  /** Words of a message written as HTML. */
  readonly textOfHtml: (html: string) => string
  readonly progress: (progress: ArchiveWorkerEvents['progress']) => void
}

/** Everything of one job; whatever fails is told in the words of the user. */
export function archiveMethods(ports: ServePorts): ArchiveMethods {
  const job = new Job(ports)
  return {
    beginExport: (start) => told(async () => void job.keep(await ExportJob.begin(start, job.ports))),
    addEntries: (entries) => told(() => job.of(ExportJob).addEntries(entries)),
    writeManifest: () => told(() => job.of(ExportJob).writeManifest()),
    finishExport: (signatures) => told(() => job.of(ExportJob).finish(signatures)),
    beginReadable: (start) => told(async () => void job.keep(await ReadableJob.begin(start, job.ports))),
    beginConversation: (conversation) => told(() => job.of(ReadableJob).beginConversation(conversation)),
    addFiles: (entries) => told(() => job.of(ReadableJob).addFiles(entries)),
    addMessages: (messages) => told(() => job.of(ReadableJob).addMessages(messages)),
    finishReadable: () => told(() => job.of(ReadableJob).finish()),
    kindOf: (path) => told(() => kindOf(path)),
    openExport: (path, secret) => told(() => job.openExport(path, secret)),
    judge: (worths) => job.judge(worths),
    openBlink: (path) => told(async () => job.keep(await BlinkJob.open(path, job.ports)).facts),
    broughtAttachments: () => job.broughtAttachments(),
    restoreAttachments: () => told(() => job.restoreAttachments()),
    beginBatches: (phase, partsDone) => job.beginBatches(phase, partsDone),
    nextBatch: () => told(() => job.nextBatch()),
    cancel: () => job.cancel(),
    close: () => job.close(),
  }
}

async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw archiveFailure(error)
  }
}

/** An age file, a database, or neither; nothing in it is looked at yet. */
async function kindOf(path: string): Promise<FileKind> {
  const source = await openFileSource(path)
  try {
    const start = Buffer.from(await source.read(0, sqliteStart.length)).toString('latin1')
    if (start === sqliteStart) return { kind: 'blink' }
    return { kind: 'age', secret: await secretKindOf(source) }
  } catch (error) {
    const failure = archiveFailure(error)
    if (failure instanceof SottoError && failure.code === 'import-not-export') return { kind: 'unknown' }
    throw error
  } finally {
    await source.close()
  }
}

type AnyJob = ExportJob | ReadableJob | ImportJob | BlinkJob

class Job {
  readonly ports
  #job: AnyJob | null = null
  #cancelled = false
  #batches: AsyncGenerator<ImportBatch> | null = null

  constructor({ attachments, clock, random, textOfHtml, progress }: ServePorts) {
    let last = -Infinity
    this.ports = {
      attachments: new AttachmentStore(attachments, random),
      ...{ clock, random, textOfHtml },
      check: () => {
        if (this.#cancelled) throw new SottoError('cancelled')
      },
      progress: (value: ArchiveWorkerEvents['progress']) => {
        const now = clock.monotonic()
        if (now - last < progressMs) return
        last = now
        progress(value)
      },
    }
  }

  keep<J extends AnyJob>(job: J): J {
    this.#job = job
    return job
  }

  of<J extends AnyJob>(type: { readonly prototype: J }): J {
    this.ports.check()
    if (this.#job === null || !Object.prototype.isPrototypeOf.call(type.prototype, this.#job))
      throw new SottoError('invalid-argument')
    return this.#job as J
  }

  async openExport(path: string, secret: OpeningSecret): Promise<OpenedExport> {
    const { manifest, manifestSha256, signatures, leftOut } = this.keep(
      await ImportJob.open(path, secret, this.ports),
    ).verified
    const { createdAt, program, scope, accounts, counts } = manifest
    return { manifest: { createdAt, program, scope, accounts, counts }, manifestSha256, signatures, leftOut }
  }

  judge(worths: readonly SignatureWorth[]): void {
    const job = this.of(ImportJob)
    job.judge(job.verified.signatures.map((signature, i) => ({ signature, worth: worths[i] ?? 'invalid' })))
  }

  broughtAttachments(): readonly AttachmentId[] {
    return this.#job instanceof ImportJob ? [...this.#job.verified.attachments.values()].map(({ id }) => id) : []
  }

  restoreAttachments(): Promise<{ readonly restored: number; readonly held: number }> {
    return this.#job instanceof ImportJob ? this.#job.restoreAttachments() : Promise.resolve({ restored: 0, held: 0 })
  }

  beginBatches(phase: 'comparing' | 'importing', partsDone: number): void {
    const job = this.#job instanceof BlinkJob ? this.#job : this.of(ImportJob)
    this.#batches = job.batches(phase, partsDone)
  }

  async nextBatch(): Promise<ImportBatch | null> {
    this.ports.check()
    const next = await this.#batches?.next()
    return next === undefined || next.done === true ? null : next.value
  }

  cancel(): void {
    this.#cancelled = true
  }

  async close(): Promise<void> {
    const job = this.#job
    this.#job = null
    if (job instanceof ExportJob || job instanceof ReadableJob) await job.abandon()
    else await job?.close()
  }
}
