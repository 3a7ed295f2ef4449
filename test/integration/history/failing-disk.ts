/** Fails the disk of a program at one call after the other: what it acknowledged stays, and it goes on afterwards. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { buildDiskShim, DiskControl, watchedEnvironment, type DiskFault } from '#test/fakes/disk-shim.ts'
import type { FaultReport } from './failing-disk-child.ts'
import { quickFolder } from './power-cut.ts'

const child = fileURLToPath(new URL('./failing-disk-child.ts', import.meta.url))
/** Faults of one process: its arguments and the names of its files have to fit. */
const perProcess = 200

/** Another program than that of the history: its path, and what it is told besides the disk, the control file and the faults. */
export interface FaultProgram {
  readonly child: string
  readonly args: readonly string[]
}

/** Runs one life per fault; `tell` hears of each as it is done. */
export async function failEach<Report = FaultReport>(
  faults: readonly DiskFault[],
  tell: (report: Report) => void = () => undefined,
  program: FaultProgram = { child, args: [] },
): Promise<readonly Report[]> {
  const folder = mkdtempSync(path.join(quickFolder, 'sotto-failing-'))
  try {
    const library = buildDiskShim(folder)
    const reports: Report[] = []
    const note = (line: string): void => {
      const report = JSON.parse(line) as Report
      reports.push(report)
      tell(report)
    }
    const ground = { folder, library, program }
    for (let at = 0; at < faults.length; at += perProcess)
      await runLives(ground, faults.slice(at, at + perProcess), note)
    return reports
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function runLives(
  { folder, library, program }: { readonly folder: string; readonly library: string; readonly program: FaultProgram },
  faults: readonly DiskFault[],
  note: (line: string) => void,
): Promise<void> {
  const [root, control] = [path.join(folder, 'disk'), path.join(folder, 'control')]
  mkdirSync(root, { recursive: true })
  new DiskControl(control).close()
  const args = ['--no-warnings', program.child, root, control, JSON.stringify(faults), ...program.args]
  const run = spawn(process.execPath, args, {
    env: { ...process.env, ...watchedEnvironment(library, { root, control }) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(run, 'close')
  for await (const line of createInterface(run.stdout)) note(line)
  const [status, signal] = (await ended) as [number | null, string | null]
  if (status !== 0) throw new Error(`the program ended with ${status ?? signal}`)
}

/** Each of these calls with a disk that fails once, and with one that is full from there on. */
export function faultsAt(calls: readonly number[]): readonly DiskFault[] {
  return calls.flatMap((at) => [
    { at, kind: 'failed' as const },
    { at, kind: 'full' as const },
  ])
}
