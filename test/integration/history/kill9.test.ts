import { expect, it } from 'vitest'
import { runCrashTest } from './kill9.ts'

it('loses and doubles nothing acknowledged when killed 25 times', async () => {
  const report = await runCrashTest(25)
  expect(report).toMatchObject({ lost: [], doubled: [], resurrected: [], forgotten: [], intact: true })
  // A child that never gets to write would prove nothing.
  expect(report.acknowledged).toBeGreaterThan(250)
}, 240_000)
