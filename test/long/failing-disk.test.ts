import { describe, expect, it } from 'vitest'
import { missingCommands, titleWithNeeds } from '#test/e2e/support/needs.ts'
import { diskShimNeeds } from '#test/fakes/disk-shim.ts'
import { failEach, faultsAt } from '#test/integration/history/failing-disk.ts'

const calls = Array.from({ length: Number(process.env.SOTTO_DISK_CALLS ?? '2000') }, (_, at) => at + 1)
const missing = missingCommands(...diskShimNeeds)

describe.skipIf(missing.length > 0)(titleWithNeeds('a disk that fails or is full', missing), () => {
  it(`at each of the first ${calls.length} calls damages nothing and loses nothing acknowledged`, async () => {
    const refusals: Record<string, number> = {}
    const reports = await failEach(faultsAt(calls), ({ fault, refusal }) => {
      const what = `${fault.kind}: ${refusal ?? 'not needed'}`
      refusals[what] = (refusals[what] ?? 0) + 1
    })
    process.stdout.write(`${JSON.stringify(refusals)}\n`)
    expect(reports.filter(({ problems }) => problems.length > 0)).toEqual([])
    expect(reports).toHaveLength(2 * calls.length)
    expect(reports.filter(({ failed }) => failed === 0)).toEqual([])
  })
})
