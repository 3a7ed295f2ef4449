/** Reads the history over a connection of its own: a snapshot per call, never waiting for the writer. */
import { statSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import type { Database, Statement } from 'better-sqlite3'
import type { Aor, AttachmentId, ConversationId, MessageId } from '#shared/model/ids.ts'
import type { Hlc } from '#shared/model/entry.ts'
import type { HistoryHoldings } from '#shared/model/holdings.ts'
import type { FollowingSettings } from '#shared/model/merge-account-settings.ts'
import type { MergedMark } from '#shared/model/merge-mark.ts'
import type { ContactView, ConversationView, MessagePage, MessageView, SearchPage } from '#shared/model/views.ts'
import { wipe } from '#shared/bytes/bytes.ts'
import { sharedSecretOf } from '#shared/bytes/secret.ts'
import { SottoError } from '#shared/errors.ts'
import { boundLimit } from './bound-limit.ts'
import { previewEntries, readArchivedConversations, readArchivePage, readExtent } from './archive-reader.ts'
import type {
  ArchivedConversation,
  ArchiveExtent,
  ArchivePage,
  ArchiveScope,
  ImportPreview,
  PackedEntries,
} from './archive-port.ts'
import { isVerifiedWith, readCallMemory, readZrtpContacts, readZrtpDevices, readZrtpPeer } from './call-key-store.ts'
import type { CallMemory, KeptZrtpPeer, KnownZrtpDevice } from './call-keys-port.ts'
import { openDatabase } from './database.ts'
import { readHoldings } from './holdings-reader.ts'
import { hlcOf } from './position.ts'
import { jobOf, waitingJobColumns, waitingJobOf, type JobRow } from './job-store.ts'
import type {
  AttachmentKey,
  ExpiredRow,
  HistoryReaderPort,
  OutboxJob,
  Overdue,
  StoredSearch,
  WaitingJob,
} from './port.ts'
import { readLastReaction } from './reaction-rows.ts'
import { readFollowingSettings, readMarks } from './own-word-reader.ts'
import { MessageSearch, type SearchRequest } from './message-search.ts'
import { readTransferPiece } from './replica/transfer-reader.ts'
import { withStorageFailures } from './sqlite-failure.ts'
import type { TransferPiece } from './transfer-port.ts'
import { Upkeep } from './upkeep.ts'
import {
  contactView,
  conversationQuery,
  conversationView,
  messageColumns,
  messageJoin,
  messageView,
  type ConversationRow,
  type MessageRow,
} from './views.ts'

type PageRequest = Parameters<HistoryReaderPort['page']>[0]

/** A page of message rows, oldest first, and whether there are more either way. */
interface Slice {
  readonly rows: readonly MessageRow[]
  readonly hasOlder: boolean
  readonly hasNewer: boolean
}

export class HistoryReader implements HistoryReaderPort {
  readonly #db: Database
  readonly #path: string
  readonly #ref: Statement<[string], { readonly ref: number; readonly total: number; readonly read_position: number }>
  readonly #older: Statement<[number, number, number], MessageRow>
  readonly #newer: Statement<[number, number, number], MessageRow>
  readonly #search: MessageSearch
  readonly #upkeep: Upkeep
  readonly #statements = new Map<string, Statement>()
  /** Made once: to make a transaction takes longer than to run a small one. */
  readonly #snapshot: (read: () => unknown) => unknown
  #closed = false

  /** @throws SottoError an `OpenFailure` code; the writer must have opened the file before. */
  constructor(options: { readonly path: string; readonly key: Uint8Array }) {
    this.#path = options.path
    this.#db = openDatabase({ ...options, role: 'reader' })
    this.#snapshot = this.#db.transaction((read: () => unknown) => read())
    this.#upkeep = new Upkeep(this.#db)
    this.#search = new MessageSearch(this.#db)
    this.#ref = this.#db.prepare('SELECT ref, total, read_position FROM conversation WHERE id = ?')
    const page = `SELECT ${messageColumns} FROM ${messageJoin} WHERE message.conversation = ?`
    this.#older = this.#db.prepare(`${page} AND position < ? ORDER BY position DESC ${boundLimit}`)
    this.#newer = this.#db.prepare(`${page} AND position >= ? ORDER BY position ${boundLimit}`)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#db.close()
  }

  conversations(): Promise<{ readonly conversations: readonly ConversationView[]; readonly revision: number }> {
    return this.#read(() => {
      const rows = this.#statement<[], ConversationRow>(conversationQuery).all()
      const conversations = rows.map(conversationView).sort((a, b) => b.lastAt - a.lastAt)
      return { conversations, revision: this.#revision() }
    })
  }

  conversation(id: ConversationId): Promise<ConversationView | null> {
    return this.#read(() => {
      const row = this.#statement<[string], ConversationRow>(`${conversationQuery} WHERE conversation.id = ?`).get(id)
      return row === undefined ? null : conversationView(row)
    })
  }

  contacts(): Promise<readonly ContactView[]> {
    return this.#read(() =>
      this.#statement<[], ConversationRow>(`${conversationQuery} WHERE conversation.added_at IS NOT NULL`)
        .all()
        .map(contactView),
    )
  }

  page(request: PageRequest): Promise<MessagePage> {
    return this.#read(() => {
      const found = this.#ref.get(request.conversationId)
      const slice = found === undefined ? null : this.#slice(found.ref, request)
      return {
        conversationId: request.conversationId,
        messages: (slice?.rows ?? []).map(messageView),
        hasOlder: slice?.hasOlder ?? false,
        hasNewer: slice?.hasNewer ?? false,
        total: found?.total ?? 0,
        revision: this.#revision(),
      }
    })
  }

  message(conversation: ConversationId, author: Aor, id: MessageId): Promise<MessageView | null> {
    return this.#read(() => {
      const row = this.#statement<[string, string, string], MessageRow>(
        `SELECT ${messageColumns} FROM ${messageJoin}
           WHERE conversation.id = ? AND author = ? AND message_id = ? ORDER BY variant LIMIT 1`,
      ).get(conversation, author, id)
      return row === undefined ? null : messageView(row)
    })
  }

  lastReaction(
    conversation: ConversationId,
    message: { readonly author: Aor; readonly messageId: MessageId },
    by: Aor,
  ): Promise<number | null> {
    return this.#read(() => readLastReaction(this.#db, { conversation, ...message }, by))
  }

  unreadUpTo(conversation: ConversationId, position: number, limit: number): Promise<readonly MessageView[]> {
    return this.#read(() => {
      const found = this.#ref.get(conversation)
      if (found === undefined) return []
      return this.#statement<[number, number, number, number], MessageRow>(
        `SELECT ${messageColumns} FROM ${messageJoin}
           WHERE message.conversation = ? AND position > ? AND position <= ? AND incoming = 1 AND deleted = 0 AND quiet = 0
           ORDER BY position ${boundLimit}`,
      )
        .all(found.ref, found.read_position, position, limit)
        .map(messageView)
    })
  }

  search(request: SearchRequest): Promise<SearchPage> {
    return this.#read(() => this.#search.page(request))
  }

  savedSearches(): Promise<readonly StoredSearch[]> {
    return this.#read(() => this.#statement<[], StoredSearch>('SELECT * FROM saved_search ORDER BY name, id').all())
  }

  marks(account: Aor, peer: Aor): Promise<readonly MergedMark[]> {
    return this.#read(() => readMarks(this.#db, account, peer))
  }

  followingSettings(account: Aor): Promise<FollowingSettings> {
    return this.#read(() => readFollowingSettings(this.#db, account))
  }

  dueJobs(now: number, limit: number): Promise<readonly WaitingJob[]> {
    return this.#read(() =>
      this.#statement<[number, number], Omit<JobRow, 'payload'>>(
        `SELECT ${waitingJobColumns} FROM job WHERE next_attempt_at <= ? ORDER BY created_at, rowid ${boundLimit}`,
      )
        .all(now, limit)
        .map(waitingJobOf),
    )
  }

  jobsOf(conversation: ConversationId, target: MessageId): Promise<readonly OutboxJob[]> {
    return this.#read(() =>
      this.#statement<[string, string], JobRow>(
        'SELECT * FROM job WHERE conversation = ? AND target = ? ORDER BY rowid',
      )
        .all(conversation, target)
        .map(jobOf),
    )
  }

  expired(now: number, limit: number): Promise<readonly ExpiredRow[]> {
    return this.#read(() => this.#upkeep.expired(now, limit))
  }

  nextExpiry(): Promise<number | null> {
    return this.#read(() => this.#upkeep.nextExpiry())
  }

  overdue(now: number, keepDays: number): Promise<readonly Overdue[]> {
    return this.#read(() => this.#upkeep.overdue(now, keepDays))
  }

  droppedAttachments(): Promise<readonly AttachmentId[]> {
    return this.#read(() => this.#upkeep.dropped())
  }

  attachments(): Promise<readonly AttachmentId[]> {
    return this.#read(() => this.#upkeep.attachments())
  }

  attachmentsOf(account: Aor): Promise<readonly AttachmentId[]> {
    return this.#read(() => this.#upkeep.attachmentsOf(account))
  }

  attachmentOf(conversation: ConversationId, author: Aor, id: MessageId): Promise<AttachmentKey | null> {
    return this.#read(() => this.#upkeep.attachmentOf(conversation, author, id))
  }

  setting(key: string): Promise<string | null> {
    return this.#read(
      () => this.#statement<[string], string>('SELECT value FROM setting WHERE key = ?').pluck().get(key) ?? null,
    )
  }

  secret(name: string): Promise<Uint8Array | null> {
    return this.#read(() => {
      const value = this.#statement<[string], Buffer>('SELECT value FROM secret WHERE name = ?').pluck().get(name)
      if (value === undefined) return null
      const secret = sharedSecretOf(value)
      wipe(value)
      return secret
    })
  }

  counts(): Promise<{ readonly messages: number; readonly conversations: number; readonly databaseBytes: number }> {
    return this.#read(() => {
      const sums = this.#statement<[], { readonly messages: number | null; readonly conversations: number }>(
        'SELECT sum(total) AS messages, count(*) AS conversations FROM conversation',
      ).get()
      const bytes = ['', '-wal', '-shm'].map((s) => statSync(`${this.#path}${s}`, { throwIfNoEntry: false })?.size ?? 0)
      return {
        messages: sums?.messages ?? 0,
        conversations: sums?.conversations ?? 0,
        databaseBytes: bytes.reduce((sum, size) => sum + size, 0),
      }
    })
  }

  holdings(): Promise<HistoryHoldings> {
    return readHoldings({ db: this.#db, read: (slice) => this.#read(slice), pause: () => setImmediate() })
  }

  archiveExtent(scope: ArchiveScope): Promise<ArchiveExtent> {
    return this.#read(() => readExtent(this.#db, scope))
  }

  archivePage(request: Parameters<HistoryReaderPort['archivePage']>[0]): Promise<ArchivePage> {
    return this.#read(() => readArchivePage(this.#db, request))
  }

  previewImport(entries: PackedEntries): Promise<ImportPreview> {
    return this.#read(() => previewEntries(this.#db, entries))
  }

  archivedConversations(scope: ArchiveScope): Promise<readonly ArchivedConversation[]> {
    return this.#read(() => readArchivedConversations(this.#db, scope))
  }

  transferPiece(account: Aor, after: string | null): Promise<TransferPiece> {
    return this.#read(() => readTransferPiece(this.#db, account, after))
  }

  zrtpPeer(pair: Parameters<HistoryReaderPort['zrtpPeer']>[0]): Promise<KeptZrtpPeer | null> {
    return this.#read(() => readZrtpPeer(this.#db, pair))
  }

  zrtpVerifiedWith(account: Aor, peer: Aor): Promise<boolean> {
    return this.#read(() => isVerifiedWith(this.#db, account, peer))
  }

  zrtpDevices(account: Aor, peer: Aor): Promise<readonly KnownZrtpDevice[]> {
    return this.#read(() => readZrtpDevices(this.#db, account, peer))
  }

  zrtpContacts(account: Aor): Promise<readonly Aor[]> {
    return this.#read(() => readZrtpContacts(this.#db, account))
  }

  callMemory(account: Aor, peer: Aor): Promise<CallMemory | null> {
    return this.#read(() => readCallMemory(this.#db, account, peer))
  }

  /** Timestamp of the latest message: the device's clock goes on from there, even when the wall clock went back. */
  lastHlc(): Promise<Hlc> {
    return this.#read(() =>
      hlcOf(
        this.#statement<[], number | null>('SELECT base FROM message ORDER BY position DESC LIMIT 1').pluck().get() ??
          0,
      ),
    )
  }

  #slice(ref: number, { anchor, limit }: PageRequest): Slice {
    if (anchor.at === 'newest') return this.#before(ref, Number.MAX_SAFE_INTEGER, limit)
    if (anchor.at === 'before') return this.#before(ref, anchor.position, limit)
    if (anchor.at === 'after') return this.#after(ref, anchor.position + 1, limit)
    const older = this.#before(ref, anchor.position, Math.floor(limit / 2))
    const newer = this.#after(ref, anchor.position, limit - older.rows.length)
    return { rows: [...older.rows, ...newer.rows], hasOlder: older.hasOlder, hasNewer: newer.hasNewer }
  }

  /** Up to `limit` rows before `position`. */
  #before(ref: number, position: number, limit: number): Slice {
    const rows = this.#older.all(ref, position, limit + 1)
    const hasNewer = this.#newer.get(ref, position, 1) !== undefined
    return { rows: rows.slice(0, limit).reverse(), hasOlder: rows.length > limit, hasNewer }
  }

  /** Up to `limit` rows from `position` on. */
  #after(ref: number, position: number, limit: number): Slice {
    const rows = this.#newer.all(ref, position, limit + 1)
    const hasOlder = this.#older.get(ref, position, 1) !== undefined
    return { rows: rows.slice(0, limit), hasOlder, hasNewer: rows.length > limit }
  }

  #revision(): number {
    return this.#statement<[], number>("SELECT value FROM state WHERE name = 'revision'").pluck().get() ?? 0
  }

  /** Compiled once: compiling took longer than most of the reads. */
  #statement<Params extends unknown[], Row>(sql: string): Statement<Params, Row> {
    const known = this.#statements.get(sql)
    const statement = known ?? this.#db.prepare(sql)
    if (known === undefined) this.#statements.set(sql, statement)
    return statement as Statement<Params, Row>
  }

  /** Runs `read` in one snapshot, so that a page and its revision belong together. */
  // eslint-disable-next-line @typescript-eslint/require-await -- async turns what the database throws into a rejection
  async #read<T>(read: () => T): Promise<T> {
    if (this.#closed) throw new SottoError('locked')
    return withStorageFailures(() => this.#snapshot(read) as T)
  }
}
