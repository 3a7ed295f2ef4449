import { describe, it } from 'vitest'
import { kinds, runWorlds } from './worlds.ts'

const seeds = 500

describe(`devices of one account, ${seeds} seeds each, in the end`, () => {
  it.each(kinds)('$what', async (kind) => runWorlds(kind, 1, seeds), 150_000)
})
