/** The `entry` table: the bytes are the truth, everything else can be built again from them. */
import type { Database, Statement } from 'better-sqlite3'
import { fromBase64Url } from '#shared/bytes/base64url.ts'
import { ProtocolError, SottoError } from '#shared/errors.ts'
import { decodeStoredEntry, encodeEntry } from '#shared/model/entry-codec.ts'
import type { Entry } from '#shared/model/entry.ts'
import { strength } from '#shared/model/merge-order.ts'

const kindNumbers: Readonly<Record<Entry['body']['kind'], number>> = {
  unknown: 0,
  message: 1,
  edit: 2,
  delete: 3,
  delivery: 4,
  read: 5,
  contact: 6,
  'peer-name': 7,
  call: 8,
}

export interface EntryPlace {
  readonly conversation: number | null
  readonly author: string | null
  readonly subject: string | null
}

export class EntryStore {
  readonly #has: Statement<[Uint8Array], number>
  readonly #insert: Statement<[Readonly<Record<string, string | number | Uint8Array | null>>]>
  readonly #cluster: Statement<[number, string, string], Uint8Array>
  readonly #contacts: Statement<[number], Uint8Array>
  readonly #receipts: Statement<[number], Uint8Array>
  readonly #rewrite: Statement<[Uint8Array, Uint8Array]>
  readonly #remove: Statement<[Uint8Array]>

  constructor(db: Database) {
    this.#has = db.prepare<[Uint8Array], number>('SELECT 1 FROM entry WHERE id = ?').pluck()
    this.#insert = db.prepare(
      `INSERT INTO entry (id, account, conversation, kind, author, subject, bytes)
       VALUES (:id, :account, :conversation, :kind, :author, :subject, :bytes)`,
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
        `SELECT bytes FROM entry WHERE conversation = ? AND subject IS NOT NULL AND kind = ${kindNumbers.delivery}
           AND NOT EXISTS (SELECT 1 FROM message WHERE message.conversation = entry.conversation
             AND message.message_id = entry.subject AND message.author = entry.author) ORDER BY seq`,
      )
      .pluck()
    this.#remove = db.prepare('DELETE FROM entry WHERE id = ?')
    this.#rewrite = db.prepare('UPDATE entry SET bytes = ? WHERE id = ?')
  }

  has(entry: Entry): boolean {
    return this.#has.get(idBytes(entry)) !== undefined
  }

  /** `encoded` = the entry's bytes, where they are at hand. */
  insert(entry: Entry, place: EntryPlace, encoded?: Uint8Array): void {
    const { account } = entry.head
    this.#insert.run({
      id: idBytes(entry),
      account,
      kind: kindNumbers[entry.body.kind],
      ...place,
      bytes: encoded ?? bytesOf(entry),
    })
  }

  /** All entries about one message. */
  cluster(conversation: number, author: string, messageId: string): readonly Entry[] {
    return this.#cluster.all(conversation, messageId, author).map(decodeStoredEntry)
  }

  /** All entries about one peer. */
  contacts(conversation: number): readonly Entry[] {
    return this.#contacts.all(conversation).map(decodeStoredEntry)
  }

  /** Everything said about the delivery of messages that are not here, in the order of arrival. */
  receiptsWithoutMessage(conversation: number): readonly Entry[] {
    return this.#receipts.all(conversation).map(decodeStoredEntry)
  }

  /** Only for what adds nothing to what is held, and for what a bound forbids. */
  remove(entry: Entry): void {
    this.#remove.run(idBytes(entry))
  }

  /**
   * Overwrites the texts that a delete of this strength covers, and removes a deleted call; returns the entries as they
   * are now.
   */
  purge(entries: readonly Entry[], deleted: number, callDeleted: boolean): readonly Entry[] {
    const gone = callDeleted ? entries.filter(({ body }) => body.kind === 'call') : []
    for (const call of gone) this.remove(call)
    const kept = gone.length === 0 ? entries : entries.filter((entry) => !gone.includes(entry))
    return kept.map((entry) => {
      const purged = withoutText(entry, deleted)
      if (purged !== entry) this.#rewrite.run(bytesOf(purged), idBytes(purged))
      return purged
    })
  }
}

/** The entry without its text if a delete of strength `deleted` covers it. */
export function withoutText(entry: Entry, deleted: number): Entry {
  const { body, head } = entry
  const hasText = (body.kind === 'message' || body.kind === 'edit') && body.text !== ''
  return hasText && strength(head) <= deleted ? { ...entry, body: { ...body, text: '' } } : entry
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
