/** Counts what the database holds, row by row and in slices, so that chat is answered in between. */
import type { Database } from 'better-sqlite3'
import { kinds, type KnownKind } from '#shared/model/entry-fields.ts'
import {
  type Amount,
  type ConversationHolding,
  type HistoryHoldings,
  type HoldingKind,
  holdingKinds,
  noAmounts,
  sumOf,
} from '#shared/model/holdings.ts'
import type { Aor, ConversationId } from '#shared/model/ids.ts'

/** Rows of a slice: a few milliseconds. */
const sliceRows = 5000

const kindOf: Readonly<Record<KnownKind, HoldingKind>> = {
  message: 'messages',
  ...{
    edit: 'changes',
    delete: 'changes',
    delivery: 'changes',
    read: 'changes',
    timer: 'changes',
    bookmark: 'changes',
    reaction: 'changes',
  },
  ...{ mark: 'contacts', 'account-settings': 'contacts' },
  ...{ call: 'calls', file: 'files', contact: 'contacts', 'peer-name': 'contacts', 'saved-search': 'savedSearches' },
}
const kindOfNumber = new Map(Object.entries(kinds).map(([name, { number }]) => [number, kindOf[name as KnownKind]]))

interface EntrySlice extends Amount {
  readonly conversation: number | null
  readonly account: Aor
  readonly kind: number
}

interface RowSlice {
  readonly conversation: number
  readonly messages: number
  readonly calls: number
  readonly files: number
  readonly bytes: number
}

interface ConversationRow {
  readonly ref: number
  readonly id: ConversationId
  readonly account: Aor
  readonly peer: Aor
  readonly name: string
}

const entrySlice = `SELECT conversation, account, kind, count(*) AS count, sum(length(bytes)) AS bytes
  FROM entry WHERE seq > ? AND seq <= ? GROUP BY conversation, account, kind`
const rowSlice = `SELECT conversation,
    sum(call_outcome IS NULL AND file_name IS NULL AND timer IS NULL) AS messages,
    sum(call_outcome IS NOT NULL) AS calls, sum(file_name IS NOT NULL) AS files, sum(octet_length(text)) AS bytes
  FROM message WHERE position > ? AND position <= ? GROUP BY conversation`
const sliceEnd = `SELECT position FROM message WHERE position > ? ORDER BY position LIMIT 1 OFFSET ${sliceRows - 1}`

/** Tables that are small whatever happens, each with the kind it is shown as. */
const smallTables: readonly (readonly [HoldingKind, string])[] = [
  ['drafts', "SELECT count(*) AS count, sum(octet_length(draft)) AS bytes FROM conversation WHERE draft <> ''"],
  ['changes', 'SELECT 0 AS count, sum(octet_length(author) + octet_length(emojis)) AS bytes FROM reaction'],
  ['unsent', 'SELECT count(*) AS count, sum(length(payload)) AS bytes FROM job'],
  ['callSecrets', 'SELECT count(*) AS count, sum(length(zid)) AS bytes FROM zrtp_zid'],
  [
    'callSecrets',
    `SELECT count(*) AS count, sum(length(peer_zid) + octet_length(peer) + octet_length(name)
      + ifnull(length(rs1), 0) + ifnull(length(rs2), 0)) AS bytes FROM zrtp_peer`,
  ],
  ['callMemory', 'SELECT count(*) AS count, sum(octet_length(peer) + octet_length(keys)) AS bytes FROM call_memory'],
  ['replica', 'SELECT count(*) AS count, sum(length(bytes)) AS bytes FROM replica_sealed'],
  ['replica', 'SELECT count(*) AS count, sum(length(content)) AS bytes FROM replica_unopened'],
  ['settings', 'SELECT count(*) AS count, sum(octet_length(value)) AS bytes FROM setting'],
  ['settings', 'SELECT count(*) AS count, sum(length(value)) AS bytes FROM secret'],
]

interface Counting {
  readonly kinds: Record<HoldingKind, Amount>
  readonly accounts: Map<Aor, Amount>
  readonly conversations: Map<number, Omit<ConversationHolding, keyof ConversationRow>>
}

const nothing = { ...{ count: 0, bytes: 0, messages: 0, calls: 0, files: 0, fileBytes: 0 } } as const

/** Counts everything; `pause` is awaited between two slices, and `read` runs each slice in a snapshot of its own. */
export async function readHoldings(ports: {
  readonly db: Database
  readonly read: <T>(slice: () => T) => Promise<T>
  readonly pause: () => Promise<void>
}): Promise<HistoryHoldings> {
  const { db, read, pause } = ports
  const counting: Counting = { kinds: noAmounts(holdingKinds), accounts: new Map(), conversations: new Map() }
  const last = await read(() => db.prepare<[], number | null>('SELECT max(seq) FROM entry').pluck().get() ?? 0)
  const entries = db.prepare<[number, number], EntrySlice>(entrySlice)
  for (let from = 0; from < last; from += sliceRows) {
    for (const slice of await read(() => entries.all(from, from + sliceRows))) countEntries(counting, slice)
    await pause()
  }
  await countRows(ports, counting)
  await read(() => countSmall(db, counting))
  return read(() => viewOf(db, counting))
}

async function countRows({ db, read, pause }: Parameters<typeof readHoldings>[0], counting: Counting): Promise<void> {
  const end = db.prepare<[number], number>(sliceEnd).pluck()
  const rows = db.prepare<[number, number], RowSlice>(rowSlice)
  for (let from: number | null = -1; from !== null;) {
    const start: number = from
    const slice = await read(() => {
      const to = end.get(start) ?? null
      return { to, rows: rows.all(start, to ?? Number.MAX_SAFE_INTEGER) }
    })
    for (const row of slice.rows) countRow(counting, row)
    from = slice.to
    await pause()
  }
}

function countEntries({ kinds: counted, accounts, conversations }: Counting, slice: EntrySlice): void {
  const kind = kindOfNumber.get(slice.kind) ?? 'unknown'
  counted[kind] = sumOf(counted[kind], slice)
  accounts.set(slice.account, sumOf(accounts.get(slice.account) ?? nothing, slice))
  if (slice.conversation === null) return
  const known = conversations.get(slice.conversation) ?? nothing
  conversations.set(slice.conversation, { ...known, ...sumOf(known, slice) })
}

function countRow({ kinds: counted, conversations }: Counting, row: RowSlice): void {
  const known = conversations.get(row.conversation) ?? nothing
  conversations.set(row.conversation, {
    ...known,
    bytes: known.bytes + row.bytes,
    messages: known.messages + row.messages,
    calls: known.calls + row.calls,
    files: known.files + row.files,
  })
  // The text as it is shown lies beside the entries it came from.
  counted.messages = sumOf(counted.messages, { count: 0, bytes: row.bytes })
}

function countSmall(db: Database, { kinds: counted, conversations }: Counting): void {
  for (const [kind, sql] of smallTables) {
    const row = db.prepare<[], { readonly count: number; readonly bytes: number | null }>(sql).get()
    counted[kind] = sumOf(counted[kind], { count: row?.count ?? 0, bytes: row?.bytes ?? 0 })
  }
  const attachments = db.prepare<[], { readonly conversation: number; readonly bytes: number }>(
    `SELECT entry.conversation, sum(attachment.size) AS bytes FROM attachment
       JOIN entry ON entry.id = attachment.entry WHERE entry.conversation IS NOT NULL GROUP BY entry.conversation`,
  )
  for (const { conversation, bytes } of attachments.all()) {
    conversations.set(conversation, { ...(conversations.get(conversation) ?? nothing), fileBytes: bytes })
  }
}

function viewOf(db: Database, { kinds: counted, accounts, conversations }: Counting): HistoryHoldings {
  const rows = db
    .prepare<[], ConversationRow>(
      "SELECT ref, id, account, peer, CASE name WHEN '' THEN peer_name ELSE name END AS name FROM conversation",
    )
    .all()
  const aors = db.prepare<[], Aor>('SELECT aor FROM account').pluck().all()
  return {
    kinds: counted,
    accounts: [...new Set([...aors, ...accounts.keys()])].map((account) => ({
      account,
      ...(accounts.get(account) ?? { count: 0, bytes: 0 }),
      conversations: rows.filter((row) => row.account === account).length,
    })),
    conversations: rows
      .map(({ ref, ...row }) => ({ ...row, ...(conversations.get(ref) ?? nothing) }))
      .sort((a, b) => b.bytes + b.fileBytes - (a.bytes + a.fileBytes)),
  }
}
