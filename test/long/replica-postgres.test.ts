import { describe, expect, it } from 'vitest'
import { missingCommands, titleWithNeeds } from '#test/e2e/support/needs.ts'
import { diskShimNeeds } from '#test/fakes/disk-shim.ts'
import { runCrashTest } from '#test/integration/replica/postgres-kill9.ts'
import { cutPostgres } from '#test/integration/replica/postgres-power-cut.ts'

const kills = Number(process.env.SOTTO_POSTGRES_KILLS ?? '10000')
const cuts = Number(process.env.SOTTO_POSTGRES_CUTS ?? '200')
const seed = process.env.SOTTO_CUT_SEED ?? 'every call'
const missing = missingCommands(...diskShimNeeds)
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

describe.skipIf(missing.length > 0)(titleWithNeeds('a power cut of PostgreSQL', missing), () => {
  it(`after ${cuts} acknowledgements takes nothing that the store has acknowledged`, async () => {
    const report = await cutPostgres({ batches: Math.ceil(cuts / 3), cuts, samples: 2, seed })
    process.stdout.write(`${report.acknowledged} acknowledged, ${report.states} disks\n`)
    expect(report).toMatchObject({ lost: [], wrong: [], logIsComplete: true })
    expect(report.states).toBeGreaterThanOrEqual(3 * cuts)
  })
})
