import { expect, it } from 'vitest'
import { runCrashTest } from './postgres-kill9.ts'

it.each([
  ['writer', 6],
  ['postgres', 4],
] as const)(
  'loses nothing acknowledged with the %s killed %i times',
  async (victim, rounds) => {
    const report = await runCrashTest({ rounds, victim })
    expect(report).toMatchObject({ lost: [], wrong: [] })
    // A writer that never gets to write would prove nothing.
    expect(report.acknowledged).toBeGreaterThan(rounds)
  },
  240_000,
)

it('notices commits that are answered before they are on the disk', async () => {
  // A single crash may come when all is on the disk by chance.
  const report = await runCrashTest({ rounds: 8, victim: 'postgres', careless: true })
  expect(report.lost.length).toBeGreaterThan(0)
  expect(report.wrong).toEqual([])
}, 240_000)
