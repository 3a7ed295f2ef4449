import { describe, expect, it } from 'vitest'
import { diskShimNeeds } from '#test/fakes/disk-shim.ts'
import { missingCommands, titleWithNeeds } from '#test/e2e/support/needs.ts'
import { cutEverywhere } from './power-cut.ts'

const missing = missingCommands(...diskShimNeeds)
const atBoundaries = { rounds: 3, boundariesOnly: true, samples: 1, seed: 'at boundaries' } as const

describe.skipIf(missing.length > 0)(titleWithNeeds('a power cut', missing), () => {
  it('before or after any sync takes nothing that was acknowledged, nor the keys', async () => {
    const report = await cutEverywhere(atBoundaries)
    expect(report).toMatchObject({ problems: [], logIsComplete: true })
    expect(report.states).toBeGreaterThan(200)
    expect(report.acknowledged).toBe(2 + 3 * 8)
  }, 120_000)

  it('takes what a writer acknowledges that does not wait for the disk: the test would see it', async () => {
    const { problems } = await cutEverywhere({ ...atBoundaries, rounds: 1, synchronous: 'OFF' })
    expect(problems).toContainEqual(expect.stringMatching(/^call \d+: message q1a is lost$/))
  }, 120_000)
})
