import { expect, it } from 'vitest'
import { runRealWorlds, troubles } from '#test/integration/replication/real-worlds.ts'

const seeds = Number(process.env.SOTTO_REAL_WORLDS ?? '300')
const first = Number(process.env.SOTTO_REAL_WORLD ?? '1000')
/** Seeds between two words about how far it is. */
const part = 50

it.each(troubles)(`devices with histories on disk, %s, ${seeds} seeds`, async (trouble, happened) => {
  let [erased, happenings] = [0, 0]
  for (let from = first; from < first + seeds; from += part) {
    const counts = await runRealWorlds({ first: from, seeds: Math.min(part, first + seeds - from), trouble })
    erased += counts.erased
    happenings += counts[happened]
    process.stdout.write(`${trouble}: up to seed ${from + part - 1}, ${erased} erased, ${happenings} ${happened}\n`)
  }
  expect(erased).toBeGreaterThan(seeds)
  expect(happenings).toBeGreaterThan(seeds / 4)
})
