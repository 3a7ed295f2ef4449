/** The `message` table and its search index: always what `mergeMessage` says about each cluster. */
import type { Database, Statement } from 'better-sqlite3'
import { isQuiet } from '#shared/model/merge-call.ts'
import type { MergedMessage } from '#shared/model/merge.ts'
import { maxHlcCounter } from '#shared/model/hlc.ts'
import { indexText, searchTextVersion } from './search-text.ts'
import { messageColumns, messageJoin, type MessageRow } from './views.ts'

const slots = maxHlcCounter + 1
/** Messages of one instant that are looked at one by one. */
const maxNeighbours = 64
const maxWallMs = Math.floor(Number.MAX_SAFE_INTEGER / slots) - 1

type Params = Readonly<Record<string, string | number | null>>

/** What bringing one cluster up to date did. */
export interface ClusterChange {
  /** Positions of rows that are new or changed. */
  readonly changed: readonly number[]
  /** Of these, the incoming ones that were not there before. */
  readonly newIncoming: readonly number[]
  /** Rows went away or moved: a list of changed rows cannot say it. */
  readonly removed: boolean
}

/** Where a message stands: milliseconds of its first observation, then the clock's counter. */
export function basePosition(hlc: MergedMessage['hlc']): number {
  return Math.min(hlc.wallMs, maxWallMs) * slots + Math.min(hlc.counter, maxHlcCounter)
}

/** The timestamp behind a base position. */
export function hlcOf(base: number): MergedMessage['hlc'] {
  return { wallMs: Math.floor(base / slots), counter: base % slots }
}

export class MessageStore {
  readonly #db: Database
  readonly #rows: Statement<[number, string, string], MessageRow>
  readonly #byPosition: Statement<[number], MessageRow>
  readonly #from: Statement<[number], number>
  readonly #insert: Statement<[Params]>
  readonly #update: Statement<[Params]>
  readonly #remove: Statement<[number]>
  readonly #index: Statement<[number, string]>
  readonly #unindex: Statement<[number, string]>

  constructor(db: Database) {
    this.#db = db
    this.#rows = db.prepare(
      `SELECT ${messageColumns} FROM ${messageJoin}
       WHERE conversation = ? AND message_id = ? AND author = ? ORDER BY variant`,
    )
    this.#byPosition = db.prepare(`SELECT ${messageColumns} FROM ${messageJoin} WHERE position = ?`)
    this.#from = db
      .prepare<[number], number>('SELECT position FROM message WHERE position >= ? ORDER BY position')
      .pluck()
    const names = Object.keys(columnsOf(emptyMessage, 0))
    this.#insert = db.prepare(
      `INSERT INTO message (position, base, conversation, ${names.join(', ')})
       VALUES (:position, :base, :conversation, ${names.map((name) => `:${name}`).join(', ')})`,
    )
    this.#update = db.prepare(
      `UPDATE message SET ${names.map((name) => `${name} = :${name}`).join(', ')} WHERE position = :position`,
    )
    this.#remove = db.prepare('DELETE FROM message WHERE position = ?')
    this.#index = db.prepare('INSERT INTO message_text (rowid, body) VALUES (?, ?)')
    this.#unindex = db.prepare("INSERT INTO message_text (message_text, rowid, body) VALUES ('delete', ?, ?)")
  }

  at(position: number): MessageRow | undefined {
    return this.#byPosition.get(position)
  }

  /** Rows of one message: one, or several where contents conflict. */
  rowsOf(conversation: number, author: string, messageId: string): readonly MessageRow[] {
    return this.#rows.all(conversation, messageId, author)
  }

  /** Makes the stored rows of one message equal to `merged`. */
  sync(conversation: number, rows: readonly MessageRow[], merged: readonly MergedMessage[]): ClusterChange {
    const kept = new Map<MergedMessage, MessageRow>()
    for (const message of merged) {
      const row = rows[message.variant]
      if (row?.base === basePosition(message.hlc)) kept.set(message, row)
    }
    const keptRows = new Set(kept.values())
    const gone = rows.filter((row) => !keptRows.has(row))
    for (const row of gone) this.delete(row)
    const changed: number[] = []
    const newIncoming: number[] = []
    for (const message of merged) {
      const row = kept.get(message)
      const position = row === undefined ? this.#add(conversation, message) : this.#change(row, message)
      if (position === null) continue
      changed.push(position)
      // Who rang is told while it rings: a call that is over is no news.
      const isNews = message.incoming && message.call === undefined
      if (row === undefined && isNews && gone.length === 0) newIncoming.push(position)
    }
    return { changed, newIncoming, removed: gone.length > 0 }
  }

  delete(row: MessageRow): void {
    if (row.text !== '') this.#unindex.run(row.position, indexText(row.text, row.conversation))
    this.#remove.run(row.position)
  }

  #add(conversation: number, message: MergedMessage): number {
    const base = basePosition(message.hlc)
    const position = this.#freePosition(base)
    this.#insert.run({ position, base, conversation, ...columnsOf(message, message.variant) })
    if (message.text !== '') this.#index.run(position, indexText(message.text, conversation))
    return position
  }

  /** Returns the position if anything changed, else null. */
  #change(row: MessageRow, message: MergedMessage): number | null {
    const columns = columnsOf(message, message.variant)
    const before = row as unknown as Params
    if (Object.entries(columns).every(([name, value]) => before[name] === value)) return null
    if (row.text !== message.text) {
      if (row.text !== '') this.#unindex.run(row.position, indexText(row.text, row.conversation))
      if (message.text !== '') this.#index.run(row.position, indexText(message.text, row.conversation))
    }
    this.#update.run({ position: row.position, ...columns })
    return row.position
  }

  /** The first free position from `base` on: two messages of the same instant follow each other. */
  #freePosition(base: number): number {
    let position = base
    for (const taken of this.#from.iterate(base)) {
      if (taken !== position) return position
      position += 1
      if (position - base >= maxNeighbours) break
    }
    return position - base < maxNeighbours ? position : this.#freeAfter(position - 1)
  }

  /** A free position right after a taken one, somewhere after `taken`: a million messages of one instant are not walked through. */
  #freeAfter(taken: number): number {
    const isTaken = (position: number): boolean => this.#from.get(position) === position
    let [low, step] = [taken, 1]
    while (isTaken(low + step)) {
      low += step
      step *= 2
    }
    let high = low + step
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (isTaken(middle)) low = middle
      else high = middle
    }
    return high
  }

  /** Builds the search index again if its rules changed. */
  reindexIfNeeded(): void {
    const version = this.#db.prepare("SELECT value FROM state WHERE name = 'search_text_version'").pluck().get()
    if (version === searchTextVersion) return
    this.#db
      .transaction(() => {
        this.#db.prepare("INSERT INTO message_text (message_text) VALUES ('delete-all')").run()
        const all = this.#db.prepare<[], Pick<MessageRow, 'position' | 'text' | 'conversation'>>(
          "SELECT position, text, conversation FROM message WHERE text <> '' ORDER BY position",
        )
        // `iterate` would keep the connection busy: pages of rows instead.
        for (const row of all.all()) this.#index.run(row.position, indexText(row.text, row.conversation))
        this.#db
          .prepare("INSERT OR REPLACE INTO state (name, value) VALUES ('search_text_version', ?)")
          .run(searchTextVersion)
      })
      .immediate()
  }
}

const emptyMessage = { path: undefined, failure: undefined } as unknown as MergedMessage

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
    // Nothing of a file waits to be read, and nobody hears that it was.
    quiet: Number(isQuiet(message.call) || message.authenticatedBy === 'file'),
    call_outcome: message.call?.outcome ?? null,
    call_video: message.call === undefined ? null : Number(message.call.video),
    call_duration: message.call?.durationMs ?? null,
    call_readers: message.call?.readers ?? null,
  }
}
