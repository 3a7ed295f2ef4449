/**
 * The program that is brought up to date. `record root marks image`: once, on a disk that is recorded. `fail root control image`:
 * again and again, with a disk that fails at one call after the other; prints what each showed, a line of JSON each. `image` is
 * the old database.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import path from 'node:path'
import { SottoError } from '#shared/errors.ts'
import { openDatabase } from '#main/history/database.ts'
import { DiskControl, type DiskFault } from '#test/fakes/disk-shim.ts'
import { lookAtMigrated, migrationKey } from './migration.ts'

/** What one fault did to a migration; `calls` are those that the disk saw. */
export interface MigrationFault {
  readonly fault: DiskFault
  readonly calls: number
  readonly failed: number
  readonly problem: string | null
}

const [mode, root, file, image] = process.argv.slice(2)
if (root === undefined || file === undefined || image === undefined)
  throw new Error('mode, root, file and image wanted')
const database = path.join(root, 'history.db')

function layDown(): void {
  rmSync(root ?? '', { recursive: true, force: true })
  mkdirSync(root ?? '')
  writeFileSync(database, readFileSync(image ?? ''))
}

function migrate(): void {
  openDatabase({ path: database, key: migrationKey, role: 'writer' }).close()
}

function record(marksFile: string): void {
  writeFileSync(database, readFileSync(image ?? ''))
  for (const each of [database, path.dirname(database)]) {
    const fd = openSync(each, 'r')
    fsyncSync(fd)
    closeSync(fd)
  }
  const marks = openSync(marksFile, 'a')
  writeSync(marks, 'there old')
  migrate()
  writeSync(marks, 'there new')
}

function attempt(): string | null {
  try {
    migrate()
    return null
  } catch (error) {
    const isTold = error instanceof SottoError && ['disk-full', 'disk-failed'].includes(error.code)
    return isTold ? null : `said ${String(error)}`
  }
}

function failOnce(control: DiskControl, fault: DiskFault): MigrationFault {
  control.arm(null)
  layDown()
  control.arm(fault)
  const told = attempt()
  const counts = control.counts()
  control.arm(null)
  return { fault, ...counts, problem: told ?? lookAtMigrated(database) }
}

function failEverywhere(control: DiskControl): void {
  for (const kind of ['failed', 'full'] as const) {
    for (let at = 1; ; at++) {
      const report = failOnce(control, { at, kind })
      if (report.failed === 0) break
      process.stdout.write(`${JSON.stringify(report)}\n`)
    }
  }
}

if (mode === 'record') record(file)
else failEverywhere(new DiskControl(file))
