/**
 * The replica's PostgreSQL store beside the driver alone, in one run: durable appends, a poll of histories of several lengths, and dropping
 * a day. `--smoke` is the short form, `--full` goes on to 10,000,000 batches.
 */
import { fileURLToPath } from 'node:url'
import { Pool } from 'pg'
import { systemClock as clock } from '#server/home/system-ports.ts'
import { openPostgresStore } from '#server/replica/postgres/postgres-store.ts'
import type { ReplicaStore } from '#server/replica/replica-store.ts'
import { ReplicaDevice } from '#test/fixtures/replica/device.ts'
import { PostgresServer } from '#test/integration/replica/postgres-server.ts'
import { ms, printFigures, quantile, type Figure } from './support/figures.ts'
import { filledDevice, fillHistory, makeOld } from './support/replica-rows.ts'
import { timed } from './support/timed.ts'

const [smoke, full] = ['--smoke', '--full'].map((flag) => process.argv.includes(flag)) as [boolean, boolean]
const appends = smoke ? 4 : 40
const rounds = smoke ? 1 : 5
const writers = 32
const connections = 8
const lengths = smoke ? [1_000, 10_000] : [1_000, 100_000, full ? 10_000_000 : 2_000_000]
const polls = smoke ? 20 : 300
const droppedRows = smoke ? 10_000 : 2_000_000
const promise = { ingest: 0.3, poll: 2, dropMs: 1_000 } as const
const historyDays = 60
const dayMs = 86_400_000
const today = Math.floor(clock.now() / dayMs)
const accountBytes = Number.MAX_SAFE_INTEGER
const schemaDirectory = fileURLToPath(new URL('../resources/postgres', import.meta.url))

async function withStore<Result>(work: (store: ReplicaStore, schema: string) => Promise<Result>): Promise<Result> {
  const schema = await server.schema()
  const url = server.url(schema)
  const store = await openPostgresStore({ url, connections, clock, limits: { accountBytes }, schemaDirectory })
  try {
    return await work(store, schema)
  } finally {
    await store.close()
  }
}

/** Bytes in the files for each batch, indices and all. */
async function measureRoom(schema: string, batch: number): Promise<Figure> {
  const [row] = await server.sql<{ each: number }>(
    `SELECT sum(pg_total_relation_size(c.oid))::float8 / (SELECT count(*) FROM batch) AS each FROM pg_class c
       WHERE c.relkind = 'r' AND c.relname ~ '^(batch|span|head|account)' AND c.relnamespace = '${schema}'::regnamespace`,
    schema,
  )
  if (row === undefined) throw new Error('no size')
  return {
    what: 'bytes in the files for a live message',
    ...{ measured: row.each.toFixed(0), besides: `${batch} sent` },
    ...{ promise: '–', holds: null },
  }
}

/** Batches of live messages: one envelope each, of as many accounts as write at once. */
async function measureIngest(): Promise<readonly Figure[]> {
  return withStore(async (store, schema) => {
    const pool = new Pool({ connectionString: server.url(schema), max: connections })
    await pool.query('CREATE TABLE plain (id bigserial PRIMARY KEY, bytes bytea NOT NULL)')
    const devices = Array.from({ length: writers }, (_, n) => new ReplicaDevice(`sip:user${n}@example.org`, 'one'))
    const [stored, plain]: [number[], number[]] = [[], []]
    for (let round = 0; round < rounds; round++) {
      const batches = devices.map((device) => Array.from({ length: appends }, () => device.write()))
      await timed(plain, () =>
        Promise.all(
          batches.map(async (some) => {
            for (const { bytes } of some)
              await pool.query({ name: 'plain', text: 'INSERT INTO plain (bytes) VALUES ($1)', values: [bytes] })
          }),
        ),
      )
      await timed(stored, () =>
        Promise.all(
          devices.map(async ({ account }, n) => {
            for (const batch of batches[n] ?? []) await store.append(account, batch)
          }),
        ),
      )
    }
    await pool.end()
    const [ours, theirs] = [stored, plain].map((times) => (writers * appends * 1000) / quantile(times, 0.5))
    if (ours === undefined || theirs === undefined) throw new Error('nothing was measured')
    const rate = {
      what: `durable appends a second, ${writers} writers over ${connections} connections`,
      ...{ measured: ours.toFixed(0), besides: `${theirs.toFixed(0)} plain inserts` },
      ...{ promise: `≥ ${promise.ingest} ×`, holds: ours >= promise.ingest * theirs },
    }
    return [rate, await measureRoom(schema, devices[0]?.write().bytes.length ?? 0)]
  })
}

/** Polls of histories of all lengths in turns: both devices have one batch more than the reader knows. */
async function measurePolls(): Promise<readonly Figure[]> {
  return withStore(async (store, schema) => {
    const times = new Map(lengths.map((rows) => [rows, [] as number[]]))
    for (const rows of lengths)
      await fillHistory(server, schema, { account: `sip:${rows}@example.org`, rows, lastDay: today, days: historyDays })
    await server.sql('ANALYZE', schema)
    const heads = new Map<number, readonly { device: Uint8Array; seq: number }[]>()
    for (const rows of lengths) heads.set(rows, await store.heads(`sip:${rows}@example.org`))
    for (let round = 0; round < polls; round++) {
      for (const [rows, taken] of times) {
        const after = (heads.get(rows) ?? []).map(({ device, seq }) => ({ device, seq: seq - 1 }))
        const page = () => store.page(`sip:${rows}@example.org`, { after, maxBytes: 1_048_576 })
        if (round === 0 && (await page()).batches.length !== 2) throw new Error('a poll did not find what is new')
        await timed(taken, page)
      }
    }
    const shortest = quantile(times.get(lengths[0] ?? 0) ?? [], 0.5)
    return [...times].map(([rows, taken]) => ({
      what: `poll of ${rows.toLocaleString('en')} batches, p50`,
      ...{ measured: ms(quantile(taken, 0.5)), besides: `${ms(shortest)} for the shortest` },
      ...{ promise: `≤ ${promise.poll} ×`, holds: quantile(taken, 0.5) <= promise.poll * shortest },
    }))
  })
}

async function measureDrop(): Promise<Figure> {
  return withStore(async (store, schema) => {
    await fillHistory(server, schema, {
      account: 'sip:full@example.org',
      rows: droppedRows,
      lastDay: today - 60,
      days: 1,
    })
    await makeOld(server, schema)
    const times: number[] = []
    await timed(times, () => store.dropBefore(today - 59))
    const left = await store.page('sip:full@example.org', { after: [{ device: filledDevice(0), seq: 0 }], maxBytes: 1 })
    if (left.batches.length > 0) throw new Error('the day was not dropped')
    return {
      what: `dropping a day of ${droppedRows.toLocaleString('en')} batches`,
      ...{ measured: ms(quantile(times, 0.5)), besides: '–' },
      ...{ promise: `≤ ${promise.dropMs} ms`, holds: quantile(times, 0.5) <= promise.dropMs },
    }
  })
}

const server = await PostgresServer.start(['max_wal_size=4GB'])
try {
  const figures = [...(await measureIngest()), ...(await measurePolls()), await measureDrop()]
  printFigures('PostgreSQL store of the replica', figures, smoke)
} finally {
  await server.stop()
}
