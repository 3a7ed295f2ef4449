/** Files of replicated entries that are to be fetched, or to be erased at the replica: statements only, inside a running transaction if they write. */
import type { Database, Statement } from 'better-sqlite3'
import type { Aor, AttachmentId, ConversationId, MessageId } from '#shared/model/ids.ts'
import { decodeStoredEntry } from '#shared/model/entry-codec.ts'
import { boundLimit } from '../bound-limit.ts'
import type { FilesToSettle, WantedFile } from '../replica-port.ts'

/** Files of one answer, of either kind. */
const pageFiles = 256

interface WantedRow {
  readonly id: AttachmentId
  readonly size: number
  readonly conversation: ConversationId
  readonly author: Aor
  readonly subject: MessageId
}

interface RecentRow {
  readonly id: AttachmentId
  readonly bytes: Uint8Array
}

export class ReplicaFiles {
  readonly #wanted: Statement<[number, string, number], WantedRow>
  readonly #recent: Statement<[number, number, string, number], RecentRow>
  readonly #erased: Statement<[number, number], AttachmentId>
  readonly #settle: Statement<[number, string]>
  readonly #want: Statement<[number, string, number]>
  readonly #eraseOf: Statement<[number, number]>
  readonly #eraseOfRow: Statement<[number, number, string, string]>

  constructor(db: Database) {
    this.#wanted = db.prepare(
      `SELECT replica_blob.id AS id, min(attachment.size) AS size, conversation.id AS conversation, entry.author AS author,
           entry.subject AS subject
         FROM replica_blob JOIN attachment ON attachment.id = replica_blob.id JOIN entry ON entry.id = attachment.entry
           JOIN conversation ON conversation.ref = entry.conversation
         WHERE replica = ? AND erase = 0 AND replica_blob.id > ? GROUP BY replica_blob.id ORDER BY replica_blob.id ${boundLimit}`,
    )
    this.#recent = db.prepare(
      `SELECT attachment.id AS id, entry.bytes AS bytes FROM attachment JOIN entry ON entry.id = attachment.entry
         WHERE EXISTS (SELECT 1 FROM replica_envelope JOIN replica_device ON replica_device.ref = replica_envelope.device
             WHERE replica_envelope.entry = entry.seq AND replica = ? AND kept_at >= ?)
           AND attachment.id > ? ORDER BY attachment.id ${boundLimit}`,
    )
    this.#erased = db
      .prepare<[number, number], AttachmentId>(
        `SELECT id FROM replica_blob WHERE replica = ? AND erase = 1
           AND NOT EXISTS (SELECT 1 FROM attachment WHERE attachment.id = replica_blob.id) ${boundLimit}`,
      )
      .pluck()
    this.#settle = db.prepare('DELETE FROM replica_blob WHERE replica = ? AND id = ?')
    this.#want = db.prepare('INSERT OR IGNORE INTO replica_blob (replica, id, erase, kept_at) VALUES (?, ?, 0, ?)')
    const erase = `INSERT INTO replica_blob (replica, id, erase, kept_at)
      SELECT replica.ref, attachment.id, 1, ? FROM entry JOIN attachment ON attachment.entry = entry.id
        JOIN replica ON replica.account = entry.account WHERE`
    const again = 'ON CONFLICT DO UPDATE SET erase = 1, kept_at = excluded.kept_at'
    this.#eraseOf = db.prepare(`${erase} entry.seq = ? ${again}`)
    this.#eraseOfRow = db.prepare(`${erase} conversation = ? AND subject = ? AND author = ? ${again}`)
  }

  /** An entry that names this file came from another device. */
  want(replica: number, id: AttachmentId, now: number): void {
    this.#want.run(replica, id, now)
  }

  /** An entry is to be forgotten by all: so is its file. */
  eraseOf(entry: number, now: number): void {
    this.#eraseOf.run(now, entry)
  }

  /** All that was said about a row is to be forgotten by all. */
  eraseOfRow(conversation: number, author: string, subject: string, now: number): void {
    this.#eraseOfRow.run(now, conversation, subject, author)
  }

  toSettle(replica: number, after: string): FilesToSettle {
    const wanted: readonly WantedFile[] = this.#wanted
      .all(replica, after, pageFiles)
      .map(({ id, size, conversation, author, subject }) => ({ id, size, row: { conversation, author, id: subject } }))
    const next = wanted.length < pageFiles ? null : (wanted.at(-1)?.id ?? null)
    return { wanted, erased: this.#erased.all(replica, pageFiles), next }
  }

  /** Of entries that others may read at a server: it forgets what is older. */
  since(replica: number, since: number, after: string): readonly AttachmentId[] {
    const found = new Set<AttachmentId>()
    for (let from = after; found.size === 0;) {
      const rows = this.#recent.all(replica, since, from, pageFiles)
      const last = rows.at(-1)
      if (last === undefined) break
      for (const { id, bytes } of rows) if (decodeStoredEntry(bytes).head.observedAt >= since) found.add(id)
      from = last.id
    }
    return [...found]
  }

  settle(replica: number, ids: readonly AttachmentId[]): void {
    for (const id of ids) this.#settle.run(replica, id)
  }
}
