/** What the screen shows of exports and imports. */
import type { Aor } from './ids.ts'

/** What runs; `done` and `total` count in the same unit, whatever it is; `total` 0 = not known. */
export interface ArchiveActivity {
  readonly kind: 'export' | 'import'
  readonly phase: 'sealing' | 'writing' | 'attachments' | 'verifying' | 'comparing' | 'importing'
  readonly done: number
  readonly total: number
}

/** A finished export, as read back from the disk. */
export interface ExportResult {
  readonly path: string
  readonly fileBytes: number
  readonly entries: number
  readonly messages: number
  readonly conversations: number
  readonly attachments: number
  /** Files of messages that are not on this device. */
  readonly missingAttachments: number
  /** Accounts whose device signed it; empty for readable exports. */
  readonly signedBy: readonly Aor[]
}

/** A file the user chose, before it is opened. */
export interface ImportOffer {
  readonly fileName: string
  readonly kind: 'passphrase' | 'identity' | 'blink'
}

/** What an import would change, after the whole file was verified. */
export interface ImportSummary {
  readonly source: 'sotto' | 'blink'
  /** When it was exported, ms; null for Blink. */
  readonly createdAt: number | null
  /** `own` = every account is signed by a device of this profile's identity, `mixed` = some are. */
  readonly worth: 'own' | 'mixed' | 'foreign' | 'unsigned'
  readonly accounts: readonly { readonly aor: Aor; readonly vouched: boolean }[]
  readonly newMessages: number
  readonly heldMessages: number
  readonly conflicts: number
  readonly newOthers: number
  readonly newConversations: number
  readonly attachments: number
  /** Entries that stay in the file: of a later version, or marks and settings that a foreign file cannot set. */
  readonly leftOut: number
  /** An import of this very file stopped in the middle: it goes on from there. */
  readonly resumes: boolean
}

export interface ImportResult {
  readonly newMessages: number
  readonly newConversations: number
  readonly attachments: number
  readonly leftOut: number
}
