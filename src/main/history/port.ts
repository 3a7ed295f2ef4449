/**
 * What the rest of main may ask of the encrypted history. Writes go to the history writer worker, reads to the history
 * reader worker (its own WAL connection: reading never waits for writing).
 */
import type { HistoryHoldings } from '#shared/model/holdings.ts'
import type { FollowingSettings } from '#shared/model/merge-account-settings.ts'
import type { MergedMark } from '#shared/model/merge-mark.ts'
import type { Aor, AccountId, AttachmentId, ConversationId, JobId, MessageId, SearchId } from '#shared/model/ids.ts'
import type { Entry } from '#shared/model/entry.ts'
import type {
  ContactView,
  ConversationView,
  MessagePage,
  MessagePath,
  MessageView,
  SearchPage,
} from '#shared/model/views.ts'
import type { ErrorCode } from '#shared/errors.ts'
import type { ArchiveReaderPort, PackedEntries } from './archive-port.ts'
import type { TransferReaderPort } from './transfer-port.ts'
import type { SearchRequest } from './message-search.ts'
import type { ReplicaKeeperPort } from './replica-port.ts'
import type { CallKeysReaderPort, CallKeysWriterPort } from './call-keys-port.ts'

/** What an outbox job does when it runs. */
export type JobKind = 'message' | 'edit' | 'delete' | 'reaction' | 'receipt' | 'own-copy'

/**
 * One destination of one message, with the exact bytes to send. Written in the same transaction as the message; removed
 * in the same transaction as the entry that records its outcome.
 */
export interface OutboxJob {
  readonly id: JobId
  readonly accountId: AccountId
  readonly kind: JobKind
  readonly conversation: ConversationId
  /** Request-URI of the destination, e.g. the peer's AOR, or the own AOR for `own-copy`. */
  readonly destination: string
  readonly messageId: MessageId
  /** The message this job is about: equal to `messageId` except for edits, deletes, reactions and receipts. */
  readonly target: MessageId
  readonly contentType: string
  readonly payload: Uint8Array
  readonly path?: MessagePath
  readonly createdAt: number
  readonly attempts: number
  /** Earliest time of the next attempt, ms. */
  readonly nextAttemptAt: number
  /** After this time the job fails for good, ms. */
  readonly expiresAt: number
}

/** A job without its payload: thousands may wait, and only a few are sent at a time. */
export type WaitingJob = Omit<OutboxJob, 'payload'>

/** Everything that must become durable together. Applied in ONE transaction, fsynced before the promise resolves. */
export interface HistoryCommit {
  /** Nothing of the commit is applied if the history holds this message: asked here, it costs no question before. */
  readonly unlessHeld?: { readonly conversation: ConversationId; readonly author: Aor; readonly messageId: MessageId }
  /** Nothing of the commit is applied if the history no longer holds this job: what it was for is erased. */
  readonly whileJob?: JobId
  readonly entries?: readonly Entry[]
  /** Further entries, encoded by this program; `fresh` says nothing about them. */
  readonly packed?: PackedEntries
  readonly addJobs?: readonly OutboxJob[]
  readonly removeJobs?: readonly JobId[]
  readonly rescheduleJobs?: readonly { readonly id: JobId; readonly attempts: number; readonly nextAttemptAt: number }[]
  readonly draft?: {
    readonly conversation: ConversationId
    readonly accountAor: Aor
    readonly peer: Aor
    readonly text: string
  }
  /** Accounts of this profile: without a row, views carry a stand-in account id. */
  readonly accounts?: readonly { readonly id: AccountId; readonly aor: Aor }[]
  /** Settings of a feature that change together with the entries; null removes one. */
  readonly settings?: readonly { readonly key: string; readonly valueJson: string | null }[]
  /**
   * Part of something long, by a number of its own: announced as `bulk` together with what follows, at most once in a second; refused
   * (`cancelled`) once a part of the same number failed, so that the next may be sent before this one is durable.
   */
  readonly partOf?: number
  /** Nothing more of that number comes: what its parts changed is announced now. */
  readonly endOf?: number
  /** Erases these conversations: entries, contact, draft, jobs. */
  readonly eraseConversations?: readonly ConversationId[]
  /** Erases up to `limit` of the oldest rows of a conversation that stand before a position, with all that was said about them. */
  readonly dropBefore?: { readonly conversation: ConversationId; readonly position: number; readonly limit: number }
  /** Erases these rows with all that was said about them but that they are gone. */
  readonly eraseRows?: readonly {
    readonly conversation: ConversationId
    readonly author: Aor
    readonly messageId: MessageId
  }[]
  /** Erases the files of those of these attachments that nothing names and nobody holds. A commit of its own transaction. */
  readonly eraseDropped?: readonly AttachmentId[]
  /** Entries that name these attachments are on their way: their files stay, whatever is erased meanwhile. */
  readonly holdAttachments?: readonly AttachmentId[]
  /** What was held needs to be held no more; so it is when the history closes. */
  readonly releaseAttachments?: true
  /** Erases everything about these accounts: entries, conversations, contacts, drafts, jobs. */
  readonly eraseAccounts?: readonly Aor[]
}

/** What a commit changed, as views; raised to the screen as `history.appended`. */
export interface HistoryChange {
  readonly revision: number
  readonly conversations: readonly ConversationView[]
  readonly messages: readonly MessageView[]
  readonly contacts: readonly ContactView[]
  /** Incoming messages that are new here (not duplicates, not edits, not calls): what notifications are made from. */
  readonly newIncoming: readonly MessageView[]
  /** Conversations that are gone. */
  readonly removedConversations?: readonly ConversationId[]
  /** The list of saved searches is another. */
  readonly searches?: true
  /** Accounts for which something that follows the user is set otherwise. */
  readonly accountSettings?: readonly Aor[]
  /** Attachments lost their last entry: {@link HistoryReaderPort.droppedAttachments} names them. */
  readonly attachmentsDropped?: true
  /** True when the change is too large to list: refetch. */
  readonly bulk: boolean
}

export interface CommitReceipt {
  readonly revision: number
  /** For each entry of the commit, in order: whether it was new (false = duplicate by id, or same message already held). */
  readonly fresh: readonly boolean[]
  /** Nothing was applied: the message of `unlessHeld` is there, or the job of `whileJob` is not. */
  readonly held: boolean
}

/** A row whose time is up, or that belongs to nothing that is kept. */
export interface ExpiredRow {
  readonly conversation: ConversationId
  readonly account: Aor
  readonly peer: Aor
  readonly author: Aor
  readonly messageId: MessageId
  /** Its position. */
  readonly place: number
}

/** A conversation that holds rows older than it may. */
export interface Overdue {
  readonly conversation: ConversationId
  /** Rows before this position have to go. */
  readonly position: number
}

/** A saved search as the table has it. */
export interface StoredSearch {
  readonly id: SearchId
  readonly account: Aor
  readonly name: string
  /** JSON, from an entry: to be checked by whoever uses it. */
  readonly query: string
}

/** Rejects with SottoError `disk-full`, `disk-failed`, `locked`. */
export interface HistoryWriterPort extends CallKeysWriterPort {
  commit(commit: HistoryCommit): Promise<CommitReceipt>
  /** Subscribes to what commits changed; returns the disposer. */
  onChange(handler: (change: HistoryChange) => void): () => void
  /** Puts the words of what was committed just now into the search index; they would go there in the next pause. */
  makeSearchable(): Promise<void>
  setSetting(key: string, valueJson: string | null): Promise<void>
  /** Keeps the bytes of a secret, or forgets it; `value` stays the caller's to wipe. */
  setSecret(name: string, value: Uint8Array | null): Promise<void>
  /** The journals of accounts that replicate. */
  readonly replica: ReplicaKeeperPort
}

export interface HistoryReaderPort extends CallKeysReaderPort, ArchiveReaderPort, TransferReaderPort {
  conversations(): Promise<{ readonly conversations: readonly ConversationView[]; readonly revision: number }>
  conversation(id: ConversationId): Promise<ConversationView | null>
  contacts(): Promise<readonly ContactView[]>
  page(request: {
    readonly conversationId: ConversationId
    readonly anchor:
      { readonly at: 'newest' } | { readonly at: 'before' | 'after' | 'around'; readonly position: number }
    readonly limit: number
  }): Promise<MessagePage>
  message(conversation: ConversationId, author: Aor, id: MessageId): Promise<MessageView | null>
  /** The latest time, ms, at which `by` answered a message or took an answer back, by their clock; null for never. */
  lastReaction(
    conversation: ConversationId,
    message: { readonly author: Aor; readonly messageId: MessageId },
    by: Aor,
  ): Promise<number | null>
  /** Incoming messages at or before `position` not yet marked as read, oldest first (for `displayed` receipts). */
  unreadUpTo(conversation: ConversationId, position: number, limit: number): Promise<readonly MessageView[]>
  search(request: SearchRequest): Promise<SearchPage>
  savedSearches(): Promise<readonly StoredSearch[]>
  /** Comparisons with this peer that hold on the own devices that made them, whatever the device chain says of those now. */
  marks(account: Aor, peer: Aor): Promise<readonly MergedMark[]>
  /** What the user set for an account on any own device. */
  followingSettings(account: Aor): Promise<FollowingSettings>
  /** Jobs whose time has come, oldest first; {@link jobsOf} has their payloads. */
  dueJobs(now: number, limit: number): Promise<readonly WaitingJob[]>
  /** All jobs of a message (for retry and for cancel on delete). */
  jobsOf(conversation: ConversationId, target: MessageId): Promise<readonly OutboxJob[]>
  setting(key: string): Promise<string | null>
  /** The bytes of a secret, the caller's to wipe; null without it. */
  secret(name: string): Promise<Uint8Array | null>
  /** Rows whose time is up, the first one first. */
  expired(now: number, limit: number): Promise<readonly ExpiredRow[]>
  /** When the next row's time is up, ms; null when none disappears. */
  nextExpiry(): Promise<number | null>
  /** Conversations with rows older than they are kept; `keepDays` is what holds where nothing was set, 0 = for ever. */
  overdue(now: number, keepDays: number): Promise<readonly Overdue[]>
  /** Attachments whose files nothing names any more. */
  droppedAttachments(): Promise<readonly AttachmentId[]>
  /** All attachments that entries name. */
  attachments(): Promise<readonly AttachmentId[]>
  /** Those that the entries of one account name. */
  attachmentsOf(account: Aor): Promise<readonly AttachmentId[]>
  /** Where the bytes of a file are, and their key; null when this history does not hold them. */
  attachmentOf(conversation: ConversationId, author: Aor, id: MessageId): Promise<AttachmentKey | null>
  /** What there is, by kind and conversation: counted in slices, other questions are answered in between. */
  holdings(): Promise<HistoryHoldings>
  counts(): Promise<{ readonly messages: number; readonly conversations: number; readonly databaseBytes: number }>
}

/** An attachment with its key: never leaves main. */
export interface AttachmentKey {
  readonly id: AttachmentId
  readonly key: Uint8Array
  readonly fileName: string
  readonly mediaType: string
  /** Plain size, bytes. */
  readonly size: number
}

/** Why the history could not be opened. */
export type OpenFailure = Extract<
  ErrorCode,
  'history-corrupt' | 'history-too-new' | 'disk-full' | 'disk-failed' | 'profile-in-use'
>
