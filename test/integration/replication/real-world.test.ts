import { expect, it } from 'vitest'
import { runRealWorlds } from './real-world.ts'

const seeds = 12

it(`devices with histories on disk show the same in the end, and nothing erased is anywhere: ${seeds} seeds`, async () => {
  expect(await runRealWorlds({ first: 1, seeds })).toBeGreaterThan(seeds)
}, 300_000)
