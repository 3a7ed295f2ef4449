/**
 * Durable ingest of sealed batches by the replica's store on SQLite, beside the driver alone inserting the same rows as durably, in turns:
 * single envelopes one after the other and of many devices at once, and full batches. `--smoke` is the short form.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { SqliteReplicaStore } from '#server/replica/sqlite/sqlite-replica-store.ts'
import { maxBatchEntries } from '#shared/replication/head.ts'
import { SetClock } from '#test/contracts/replica-store/world.ts'
import { ReplicaDevice, type MadeBatch } from '#test/fixtures/replica/device.ts'

const smoke = process.argv.includes('--smoke')
const turns = smoke ? 1 : 5
const promise = 0.5
/** A text of up to some 200 letters, sealed (`shared/replication/size-classes.ts`), and its tag. */
const bodyBytes = 528

interface Row {
  readonly account: string
  readonly batch: MadeBatch
}

interface Load {
  readonly what: string
  readonly devices: number
  readonly envelopes: number
  readonly perDevice: number
  /** Rows that the driver puts into one transaction: as many as are on their way to the store at a time. */
  readonly atOnce: number
}

const loads: readonly Load[] = [
  { what: 'batches of 1, one at a time', devices: 1, envelopes: 1, perDevice: smoke ? 100 : 2000, atOnce: 1 },
  { what: 'batches of 1, of 256 devices', devices: 256, envelopes: 1, perDevice: smoke ? 2 : 200, atOnce: 256 },
  {
    ...{ what: `batches of ${maxBatchEntries}, of 16 devices` },
    ...{ devices: 16, envelopes: maxBatchEntries, perDevice: smoke ? 1 : 12, atOnce: 16 },
  },
]

/** Of each device its batches, in the order they are sent. */
function rowsOf({ devices, envelopes, perDevice }: Load): readonly (readonly Row[])[] {
  return Array.from({ length: devices }, (_, n) => {
    const device = new ReplicaDevice(`sip:person-${n >> 1}@example.org`, `device ${n}`)
    const lengths = Array.from({ length: envelopes }, () => bodyBytes)
    return Array.from({ length: perDevice }, () => ({ account: device.account, batch: device.write(...lengths) }))
  })
}

/** Seconds until all is durable; each device waits for its answer before it sends the next. */
async function ours(rows: readonly (readonly Row[])[], directory: string): Promise<number> {
  const limits = { accountBytes: Number.MAX_SAFE_INTEGER }
  const store = new SqliteReplicaStore({ directory, clock: new SetClock(), limits })
  const start = performance.now()
  await Promise.all(
    rows.map(async (its) => {
      for (const { account, batch } of its) {
        const { kind } = await store.append(account, batch)
        if (kind !== 'stored') throw new Error(`answered ${kind}`)
      }
    }),
  )
  const seconds = (performance.now() - start) / 1000
  await store.close()
  return seconds
}

function driverAlone(rows: readonly (readonly Row[])[], directory: string, atOnce: number): number {
  const db = new Database(path.join(directory, 'plain.db'))
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.exec(`CREATE TABLE batch (id INTEGER PRIMARY KEY, account TEXT, device BLOB, first INTEGER, last INTEGER, hash BLOB, bytes BLOB);
    CREATE UNIQUE INDEX batch_by_place ON batch (account, device, last)`)
  const insert = db.prepare('INSERT INTO batch (account, device, first, last, hash, bytes) VALUES (?, ?, ?, ?, ?, ?)')
  const insertAll = db.transaction((some: readonly Row[]) => {
    for (const { account, batch } of some)
      insert.run(account, batch.device, batch.first, batch.last, batch.hash, batch.bytes)
  })
  const inOrder = Array.from({ length: rows[0]?.length ?? 0 }, (_, n) => rows.flatMap((its) => its[n] ?? [])).flat()
  const start = performance.now()
  for (let at = 0; at < inOrder.length; at += atOnce) insertAll(inOrder.slice(at, at + atOnce))
  const seconds = (performance.now() - start) / 1000
  db.close()
  return seconds
}

async function inFolder<T>(run: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sotto-bench-replica-'))
  try {
    return await run(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN

async function measure(load: Load): Promise<number> {
  const rows = rowsOf(load)
  const count = load.devices * load.perDevice
  const [store, driver]: [number[], number[]] = [[], []]
  for (let turn = 0; turn < turns; turn++) {
    store.push(count / (await inFolder((folder) => ours(rows, folder))))
    driver.push(count / (await inFolder((folder) => driverAlone(rows, folder, load.atOnce))))
  }
  const ratio = median(store.map((rate, turn) => rate / (driver[turn] ?? NaN)))
  const envelopes = Math.round(median(store) * load.envelopes)
  console.log(
    `${load.what}: ${Math.round(median(store))}/s (${envelopes} envelopes/s), driver alone ${Math.round(median(driver))}/s: ${ratio.toFixed(2)} × (promise ≥ ${promise} ×)`,
  )
  return ratio
}

let held = true
for (const load of loads) held = (await measure(load)) >= promise && held
process.exitCode = held || smoke ? 0 : 1
