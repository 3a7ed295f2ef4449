/**
 * A long history, inserted straight into the tables: what the fastest import could do, and how a benchmark gets a million
 * messages. Every row is what the program's own commit would have written.
 */
import { randomBytes } from 'node:crypto'
import type { Database, Statement } from 'better-sqlite3'
import { openDatabase } from '#main/history/database.ts'
import { IndexMerge } from '#main/history/index-merge.ts'
import { basePosition } from '#main/history/position.ts'
import { indexText, searchTextVersion } from '#main/history/search-text.ts'
import { conversationIdOf } from '#shared/model/derive-ids.ts'
import { encodeEntry } from '#shared/model/entry-codec.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { AccountId, Aor, ConversationId, DeviceId, EntryId, MessageId } from '#shared/model/ids.ts'
import { sha256 } from '#test/integration/history/history-fixture.ts'
import { Corpus } from './corpus.ts'

export interface BulkOptions {
  readonly path: string
  readonly key: Uint8Array
  readonly account: { readonly aor: Aor; readonly id: AccountId }
  readonly messages: number
  readonly conversations: number
  /** Hears of each text as it is inserted. */
  readonly also?: (text: string, index: number) => void
}

export interface BulkReport {
  readonly conversations: readonly ConversationId[]
  /** Seconds of the inserts alone. */
  readonly seconds: number
}

const perTransaction = 20_000
const device = 'BBBBBBBBBBBBBBBBBBBBBA' as DeviceId
/** The newest message is a day old; one came every two minutes. */
const dayMs = 86_400_000
const betweenMs = 120_000

interface Place {
  readonly ref: number
  readonly id: ConversationId
  readonly peer: Aor
}

/** Fills a fresh database and leaves it as the program would: indexed, counted, its log folded in. */
export function fillInBulk(options: BulkOptions): BulkReport {
  const db = openDatabase({ path: options.path, key: options.key, role: 'writer' })
  try {
    db.pragma('synchronous = OFF')
    db.pragma('cache_size = -262144')
    const places = insertConversations(db, options)
    const begun = performance.now()
    insertMessages(db, options, places)
    countConversations(db)
    const seconds = (performance.now() - begun) / 1000
    // As after a pause of the program.
    const merge = new IndexMerge(db)
    while (merge.step());
    db.pragma('wal_checkpoint(TRUNCATE)')
    return { conversations: places.map(({ id }) => id), seconds }
  } finally {
    db.close()
  }
}

function insertConversations(db: Database, { account, conversations }: BulkOptions): readonly Place[] {
  db.prepare('INSERT OR REPLACE INTO account (aor, id) VALUES (?, ?)').run(account.aor, account.id)
  db.prepare("INSERT OR REPLACE INTO state (name, value) VALUES ('search_text_version', ?)").run(searchTextVersion)
  const insert = db.prepare(
    "INSERT INTO conversation (id, account, peer, policy, added_at) VALUES (?, ?, ?, 'accepted', 1)",
  )
  return Array.from({ length: conversations }, (_, index) => {
    const peer = `sip:person${index}@example.org` as Aor
    const id = conversationIdOf(sha256, account.aor, peer)
    return { id, peer, ref: Number(insert.run(id, account.aor, peer).lastInsertRowid) }
  })
}

function insertMessages(db: Database, options: BulkOptions, places: readonly Place[]): void {
  const [corpus, rows] = [new Corpus(), new BulkRows(db)]
  const first = Date.now() - dayMs - options.messages * betweenMs
  for (let done = 0; done < options.messages; done += perTransaction) {
    db.transaction(() => {
      const end = Math.min(options.messages, done + perTransaction)
      for (let index = done; index < end; index++) {
        // A few people get most of the messages.
        const place = places[Math.floor(corpus.unit() ** 3 * places.length)]
        const text = corpus.sentence()
        if (place !== undefined)
          rows.insert(place, messageEntry(options.account.aor, place, text, first + index * betweenMs))
        options.also?.(text, index)
      }
    })()
    db.pragma('wal_checkpoint(TRUNCATE)')
  }
}

function messageEntry(account: Aor, { id, peer }: Place, text: string, at: number): Entry {
  const incoming = at % 4 < 2
  return {
    head: {
      id: randomBytes(16).toString('base64url') as EntryId,
      ...{ account, device, hlc: { wallMs: at, counter: 0 }, observedAt: at },
      ...{ authenticatedBy: incoming ? 'server' : 'own-device', verified: false },
    },
    body: {
      ...{ kind: 'message', conversation: id, peer, author: incoming ? peer : account },
      ...{ messageId: randomBytes(16).toString('base64url') as MessageId, contentType: 'text/plain', text, sentAt: at },
    },
  }
}

/** The rows of one message, in the three tables. */
class BulkRows {
  readonly #entry: Statement
  readonly #message: Statement
  readonly #words: Statement

  constructor(db: Database) {
    this.#entry = db.prepare(
      'INSERT INTO entry (id, account, conversation, kind, author, subject, bytes) VALUES (?, ?, ?, 1, ?, ?, ?)',
    )
    this.#message = db.prepare(
      `INSERT INTO message (position, base, conversation, author, message_id, variant, incoming, text, sent_at, received_at,
         state, display_receipt, edited, deleted, conflicting, authenticated_by, read_mark)
       VALUES (:position, :position, :conversation, :author, :messageId, 0, :incoming, :text, :at, :at,
         'delivered', 0, 0, 0, 0, :authenticatedBy, 0)`,
    )
    this.#words = db.prepare('INSERT INTO message_text (rowid, body) VALUES (?, ?)')
  }

  insert({ ref, peer }: Place, entry: Entry): void {
    const { head, body } = entry
    if (body.kind !== 'message') throw new Error('not a message')
    const position = basePosition(head.hlc)
    const { author, messageId, text } = body
    this.#entry.run(Buffer.from(head.id, 'base64url'), head.account, ref, author, messageId, encodeEntry(entry))
    this.#message.run({
      ...{ position, conversation: ref, author, messageId, text, incoming: Number(author === peer) },
      ...{ at: head.observedAt, authenticatedBy: head.authenticatedBy },
    })
    const shown = { conversation: ref, text, file_name: null, call_outcome: null, bookmarked: 0 }
    this.#words.run(position, indexText({ ...shown, incoming: Number(author === peer) }))
  }
}

function countConversations(db: Database): void {
  db.exec(`UPDATE conversation SET
    total = (SELECT count(*) FROM message WHERE message.conversation = conversation.ref),
    last_position = (SELECT max(position) FROM message WHERE message.conversation = conversation.ref),
    read_position = coalesce((SELECT max(position) FROM message WHERE message.conversation = conversation.ref), -1)`)
}
