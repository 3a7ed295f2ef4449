import { expect, it } from 'vitest'
import { runRealWorlds, troubles } from './real-worlds.ts'

const seeds = 4

it.each(troubles)(
  'devices with histories on disk show the same in the end, and nothing erased is anywhere: %s',
  async (...of) => {
    const [trouble, happened] = of
    const counts = await runRealWorlds({ first: 1, seeds, trouble })
    // A world in which nothing of the kind happens would prove nothing.
    expect(counts[happened]).toBeGreaterThan(0)
    expect(counts.erased).toBeGreaterThan(seeds)
  },
  300_000,
)
