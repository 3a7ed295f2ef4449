/** What has to go from the history, and which files on disk belong to it. */
import type { Database, Statement } from 'better-sqlite3'
import type { Entry } from '#shared/model/entry.ts'
import type { Aor, AttachmentId, ConversationId, MessageId } from '#shared/model/ids.ts'
import { decodeStoredEntry } from '#shared/model/entry-codec.ts'
import { boundLimit } from './bound-limit.ts'
import { positionAt } from './position.ts'
import type { AttachmentKey, ExpiredRow, Overdue } from './port.ts'

const dayMs = 86_400_000

/** Reads what {@link HistoryWriter} is asked to erase; nothing here writes. */
export class Upkeep {
  readonly #expired: Statement<[number, number], ExpiredRow>
  readonly #next: Statement<[], number | null>
  readonly #kept: Statement<
    [number],
    { readonly id: ConversationId; readonly days: number; readonly oldest: number | null }
  >
  readonly #dropped: Statement<[], AttachmentId>
  readonly #attachments: Statement<[], AttachmentId>
  readonly #attachmentsOf: Statement<[string], AttachmentId>
  readonly #cluster: Statement<[string, string, string], Uint8Array>

  constructor(db: Database) {
    this.#expired = db.prepare(
      `SELECT conversation.id AS conversation, account, peer, author, message_id AS messageId, position AS place
         FROM message JOIN conversation ON conversation.ref = message.conversation
         WHERE expires_at <= ? ORDER BY expires_at ${boundLimit}`,
    )
    this.#next = db
      .prepare<[], number | null>('SELECT min(expires_at) FROM message WHERE expires_at IS NOT NULL')
      .pluck()
    this.#kept = db.prepare(
      `SELECT id, coalesce(keep_days, ?) AS days,
         (SELECT min(position) FROM message WHERE message.conversation = conversation.ref) AS oldest
         FROM conversation`,
    )
    this.#dropped = db.prepare<[], AttachmentId>('SELECT id FROM dropped_attachment').pluck()
    this.#attachments = db.prepare<[], AttachmentId>('SELECT DISTINCT id FROM attachment').pluck()
    this.#attachmentsOf = db
      .prepare<[string], AttachmentId>(
        'SELECT DISTINCT attachment.id FROM attachment JOIN entry ON entry.id = attachment.entry WHERE account = ?',
      )
      .pluck()
    this.#cluster = db
      .prepare<[string, string, string], Uint8Array>(
        `SELECT bytes FROM entry WHERE conversation = (SELECT ref FROM conversation WHERE id = ?) AND subject = ? AND author = ?`,
      )
      .pluck()
  }

  expired(now: number, limit: number): readonly ExpiredRow[] {
    return this.#expired.all(now, limit)
  }

  nextExpiry(): number | null {
    return this.#next.get() ?? null
  }

  overdue(now: number, keepDays: number): readonly Overdue[] {
    return this.#kept.all(keepDays).flatMap(({ id, days, oldest }) => {
      const position = positionAt(now - days * dayMs)
      return days === 0 || oldest === null || oldest >= position ? [] : [{ conversation: id, position }]
    })
  }

  dropped(): readonly AttachmentId[] {
    return this.#dropped.all()
  }

  attachments(): readonly AttachmentId[] {
    return this.#attachments.all()
  }

  attachmentsOf(account: Aor): readonly AttachmentId[] {
    return this.#attachmentsOf.all(account)
  }

  attachmentOf(conversation: ConversationId, author: Aor, id: MessageId): AttachmentKey | null {
    const entries = this.#cluster.all(conversation, id, author).map(decodeStoredEntry)
    return entries.flatMap(attachmentIn).toSorted((a, b) => (a.id < b.id ? -1 : 1))[0] ?? null
  }
}

function attachmentIn({ body }: Entry): readonly AttachmentKey[] {
  if (body.kind !== 'file' || body.attachment === undefined || body.attachmentKey === undefined) return []
  const { attachment: id, attachmentKey: key, fileName, mediaType, size } = body
  return [{ id, key, fileName, mediaType, size }]
}
