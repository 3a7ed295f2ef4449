/** What the screen asks of exports and imports. */
import type { ArchiveScope } from '#main/history/archive-port.ts'
import type {
  ArchiveActivity,
  ExportResult,
  ImportOffer,
  ImportResult,
  ImportSummary,
} from '#shared/model/archive-views.ts'
import type { ManifestSignature, SignatureWorth } from '#shared/model/export-signature.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { HistoryReaderPort, HistoryWriterPort } from '#main/history/port.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { WorkerHandle } from '#main/platform/worker-rpc/start-worker.ts'
import type { ArchiveMethods, ArchiveWorkerEvents } from './worker/contract.ts'

export type { ArchiveActivity, ArchiveScope, ExportResult, ImportOffer, ImportResult, ImportSummary }

/** Where files are chosen; null = the user changed their mind. */
export interface FileDialogPort {
  /** A name for a new file or folder; where the host has no such dialog, a free name in the user's folder. */
  save(suggestion: { readonly name: string; readonly extension: string | null }): Promise<string | null>
  open(): Promise<string | null>
  /** Shows a file in the desktop's file manager. */
  reveal(path: string): void
}

export interface ArchivePorts {
  readonly reader: HistoryReaderPort
  readonly writer: Pick<HistoryWriterPort, 'commit'>
  readonly identity: {
    signExport(account: Aor, manifestSha256: Uint8Array): Promise<ManifestSignature | null>
    judgeExport(signature: ManifestSignature, manifestSha256: Uint8Array): Promise<SignatureWorth>
  }
  /** A worker for one job. */
  readonly startWorker: () => Promise<Pick<WorkerHandle<ArchiveMethods, ArchiveWorkerEvents>, 'rpc' | 'end'>>
  readonly dialog: FileDialogPort
  readonly clock: ClockPort
  readonly log: LogPort
  /** Version of this program. */
  readonly program: string
  readonly language: () => 'en' | 'de'
  readonly changed: (activity: ArchiveActivity | null) => void
}
