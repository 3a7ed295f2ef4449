import { describe, expect, it } from 'vitest'
import { missingCommands, titleWithNeeds } from '#test/e2e/support/needs.ts'
import { diskShimNeeds } from '#test/fakes/disk-shim.ts'
import { cutPostgres } from './postgres-power-cut.ts'

const missing = missingCommands(...diskShimNeeds)
const some = { batches: 6, cuts: 2, samples: 1, seed: 'some' } as const

describe.skipIf(missing.length > 0)(titleWithNeeds('a power cut of PostgreSQL', missing), () => {
  it('takes nothing that the store has acknowledged', async () => {
    const report = await cutPostgres(some)
    expect(report).toMatchObject({ acknowledged: 18, lost: [], wrong: [], logIsComplete: true })
    expect(report.states).toBe(4)
  }, 120_000)

  it('takes what is acknowledged with synchronous_commit off: the test sees it', async () => {
    const { lost } = await cutPostgres({ ...some, cuts: 1, samples: 0, careless: true })
    expect(lost.length).toBeGreaterThan(0)
  }, 120_000)
})
