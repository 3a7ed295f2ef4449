import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { missingCommands, titleWithNeeds } from '#test/e2e/support/needs.ts'
import { diskShimNeeds } from '#test/fakes/disk-shim.ts'
import { failEach, faultsAt } from '../history/failing-disk.ts'
import type { StoreFaultReport } from './failing-disk-child.ts'

/** Some of the calls that make the files of a store and of its days, then some of every kind. */
const calls = [
  ...Array.from({ length: 20 }, (_, at) => 2 + at * 3),
  ...Array.from({ length: 40 }, (_, at) => 63 + at * 12),
]
const missing = missingCommands(...diskShimNeeds)
const child = fileURLToPath(new URL('./failing-disk-child.ts', import.meta.url))

describe.skipIf(missing.length > 0)(titleWithNeeds('a replica on a disk that fails or is full', missing), () => {
  it('loses nothing acknowledged, stores nothing by halves, says so, and works again afterwards', async () => {
    const reports = await failEach<StoreFaultReport>(faultsAt(calls), undefined, { child, args: [] })
    expect(reports.filter(({ problems }) => problems.length > 0)).toEqual([])
    expect(reports).toHaveLength(2 * calls.length)
    expect(reports.filter(({ failed }) => failed === 0)).toEqual([])
    const told = (kind: string, code: string) =>
      reports.filter(({ fault, refusal }) => fault.kind === kind && refusal === code).length
    // SQLite calls it a failure where there is no space for a new file or for the index of a log.
    expect(told('full', 'disk-full')).toBeGreaterThan(calls.length / 3)
    expect(told('failed', 'disk-failed')).toBeGreaterThan(calls.length / 3)
  }, 240_000)
})
