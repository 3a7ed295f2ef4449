import { expect, it } from 'vitest'
import { runCrashTest } from './kill9.ts'

it('loses and doubles nothing acknowledged when killed 25 times', async () => {
  const rounds = 25
  const report = await runCrashTest(rounds)
  expect(report).toMatchObject({ lost: [], doubled: [], resurrected: [], forgotten: [], intact: true })
  // A child that never gets to write would prove nothing.
  expect(report.acknowledged).toBeGreaterThan(rounds)
}, 240_000)
