/** Sealed histories in PostgreSQL 15: tables and their reasons in `resources/postgres`, growth in `docs/scaling.md`. */
import type {
  AppendAnswer,
  BatchPage,
  BatchToStore,
  BodyToErase,
  Cursor,
  ReplicaStore,
  ReplicaStoreLimits,
  ReplicaUsage,
  StoredBatch,
  StoredHead,
} from '../replica-store.ts'
import type { QueryConfig, QueryResultRow } from 'pg'
import type { ClockPort } from '#shared/ports/clock.ts'
import { Connections, type ConnectionOptions } from './connections.ts'
import { withoutBodies } from '../without-bodies.ts'
import { PostgresErasureMarks } from './erasure-marks.ts'
import { eraseAccountRows, eraseBodyRows } from './erasing.ts'
import { PostgresStoreError } from './errors.ts'
import { migrate } from './schema.ts'
import * as statements from './statements.ts'
import { Tidying, tablesOfDays } from './tidying.ts'

export interface PostgresStoreOptions extends ConnectionOptions {
  readonly clock: ClockPort
  readonly limits: ReplicaStoreLimits
  /** Where the numbered steps of the schema are: `resources/postgres`. */
  readonly schemaDirectory: string
}

const dayMs = 86_400_000
/** Rows of a page, so that small batches cost no more than large ones. */
const pageRows = 1024

/** @throws PostgresStoreError. */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<ReplicaStore> {
  const connections = new Connections(options)
  try {
    await connections.transaction((client) => migrate(client, options.schemaDirectory))
    return new PostgresStore(connections, options)
  } catch (error) {
    await connections.end()
    throw error
  }
}

/** What `append_batch` says; without a head, what is said of it is null. */
interface AppendRow {
  readonly answer: AppendAnswer['kind'] | 'later' | 'tombstones'
  /** Null unless stored or repeated. */
  readonly day: number
  readonly head_seq: string | null
  readonly head_hash: Uint8Array
  readonly head_day: number
}

interface BatchRow {
  readonly device: Uint8Array
  readonly first: string
  readonly last: string
  readonly day: number
  readonly bytes: Uint8Array
}

class PostgresStore implements ReplicaStore {
  readonly marks: PostgresErasureMarks
  readonly #connections: Connections
  readonly #tidying: Tidying
  readonly #clock: ClockPort
  readonly #limits: ReplicaStoreLimits
  /** The newest day that this store has opened. */
  #opened = 0
  /** Opening of a day that others wait for as well. */
  readonly #opening = new Map<number, Promise<unknown>>()
  readonly #running = new Set<Promise<unknown>>()
  #closed: Promise<void> | null = null

  constructor(connections: Connections, { clock, limits }: Pick<PostgresStoreOptions, 'clock' | 'limits'>) {
    this.#connections = connections
    this.marks = new PostgresErasureMarks(connections)
    this.#tidying = new Tidying(connections)
    this.#clock = clock
    this.#limits = limits
  }

  append(account: string, batch: BatchToStore): Promise<AppendAnswer> {
    return this.#run(async () => {
      let bodies: readonly BodyToErase[] = []
      for (;;) {
        const day = this.#today()
        const row = await this.#append(account, batch, { bodies, day })
        if (row.answer === 'later') await this.#openDay(day)
        else if (row.answer === 'tombstones') bodies = await this.#tombstones(account, batch)
        else return answerOf({ ...row, answer: row.answer }, batch.device)
      }
    })
  }

  async heads(account: string): Promise<readonly StoredHead[]> {
    const rows = await this.#query<Omit<StoredHead, 'seq'> & { seq: string }>({
      ...{ name: 'heads', text: statements.headsText, values: [account] },
    })
    return rows.map(({ device, seq, hash, day }) => ({
      device: plain(device),
      seq: Number(seq),
      hash: plain(hash),
      day,
    }))
  }

  async page(account: string, { after, maxBytes }: { after: Cursor; maxBytes: number }): Promise<BatchPage> {
    const [devices, seqs] = [after.map(({ device }) => buffer(device)), after.map(({ seq }) => seq)]
    const rows = await this.#query<BatchRow & { found: string }>({
      ...{ name: 'page', text: statements.pageText, values: [account, devices, seqs, maxBytes, pageRows] },
    })
    return { batches: rows.map(toBatch), end: rows.length === Number(rows[0]?.found ?? 0) }
  }

  async newest(account: string, maxBytes: number): Promise<readonly StoredBatch[]> {
    const rows = await this.#query<BatchRow>({
      ...{ name: 'newest', text: statements.newestText, values: [account, maxBytes, pageRows] },
    })
    return rows.map(toBatch)
  }

  eraseBodies(account: string, bodies: readonly BodyToErase[]): Promise<number> {
    return this.#run(async () => {
      if (bodies.length > 0 && this.#opened < this.#today()) await this.#openDay(this.#today())
      const { taken, days } = await this.#connections.transaction((client) => eraseBodyRows(client, account, bodies))
      await this.#tidying.tidy(tablesOfDays(days, ['batch']))
      return taken
    })
  }

  eraseAccount(account: string): Promise<void> {
    return this.#run(async () => {
      const days = await this.#connections.transaction((client) => eraseAccountRows(client, account))
      await this.#tidying.tidy(['account', 'head', ...tablesOfDays(days, ['batch', 'span', 'tombstone'])])
    })
  }

  async dropBefore(day: number): Promise<void> {
    await this.#query({ text: 'SELECT drop_before($1)', values: [day] })
  }

  async usage(account: string): Promise<ReplicaUsage> {
    const [row] = await this.#query<{ batches: string; bytes: string; oldest: number | null }>({
      ...{ name: 'usage', text: statements.usageText, values: [account] },
    })
    return { batches: Number(row?.batches ?? 0), bytes: Number(row?.bytes ?? 0), oldestDay: row?.oldest ?? null }
  }

  close(): Promise<void> {
    // The pool would forget those who still wait for a connection.
    this.#closed ??= Promise.allSettled(this.#running).then(() => this.#connections.end())
    return this.#closed
  }

  #query<Row extends QueryResultRow>(query: QueryConfig): Promise<readonly Row[]> {
    return this.#run(() => this.#connections.query<Row>(query))
  }

  /** What the end of the store waits for. */
  async #run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#closed !== null) throw new PostgresStoreError('closed', 'this store has ended')
    const running = work()
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  #today(): number {
    return Math.floor(this.#clock.now() / dayMs)
  }

  /** Appends a batch without those of its bodies that are known to be erased. */
  async #append(
    account: string,
    batch: BatchToStore,
    known: { bodies: readonly BodyToErase[]; day: number },
  ): Promise<AppendRow> {
    const { device, first, last, previous, hash, begins } = batch
    const bytes = withoutBodies(batch.bytes, known.bodies)?.bytes ?? batch.bytes
    const place = [account, buffer(device), first, last, buffer(previous), buffer(hash), begins]
    const values = [...place, buffer(bytes), known.bodies.length, known.day, this.#limits.accountBytes]
    const [row] = await this.#connections.query<AppendRow>({ name: 'append', text: statements.appendText, values })
    if (row === undefined) throw new TypeError('append_batch gave no answer')
    return row
  }

  async #tombstones(account: string, { device, first, last }: BatchToStore): Promise<readonly BodyToErase[]> {
    const values = [account, buffer(device), first, last]
    const query = { name: 'tombstones', text: statements.tombstonesText, values }
    const rows = await this.#connections.query<{ device: Uint8Array; seq: string; body_hash: Uint8Array }>(query)
    return rows.map((row) => ({ device: plain(row.device), seq: Number(row.seq), bodyHash: plain(row.body_hash) }))
  }

  /** Makes a day's partitions, once for all who wait. */
  async #openDay(day: number): Promise<void> {
    const opening = this.#opening.get(day) ?? this.#connections.query({ text: 'SELECT open_day($1)', values: [day] })
    this.#opening.set(day, opening)
    try {
      await opening
      this.#opened = Math.max(this.#opened, day)
    } finally {
      this.#opening.delete(day)
    }
  }
}

function answerOf(
  { answer, day, ...row }: AppendRow & { answer: AppendAnswer['kind'] },
  device: Uint8Array,
): AppendAnswer {
  switch (answer) {
    case 'stored':
    case 'repeated':
      return { kind: answer, day }
    case 'quota':
      return { kind: answer }
    case 'fork':
    case 'gap':
    case 'behind':
      return { kind: answer, head: headOf(row, device) }
  }
}

function headOf(row: Omit<AppendRow, 'answer' | 'day'>, device: Uint8Array): StoredHead | null {
  const { head_seq: seq, head_hash: hash, head_day: day } = row
  return seq === null ? null : { device, seq: Number(seq), hash: plain(hash), day }
}

const toBatch = ({ device, first, last, day, bytes }: BatchRow): StoredBatch => ({
  ...{ device: plain(device), first: Number(first), last: Number(last), day, bytes: plain(bytes) },
})

/** The driver sends other views of bytes as text. */
const buffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
