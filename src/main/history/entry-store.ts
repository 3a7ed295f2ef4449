/** The `entry` table: the bytes are the truth, everything else can be built again from them. */
import type { Database, Statement } from 'better-sqlite3'
import { fromBase64Url } from '#shared/bytes/base64url.ts'
import { ProtocolError, SottoError } from '#shared/errors.ts'
import { decodeStoredEntry, encodeEntry } from '#shared/model/entry-codec.ts'
import { kinds } from '#shared/model/entry-fields.ts'
import type { Entry } from '#shared/model/entry.ts'
import { isDominated } from '#shared/model/merge.ts'
import { strength } from '#shared/model/merge-order.ts'
import { isSameReaction } from '#shared/model/merge-reactions.ts'
import { boundLimit } from './bound-limit.ts'
import type { Known, ReplicaTrace } from './replica/replica-trace.ts'

/** What the column `kind` holds: the numbers of the codec, 0 for what waits for an update. */
const kindNumberOf = (kind: Entry['body']['kind']): number => (kind === 'unknown' ? 0 : kinds[kind].number)

/** An entry as it was stored. */
export interface StoredBytes {
  readonly seq: number
  readonly bytes: Uint8Array
}

export interface EntryPlace {
  readonly conversation: number | null
  readonly author: string | null
  readonly subject: string | null
}

/** Entries that are about an account as a whole. */
function ofAccount(db: Database, kind: 'saved-search' | 'account-settings'): Statement<[string], Uint8Array> {
  const where = 'account = ? AND conversation IS NULL AND subject IS NOT NULL'
  return db
    .prepare<[string], Uint8Array>(`SELECT bytes FROM entry WHERE ${where} AND kind = ${kinds[kind].number}`)
    .pluck()
}

export class EntryStore {
  readonly #trace: ReplicaTrace
  readonly #has: Statement<[Uint8Array], number>
  readonly #insert: Statement<(string | number | Uint8Array | null)[]>
  readonly #cluster: Statement<[number, string, string], Uint8Array>
  readonly #contacts: Statement<[number], Uint8Array>
  readonly #receipts: Statement<[number], Uint8Array>
  readonly #searches: Statement<[string], Uint8Array>
  readonly #accountSettings: Statement<[string], Uint8Array>
  readonly #rewrite: Statement<[Uint8Array, Uint8Array]>
  readonly #remove: Statement<[Uint8Array]>
  readonly #bytes: Statement<[Uint8Array], Uint8Array>
  readonly #unread: Statement<[number | bigint]>
  readonly #toReadAgain: Statement<[number, number], StoredBytes>
  readonly #attach: Statement<[string, Uint8Array, number]>
  readonly #detach: Statement<[Uint8Array]>

  constructor(db: Database, trace: ReplicaTrace) {
    this.#trace = trace
    this.#has = db.prepare<[Uint8Array], number>('SELECT 1 FROM entry WHERE id = ?').pluck()
    this.#insert = db.prepare(
      `INSERT INTO entry (id, account, conversation, kind, author, subject, bytes)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#cluster = db
      .prepare<[number, string, string], Uint8Array>(
        'SELECT bytes FROM entry WHERE conversation = ? AND subject = ? AND author = ?',
      )
      .pluck()
    this.#contacts = db
      .prepare<[number], Uint8Array>('SELECT bytes FROM entry WHERE conversation = ? AND subject IS NULL')
      .pluck()
    this.#receipts = db
      .prepare<[number], Uint8Array>(
        `SELECT bytes FROM entry WHERE conversation = ? AND subject IS NOT NULL AND kind IN (${kinds.delivery.number}, ${kinds.reaction.number})
           AND NOT EXISTS (SELECT 1 FROM message WHERE message.conversation = entry.conversation
             AND message.message_id = entry.subject AND message.author = entry.author) ORDER BY seq`,
      )
      .pluck()
    this.#searches = ofAccount(db, 'saved-search')
    this.#accountSettings = ofAccount(db, 'account-settings')
    this.#bytes = db.prepare<[Uint8Array], Uint8Array>('SELECT bytes FROM entry WHERE id = ?').pluck()
    this.#remove = db.prepare('DELETE FROM entry WHERE id = ?')
    this.#unread = db.prepare('INSERT INTO entry_unread (seq) VALUES (?)')
    this.#toReadAgain = db.prepare(
      `SELECT seq, bytes FROM entry WHERE seq IN (
         SELECT seq FROM entry WHERE kind = ${kindNumberOf('unknown')} AND conversation IS NULL
         UNION SELECT seq FROM entry_unread) AND seq > ? ORDER BY seq ${boundLimit}`,
    )
    this.#rewrite = db.prepare('UPDATE entry SET bytes = ? WHERE id = ?')
    this.#attach = db.prepare('INSERT INTO attachment (id, entry, size) VALUES (?, ?, ?)')
    this.#detach = db.prepare('DELETE FROM attachment WHERE entry = ?')
  }

  has(entry: Entry): boolean {
    return this.#has.get(idBytes(entry)) !== undefined
  }

  /** `encoded` = the entry's bytes, where they are at hand. */
  insert(entry: Entry, place: EntryPlace, encoded?: Uint8Array): void {
    const { head, body } = entry
    const id = idBytes(entry)
    const bytes = encoded ?? bytesOf(entry)
    const { conversation, author, subject } = place
    const row = this.#insert.run(id, head.account, conversation, kindNumberOf(body.kind), author, subject, bytes)
    if (body.kind === 'file' && body.attachment !== undefined) this.#attach.run(body.attachment, id, body.size)
    if (entry.extra !== undefined) this.#unread.run(row.lastInsertRowid)
    this.#trace.stored(row.lastInsertRowid, head.account)
  }

  /** An entry of a replica was not stored: this one, held already, stands for it. */
  standIn(held: Entry): void {
    this.#trace.heldAs(idBytes(held))
  }

  /** Whether what is held of this entry has lost its content. */
  isEmptied(entry: Entry, encoded: Uint8Array): boolean {
    const held = this.#bytes.get(idBytes(entry))
    return held !== undefined && held.length < encoded.length
  }

  /** Takes an entry out, and lets `run` put it back as another row. */
  replace(entry: Entry, run: () => void): void {
    this.#trace.moving(idBytes(entry), () => {
      this.remove(entry)
      run()
    })
  }

  /** Up to `limit` entries after `seq` of which a newer version than the one that stored them may read more. */
  toReadAgain(seq: number, limit: number): readonly StoredBytes[] {
    return this.#toReadAgain.all(seq, limit)
  }

  /** All entries about one message. */
  cluster(conversation: number, author: string, messageId: string): readonly Entry[] {
    return this.#cluster.all(conversation, messageId, author).map(decodeStoredEntry)
  }

  /** All entries about one peer. */
  contacts(conversation: number): readonly Entry[] {
    return this.#contacts.all(conversation).map(decodeStoredEntry)
  }

  /** All entries about the searches that an account keeps. */
  savedSearches(account: string): readonly Entry[] {
    return this.#searches.all(account).map(decodeStoredEntry)
  }

  /** All entries about what the user set for an account. */
  accountSettings(account: string): readonly Entry[] {
    return this.#accountSettings.all(account).map(decodeStoredEntry)
  }

  /** Everything said about the delivery of messages, and every reaction to messages, that are not here, in the order of arrival. */
  receiptsWithoutMessage(conversation: number): readonly Entry[] {
    return this.#receipts.all(conversation).map(decodeStoredEntry)
  }

  /** Only for what adds nothing to what is held, and for what a bound forbids. */
  remove(entry: Entry): void {
    this.#remove.run(idBytes(entry))
  }

  /**
   * Takes out of a cluster what the newest entry, a delete, a bookmark or a reaction, leaves without a use, and overwrites the contents
   * that a delete of their strength in `deleted` covers; returns the entries as they are now.
   */
  purge(entries: readonly Entry[], newest: Entry, deleted: (entry: Entry) => number): readonly Entry[] {
    const idle = entries.filter((entry) => isIdle(entry, newest))
    for (const entry of idle) {
      if (isSameReaction(entry, newest)) this.#trace.takenOver(idBytes(entry), idBytes(newest))
      else this.#trace.erasing(knownAs(entry))
      this.remove(entry)
    }
    const kept = idle.length === 0 ? entries : entries.filter((entry) => !idle.includes(entry))
    return kept.map((entry) => {
      const purged = withoutContent(entry, deleted(entry))
      if (purged !== entry) this.#empty(purged)
      return purged
    })
  }

  #empty(entry: Entry): void {
    this.#rewrite.run(bytesOf(entry), idBytes(entry))
    this.#trace.emptied(knownAs(entry))
    if (entry.body.kind === 'file') this.#detach.run(idBytes(entry))
  }
}

function knownAs(entry: Entry): Known {
  return { id: idBytes(entry), account: entry.head.account }
}

/** Only these make room: other entries that add nothing were not taken in the first place. */
function isIdle(entry: Entry, newest: Entry): boolean {
  const { kind } = newest.body
  const makesRoom =
    kind === 'bookmark' ||
    kind === 'reaction' ||
    (kind === 'delete' && (entry.body.kind === 'call' || newest.body.gone === true))
  return makesRoom && isDominated(entry, [newest])
}

/** The entry without its text or file if a delete of strength `deleted` covers it. */
export function withoutContent(entry: Entry, deleted: number): Entry {
  const { body, head } = entry
  if (strength(head) > deleted) return entry
  if (body.kind === 'reaction') return body.emojis === '' ? entry : { ...entry, body: { ...body, emojis: '' } }
  if (body.kind === 'message' || body.kind === 'edit')
    return body.text === '' ? entry : { ...entry, body: { ...body, text: '' } }
  if (body.kind !== 'file' || (body.fileName === '' && body.attachment === undefined)) return entry
  const { attachment: _attachment, attachmentKey: _key, ...rest } = body
  return { ...entry, body: { ...rest, fileName: '', mediaType: '', size: 0 } }
}

/** @throws SottoError `invalid-argument` when the entry breaks a limit of the model. */
function bytesOf(entry: Entry): Uint8Array {
  try {
    return encodeEntry(entry)
  } catch (error) {
    if (error instanceof ProtocolError) throw new SottoError('invalid-argument', {}, error)
    throw error
  }
}

function idBytes(entry: Entry): Uint8Array {
  const bytes = fromBase64Url(entry.head.id)
  if (bytes?.length !== 16) throw new SottoError('invalid-argument')
  return bytes
}
