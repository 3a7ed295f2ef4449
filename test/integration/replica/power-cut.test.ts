import { describe, expect, it } from 'vitest'
import { missingCommands, titleWithNeeds } from '#test/e2e/support/needs.ts'
import { diskShimNeeds } from '#test/fakes/disk-shim.ts'
import { cutEverywhere } from '../history/power-cut.ts'
import { replicaProgram } from './power-cut.ts'

const missing = missingCommands(...diskShimNeeds)
const atBoundaries = { boundariesOnly: true, samples: 1, seed: 'at boundaries', program: replicaProgram } as const

describe.skipIf(missing.length > 0)(titleWithNeeds('a power cut of the replica', missing), () => {
  it('before or after any sync takes nothing that was acknowledged, over days that begin and are dropped', async () => {
    const report = await cutEverywhere({ ...atBoundaries, rounds: 3 })
    expect(report).toMatchObject({ problems: [], logIsComplete: true })
    expect(report.states).toBeGreaterThan(200)
    expect(report.acknowledged).toBe(4 * 3)
  }, 240_000)

  it('takes what a store acknowledges that does not wait for the disk: the test would see it', async () => {
    const { problems } = await cutEverywhere({ ...atBoundaries, rounds: 1, synchronous: 'OFF' })
    expect(problems).toContainEqual(expect.stringMatching(/^call \d+: [0-9a-f]{32} \d+ is lost$/))
  }, 120_000)
})
