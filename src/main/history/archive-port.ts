/** What an export reads from the history, and an import asks of it before it changes anything. */
import type { Aor, ConversationId } from '#shared/model/ids.ts'

/** Which part of the history an export holds. */
export type ArchiveScope =
  | { readonly kind: 'all' }
  | { readonly kind: 'conversation'; readonly conversationId: ConversationId }
  /** Messages received from `from` on and before `to`, ms; contacts of their conversations come along. */
  | { readonly kind: 'period'; readonly from: number; readonly to: number }

/** What is there to export. */
export interface ArchiveExtent {
  readonly accounts: readonly Aor[]
  readonly entries: number
  /** Entries after this one came while the export was running. */
  readonly lastSeq: number
}

/** Encoded entries one after the other; entry i ends at `ends[i]`. */
export interface PackedEntries {
  readonly bytes: Uint8Array
  readonly ends: Uint32Array
}

export interface ArchivePage extends PackedEntries {
  /** Give it to get the next page; null after the last. */
  readonly next: number | null
}

/** What entries of a file would change. */
export interface ImportPreview {
  /** Messages, calls and files that are not here. */
  readonly newMessages: number
  /** Messages that are here already, by these entries or by others. */
  readonly heldMessages: number
  /** Messages that are here with another content: what is here stays as it is. */
  readonly conflicts: number
  /** Other entries that are not here: edits, receipts, names. */
  readonly newOthers: number
  readonly newConversations: readonly ConversationId[]
}

/** A conversation as a readable export names it. */
export interface ArchivedConversation {
  readonly id: ConversationId
  readonly account: Aor
  readonly peer: Aor
  readonly name: string
}

export interface ArchiveReaderPort {
  archiveExtent(scope: ArchiveScope): Promise<ArchiveExtent>
  archivePage(request: {
    readonly scope: ArchiveScope
    readonly after: number
    readonly lastSeq: number
  }): Promise<ArchivePage>
  previewImport(entries: PackedEntries): Promise<ImportPreview>
  /** Conversations with messages of the scope, for a readable export. */
  archivedConversations(scope: ArchiveScope): Promise<readonly ArchivedConversation[]>
}
