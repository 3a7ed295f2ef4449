import { describe, expect, it } from 'vitest'
import { missingCommands, titleWithNeeds } from '#test/e2e/support/needs.ts'
import { diskShimNeeds } from '#test/fakes/disk-shim.ts'
import type { FaultReport } from '#test/integration/history/failing-disk-child.ts'
import { failEach, faultsAt } from '#test/integration/history/failing-disk.ts'

const calls = Array.from({ length: Number(process.env.SOTTO_DISK_CALLS ?? '2000') }, (_, at) => at + 1)
/** Calls after which it says how far it is. */
const callsPerLine = 100
const missing = missingCommands(...diskShimNeeds)

/** Says what came of the calls so far, so that a run that is stopped has a verdict. */
function progress(): (report: FaultReport) => void {
  const refusals: Record<string, number> = {}
  let [done, wrong] = [0, 0]
  return (report) => {
    const what = `${report.fault.kind}: ${report.refusal ?? 'not needed'}`
    refusals[what] = (refusals[what] ?? 0) + 1
    done += 1
    if (report.problems.length > 0 || report.failed === 0) {
      wrong += 1
      process.stdout.write(`${JSON.stringify(report)}\n`)
    }
    if (done % (2 * callsPerLine) === 0)
      process.stdout.write(`${done / 2} of ${calls.length} calls, ${wrong} wrong, ${JSON.stringify(refusals)}\n`)
  }
}

describe.skipIf(missing.length > 0)(titleWithNeeds('a disk that fails or is full', missing), () => {
  it(`at each of the first ${calls.length} calls damages nothing and loses nothing acknowledged`, async () => {
    const reports = await failEach(faultsAt(calls), progress())
    expect(reports.filter(({ problems }) => problems.length > 0)).toEqual([])
    expect(reports).toHaveLength(2 * calls.length)
    expect(reports.filter(({ failed }) => failed === 0)).toEqual([])
  })
})
