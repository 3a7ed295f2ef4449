import { expect, it } from 'vitest'
import { runRealWorlds } from '#test/integration/replication/real-world.ts'

const seeds = Number(process.env.SOTTO_REAL_WORLDS ?? '300')

it(`devices with histories on disk show the same in the end, and nothing erased is anywhere: ${seeds} seeds`, async () => {
  expect(await runRealWorlds({ first: 1000, seeds })).toBeGreaterThan(seeds)
})
