/**
 * Kills, again and again on one database, the process that writes or PostgreSQL itself: nothing acknowledged may be lost.
 * `node test/integration/replica/postgres-kill9.ts --rounds 1000` runs it alone.
 */
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock as clock } from '#server/home/system-ports.ts'
import { openPostgresStore } from '#server/replica/postgres/postgres-store.ts'
import type { ReplicaStore, StoredBatch } from '#server/replica/replica-store.ts'
import { toHex } from '#shared/bytes/bytes.ts'
import { bundleProgram } from '#test/fakes/bundled-program.ts'
import { ReplicaDevice } from '#test/fixtures/replica/device.ts'
import { PostgresServer } from './postgres-server.ts'

export interface CrashReport {
  readonly rounds: number
  readonly acknowledged: number
  /** Acknowledged, and not there afterwards. */
  readonly lost: readonly string[]
  /** What is not as it was written: gaps, repeats, heads or counts that do not fit the batches. */
  readonly wrong: readonly string[]
}

export interface CrashTest {
  readonly rounds: number
  readonly victim: 'writer' | 'postgres'
  /** Makes commits answer before they are on the disk: the test must notice. */
  readonly careless?: boolean
}

const schemaDirectory = fileURLToPath(new URL('../../../resources/postgres', import.meta.url))
const childSource = fileURLToPath(new URL('./postgres-kill9-child.ts', import.meta.url))
/** A life ends after so many acknowledged batches at most, and so much later, ms. */
const longestLife = { lines: 120, afterMs: 8 }

export async function runCrashTest({ rounds, victim, careless = false }: CrashTest): Promise<CrashReport> {
  // Without the process that writes the log down by itself soon afterwards, a careless commit would only be lost at times.
  using child = await bundleProgram(childSource)
  const server = await PostgresServer.start(careless ? ['wal_writer_delay=10s'] : [])
  try {
    const schema = await server.schema()
    const url = server.url(schema)
    await withStore(url, () => Promise.resolve())
    if (careless) await makeCareless(server, schema)
    const acknowledged: string[] = []
    for (let round = 0; round < rounds; round++) {
      acknowledged.push(
        ...(await oneLife([child.file, url, String(round)], victim === 'postgres' ? () => server.crash() : null)),
      )
      if (victim === 'postgres') await server.restart()
    }
    return await withStore(url, async (store) => ({
      rounds,
      acknowledged: acknowledged.length,
      ...(await compare(store, acknowledged)),
    }))
  } finally {
    await server.stop()
  }
}

/** Whatever the session says, its commits no longer wait. */
export async function makeCareless(server: PostgresServer, schema: string): Promise<void> {
  const body = "BEGIN PERFORM set_config(''synchronous_commit'', ''off'', true); RETURN NULL; END"
  await server.sql(`CREATE FUNCTION hurry() RETURNS trigger LANGUAGE plpgsql AS '${body}'`, schema)
  await server.sql(
    'CREATE TRIGGER hurry AFTER UPDATE OR INSERT ON account FOR EACH ROW EXECUTE FUNCTION hurry()',
    schema,
  )
}

export async function withStore<Result>(url: string, work: (store: ReplicaStore) => Promise<Result>): Promise<Result> {
  const limits = { accountBytes: Number.MAX_SAFE_INTEGER }
  const store = await openPostgresStore({ url, connections: 2, clock, limits, schemaDirectory })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

/** Runs one life of the child; resolves with the lines it acknowledged. */
async function oneLife(args: readonly string[], crash: (() => Promise<void>) | null): Promise<readonly string[]> {
  const [program = '', , round] = args
  const env = { ...process.env, NODE_COMPILE_CACHE: path.join(path.dirname(program), 'compiled') }
  const run = spawn(process.execPath, ['--no-warnings', ...args, schemaDirectory], {
    ...{ stdio: ['ignore', 'pipe', 'pipe'], env },
  })
  const closed = once(run, 'close')
  const lastLine = randomInt(1, longestLife.lines)
  let [output, complaint] = ['', '']
  run.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  await new Promise<void>((resolve) => {
    run.once('close', () => resolve())
    run.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (output.split('\n').length > lastLine) resolve()
    })
  })
  if (run.exitCode !== null) throw new Error(`child ended by itself in round ${round}: ${complaint}`)
  await new Promise((resolve) => setTimeout(resolve, randomInt(0, longestLife.afterMs)))
  if (crash === null) run.kill('SIGKILL')
  else await crash()
  // Cut off from PostgreSQL the child ends by itself.
  await closed
  // A line cut by the kill was not acknowledged.
  return output.split('\n').slice(0, -1)
}

/** What a store lacks of these lines, `account device seq` each, and what in it does not fit together. */
export async function compare(
  store: ReplicaStore,
  acknowledged: readonly string[],
): Promise<Pick<CrashReport, 'lost' | 'wrong'>> {
  const accounts = [...new Set(acknowledged.map((line) => line.split(' ')[0] ?? ''))]
  const stored = new Map<string, number>()
  const wrong: string[] = []
  for (const account of accounts) {
    const batches = await readAll(store, account)
    const ends = new Map<string, number>()
    for (const { device, first, last } of batches) {
      const before = ends.get(toHex(device)) ?? 0
      if (first !== before + 1) wrong.push(`${account}: ${first} follows ${before}`)
      ends.set(toHex(device), last)
    }
    for (const { device, seq } of await store.heads(account)) {
      if (ends.get(toHex(device)) !== seq) wrong.push(`${account}: a head at ${seq}`)
      stored.set(`${account} ${toHex(device)}`, seq)
    }
    const bytes = batches.reduce((sum, batch) => sum + batch.bytes.length, 0)
    const usage = await store.usage(account)
    if (usage.batches !== batches.length || usage.bytes !== bytes) wrong.push(`${account}: counts`)
  }
  const lost = acknowledged.filter((line) => {
    const [account = '', name = '', last] = line.split(' ')
    return (stored.get(`${account} ${toHex(new ReplicaDevice(account, name).id)}`) ?? 0) < Number(last)
  })
  return { lost, wrong }
}

async function readAll(store: ReplicaStore, account: string): Promise<readonly StoredBatch[]> {
  const batches: StoredBatch[] = []
  const cursor = new Map<string, { readonly device: Uint8Array; readonly seq: number }>()
  for (;;) {
    const page = await store.page(account, { after: [...cursor.values()], maxBytes: 1_048_576 })
    batches.push(...page.batches)
    for (const { device, last } of page.batches) cursor.set(toHex(device), { device, seq: last })
    if (page.end) return batches
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rounds = Number(process.argv[process.argv.indexOf('--rounds') + 1] ?? 100)
  for (const victim of ['writer', 'postgres'] as const) {
    const report = await runCrashTest({ rounds, victim })
    console.log(victim, report)
    if (report.lost.length + report.wrong.length > 0) process.exitCode = 1
  }
}
