/** The program whose disk fails at one call: arguments are the folder of the disk, the control file and the faults as JSON. */
import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { openHistoryInProcess } from '#main/history/open-history.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { SottoError } from '#shared/errors.ts'
import { DiskControl, type DiskFault } from '#test/fakes/disk-shim.ts'
import { JournalLife, problemsOf, type Step } from './journal-life.ts'

/** What one fault did. */
export interface JournalFaultReport {
  readonly fault: DiskFault
  readonly failed: number
  readonly acknowledged: number
  readonly refusals: readonly string[]
  readonly problems: readonly string[]
}

const [disk, controlFile, faults] = process.argv.slice(2)
if (disk === undefined || controlFile === undefined || faults === undefined)
  throw new Error('disk, control, faults wanted')
const control = new DiskControl(controlFile)
const key = new Uint8Array(32).fill(7)
const [steps, stepsAfter] = [60, 8]

async function refusalOf(step: Step): Promise<string | null> {
  try {
    await step()
    return null
  } catch (error) {
    if (error instanceof SottoError && ['disk-full', 'disk-failed'].includes(error.code)) return error.code
    return String(error)
  }
}

async function live(root: string, fault: DiskFault): Promise<JournalFaultReport> {
  const place = { path: path.join(root, 'history.db'), key }
  const lines: string[] = []
  const life = new JournalLife({
    open: () => openHistoryInProcess({ ...place, clock: systemClock }),
    ...{ round: '0', say: (mark, what) => lines.push(`${mark} ${what}`) },
  })
  const [refusals, problems]: [string[], string[]] = [[], []]
  let left = steps
  control.arm(fault)
  for (const step of life.steps()) {
    const refusal = await refusalOf(step)
    if (refusal !== null) {
      refusals.push(refusal)
      control.mend()
      const again = await refusalOf(step)
      if (again !== null) problems.push(`refused again by a disk that works: ${again}`)
      left = Math.min(left, stepsAfter)
    }
    if (--left <= 0) break
  }
  const { failed } = control.counts()
  control.arm(null)
  await life.end()
  return { fault, failed, acknowledged: lines.length, refusals, problems: [...problems, ...problemsOf(place, lines)] }
}

for (const fault of JSON.parse(faults) as readonly DiskFault[]) {
  const root = path.join(disk, 'life')
  mkdirSync(root)
  process.stdout.write(`${JSON.stringify(await live(root, fault))}\n`)
  rmSync(root, { recursive: true, force: true })
}
