/** What a switch-on queues of what is there already: in steps, each in a transaction with its progress, so that it goes on after a crash. */
import type { Database, Statement } from 'better-sqlite3'
import { decodeStoredEntry } from '#shared/model/entry-codec.ts'
import { kinds, type KnownKind } from '#shared/model/entry-fields.ts'
import { boundLimit } from '../bound-limit.ts'
import type { SnapshotProgress } from '../replica-port.ts'

/** Entries looked at in one step: the commits that wait behind it wait for some milliseconds. */
const entriesPerStep = 500
const standingKinds: readonly KnownKind[] = [
  ...(['contact', 'peer-name', 'mark', 'saved-search', 'account-settings', 'timer'] as const),
]
/** What holds whatever its age. */
const standing: ReadonlySet<number> = new Set(standingKinds.map((kind) => kinds[kind].number))

interface SnapshotRow {
  readonly ref: number
  readonly account: string
  readonly snapshot_since: number
  readonly snapshot_first: number
  readonly snapshot_next: number
  readonly snapshot_end: number
}

interface EntryRow {
  readonly seq: number
  readonly account: string
  readonly kind: number
  readonly bytes: Uint8Array | null
}

export class ReplicaSnapshot {
  readonly #due: Statement<[], SnapshotRow>
  readonly #row: Statement<[number], SnapshotRow>
  readonly #entries: Statement<[string, number, number, number], EntryRow>
  readonly #isThere: Statement<[number], number>
  readonly #queue: Statement<[number, number]>
  readonly #save: Statement<[number, number]>
  readonly #waiting: Statement<[number], number>
  readonly #standing: readonly Statement<[{ readonly replica: number; readonly account: string }]>[]

  constructor(db: Database) {
    this.#due = db.prepare('SELECT * FROM replica WHERE snapshot_next <= snapshot_end ORDER BY ref LIMIT 1')
    this.#row = db.prepare('SELECT * FROM replica WHERE ref = ?')
    this.#entries = db.prepare(
      `SELECT seq, account, kind, CASE WHEN account = ? THEN bytes END AS bytes FROM entry
         WHERE seq >= ? AND seq <= ? ORDER BY seq ${boundLimit}`,
    )
    this.#isThere = db.prepare<[number], number>('SELECT 1 FROM replica_envelope WHERE entry = ? LIMIT 1').pluck()
    this.#queue = db.prepare('INSERT OR IGNORE INTO replica_unsealed (replica, entry) VALUES (?, ?)')
    this.#save = db.prepare('UPDATE replica SET snapshot_next = ? WHERE ref = ?')
    this.#waiting = db.prepare<[number], number>('SELECT count(*) FROM replica_unsealed WHERE replica = ?').pluck()
    this.#standing = standingQueries.map((query) =>
      db.prepare(`INSERT OR IGNORE INTO replica_unsealed (replica, entry) SELECT :replica, entry.seq ${query}`),
    )
  }

  isDue(): boolean {
    return this.#due.get() !== undefined
  }

  /** The next entries, inside a running transaction. */
  step(): void {
    const row = this.#due.get()
    if (row === undefined) return
    const { ref, account, snapshot_since: since, snapshot_next: next, snapshot_end: end } = row
    const entries = this.#entries.all(account, next, end, entriesPerStep)
    for (const entry of entries) {
      if (isWanted(entry, since) && this.#isThere.get(entry.seq) === undefined) this.#queue.run(ref, entry.seq)
    }
    const last = entries.length === entriesPerStep ? entries.at(-1) : undefined
    this.#save.run((last?.seq ?? end) + 1, ref)
  }

  progress(replica: number): SnapshotProgress {
    const { snapshot_first: first = 0, snapshot_next: next = 0, snapshot_end: end = 0 } = this.#row.get(replica) ?? {}
    const share = end < first ? 1 : Math.min(1, (next - first) / (end + 1 - first))
    return { share, waiting: this.#waiting.get(replica) ?? 0 }
  }

  /** Queues what holds whatever its age, inside a running transaction. */
  queueStanding(replica: number, account: string): void {
    for (const statement of this.#standing) statement.run({ replica, account })
  }
}

/** Contacts, names and marks; saved searches and how the account is set; the last word of either side about disappearing messages. */
const standingQueries: readonly string[] = [
  `FROM conversation JOIN entry ON entry.conversation = conversation.ref AND entry.subject IS NULL
     WHERE conversation.account = :account`,
  `FROM entry WHERE account = :account AND conversation IS NULL AND subject IS NOT NULL`,
  `FROM conversation JOIN message ON message.conversation = conversation.ref
     AND message.position BETWEEN conversation.own_timer_base AND conversation.own_timer_base + 64
     AND message.timer IS NOT NULL AND message.author = conversation.account
     JOIN entry ON entry.conversation = conversation.ref AND entry.subject = message.message_id
       AND entry.author = message.author
     WHERE conversation.account = :account AND conversation.own_timer_base >= 0`,
  `FROM conversation JOIN message ON message.conversation = conversation.ref
     AND message.position BETWEEN conversation.peer_timer_base AND conversation.peer_timer_base + 64
     AND message.timer IS NOT NULL AND message.author = conversation.peer
     JOIN entry ON entry.conversation = conversation.ref AND entry.subject = message.message_id
       AND entry.author = message.author
     WHERE conversation.account = :account AND conversation.peer_timer_base >= 0`,
]

function isWanted({ kind, bytes }: EntryRow, since: number): boolean {
  if (bytes === null) return false
  if (standing.has(kind)) return true
  const { head } = decodeStoredEntry(bytes)
  return Math.max(head.observedAt, head.hlc.wallMs) >= since
}
