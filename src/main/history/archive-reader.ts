/** Reads entries for an export page by page, and says what an import would change. */
import type { Database, Statement } from 'better-sqlite3'
import { decodeStoredEntry } from '#shared/model/entry-codec.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { Aor, ConversationId } from '#shared/model/ids.ts'
import { isRow } from '#shared/model/merge-row.ts'
import { subjectOf } from '#shared/model/merge.ts'
import { fromBase64Url } from '#shared/bytes/base64url.ts'
import type {
  ArchivedConversation,
  ArchiveExtent,
  ArchivePage,
  ArchiveScope,
  ImportPreview,
  PackedEntries,
} from './archive-port.ts'

/** Pages end after so many bytes or entries: a few milliseconds of this thread. */
const pageBytes = 1024 * 1024
const pageEntries = 4000

type Value = string | number

/** Condition on `entry` with its values: everything about the messages of the scope, and about whom they are with. */
function conditionOf(scope: ArchiveScope): { readonly sql: string; readonly values: readonly Value[] } {
  if (scope.kind === 'all') return { sql: '1', values: [] }
  if (scope.kind === 'conversation') {
    return { sql: 'entry.conversation = (SELECT ref FROM conversation WHERE id = ?)', values: [scope.conversationId] }
  }
  const inPeriod = 'message.received_at >= ? AND message.received_at < ?'
  return {
    sql: `CASE WHEN entry.subject IS NULL
        THEN entry.conversation IN (SELECT message.conversation FROM message WHERE ${inPeriod})
        ELSE EXISTS (SELECT 1 FROM message WHERE message.conversation = entry.conversation
          AND message.message_id = entry.subject AND message.author = entry.author AND ${inPeriod}) END`,
    values: [scope.from, scope.to, scope.from, scope.to],
  }
}

/** How much a scope holds now. */
export function readExtent(db: Database, scope: ArchiveScope): ArchiveExtent {
  const { sql, values } = conditionOf(scope)
  const { entries, lastSeq } = db
    .prepare<Value[], { entries: number; lastSeq: number | null }>(
      `SELECT count(*) AS entries, max(seq) AS lastSeq FROM entry WHERE ${sql}`,
    )
    .get(...values) ?? { entries: 0, lastSeq: null }
  const accounts = db.prepare<Value[], Aor>(`SELECT DISTINCT account FROM entry WHERE ${sql} ORDER BY account`).pluck()
  return { accounts: accounts.all(...values), entries, lastSeq: lastSeq ?? 0 }
}

/** The next entries in the order in which they came. */
export function readArchivePage(
  db: Database,
  { scope, after, lastSeq }: { readonly scope: ArchiveScope; readonly after: number; readonly lastSeq: number },
): ArchivePage {
  const { sql, values } = conditionOf(scope)
  const rows = db.prepare<Value[], { seq: number; bytes: Uint8Array }>(
    `SELECT seq, bytes FROM entry WHERE seq > ? AND seq <= ? AND ${sql} ORDER BY seq LIMIT ${pageEntries}`,
  )
  const found: Uint8Array[] = []
  let [total, next]: [number, number | null] = [0, null]
  for (const { seq, bytes } of rows.iterate(after, lastSeq, ...values)) {
    found.push(bytes)
    total += bytes.length
    next = seq
    if (total >= pageBytes) break
  }
  const isLast = found.length < pageEntries && total < pageBytes
  return { ...packEntries(found), next: isLast ? null : next }
}

/** Puts encoded entries into one buffer: thousands of small ones cross threads slowly. */
export function packEntries(entries: readonly Uint8Array[]): PackedEntries {
  const ends = new Uint32Array(entries.length)
  let total = 0
  for (const [i, bytes] of entries.entries()) ends[i] = total += bytes.length
  const bytes = new Uint8Array(total)
  for (const [i, entry] of entries.entries()) bytes.set(entry, (ends[i] ?? 0) - entry.length)
  return { bytes, ends }
}

/** The encoded entries of {@link packEntries}, as views. */
export function unpackEntries({ bytes, ends }: PackedEntries): readonly Uint8Array[] {
  return Array.from(ends, (end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end))
}

interface Lookups {
  readonly has: Statement<[Uint8Array], number>
  readonly rows: Statement<[string, string, string], { text: string; deleted: number }>
  readonly conversation: Statement<[string], number>
}

/** What these entries, as an import would apply them, change; nothing is changed. */
export function previewEntries(db: Database, packed: PackedEntries): ImportPreview {
  const lookups: Lookups = {
    has: db.prepare<[Uint8Array], number>('SELECT 1 FROM entry WHERE id = ?').pluck(),
    rows: db.prepare(
      `SELECT text, deleted FROM message JOIN conversation ON conversation.ref = message.conversation
         WHERE conversation.id = ? AND author = ? AND message_id = ?`,
    ),
    conversation: db.prepare<[string], number>('SELECT 1 FROM conversation WHERE id = ?').pluck(),
  }
  const counts = { newMessages: 0, heldMessages: 0, conflicts: 0, newOthers: 0 }
  const newConversations = new Set<ConversationId>()
  for (const bytes of unpackEntries(packed)) {
    const entry = decodeStoredEntry(bytes)
    const outcome = previewOf(entry, lookups)
    if (outcome !== null) counts[outcome] += 1
    const { body } = entry
    if ('conversation' in body && lookups.conversation.get(body.conversation) === undefined)
      newConversations.add(body.conversation)
  }
  return { ...counts, newConversations: [...newConversations] }
}

function previewOf(
  entry: Entry,
  { has, rows }: Lookups,
): 'newMessages' | 'heldMessages' | 'conflicts' | 'newOthers' | null {
  const { body } = entry
  const subject = isRow(entry) ? subjectOf(entry) : null
  const held = has.get(fromBase64Url(entry.head.id) ?? new Uint8Array()) !== undefined
  if (subject === null) return held ? null : 'newOthers'
  if (held) return 'heldMessages'
  const known = rows.all(subject.conversation, subject.author, subject.messageId)
  if (known.length === 0) return 'newMessages'
  const same = known.some(({ text, deleted }) => deleted === 1 || body.kind !== 'message' || text === body.text)
  return same ? 'heldMessages' : 'conflicts'
}

/** Conversations with messages of the scope. */
export function readArchivedConversations(db: Database, scope: ArchiveScope): readonly ArchivedConversation[] {
  const [condition, values]: [string, Value[]] =
    scope.kind === 'conversation'
      ? ['conversation.id = ?', [scope.conversationId]]
      : scope.kind === 'period'
        ? [
            `EXISTS (SELECT 1 FROM message WHERE message.conversation = conversation.ref
               AND message.received_at >= ? AND message.received_at < ?)`,
            [scope.from, scope.to],
          ]
        : ['total > 0', []]
  return db
    .prepare<Value[], ArchivedConversation>(
      `SELECT id, account, peer, coalesce(nullif(name, ''), nullif(peer_name, ''), substr(peer, 5)) AS name
         FROM conversation WHERE ${condition} ORDER BY last_position DESC`,
    )
    .all(...values)
}
