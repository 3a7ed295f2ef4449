/** The `conversation` table: who it is with, what the user set, and counters that make lists O(1) per conversation. */
import type { Database, Statement } from 'better-sqlite3'
import type { MergedContact } from '#shared/model/merge.ts'
import type { Aor, ConversationId } from '#shared/model/ids.ts'
import type { Of } from '#shared/model/merge-order.ts'
import { maxExpirySeconds, maxUnread } from '#shared/model/limits.ts'
import { basePosition } from './position.ts'
import type { NewRow } from './cluster-change.ts'
import type { HistoryCommit } from './port.ts'
import { conversationQuery, type ConversationRow } from './views.ts'

export interface ConversationKey {
  readonly id: ConversationId
  readonly account: Aor
  readonly peer: Aor
}

type Draft = NonNullable<HistoryCommit['draft']>

export class ConversationStore {
  readonly #refs = new Map<ConversationId, number>()
  readonly #find: Statement<[string], number>
  readonly #insert: Statement<[string, string, string]>
  readonly #view: Statement<[number], ConversationRow>
  readonly #contact: Statement<[Readonly<Record<string, string | number | null>>]>
  readonly #draft: Statement<[string, number | null, number]>
  readonly #count: Statement<[number, number]>
  readonly #countOne: Statement<[number, number, number, number, number]>
  readonly #readTo: Statement<[number, number]>
  readonly #floor: Statement<[number, number, number]>
  readonly #ownTimer: Statement<[Readonly<Record<string, string | number>>]>
  readonly #peerTimer: Statement<[Readonly<Record<string, string | number>>]>

  constructor(db: Database) {
    this.#find = db.prepare<[string], number>('SELECT ref FROM conversation WHERE id = ?').pluck()
    this.#insert = db.prepare('INSERT INTO conversation (id, account, peer) VALUES (?, ?, ?)')
    this.#view = db.prepare(`${conversationQuery} WHERE conversation.ref = ?`)
    this.#contact = db.prepare(
      `UPDATE conversation SET name = :name, peer_name = :peerName, note = :note, policy = :policy, muted = :muted,
         call_policy = :callPolicy, pinned = :pinned, archived_base = :archivedBase, keep_days = :keepDays,
         added_at = :addedAt WHERE ref = :ref`,
    )
    this.#draft = db.prepare('UPDATE conversation SET draft = ?, draft_at = ? WHERE ref = ?')
    this.#readTo = db.prepare(
      `UPDATE conversation SET read_position = max(read_floor,
         coalesce((SELECT max(position) FROM message WHERE conversation = ? AND read_mark = 1), -1)) WHERE ref = ?`,
    )
    this.#floor = db.prepare('UPDATE conversation SET read_floor = ? WHERE ref = ? AND read_floor < ?')
    this.#ownTimer = db.prepare(
      `UPDATE conversation SET own_timer = :seconds, own_timer_base = :base
         WHERE ref = :ref AND account = :author AND (own_timer_base, own_timer) < (:base, :seconds)`,
    )
    this.#peerTimer = db.prepare(
      `UPDATE conversation SET peer_timer = :seconds, peer_timer_base = :base
         WHERE ref = :ref AND peer = :author AND (peer_timer_base, peer_timer) < (:base, :seconds)`,
    )
    this.#countOne = db.prepare(
      `UPDATE conversation SET total = total + 1, last_position = max(coalesce(last_position, ?), ?),
         unread = min(${maxUnread}, unread + (? AND ? > read_position)) WHERE ref = ?`,
    )
    this.#count = db.prepare(
      `UPDATE conversation SET
         total = total + ?,
         last_position = (SELECT max(position) FROM message WHERE message.conversation = conversation.ref),
         unread = (SELECT count(*) FROM (SELECT 1 FROM message
           WHERE message.conversation = conversation.ref AND position > conversation.read_position
             AND incoming = 1 AND deleted = 0 AND quiet = 0 LIMIT ${maxUnread}))
       WHERE ref = ?`,
    )
  }

  /** Row number of a conversation, made if it is new. */
  refOf(key: ConversationKey): number {
    const ref = this.knownRef(key.id) ?? Number(this.#insert.run(key.id, key.account, key.peer).lastInsertRowid)
    this.#refs.set(key.id, ref)
    return ref
  }

  /** Row number of a conversation; null if there is none. */
  knownRef(id: ConversationId): number | null {
    return this.#refs.get(id) ?? this.#find.get(id) ?? null
  }

  /** Forgets cached row numbers: after a rollback they may not exist. */
  forgetRefs(): void {
    this.#refs.clear()
  }

  row(ref: number): ConversationRow | undefined {
    return this.#view.get(ref)
  }

  setContact(ref: number, contact: MergedContact): void {
    const { name, peerName, note, policy, callPolicy, keepDays, addedAt, archivedAt } = contact
    const archivedBase = archivedAt === null ? null : basePosition(archivedAt)
    const flags = { muted: Number(contact.muted), pinned: Number(contact.pinned) }
    this.#contact.run({ ref, name, peerName, note, policy, callPolicy, keepDays, addedAt, archivedBase, ...flags })
  }

  /** Returns the row number of its conversation, made if it is new. */
  saveDraft({ conversation: id, accountAor: account, peer, text }: Draft, at: number): number {
    const ref = this.refOf({ id, account, peer })
    this.#draft.run(text, text === '' ? null : at, ref)
    return ref
  }

  /**
   * The newest word of either end about disappearing messages holds, whatever becomes of its row. For the own side only what
   * the servers cannot have made up: they must not be able to have messages thrown away.
   */
  setTimer(ref: number, { head, body }: Of<'timer'>): void {
    const seconds = Math.min(body.expiresAfter, maxExpirySeconds)
    const said = { ref, seconds, base: basePosition(head.hlc), author: body.author }
    // A file that comes in says nothing about what either side wants.
    if (head.authenticatedBy === 'file') return
    if (body.author !== head.account) this.#peerTimer.run(said)
    else if (head.authenticatedBy !== 'server') this.#ownTimer.run(said)
  }

  /** Whether everything up to `base` counts as read now and did not before. */
  raiseReadFloor(ref: number, base: number): boolean {
    return base >= 0 && this.#floor.run(base, ref, base).changes > 0
  }

  /** A read mark came or moved. */
  updateReadPosition(ref: number): void {
    this.#readTo.run(ref, ref)
  }

  /** One row came, and nothing else changed: what was counted still holds. */
  countNew(ref: number, { position, waitsToBeRead }: NewRow): void {
    this.#countOne.run(position, position, Number(waitsToBeRead), position, ref)
  }

  /** Messages came or went: `added` more rows; unread and last are counted again. */
  updateCounters(ref: number, added: number): void {
    this.#count.run(added, ref)
  }
}
