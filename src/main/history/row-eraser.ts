/** Erases rows with everything that was ever said about them, so that nothing is left to find or to restore. */
import type { Database, Statement } from 'better-sqlite3'
import type { Aor, ConversationId, MessageId } from '#shared/model/ids.ts'
import { boundLimit } from './bound-limit.ts'
import type { Touched } from './apply-entry.ts'
import type { ConversationStore } from './conversation-store.ts'
import type { MessageStore } from './message-store.ts'
import type { ReplicaTrace } from './replica/replica-trace.ts'
import { messageColumns, messageJoin, type MessageRow } from './views.ts'

/** A row by its key. */
export interface Erasable {
  readonly conversation: ConversationId
  readonly author: Aor
  readonly messageId: MessageId
}

export class RowEraser {
  readonly #messages: MessageStore
  readonly #conversations: ConversationStore
  readonly #trace: ReplicaTrace
  readonly #before: Statement<[number, number, number], MessageRow>
  readonly #cluster: Statement<[number, string, string]>
  readonly #jobs: Statement<[string, string]>
  readonly #rows: Statement<[number], MessageRow>
  readonly #whole: readonly Statement<[number]>[]
  readonly #allJobs: Statement<[string]>

  constructor(
    db: Database,
    stores: {
      readonly messages: MessageStore
      readonly conversations: ConversationStore
      readonly trace: ReplicaTrace
    },
  ) {
    this.#messages = stores.messages
    this.#conversations = stores.conversations
    this.#trace = stores.trace
    const rows = `SELECT ${messageColumns} FROM ${messageJoin} WHERE message.conversation = ?`
    this.#before = db.prepare(`${rows} AND position < ? ORDER BY position ${boundLimit}`)
    this.#cluster = db.prepare('DELETE FROM entry WHERE conversation = ? AND subject = ? AND author = ?')
    this.#jobs = db.prepare('DELETE FROM job WHERE conversation = ? AND target = ?')
    this.#rows = db.prepare(rows)
    const pair = '(account, peer) = (SELECT account, peer FROM conversation WHERE ref = ?)'
    this.#whole = [
      'DELETE FROM entry WHERE conversation = ?',
      `DELETE FROM zrtp_peer WHERE ${pair}`,
      `DELETE FROM call_memory WHERE ${pair}`,
      'DELETE FROM conversation WHERE ref = ?',
    ].map((sql) => db.prepare(sql))
    this.#allJobs = db.prepare('DELETE FROM job WHERE conversation = ?')
  }

  /** Erases up to `limit` of the oldest rows that stand before `position`, on this device alone. */
  before(
    conversation: ConversationId,
    { position, limit }: { position: number; limit: number },
    touched: Touched,
  ): void {
    const ref = this.#conversations.knownRef(conversation)
    if (ref === null) return
    const rows = this.#before.all(ref, position, limit)
    for (const row of rows) {
      this.#jobs.run(conversation, row.message_id)
      this.#trace.forgettingRow(ref, row.author, row.message_id)
    }
    this.#eraseRows(ref, rows, touched)
  }

  /** Erases what is left of a row, here and where it is replicated; that it is gone, and what was read, stays said. */
  row({ conversation, author, messageId }: Erasable, touched: Touched): void {
    const ref = this.#conversations.knownRef(conversation)
    if (ref === null) return
    if (this.#messages.rowsOf(ref, author, messageId).length > 0) this.#trace.erasingRow(ref, author, messageId)
    this.#jobs.run(conversation, messageId)
    this.#eraseRows(ref, this.#messages.rowsOf(ref, author, messageId), touched)
  }

  #eraseRows(ref: number, rows: readonly MessageRow[], touched: Touched): void {
    if (rows.length === 0) return
    for (const row of rows) {
      this.#messages.delete(row)
      this.#cluster.run(ref, row.message_id, row.author)
    }
    this.#conversations.updateCounters(ref, -rows.length)
    touched.conversations.add(ref)
    touched.incomplete = true
  }

  /** Erases a conversation: rows, entries, contact, draft, what waits to be sent, and what calls with the contact left. */
  conversation(id: ConversationId, touched: Touched): void {
    const ref = this.#conversations.knownRef(id)
    if (ref === null) return
    // One by one: the search index forgets a text only when it is told the text.
    for (const row of this.#rows.all(ref)) this.#messages.delete(row)
    this.#allJobs.run(id)
    this.#trace.forgettingConversation(ref)
    for (const statement of this.#whole) statement.run(ref)
    touched.removedConversations.add(id)
    touched.conversations.delete(ref)
    touched.contacts.delete(ref)
    touched.incomplete = true
  }
}
