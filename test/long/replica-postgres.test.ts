import { expect, it } from 'vitest'
import { runCrashTest } from '#test/integration/replica/postgres-kill9.ts'

const kills = Number(process.env.SOTTO_POSTGRES_KILLS ?? '10000')
/** Kills of one cluster: with thousands of devices each reading back would take long. */
const part = 200

it.each([
  ['writer', kills],
  ['postgres', Math.ceil(kills / 10)],
] as const)('PostgreSQL loses nothing acknowledged with the %s killed %i times', async (victim, rounds) => {
  let acknowledged = 0
  for (let done = 0; done < rounds; done += part) {
    const report = await runCrashTest({ rounds: Math.min(part, rounds - done), victim })
    expect(report).toMatchObject({ lost: [], wrong: [] })
    acknowledged += report.acknowledged
    process.stdout.write(`${victim}: ${done + report.rounds} kills, ${acknowledged} acknowledged\n`)
  }
  // A writer that never gets to write would prove nothing.
  expect(acknowledged).toBeGreaterThan(rounds)
})
