import { describe, expect, it } from 'vitest'
import { diskShimNeeds } from '#test/fakes/disk-shim.ts'
import { missingCommands, titleWithNeeds } from '#test/e2e/support/needs.ts'
import { cutEverywhere } from '#test/integration/history/power-cut.ts'

const rounds = Number(process.env.SOTTO_CUT_ROUNDS ?? '12')
const seed = process.env.SOTTO_CUT_SEED ?? 'every call'
const missing = missingCommands(...diskShimNeeds)

describe.skipIf(missing.length > 0)(titleWithNeeds('a power cut', missing), () => {
  it(`after any call of ${rounds} rounds takes nothing that was acknowledged, nor the keys`, async () => {
    const report = await cutEverywhere({ rounds, boundariesOnly: false, samples: 4, seed })
    const { calls, cuts, states, acknowledged } = report
    process.stdout.write(`${calls} calls, ${cuts} cuts, ${states} disks, ${acknowledged} acknowledged\n`)
    expect(report).toMatchObject({ problems: [], logIsComplete: true })
    expect(acknowledged).toBe(2 + 8 * rounds)
  })

  it('takes what a writer acknowledges that does not wait for the disk: the test would see it', async () => {
    const { problems } = await cutEverywhere({
      ...{ rounds: 2, boundariesOnly: false, samples: 1, seed },
      synchronous: 'OFF',
    })
    expect(problems).toContainEqual(expect.stringMatching(/^call \d+: message q1a is lost$/))
  })
})
