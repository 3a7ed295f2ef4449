import { expect, it } from 'vitest'
import { runCrashTest } from '#test/integration/history/kill9.ts'

const rounds = Number(process.env.SOTTO_KILL_ROUNDS ?? '10000')

it(`loses and doubles nothing acknowledged when killed ${rounds} times`, async () => {
  const report = await runCrashTest(rounds, (soFar) => process.stdout.write(`${JSON.stringify(soFar)}\n`))
  expect(report).toMatchObject({ rounds, lost: [], doubled: [], resurrected: [], forgotten: [], intact: true })
  // Children that never get to write would prove nothing.
  expect(report.acknowledged).toBeGreaterThan(4 * rounds)
})
