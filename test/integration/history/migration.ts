/** Interrupts the update of an old history at every moment: it is the old one or the new one afterwards, and can go on. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { isIntact, openDatabase, schemaVersion } from '#main/history/database.ts'
import { currentVersion } from '#main/history/migrations/migrations.ts'
import { parseDiskLog } from '#test/fakes/disk-log.ts'
import { buildDiskShim, DiskControl, watchedEnvironment } from '#test/fakes/disk-shim.ts'
import { CutDisk, type Survival } from '#test/fakes/power-cut.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import type { MigrationFault } from './migration-child.ts'
import { quickFolder } from './power-cut.ts'

export interface MigrationReport {
  readonly calls: number
  readonly states: number
  /** Schema versions that a power cut left. */
  readonly versions: readonly number[]
  readonly problems: readonly string[]
  readonly faults: readonly MigrationFault[]
}

export const migrationKey = new Uint8Array(32).fill(6)
const child = fileURLToPath(new URL('./migration-child.ts', import.meta.url))
const fixtures = new URL('../../fixtures/history/', import.meta.url)
const samples = 4

/** Cuts the power at every call of the update from one version, and fails the disk at every call. */
export function interruptMigration(from: number): MigrationReport {
  const folder = mkdtempSync(path.join(quickFolder, 'sotto-migration-'))
  try {
    const [root, log, marks, control, image] = ['disk', 'log', 'marks', 'control', 'image'].map((name) =>
      path.join(folder, name),
    ) as [string, string, string, string, string]
    makeImage(image, from)
    mkdirSync(root)
    new DiskControl(control).close()
    const library = buildDiskShim(folder)
    const run = (mode: string, files: Parameters<typeof watchedEnvironment>[1], file: string): string =>
      execFileSync(process.execPath, ['--no-warnings', child, mode, root, file, image], {
        env: { ...process.env, ...watchedEnvironment(library, files) },
        encoding: 'utf8',
      })
    run('record', { root, log, marks }, marks)
    const cuts = cutAll(readFileSync(log), path.join(folder, 'found'), from)
    const lines = run('fail', { root, control }, control).split('\n').filter(Boolean)
    return { ...cuts, faults: lines.map((line) => JSON.parse(line) as MigrationFault) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The fixture as a database file. */
function makeImage(file: string, version: number): void {
  const db = openDatabase({ path: file, key: migrationKey, role: 'writer', migrations: [] })
  db.exec(readFileSync(new URL(`schema-${version}.sql`, fixtures), 'utf8'))
  db.close()
}

function cutAll(log: Buffer, found: string, from: number): Omit<MigrationReport, 'faults'> {
  const [disk, random] = [new CutDisk(), new SeededRandom(`migration from ${from}`)]
  const [versions, problems] = [new Set<number>(), [] as string[]]
  const records = parseDiskLog(log)
  let [isThere, states] = [false, 0]
  for (const [index, record] of records.entries()) {
    disk.apply(record)
    isThere ||= record.op === 'mark'
    if (!isThere) continue
    const torn = Array.from({ length: samples }, (_, at) => ({ random, sectorBytes: at % 2 === 0 ? 512 : 4096 }))
    for (const survival of ['nothing', 'everything', ...torn] satisfies readonly Survival[]) {
      states += 1
      const version = layOut(disk, survival, found)
      versions.add(version)
      const isSaidDone = record.op === 'mark' && record.text === 'there new'
      if (version !== from && version !== currentVersion) problems.push(`call ${index}: version ${version}`)
      if (isSaidDone && version !== currentVersion) problems.push(`call ${index}: the update is lost`)
      const problem = lookAtMigrated(path.join(found, 'history.db'))
      if (problem !== null) problems.push(`call ${index}: ${problem}`)
    }
  }
  return { calls: records.length, states, versions: [...versions].sort((a, b) => a - b), problems }
}

/** Lays a disk out and says which version of the schema it holds. */
function layOut(disk: CutDisk, survival: Survival, found: string): number {
  rmSync(found, { recursive: true, force: true })
  mkdirSync(found)
  for (const [name, content] of disk.cut(survival)) {
    if (content !== null && !name.endsWith('-shm')) writeFileSync(path.join(found, name), content)
  }
  const db = openDatabase({ path: path.join(found, 'history.db'), key: migrationKey, role: 'reader' })
  const version = schemaVersion(db)
  db.close()
  return version
}

/** Brings the history up to date again, on a disk that works; says what is wrong with it then. */
export function lookAtMigrated(file: string): string | null {
  const db = openDatabase({ path: file, key: migrationKey, role: 'writer' })
  try {
    if (schemaVersion(db) !== currentVersion) return 'not up to date'
    if (!isIntact(db)) return 'damaged'
    const rows = db.prepare("SELECT text FROM message WHERE text LIKE 'Grüße%'").all()
    return rows.length === 1 ? null : 'a message is lost'
  } finally {
    db.close()
  }
}
