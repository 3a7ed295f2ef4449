/** Finds rows by words and by what they are, newest first, a page at a time. */
import type { Database, Statement } from 'better-sqlite3'
import type { Aor, ConversationId } from '#shared/model/ids.ts'
import type { SearchFilter } from '#shared/model/search.ts'
import type { SearchHit, SearchPage } from '#shared/model/views.ts'
import { boundLimit } from './bound-limit.ts'
import { excerptsFor, type Excerpt } from './excerpt.ts'
import { positionAt } from './position.ts'
import { BegunWords } from './begun-words.ts'
import { begunWord, matchExpression, parseQuery, type SearchFacet, type SearchQuery } from './search-text.ts'
import { contentOf, messageKey, type MessageRow } from './views.ts'

/** A search, and where its page begins: before this position, or at the newest. */
export interface SearchRequest {
  readonly filter: SearchFilter
  readonly before: number | null
  readonly limit: number
}

/** Columns that a hit shows: a row has three times as many, and reading them takes longer than finding it. */
const shown = [
  ...['position', 'author', 'message_id', 'variant', 'incoming', 'sent_at', 'bookmarked', 'text'],
  ...[
    'call_outcome',
    'call_video',
    'call_duration',
    'call_readers',
    'file_name',
    'file_type',
    'file_size',
    'attachment',
  ],
] as const satisfies readonly (keyof MessageRow)[]

interface HitRow extends Pick<MessageRow, (typeof shown)[number] | 'conversation_id'> {
  readonly name: string
  readonly peer_name: string
  readonly peer: Aor
}

interface Range {
  readonly from: number
  readonly to: number
  readonly limit: number
}

const hitColumns = `${shown.map((name) => `message.${name}`).join(', ')}, conversation.id AS conversation_id, conversation.name, conversation.peer_name, conversation.peer`
/** Neither what was deleted nor a line about disappearing messages has anything to be found. */
const found = 'deleted = 0 AND timer IS NULL'
/** Blocked people and strangers are found only where their conversation is asked for. */
const known = "AND conversation.policy NOT IN ('blocked', 'pending')"

/** Rowid is the position: newest first without ranking. */
const matching = (whom: string): string => `SELECT ${hitColumns} FROM message_text
  JOIN message ON message.position = message_text.rowid JOIN conversation ON conversation.ref = message.conversation
  WHERE message_text MATCH ? AND message_text.rowid >= ? AND message_text.rowid < ? AND ${found} ${whom}
  ORDER BY message_text.rowid DESC ${boundLimit}`
const within = `SELECT ${hitColumns} FROM message JOIN conversation ON conversation.ref = message.conversation
  WHERE position >= ? AND position < ? AND ${found} ${known} ORDER BY position DESC ${boundLimit}`

export class MessageSearch {
  readonly #db: Database
  readonly #words: BegunWords
  readonly #everywhere: Statement<[string, number, number, number], HitRow>
  readonly #inNamed: Statement<[string, number, number, number], HitRow>
  readonly #within: Statement<[number, number, number], HitRow>

  constructor(db: Database) {
    this.#db = db
    this.#words = new BegunWords(db)
    this.#everywhere = db.prepare(matching(known))
    this.#inNamed = db.prepare(matching(''))
    this.#within = db.prepare(within)
  }

  page({ filter, before, limit }: SearchRequest): SearchPage {
    const query = parseQuery(filter.text)
    const nothing = { hits: [], before: null }
    if (query === null && filter.text.trim() !== '') return nothing
    const range = rangeOf(filter, before, limit + 1)
    const rows = this.#rows(filter, query, range)
    const excerptOf = excerptsFor(query)
    const hits = rows.slice(0, limit).map((row) => hitOf(row, excerptOf(row.file_name ?? row.text)))
    return { hits, before: rows.length <= limit ? null : (hits.at(-1)?.position ?? null) }
  }

  #rows(filter: SearchFilter, query: SearchQuery | null, range: Range): readonly HitRow[] {
    const conversations = filter.conversationIds?.flatMap((id) => this.#refOf(id)) ?? null
    const word = query === null ? null : begunWord(query)
    const begun = word === null ? null : this.#words.of(word)
    if (begun?.length === 0) return []
    const match = matchExpression(query, { conversations, facets: facetsOf(filter), begun })
    if (match !== null) return this.#matching(match, conversations !== null, range)
    // Only a time was given: whatever came then.
    const isTimed = filter.from !== null || filter.to !== null
    return conversations === null && isTimed ? this.#within.all(range.from, range.to, range.limit) : []
  }

  #matching(match: string, isNamed: boolean, { from, to, limit }: Range): readonly HitRow[] {
    const statement = isNamed ? this.#inNamed : this.#everywhere
    return statement.all(match, from, to, limit)
  }

  #refOf(id: ConversationId): readonly number[] {
    const ref = this.#db.prepare<[string], number>('SELECT ref FROM conversation WHERE id = ?').pluck().get(id)
    return ref === undefined ? [] : [ref]
  }
}

function rangeOf({ from, to }: SearchFilter, before: number | null, limit: number): Range {
  const end = to === null ? Number.MAX_SAFE_INTEGER : positionAt(to)
  return { from: from === null ? 0 : positionAt(from), to: Math.min(end, before ?? Number.MAX_SAFE_INTEGER), limit }
}

function facetsOf({ kind, direction }: SearchFilter): readonly SearchFacet[] {
  return [...(kind === 'any' ? [] : [kind]), ...(direction === 'any' ? [] : [direction])]
}

function hitOf(row: HitRow, { excerpt, highlights }: Excerpt): SearchHit {
  const hit = {
    conversationId: row.conversation_id,
    conversationName: row.name || row.peer_name || row.peer.slice('sip:'.length),
    messageKey: messageKey(row),
    position: row.position,
    author: row.author,
    direction: row.incoming === 1 ? 'incoming' : 'outgoing',
    sentAt: row.sent_at,
    bookmarked: row.bookmarked === 1,
    excerpt,
    highlights,
  } as const
  return row.call_outcome === null && row.file_name === null ? hit : { ...hit, ...contentOf(row) }
}
