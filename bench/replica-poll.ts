/**
 * What a poll of the replica's store costs over ever longer histories, and how long dropping a day takes. `--smoke` is the short form, `--full`
 * goes on to 10,000,000 batches.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { SqliteReplicaStore } from '#server/replica/sqlite/sqlite-replica-store.ts'
import { openDatabase } from '#server/replica/sqlite/database.ts'
import { DayFiles } from '#server/replica/sqlite/day-files.ts'
import { SetClock, alice, today } from '#test/contracts/replica-store/world.ts'
import { ReplicaDevice } from '#test/fixtures/replica/device.ts'

const [smoke, full] = ['--smoke', '--full'].map((flag) => process.argv.includes(flag))
const sizes = smoke ? [100, 1000] : [1000, 100_000, 1_000_000, ...(full ? [10_000_000] : [])]
const dropped = smoke ? 1000 : 2_000_000
const polls = smoke ? 20 : 300
const days = 60
const devices = 4
const pageBytes = 1_048_576
/** How many times as much a poll of the longest history may cost. */
const promise = 2
const limits = { accountBytes: Number.MAX_SAFE_INTEGER }

/** Rows of an account in a day's file, as appending them would have left it. */
function fillDay(directory: string, day: number, from: number, batches: number): void {
  const files = new DayFiles(directory, 0, openDatabase)
  files.newest(day)
  const file = files.pathOf(day)
  files.close()
  const db = openDatabase(file, '')
  db.pragma('synchronous = OFF')
  const each = Math.ceil(batches / devices)
  db.transaction(() => {
    db.prepare(
      `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
       INSERT INTO batch (account, device, first, last, hash, bytes)
       SELECT ?, CAST('fifteen letters' || char(65 + i % ${devices}) AS BLOB), ? + i / ${devices}, ? + i / ${devices}, zeroblob(32), zeroblob(150) FROM n`,
    ).run(each * devices, alice, from, from)
    db.exec(`INSERT INTO head SELECT account, device, MIN(first), MAX(last), zeroblob(32), COUNT(*), SUM(length(bytes))
      FROM batch GROUP BY account, device`)
  })()
  db.close()
}

function fill(directory: string, batches: number): void {
  const perDay = Math.ceil(batches / days)
  for (let day = 0; day < days; day++) fillDay(directory, today + day, 1 + day * Math.ceil(perDay / devices), perDay)
}

async function medianMs(run: () => unknown): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < polls; round++) {
    const start = performance.now()
    await run()
    times.push(performance.now() - start)
  }
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? NaN
}

interface Costs {
  readonly nothing: number
  readonly one: number
  readonly page: number
  readonly reopened: number
}

async function costsOf(directory: string): Promise<Costs> {
  const clock = new SetClock()
  clock.setDay(today + days)
  const open = () => new SqliteReplicaStore({ directory, clock, limits })
  const store = open()
  const device = new ReplicaDevice(alice, 'one')
  const before = (await store.heads(alice)).map(({ device: id, seq }) => ({ device: id, seq }))
  await store.append(alice, device.write())
  const poll = (after: typeof before, maxBytes = pageBytes) => store.page(alice, { after, maxBytes })
  const now = [...before, { device: device.id, seq: device.seq }]
  const costs = {
    nothing: await medianMs(() => poll(now)),
    one: await medianMs(() => poll(before)),
    page: await medianMs(() => poll([], 10_000)),
  }
  await store.close()
  const start = performance.now()
  const again = open()
  await again.page(alice, { after: now, maxBytes: pageBytes })
  const reopened = performance.now() - start
  await again.close()
  return { ...costs, reopened }
}

async function dropSeconds(directory: string): Promise<number> {
  const clock = new SetClock()
  fillDay(directory, today, 1, dropped)
  const store = new SqliteReplicaStore({ directory, clock, limits })
  const start = performance.now()
  await store.dropBefore(today + 1)
  const seconds = (performance.now() - start) / 1000
  await store.close()
  return seconds
}

async function inFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sotto-bench-replica-'))
  try {
    return await run(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const all: Costs[] = []
for (const size of sizes) {
  const costs = await inFolder((folder) => {
    fill(folder, size)
    return costsOf(folder)
  })
  all.push(costs)
  const told = Object.entries({ ...costs }).map(
    ([what, ms]: readonly [string, number]) => `${what} ${ms.toFixed(3)} ms`,
  )
  console.log(`${size} batches in ${days} days: ${told.join(', ')}`)
}
const seconds = await inFolder(dropSeconds)
console.log(`dropping a day of ${dropped} batches: ${seconds.toFixed(3)} s (promise ≤ 1 s)`)
const [shortest, longest] = [all[0], all.at(-1)]
const held = (['nothing', 'one', 'page'] as const).every(
  (what) => (longest?.[what] ?? NaN) <= promise * (shortest?.[what] ?? NaN),
)
process.exitCode = smoke || (held && seconds <= 1) ? 0 : 1
