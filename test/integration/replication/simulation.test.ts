import { describe, it } from 'vitest'
import { realSecrets, stubSecrets } from './secrets.ts'
import { kinds, runWorlds } from './worlds.ts'

const seeds = 500
/** With real cryptography: of each kind. */
const realSeeds = 40

describe(`devices of one account, ${seeds} seeds each, in the end`, () => {
  it.each(kinds)('$what', async (kind) => runWorlds(kind, { first: 1, seeds, secrets: stubSecrets }), 150_000)
})

describe(`devices of one account with real keys, ${realSeeds} seeds each, in the end`, () => {
  it.each(kinds)(
    '$what',
    async (kind) => runWorlds(kind, { first: 1, seeds: realSeeds, secrets: realSecrets }),
    150_000,
  )
})
