import { availableParallelism } from 'node:os'
import { describe, expect, it } from 'vitest'
import { missingCommands, titleWithNeeds } from '#test/e2e/support/needs.ts'
import { diskShimNeeds } from '#test/fakes/disk-shim.ts'
import { cutEverywhere } from '#test/integration/history/power-cut.ts'
import { killReplicas, type KillReport } from '#test/integration/replica/kill9.ts'
import { replicaProgram } from '#test/integration/replica/power-cut.ts'

const kills = Number(process.env.SOTTO_REPLICA_KILLS ?? '10000')
const rounds = Number(process.env.SOTTO_REPLICA_CUT_ROUNDS ?? '4')
const seed = process.env.SOTTO_CUT_SEED ?? 'every call'
const missing = missingCommands(...diskShimNeeds)

it(`a replica loses, doubles and resurrects nothing acknowledged when killed ${kills} times`, async () => {
  const tell = (soFar: KillReport) => process.stdout.write(`${JSON.stringify(soFar)}\n`)
  const report = await killReplicas(kills, { atOnce: availableParallelism(), tell })
  expect(report).toMatchObject({ rounds: kills, problems: [] })
  // Children that never get to write would prove nothing.
  expect(report.acknowledged).toBeGreaterThan(2 * kills)
})

describe.skipIf(missing.length > 0)(titleWithNeeds('a power cut of the replica', missing), () => {
  it(`after any call of ${rounds} rounds takes nothing that was acknowledged`, async () => {
    const options = { rounds, boundariesOnly: false, samples: 2, seed, program: replicaProgram }
    const report = await cutEverywhere(options)
    const { calls, cuts, states, acknowledged } = report
    process.stdout.write(`${calls} calls, ${cuts} cuts, ${states} disks, ${acknowledged} acknowledged\n`)
    expect(report).toMatchObject({ problems: [], logIsComplete: true })
    expect(acknowledged).toBe(4 * rounds)
  })
})
