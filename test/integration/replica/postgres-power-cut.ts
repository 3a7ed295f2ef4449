/** Cuts the power of a PostgreSQL under the store, at moments when something was just acknowledged: it has to be there afterwards. */
import { chmodSync, closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'
import { ReplicaDevice } from '#test/fixtures/replica/device.ts'
import { encodeMark, parseDiskLog, type DiskRecord } from '#test/fakes/disk-log.ts'
import { buildDiskShim, watchedEnvironment } from '#test/fakes/disk-shim.ts'
import { CutDisk, type DiskState, type Survival } from '#test/fakes/power-cut.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { quickFolder } from '../history/power-cut.ts'
import { compare, makeCareless, withStore } from './postgres-kill9.ts'
import { PostgresServer } from './postgres-server.ts'

export interface PostgresCutOptions {
  /** Acknowledged batches of each writer. */
  readonly batches: number
  /** Acknowledgements after which the power is cut, spread evenly. */
  readonly cuts: number
  /** Torn disks for each cut, beside the one that has nothing of what was not synced. */
  readonly samples: number
  readonly seed: string
  /** Commits answer before they are on the disk. */
  readonly careless?: boolean
}

export interface PostgresCutReport {
  readonly acknowledged: number
  readonly states: number
  readonly lost: readonly string[]
  readonly wrong: readonly string[]
  /** Whether what was seen of PostgreSQL's log is what really was on the disk in the end. */
  readonly logIsComplete: boolean
}

const writers = ['one', 'two', 'three']
const account = 'sip:alice@example.org'

export async function cutPostgres(options: PostgresCutOptions): Promise<PostgresCutReport> {
  const folder = mkdtempSync(path.join(quickFolder, 'sotto-pg-cut-'))
  // Without the process that writes the log down by itself, a careless commit is only lost at times.
  const server = await PostgresServer.start(options.careless === true ? ['wal_writer_delay=10s'] : [])
  try {
    const schema = await server.schema()
    const url = server.url(schema)
    await withStore(url, () => Promise.resolve())
    if (options.careless === true) await makeCareless(server, schema)
    await server.shutDown()
    const found = filesOf(server.data)
    const records = await record(folder, server, { url, batches: options.batches })
    return {
      ...(await judge(records, { found, schema, options })),
      logIsComplete: holds(server.data, { found, records }),
    }
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Lets writers write while the disk is watched, each acknowledgement marked among what the disk was told. */
async function record(
  folder: string,
  server: PostgresServer,
  { url, batches }: { readonly url: string; readonly batches: number },
): Promise<readonly DiskRecord[]> {
  const log = path.join(folder, 'log')
  // PostgreSQL runs as somebody else.
  chmodSync(folder, 0o755)
  const marks = openSync(log, 'a')
  chmodSync(log, 0o666)
  try {
    await server.restart(watchedEnvironment(buildDiskShim(folder), { root: server.data, log }))
    const write = async (store: Parameters<Parameters<typeof withStore>[1]>[0], name: string): Promise<void> => {
      const device = new ReplicaDevice(account, name)
      for (let count = 0; count < batches; count += 1) {
        const batch = device.write(300)
        const { kind } = await store.append(account, batch)
        if (kind !== 'stored') throw new Error(`the answer was ${kind}`)
        writeSync(marks, encodeMark(`${account} ${name} ${batch.last}`))
      }
    }
    await withStore(url, async (store) => {
      await Promise.all(writers.map((name) => write(store, name)))
      await server.halt()
    })
    return parseDiskLog(readFileSync(log))
  } finally {
    closeSync(marks)
  }
}

async function judge(
  records: readonly DiskRecord[],
  {
    found,
    schema,
    options,
  }: { readonly found: DiskState; readonly schema: string; readonly options: PostgresCutOptions },
): Promise<Omit<PostgresCutReport, 'logIsComplete'>> {
  const [disk, random, acknowledged] = [new CutDisk(found), new SeededRandom(options.seed), [] as string[]]
  const every = Math.max(1, Math.floor((writers.length * options.batches) / options.cuts))
  const torn: readonly Survival[] = Array.from({ length: options.samples }, () => ({ random, sectorBytes: 512 }))
  const [lost, wrong]: [string[], string[]] = [[], []]
  let states = 0
  for (const record of records) {
    if (record.op !== 'mark') {
      disk.apply(record)
      continue
    }
    acknowledged.push(record.text)
    if (acknowledged.length % every !== 0) continue
    for (const survival of ['nothing', ...torn] as const) {
      const after = await lookAgain(disk.cut(survival), { schema, acknowledged })
      states += 1
      lost.push(...after.lost)
      wrong.push(...after.wrong)
    }
  }
  return { acknowledged: acknowledged.length, states, lost, wrong }
}

async function lookAgain(
  state: DiskState,
  { schema, acknowledged }: { readonly schema: string; readonly acknowledged: readonly string[] },
): ReturnType<typeof compare> {
  // It names a process of before the cut.
  const server = await PostgresServer.startOn(new Map([...state].filter(([name]) => name !== 'postmaster.pid')))
  try {
    return await withStore(server.url(schema), (store) => compare(store, acknowledged))
  } finally {
    await server.stop()
  }
}

function holds(
  folder: string,
  { found, records }: { readonly found: DiskState; readonly records: readonly DiskRecord[] },
): boolean {
  const disk = new CutDisk(found)
  for (const record of records) disk.apply(record)
  const [seen, there] = [disk.cut('everything'), [...filesOf(folder)].filter(([name]) => name.startsWith('pg_wal/'))]
  return there.every(([name, content]) =>
    content === null ? seen.has(name) : seen.get(name)?.equals(content) === true,
  )
}

function filesOf(folder: string): DiskState {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return new Map(
    entries.map((entry) => {
      const file = path.join(entry.parentPath, entry.name)
      return [path.relative(folder, file), entry.isDirectory() ? null : readFileSync(file)]
    }),
  )
}
