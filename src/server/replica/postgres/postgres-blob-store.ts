/** Sealed attachments in PostgreSQL 15, in rows of one part each: tables in `resources/postgres`, growth in `docs/scaling.md`. */
import type { ClockPort } from '#shared/ports/clock.ts'
import { dayOf } from '../../home/data-dir/day.ts'
import type { BlobAnswer, BlobPart, BlobState, BlobStore, BlobStoreLimits, BlobUsage } from '../blob-store.ts'
import { addPart, eraseAllRows, eraseRows, lockBlobs, partText } from './blob-rows.ts'
import { Connections, type ConnectionOptions } from './connections.ts'
import { PostgresStoreError } from './errors.ts'
import { migrate } from './schema.ts'
import { tablesOfDays, Tidying } from './tidying.ts'

export interface PostgresBlobStoreOptions extends ConnectionOptions {
  readonly clock: ClockPort
  readonly limits: BlobStoreLimits
  /** Where the numbered steps of the schema are: `resources/postgres`. */
  readonly schemaDirectory: string
}

/** @throws PostgresStoreError. */
export async function openPostgresBlobStore(options: PostgresBlobStoreOptions): Promise<BlobStore> {
  const connections = new Connections(options)
  try {
    await connections.transaction((client) => migrate(client, options.schemaDirectory))
    return new PostgresBlobStore(connections, options)
  } catch (error) {
    await connections.end()
    throw error
  }
}

interface StateRow {
  readonly size: string
  readonly received: string
  readonly whole: boolean
}

const stateText = 'SELECT hash, size, received, whole FROM blob WHERE account = $1 AND hash = ANY ($2::bytea[])'

class PostgresBlobStore implements BlobStore {
  readonly #connections: Connections
  readonly #tidying: Tidying
  readonly #clock: ClockPort
  readonly #limits: BlobStoreLimits
  readonly #running = new Set<Promise<unknown>>()
  #closed: Promise<void> | null = null

  constructor(connections: Connections, { clock, limits }: Pick<PostgresBlobStoreOptions, 'clock' | 'limits'>) {
    this.#connections = connections
    this.#tidying = new Tidying(connections)
    this.#clock = clock
    this.#limits = limits
  }

  put(account: string, part: BlobPart): Promise<BlobAnswer> {
    return this.#run(async () => {
      for (;;) {
        const clockDay = dayOf(this.#clock.now())
        const adding = { ...part, account, clockDay, quota: this.#limits.accountBlobBytes }
        const answer = await this.#connections.transaction((client) => addPart(client, adding))
        if (answer !== 'later') return answer
        await this.#connections.query({ text: 'SELECT open_day($1)', values: [clockDay] })
      }
    })
  }

  async states(account: string, hashes: readonly Uint8Array[]): Promise<readonly BlobState[]> {
    const rows = await this.#rows(account, hashes)
    return hashes.map((hash) => {
      const row = rows.get(hexOf(hash))
      return { whole: row?.whole === true, next: Number(row?.received ?? 0) }
    })
  }

  async read(
    account: string,
    hash: Uint8Array,
    { at, most }: { readonly at: number; readonly most: number },
  ): Promise<{ readonly size: number; readonly bytes: Uint8Array } | null> {
    const row = (await this.#rows(account, [hash])).get(hexOf(hash))
    if (row?.whole !== true) return null
    const size = Number(row.size)
    const bytes = new Uint8Array(Math.max(0, Math.min(most, size - at)))
    for (let filled = 0; filled < bytes.length;) {
      const part = await this.#partFrom(account, hash, at + filled)
      // It was erased meanwhile.
      if (part.length === 0) return null
      bytes.set(part.subarray(0, bytes.length - filled), filled)
      filled += part.length
    }
    return { size, bytes }
  }

  erase(account: string, hashes: readonly Uint8Array[]): Promise<number> {
    return this.#run(async () => {
      const days = await this.#connections.transaction(async (client) => {
        await lockBlobs(client, account)
        return eraseRows(client, account, hashes)
      })
      await this.#tidy(days)
      return days.length
    })
  }

  eraseAccount(account: string): Promise<void> {
    return this.#run(async () => {
      const days = await this.#connections.transaction(async (client) => {
        await lockBlobs(client, account)
        return eraseAllRows(client, account)
      })
      await this.#tidy(days)
      await this.#tidying.tidy(['blob_account'])
    })
  }

  async dropBefore(day: number): Promise<void> {
    // Days of batches go with it, and theirs with them: whoever comes second has nothing to do.
    const text = 'SELECT drop_before($1) WHERE EXISTS (SELECT FROM stored_day WHERE day < $1)'
    await this.#run(() => this.#connections.query({ text, values: [day] }))
  }

  async usage(account: string): Promise<BlobUsage> {
    const [row] = await this.#run(() =>
      this.#connections.query<{ blobs: string; bytes: string; oldest: number | null }>({
        text: `SELECT count(*) AS blobs, coalesce(sum(size), 0) AS bytes, min(day) AS oldest FROM blob WHERE account = $1`,
        values: [account],
      }),
    )
    return { blobs: Number(row?.blobs ?? 0), bytes: Number(row?.bytes ?? 0), oldestDay: row?.oldest ?? null }
  }

  close(): Promise<void> {
    // The pool would forget those who still wait for a connection.
    this.#closed ??= Promise.allSettled(this.#running).then(() => this.#connections.end())
    return this.#closed
  }

  async #rows(account: string, hashes: readonly Uint8Array[]): Promise<ReadonlyMap<string, StateRow>> {
    const values = [account, hashes.map((hash) => Buffer.from(hash))]
    const rows = await this.#run(() =>
      this.#connections.query<StateRow & { hash: Buffer }>({ text: stateText, values }),
    )
    return new Map(rows.map((row) => [row.hash.toString('hex'), row]))
  }

  async #partFrom(account: string, hash: Uint8Array, at: number): Promise<Uint8Array> {
    const values = [account, Buffer.from(hash), at]
    const rows = await this.#run(() => this.#connections.query<{ bytes: Buffer }>({ text: partText, values }))
    return rows[0]?.bytes ?? new Uint8Array()
  }

  async #tidy(days: readonly number[]): Promise<void> {
    await this.#tidying.tidy(tablesOfDays([...new Set(days)], ['blob', 'blob_part']))
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
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
