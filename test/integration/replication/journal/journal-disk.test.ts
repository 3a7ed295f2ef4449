import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { failEach, faultsAt } from '#test/integration/history/failing-disk.ts'
import type { JournalFaultReport } from './journal-disk-child.ts'

const child = fileURLToPath(new URL('./journal-disk-child.ts', import.meta.url))

it('a journal on a disk that fails, or is full, at one call keeps what it acknowledged, and goes on', async () => {
  const calls = [60, 95, 130, 170, 210, 260]
  const reports = await failEach<JournalFaultReport>(faultsAt(calls), undefined, { child, args: [] })
  expect(reports.flatMap(({ fault, problems }) => problems.map((problem) => [fault, problem]))).toEqual([])
  expect(reports.flatMap(({ refusals }) => refusals).filter((code) => !code.startsWith('disk-'))).toEqual([])
  // Faults that nothing meets would prove nothing.
  expect(reports.filter(({ failed, refusals }) => failed > 0 && refusals.length > 0).length).toBeGreaterThan(
    calls.length / 2,
  )
}, 240_000)
