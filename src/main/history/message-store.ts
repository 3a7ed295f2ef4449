/** The `message` table, and with it the search index: always what `mergeMessage` says about each cluster. */
import type { Database, Statement } from 'better-sqlite3'
import { isQuiet } from '#shared/model/merge-call.ts'
import type { MergedMessage } from '#shared/model/merge.ts'
import { ClusterChange } from './cluster-change.ts'
import { basePosition } from './position.ts'
import { Places, type PlaceKey } from './places.ts'
import { ReactionRows, reactionsOf, reactionsText } from './reaction-rows.ts'
import { messageColumns, messageJoin, type MessageRow } from './views.ts'
import type { WordIndex } from './word-index.ts'

type Params = Readonly<Record<string, string | number | null>>

export class MessageStore {
  readonly #words: WordIndex
  readonly #reactions: ReactionRows
  readonly #rows: Statement<[number, string, string], MessageRow>
  readonly #byPosition: Statement<[number], MessageRow>
  readonly #places: Places
  readonly #insert: Statement<(string | number | null)[]>
  readonly #update: Statement<[Params]>
  readonly #move: Statement<[number, number]>
  readonly #remove: Statement<[number]>
  readonly #startExpiry: Statement<[Params], { readonly position: number }>

  constructor(db: Database, words: WordIndex) {
    this.#words = words
    this.#reactions = new ReactionRows(db)
    this.#rows = db.prepare(
      `SELECT ${messageColumns} FROM ${messageJoin}
       WHERE conversation = ? AND message_id = ? AND author = ? ORDER BY variant`,
    )
    this.#byPosition = db.prepare(`SELECT ${messageColumns} FROM ${messageJoin} WHERE position = ?`)
    this.#places = new Places(db)
    const names = Object.keys(columnsOf(emptyMessage, 0))
    // In order, not by name: binding thirty names takes as long as the rest of the row.
    this.#insert = db.prepare(
      `INSERT INTO message (position, base, conversation, ${names.join(', ')}) VALUES (?, ?, ?, ${names.map(() => '?').join(', ')})`,
    )
    this.#update = db.prepare(
      `UPDATE message SET ${names.map((name) => `${name} = :${name}`).join(', ')} WHERE position = :position`,
    )
    this.#move = db.prepare('UPDATE message SET position = ? WHERE position = ?')
    this.#remove = db.prepare('DELETE FROM message WHERE position = ?')
    this.#startExpiry = db.prepare(
      `UPDATE message SET expires_at = expires_after * 1000 + CASE incoming WHEN 0 THEN received_at ELSE max(received_at, :readAt) END
       WHERE conversation = :conversation AND expires_after IS NOT NULL AND expires_at IS NULL AND deleted = 0
         AND (incoming = 0 OR position <= (SELECT read_position FROM conversation WHERE ref = :conversation))
       RETURNING position`,
    )
  }

  at(position: number): MessageRow | undefined {
    return this.#byPosition.get(position)
  }

  /** Rows of one message: one, or several where contents conflict. */
  rowsOf(conversation: number, author: string, messageId: string): readonly MessageRow[] {
    return this.#rows.all(conversation, messageId, author)
  }

  holds(conversation: number, { author, messageId }: { readonly author: string; readonly messageId: string }): boolean {
    return this.rowsOf(conversation, author, messageId).length > 0
  }

  /** Makes the stored rows of one message equal to `merged`. */
  sync(conversation: number, rows: readonly MessageRow[], merged: readonly MergedMessage[]): ClusterChange {
    const kept = new Map<MergedMessage, MessageRow>()
    for (const message of merged) {
      const row = rows[message.variant]
      if (row !== undefined && standsRight(row, message)) kept.set(message, row)
    }
    const keptRows = new Set(kept.values())
    const gone = rows.filter((row) => !keptRows.has(row))
    for (const row of gone) this.delete(row)
    const change = new ClusterChange()
    change.removed = gone.length > 0
    // First what is kept, while it stands where it stood.
    for (const [message, row] of kept) if (this.#change(row, message)) change.changed.push(row.position)
    for (const message of merged) if (!kept.has(message)) this.#add(conversation, message, change)
    if (gone.length > 0) change.newIncoming = []
    return change
  }

  delete(row: MessageRow): void {
    this.#words.remove(row.position, row)
    this.#remove.run(row.position)
  }

  /**
   * Starts the time of what disappears: of own messages when they are sent, of others when they are read. Returns the
   * positions of the rows whose time began.
   */
  startExpiry(conversation: number, readAt: number): readonly number[] {
    return this.#startExpiry.all({ conversation, readAt }).map(({ position }) => position)
  }

  #add(conversation: number, message: MergedMessage, change: ClusterChange): void {
    const [base, columns] = [basePosition(message.hlc), columnsOf(message, message.variant)]
    const { position, moves } = this.#places.of(conversation, keyOf(message, base))
    for (const [from, to] of moves) this.#makeRoom(from, to)
    change.follow(moves)
    this.#insert.run(position, base, conversation, ...Object.values(columns))
    this.#words.add(position, { conversation, ...columns })
    this.#reactions.add(position, message.reactions)
    change.changed.push(position)
    change.added.push({ position, waitsToBeRead: waitsToBeRead(message) })
    if (isNews(message)) change.newIncoming.push(position)
  }

  #makeRoom(from: number, to: number): void {
    const row = this.#byPosition.get(from)
    if (row === undefined) throw new Error('nobody stands there')
    const reactions = row.reactions === null ? [] : reactionsOf(row.reactions)
    this.#words.remove(from, row)
    this.#reactions.replace(from, [])
    this.#move.run(to, from)
    this.#reactions.add(to, reactions)
    this.#words.add(to, row)
  }

  /** Returns whether anything changed. */
  #change(row: MessageRow, message: MergedMessage): boolean {
    const columns = columnsOf(message, message.variant)
    const before = row as unknown as Params
    const isAnswered = row.reactions !== reactionsText(message.reactions)
    if (isAnswered) this.#reactions.replace(row.position, message.reactions)
    if (Object.entries(columns).every(([name, value]) => before[name] === value)) return isAnswered
    this.#words.change(row.position, row, { conversation: row.conversation, ...columns })
    this.#update.run({ position: row.position, ...columns })
    return true
  }
}

const emptyMessage = { path: undefined, failure: undefined } as unknown as MergedMessage

/** Nothing of a file waits to be read, and nobody hears that it was. */
function isQuietRow({ call, authenticatedBy }: MergedMessage): boolean {
  return isQuiet(call) || authenticatedBy === 'file'
}

function keyOf({ sentAt, author, messageId, variant }: MergedMessage, base: number): PlaceKey {
  return { base, sent_at: sentAt, author, message_id: messageId, variant }
}

/** A row is kept where it is: at its instant, among the others of it. */
function standsRight(row: MessageRow, { hlc, sentAt }: MergedMessage): boolean {
  return row.base === basePosition(hlc) && row.sent_at === sentAt
}

/** Who rang is told while it rings: a call that is over is no news. */
function isNews({ incoming, call }: MergedMessage): boolean {
  return incoming && call === undefined
}

function waitsToBeRead(message: MergedMessage): boolean {
  return message.incoming && !message.deleted && !isQuietRow(message)
}

function columnsOf(message: MergedMessage, variant: number) {
  return {
    author: message.author,
    message_id: message.messageId,
    variant,
    incoming: Number(message.incoming),
    text: message.text,
    sent_at: message.sentAt,
    received_at: message.receivedAt,
    state: message.state,
    failure: message.failure ?? null,
    path: message.path ?? null,
    display_receipt: Number(message.displayReceipt === true),
    edited: Number(message.edited),
    deleted: Number(message.deleted),
    conflicting: Number(message.conflicting),
    authenticated_by: message.authenticatedBy,
    read_mark: Number(message.readMark),
    ...callColumns(message.call),
    quiet: Number(isQuietRow(message)),
    bookmarked: Number(message.bookmarked),
    timer: message.timer ?? null,
    expires_after: message.expiresAfter ?? null,
    ...fileColumns(message.file),
  }
}

function callColumns(call: MergedMessage['call']) {
  return {
    call_outcome: call?.outcome ?? null,
    call_video: call === undefined ? null : Number(call.video),
    call_duration: call?.durationMs ?? null,
    call_readers: call?.readers ?? null,
  }
}

function fileColumns(file: MergedMessage['file']) {
  return {
    file_name: file?.name ?? null,
    file_type: file?.mediaType ?? null,
    file_size: file?.size ?? null,
    attachment: file?.attachment ?? null,
  }
}
