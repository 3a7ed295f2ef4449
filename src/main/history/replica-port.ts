/** What replication keeps in the history's database, written together with the entries it is about. */
import type { Hlc } from '#shared/model/entry.ts'
import type { Aor, AttachmentId, ConversationId, MessageId } from '#shared/model/ids.ts'
import type { Place, Tombstone } from '#shared/replication/head.ts'
import type { PackedEntries } from './archive-port.ts'
import type { TransferWriterPort } from './transfer-port.ts'

/** 32 bytes for each of some envelopes of one device, packed: there may be a hundred thousand. */
export interface SeqHashes {
  readonly device: Uint8Array
  readonly seqs: Float64Array
  readonly hashes: Uint8Array
}

/** A body that did not come with its envelope; `at` = when its batch was signed, ms. */
export interface KeptMissing extends Tombstone {
  readonly at: number
}

/** What is known of the devices of an account, but for what is asked for one by one. */
export interface KeptJournal {
  readonly own: Place | null
  readonly confirmed: number
  readonly places: readonly Place[]
  readonly claims: readonly Place[]
  readonly hashes: readonly SeqHashes[]
  readonly missing: readonly KeptMissing[]
  /** First seq of the oldest sealed batch that is kept; null without any. */
  readonly oldestSealed: number | null
}

export interface KeptFault {
  /** The same fault has the same name. */
  readonly name: string
  /** JSON, as whoever kept it wrote it. */
  readonly fault: string
}

/** How far a switch-on is with queueing what is there already. */
export interface SnapshotProgress {
  /** From 0 to 1. */
  readonly share: number
  /** Entries that wait to be sealed. */
  readonly waiting: number
}

/** What no batch has yet, the oldest first. */
export interface QueuedEntries {
  /** Numbers in the queue, one for each content. */
  readonly queued: readonly number[]
  readonly contents: PackedEntries
  readonly erased: readonly Tombstone[]
}

export interface BatchToKeep {
  readonly place: Place
  readonly first: number
  readonly bytes: Uint8Array
  readonly cursor: number
  /** Of each envelope with a content, its number in the queue. */
  readonly queued: readonly number[]
}

export type KeptBatch = Omit<BatchToKeep, 'queued'>

/** Contents out of envelopes of one device: content i came in the envelope `seqs[i]`, whose sealed body hashes to 32 bytes of `bodyHashes`. */
export interface PackedContents extends PackedEntries {
  readonly seqs: Float64Array
  readonly bodyHashes: Uint8Array
}

export interface UnopenedEnvelope {
  readonly header: Uint8Array
  readonly body: Uint8Array
}

/** What one checked batch of another device brings. */
export interface BatchRead {
  readonly place: Place
  readonly contents: PackedContents
  readonly unopened: readonly UnopenedEnvelope[]
  readonly missing: readonly KeptMissing[]
  readonly frontier: readonly Place[]
  readonly erased: readonly Tombstone[]
}

/** Of a batch that is not the next one of its device: what is shown ahead of its turn. */
export type BatchEarly = Pick<BatchRead, 'place' | 'contents'>

/** What became of contents. */
export interface ContentsReceipt {
  /** Timestamp of the latest entry, for the clock of new entries to go on from; null without any. */
  readonly latest: Hlc | null
  /** Contents that are no entries of this account: kept, and not shown. */
  readonly unreadable: number
}

export interface UnopenedPage {
  readonly envelopes: readonly UnopenedEnvelope[]
  /** Give it to get the next page; null after the last. */
  readonly next: number | null
}

/** What was opened after all, of one device. */
export interface OpenedLater {
  readonly device: Uint8Array
  readonly contents: PackedContents
}

/** A file that an entry of another device names. */
export interface WantedFile {
  readonly id: AttachmentId
  /** Plain size, bytes. */
  readonly size: number
  /** The row that shows it: `HistoryReaderPort.attachmentOf` has the key. */
  readonly row: { readonly conversation: ConversationId; readonly author: Aor; readonly id: MessageId }
}

/** What a replica is to be asked about files. */
export interface FilesToSettle {
  readonly wanted: readonly WantedFile[]
  /** No entry names them any more, and one that did was forgotten by all. */
  readonly erased: readonly AttachmentId[]
  /** Give it to get more that are wanted; null after the last. */
  readonly next: string | null
}

/**
 * The journals of all accounts that replicate. Every change is one transaction and durable when its promise resolves. Rejects with SottoError
 * `not-found` for an account that does not replicate, `disk-full`, `disk-failed`, `locked`.
 */
export interface ReplicaKeeperPort extends TransferWriterPort {
  accounts(): Promise<readonly Aor[]>
  /**
   * From now on what is stored of this account waits to be sealed; with `snapshot`, also what the last 60 days brought, and contacts,
   * saved searches and timers of any age, which are queued little by little. Again is no change.
   */
  switchOn(account: Aor, options: { readonly snapshot: boolean }): Promise<void>
  /** Forgets everything about the replica of this account, but no entry. */
  switchOff(account: Aor): Promise<void>
  /** Off and on again with a snapshot, as one change: what this device writes from now on it writes under another id. */
  beginAgain(account: Aor): Promise<void>
  /** Null for an account that does not replicate. */
  progress(account: Aor): Promise<SnapshotProgress | null>
  /** Queues contacts, saved searches and timers anew: a server forgets them after 60 days. */
  refreshStanding(account: Aor): Promise<void>
  /** Null for an account that does not replicate. */
  journal(account: Aor): Promise<KeptJournal | null>
  /** Up to `most` entries that wait, of about one batch's bytes, and tombstones for one head; null when there is nothing. */
  unsealed(account: Aor, most: number): Promise<QueuedEntries | null>
  sealed(account: Aor, first: number): Promise<KeptBatch | null>
  /** Resolves with the first seq of the oldest sealed batch that is kept. */
  keepSealed(account: Aor, batch: BatchToKeep): Promise<number>
  keepConfirmed(account: Aor, seq: number): Promise<void>
  /** Batches of other devices, in order, in one transaction; one that was read before changes nothing. */
  keepRead(account: Aor, batches: readonly BatchRead[]): Promise<ContentsReceipt>
  /** Contents ahead of their turn, in one transaction: nobody is told of each, and the places of their batches are only claimed. */
  keepEarly(account: Aor, batches: readonly BatchEarly[]): Promise<ContentsReceipt>
  keepFault(account: Aor, fault: KeptFault): Promise<void>
  faults(account: Aor): Promise<readonly KeptFault[]>
  forgetMissing(account: Aor, bodies: readonly Tombstone[]): Promise<void>
  /** Those of these bodies that a tombstone names, own ones included. */
  erasedAmong(account: Aor, bodies: readonly Tombstone[]): Promise<readonly Tombstone[]>
  /** Envelopes whose key was not here; `after` = `next` of the page before, 0 at first. */
  unopened(account: Aor, after: number): Promise<UnopenedPage>
  /** Files to be fetched or to be erased; `after` = `next` of the answer before, '' at first. */
  filesToSettle(account: Aor, after: string): Promise<FilesToSettle>
  /**
   * Files of replicated entries that were observed and stored here since a time, ms, in order; `after` = the last of the answer before, '' at
   * first. None after the last.
   */
  filesSince(account: Aor, since: number, after: string): Promise<readonly AttachmentId[]>
  /** Files that were fetched, erased, or that nobody shows. */
  settleFiles(account: Aor, ids: readonly AttachmentId[]): Promise<void>
  keepOpened(account: Aor, opened: readonly OpenedLater[]): Promise<ContentsReceipt>
}
