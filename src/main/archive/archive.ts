/** Exports and imports of one profile: one at a time, each in a worker of its own. */
import path from 'node:path'
import { SottoError } from '#shared/errors.ts'
import { utf8Text } from '#shared/bytes/bytes.ts'
import type {
  ArchiveActivity,
  ExportResult,
  ImportOffer,
  ImportResult,
  ImportSummary,
} from '#shared/model/archive-views.ts'
import { isRecipient, type OpeningSecret, type Protection } from './age/header.ts'
import type { ArchivePorts, ArchiveScope } from './archive-port.ts'
import { JobWorker } from './job-worker.ts'
import { runExport, runReadable, type ExportTask } from './run-export.ts'
import { applyImport, readBlink, verifyFile, type ReadyImport } from './run-import.ts'
import { meetsPassphraseRule } from '#shared/model/passphrase-rule.ts'
import { UnfinishedExports } from './unfinished.ts'

/** Who can open an export, as the screen sends it; the bytes are wiped. */
export type RequestedProtection =
  | { readonly kind: 'passphrase'; readonly passphrase: Uint8Array }
  | { readonly kind: 'recipients'; readonly recipients: readonly string[] }

interface Running {
  readonly worker: JobWorker
  cancelled: boolean
  /** Import: what was chosen, and once it was verified, what it is. */
  readonly file: { readonly path: string; readonly offer: ImportOffer } | null
  ready: ReadyImport | null
  busy: boolean
}

/** A file that was chosen for an import, and its worker. */
interface Chosen {
  readonly running: Running
  readonly file: NonNullable<Running['file']>
}

export class Archive {
  readonly #ports: ArchivePorts
  /** What may be left half written outside the profile. */
  readonly unfinished: UnfinishedExports
  #running: Running | null = null
  #lastExport: string | null = null

  constructor(ports: ArchivePorts) {
    this.#ports = ports
    this.unfinished = new UnfinishedExports(ports)
  }

  /** Removes what a crash left of an export or a saved file; what begins meanwhile waits for it. Never rejects. */
  start(): Promise<void> {
    return this.unfinished.sweep()
  }

  /** Asks where to, then writes and verifies an encrypted export. @throws SottoError `cancelled`, `busy`, `recipient-invalid`, … */
  async exportSealed(request: {
    readonly scope: ArchiveScope
    readonly protection: RequestedProtection
  }): Promise<ExportResult> {
    const protection = protectionOf(request.protection)
    return this.#export({ scope: request.scope, name: 'Sotto', extension: 'age' }, (task) =>
      runExport(task, protection),
    )
  }

  /** Asks where to, then writes a folder that anybody can read. @throws as {@link exportSealed}. */
  exportReadable(request: { readonly scope: ArchiveScope; readonly format: 'html' | 'json' }): Promise<ExportResult> {
    return this.#export({ scope: request.scope, name: 'Sotto', extension: null }, (task) =>
      runReadable(task, request.format),
    )
  }

  async #export(
    {
      scope,
      name,
      extension,
    }: { readonly scope: ArchiveScope; readonly name: string; readonly extension: string | null },
    run: (task: ExportTask) => Promise<ExportResult>,
  ): Promise<ExportResult> {
    if (this.#running !== null) throw new SottoError('busy')
    const day = new Date(this.#ports.clock.now()).toISOString().slice(0, 10)
    const target = await this.#ports.dialog.save({ name: `${name} ${day}`, extension })
    if (target === null) throw new SottoError('cancelled')
    const running = await this.#begin('export', null)
    const report = (done: number, total: number): void => this.#tell({ kind: 'export', phase: 'writing', done, total })
    this.#tell({ kind: 'export', phase: 'sealing', done: 0, total: 0 })
    try {
      const { worker } = running
      await this.unfinished.begin(target)
      const result = await run({ ports: this.#ports, worker, scope, target, report, check: () => checkOf(running) })
      this.#lastExport = result.path
      return result
    } finally {
      await this.#end(running)
      // What is not forgotten now, by a full disk or a history that closes, the next start finds gone.
      await this.unfinished.end(target).catch(() => undefined)
    }
  }

  /** Asks for a file; null when the user changed their mind. @throws SottoError `import-not-export`, `busy`, `disk-failed`. */
  async choose(): Promise<ImportOffer | null> {
    if (this.#running?.busy === true) throw new SottoError('busy')
    await this.cancel()
    const chosen = await this.#ports.dialog.open()
    if (chosen === null) return null
    const probe = new JobWorker(await this.#ports.startWorker())
    const found = await probe.call('kindOf', chosen).finally(() => probe.end())
    if (found.kind === 'unknown') throw new SottoError('import-not-export')
    const kind = found.kind === 'age' ? found.secret : 'blink'
    const offer: ImportOffer = { fileName: path.basename(chosen), kind }
    const running = await this.#begin('import', { path: chosen, offer })
    running.busy = false
    return offer
  }

  /** Verifies the chosen file as a whole and says what it would change; nothing is changed. @throws SottoError `import-…`, `cancelled`. */
  async verify({ secret }: { readonly secret: Uint8Array | null }): Promise<ImportSummary> {
    const chosen = this.#chosen()
    const { running } = chosen
    const { offer } = chosen.file
    const opening = openingSecretOf(offer.kind, secret)
    return this.#busy(chosen, 'verifying', async (task) => {
      const ready = await (opening === null ? readBlink(task) : verifyFile(task, opening))
      running.ready = ready
      return ready.summary
    })
  }

  /** Applies the verified file; what was applied before a cancel or a crash stays, and a second time completes it. */
  async apply(): Promise<ImportResult> {
    const chosen = this.#chosen()
    const { running } = chosen
    const { ready } = running
    if (ready === null) throw new SottoError('invalid-argument')
    try {
      return await this.#busy(chosen, 'importing', (task) => applyImport(task, ready))
    } finally {
      await this.#end(running)
    }
  }

  /** Ends whatever runs; it rejects with `cancelled`. */
  async cancel(): Promise<void> {
    const running = this.#running
    if (running === null) return
    running.cancelled = true
    running.worker.cancel()
    if (!running.busy) await this.#end(running)
  }

  /** Shows the last export in the file manager. */
  reveal(): void {
    if (this.#lastExport !== null) this.#ports.dialog.reveal(this.#lastExport)
  }

  /** The history closes: nothing may go on. */
  async stop(): Promise<void> {
    const running = this.#running
    if (running === null) return
    running.cancelled = true
    await this.#end(running)
  }

  #chosen(): Chosen {
    const running = this.#running
    const file = running?.file ?? null
    if (running === null || file === null) throw new SottoError('invalid-argument')
    if (running.busy) throw new SottoError('busy')
    return { running, file }
  }

  async #busy<T>(
    { running, file }: Chosen,
    phase: ArchiveActivity['phase'],
    run: (task: Parameters<typeof readBlink>[0]) => Promise<T>,
  ): Promise<T> {
    running.busy = true
    this.#tell({ kind: 'import', phase, done: 0, total: 0 })
    try {
      return await run({
        ports: this.#ports,
        worker: running.worker,
        path: file.path,
        check: () => checkOf(running),
      })
    } finally {
      running.busy = false
      this.#tell(null)
      if (running.cancelled) await this.#end(running)
    }
  }

  async #begin(kind: ArchiveActivity['kind'], file: Running['file']): Promise<Running> {
    const worker = new JobWorker(await this.#ports.startWorker())
    const running: Running = { worker, cancelled: false, file, ready: null, busy: true }
    this.#running = running
    worker.onProgress((progress) => this.#tell({ kind, ...progress }))
    return running
  }

  async #end(running: Running): Promise<void> {
    if (this.#running === running) this.#running = null
    await running.worker.end()
    this.#tell(null)
  }

  #tell(activity: ArchiveActivity | null): void {
    this.#ports.changed(activity)
  }
}

function checkOf(running: Running): void {
  if (running.cancelled) throw new SottoError('cancelled')
}

function protectionOf(requested: RequestedProtection): Protection {
  if (requested.kind === 'recipients') {
    if (requested.recipients.length === 0 || !requested.recipients.every(isRecipient))
      throw new SottoError('recipient-invalid')
    return requested
  }
  const passphrase = utf8Text(requested.passphrase)
  requested.passphrase.fill(0)
  if (passphrase === null || !meetsPassphraseRule(passphrase)) throw new SottoError('passphrase-too-weak')
  return { kind: 'passphrase', passphrase }
}

function openingSecretOf(kind: ImportOffer['kind'], secret: Uint8Array | null): OpeningSecret | null {
  if (kind === 'blink') return null
  const text = secret === null ? null : utf8Text(secret)
  secret?.fill(0)
  if (text === null) throw new SottoError('import-wrong-key')
  return kind === 'passphrase' ? { kind, passphrase: text } : { kind, text }
}
