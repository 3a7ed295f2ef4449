import { Client, Pool, type ClientBase, type QueryConfig, type QueryResultRow } from 'pg'
import { asStoreError, isDeadlock, PostgresStoreError } from './errors.ts'

export interface ConnectionOptions {
  /** `postgresql://user:password@host:5432/database?sslmode=verify-full`, as libpq reads it. */
  readonly url: string
  /** Connections at most: so many batches are made durable at once. */
  readonly connections: number
}

/** Milliseconds until a connection, a lock, a statement is given up; the last is longer, so that PostgreSQL speaks first. */
const patience = { connectMs: 10_000, lockMs: 10_000, statementMs: 30_000, answerMs: 35_000 } as const

/** Who makes or drops a day locks tables that others lock one by one; whoever PostgreSQL picks has changed nothing and tries again. */
const deadlockTries = 3

/** A few connections to one database, each of them checked before its first use. */
export class Connections {
  readonly #url: string
  readonly #pool: Pool

  constructor({ url, connections }: ConnectionOptions) {
    this.#url = url
    this.#pool = new Pool({
      ...{ connectionString: url, max: connections, application_name: 'sotto-replica', keepAlive: true },
      ...{ connectionTimeoutMillis: patience.connectMs, query_timeout: patience.answerMs },
      ...{ lock_timeout: patience.lockMs, statement_timeout: patience.statementMs },
      // The pool waits for what it returns, which its types do not say.
      onConnect: (client) => prepareSession(client) as unknown,
    })
    // An idle connection that is lost is replaced when the next one is needed.
    this.#pool.on('error', () => undefined)
  }

  /** Runs one statement, which is a transaction of its own. @throws PostgresStoreError. */
  query<Row extends QueryResultRow>(query: QueryConfig): Promise<readonly Row[]> {
    return attempt(async () => {
      for (let left = deadlockTries; ; left--) {
        try {
          return (await this.#pool.query<Row>(query)).rows
        } catch (cause) {
          if (left === 0 || !isDeadlock(cause)) throw cause
        }
      }
    })
  }

  /** Runs `work` in a transaction; whatever it throws undoes it. @throws PostgresStoreError. */
  transaction<Result>(work: (client: ClientBase) => Promise<Result>): Promise<Result> {
    return attempt(async () => {
      const client = await this.#pool.connect()
      try {
        await client.query('BEGIN')
        const result = await work(client)
        await client.query('COMMIT')
        client.release()
        return result
      } catch (cause) {
        // Closing the connection undoes it, whatever state it is in.
        client.release(true)
        throw cause
      }
    })
  }

  /** Runs what takes as long as it takes and cannot be in a transaction. @throws PostgresStoreError. */
  maintain(work: (client: ClientBase) => Promise<void>): Promise<void> {
    return attempt(async () => {
      const client = new Client({ connectionString: this.#url, connectionTimeoutMillis: patience.connectMs })
      client.on('error', () => undefined)
      try {
        await client.connect()
        await work(client)
      } finally {
        await client.end()
      }
    })
  }

  /** Waits for what runs. */
  end(): Promise<void> {
    return this.#pool.end()
  }
}

/** What `work` resolves with. @throws PostgresStoreError. */
async function attempt<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    throw asStoreError(cause)
  }
}

/**
 * A commit that is answered must be on the disk, whatever the database, the role or a later reload of its settings says. And no statement may
 * read more than its answer: each is planned once, by indices alone, because no statistics of the rows are kept (`resources/postgres`).
 * @throws PostgresStoreError `not-durable` where this is not up to a connection.
 */
export async function prepareSession(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ fsync: string }>(
    `SELECT current_setting('fsync') AS fsync,
       set_config('synchronous_commit', coalesce(nullif(current_setting('synchronous_commit'), 'off'), 'on'), false),
       set_config('plan_cache_mode', 'force_generic_plan', false), set_config('jit', 'off', false),
       set_config('enable_seqscan', 'off', false), set_config('enable_bitmapscan', 'off', false)`,
  )
  if (rows[0]?.fsync !== 'on') throw new PostgresStoreError('not-durable', 'PostgreSQL runs with fsync = off')
}
