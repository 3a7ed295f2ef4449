/** What a page costs is what it holds: rows that PostgreSQL reads for it, whatever else the account has. */
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { filledDevice, fillHistory } from '#bench/support/replica-rows.ts'
import { prepareSession } from '#server/replica/postgres/connections.ts'
import { openPostgresStore } from '#server/replica/postgres/postgres-store.ts'
import { newestText, pageText } from '#server/replica/postgres/statements.ts'
import type { ReplicaStore } from '#server/replica/replica-store.ts'
import { SetClock } from '#test/contracts/replica-store/world.ts'
import { PostgresServer } from './postgres-server.ts'

const schemaDirectory = fileURLToPath(new URL('../../../resources/postgres', import.meta.url))
const lengths = [600, 30_000] as const
const lastDay = 20_500
const days = 30
const pageRows = 20
const accountOf = (rows: number): string => `sip:${rows}@example.org`
let server: PostgresServer
let store: ReplicaStore
let client: Client

beforeAll(async () => {
  server = await PostgresServer.start()
  const schema = await server.schema()
  const limits = { accountBytes: Number.MAX_SAFE_INTEGER }
  store = await openPostgresStore({
    url: server.url(schema),
    connections: 1,
    clock: new SetClock(),
    limits,
    schemaDirectory,
  })
  for (const rows of lengths) await fillHistory(server, schema, { account: accountOf(rows), rows, lastDay, days })
  client = new Client({ connectionString: server.url(schema) })
  await client.connect()
  await prepareSession(client)
  await client.query(`PREPARE page AS ${pageText}`)
  await client.query(`PREPARE newest AS ${newestText}`)
})

afterAll(async () => {
  await client.end()
  await store.close()
  await server.stop()
})

interface Plan {
  readonly 'Relation Name'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly Plan[]
}

/** Rows of batches that were read, those not wanted too. */
function batchesRead(plan: Plan): number {
  const inner = (plan.Plans ?? []).reduce((sum, each) => sum + batchesRead(each), 0)
  const isBatch = plan['Relation Name']?.startsWith('batch_') === true
  return inner + (isBatch ? (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops'] : 0)
}

async function readBy(execute: string): Promise<number> {
  const { rows } = await client.query<{ 'QUERY PLAN': readonly [{ readonly Plan: Plan }] }>(
    `EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE ${execute}`,
  )
  return batchesRead(rows[0]!['QUERY PLAN'][0].Plan)
}

function page(rows: number, seq: number): string {
  const devices = [0, 1].map((index) => `'\\x${Buffer.from(filledDevice(index)).toString('hex')}'::bytea`)
  return `page('${accountOf(rows)}', ARRAY[${devices.join()}], ARRAY[${seq}, ${seq}]::bigint[], 1048576, ${pageRows})`
}

it('a poll reads what is new', async () => {
  for (const rows of lengths) expect(await readBy(page(rows, rows / 2 - 1)), `${rows}`).toBe(2)
})

it('a page in the middle and the newest screen read one page of each device', async () => {
  for (const rows of lengths) {
    for (const seq of [0, 7, rows / 4]) expect(await readBy(page(rows, seq)), `${rows} ${seq}`).toBe(2 * (pageRows + 1))
    expect(await readBy(`newest('${accountOf(rows)}', 1048576, ${pageRows})`), `${rows}`).toBe(2 * pageRows)
  }
})

it('the store finds the same rows', async () => {
  for (const rows of lengths) {
    const after = [0, 1].map((index) => ({ device: filledDevice(index), seq: rows / 2 - 2 }))
    const { batches, end } = await store.page(accountOf(rows), { after, maxBytes: 1_048_576 })
    expect([batches.map(({ first }) => first), end]).toEqual([[rows / 2 - 1, rows / 2 - 1, rows / 2, rows / 2], true])
  }
})
