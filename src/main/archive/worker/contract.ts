/** What the archive worker answers: one export or one import per worker, which ends with it. */
import type { ArchivedConversation, PackedEntries } from '#main/history/archive-port.ts'
import type { ManifestSignature, SignatureWorth } from '#shared/model/export-signature.ts'
import type { AttachmentId } from '#shared/model/ids.ts'
import type { MessageView } from '#shared/model/views.ts'
import type { OpeningSecret } from '../age/header.ts'
import type { BlinkFacts } from '../blink/blink-job.ts'
import type { Manifest } from '../format/manifest.ts'
import type { ImportBatch, ImportProgress } from '../read/import-job.ts'
import type { ReadableStart } from '../readable/readable-job.ts'
import type { ExportFacts, ExportProgress, ExportStart } from '../write/export-job.ts'

/** What a chosen file is, before any secret is asked for. */
export type FileKind =
  | { readonly kind: 'age'; readonly secret: OpeningSecret['kind'] }
  | { readonly kind: 'blink' }
  | { readonly kind: 'unknown' }

/** A verified file. */
export interface OpenedExport {
  readonly manifest: Pick<Manifest, 'createdAt' | 'program' | 'scope' | 'accounts' | 'counts'>
  readonly manifestSha256: Uint8Array
  readonly signatures: readonly ManifestSignature[]
  readonly leftOut: number
}

export interface ArchiveMethods {
  readonly beginExport: (start: ExportStart) => Promise<void>
  readonly addEntries: (entries: PackedEntries) => Promise<void>
  /** SHA-256 of the manifest, for the devices to sign. */
  readonly writeManifest: () => Promise<Uint8Array>
  readonly finishExport: (signatures: readonly ManifestSignature[]) => Promise<ExportFacts>
  readonly beginReadable: (start: ReadableStart) => Promise<void>
  readonly beginConversation: (conversation: ArchivedConversation) => Promise<void>
  readonly addFiles: (entries: PackedEntries) => Promise<void>
  readonly addMessages: (messages: readonly MessageView[]) => Promise<void>
  readonly finishReadable: () => Promise<ExportFacts>
  readonly kindOf: (path: string) => Promise<FileKind>
  readonly openExport: (path: string, secret: OpeningSecret) => Promise<OpenedExport>
  readonly judge: (worths: readonly SignatureWorth[]) => void
  readonly openBlink: (path: string) => Promise<BlinkFacts>
  /** Attachments that the opened file brings. */
  readonly broughtAttachments: () => readonly AttachmentId[]
  readonly restoreAttachments: () => Promise<{ readonly restored: number; readonly held: number }>
  readonly beginBatches: (phase: 'comparing' | 'importing', partsDone: number) => void
  readonly nextBatch: () => Promise<ImportBatch | null>
  /** Whatever runs ends with `cancelled`, and leaves nothing behind. */
  readonly cancel: () => void
  readonly close: () => Promise<void>
}

export interface ArchiveWorkerEvents {
  readonly progress: ExportProgress | ImportProgress
}

export interface ArchiveWorkerStart {
  /** Folder of the attachment store. */
  readonly attachments: string
}
