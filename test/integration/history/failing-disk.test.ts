import { describe, expect, it } from 'vitest'
import { missingCommands, titleWithNeeds } from '#test/e2e/support/needs.ts'
import { diskShimNeeds } from '#test/fakes/disk-shim.ts'
import { failEach, faultsAt } from './failing-disk.ts'

/** All calls of making a profile, then some of every kind. */
const calls = [...Array.from({ length: 40 }, (_, at) => at + 1), ...Array.from({ length: 20 }, (_, at) => 41 + at * 97)]
const missing = missingCommands(...diskShimNeeds)

describe.skipIf(missing.length > 0)(titleWithNeeds('a disk that fails or is full', missing), () => {
  it('damages nothing, loses nothing acknowledged, says so, and works again afterwards', async () => {
    const reports = await failEach(faultsAt(calls))
    expect(reports.filter(({ problems }) => problems.length > 0)).toEqual([])
    expect(reports).toHaveLength(2 * calls.length)
    expect(reports.filter(({ failed }) => failed === 0)).toEqual([])
    const told = (kind: string, code: string) =>
      reports.filter(({ fault, refusal }) => fault.kind === kind && refusal === code).length
    expect(told('full', 'disk-full')).toBeGreaterThan(calls.length / 2)
    expect(told('failed', 'disk-failed')).toBeGreaterThan(calls.length / 2)
  }, 180_000)
})
