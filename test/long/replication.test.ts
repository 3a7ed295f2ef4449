import { describe, it } from 'vitest'
import { stubSecrets } from '#test/integration/replication/secrets.ts'
import { kinds, runWorlds } from '#test/integration/replication/worlds.ts'

const seeds = Number(process.env.SOTTO_REPLICA_SEEDS ?? '200000')
const first = Number(process.env.SOTTO_REPLICA_SEED ?? '1')
/** Seeds between two words about how far it is. */
const part = 10_000

describe(`devices of one account, ${seeds} seeds each, in the end`, () => {
  it.each(kinds)(
    '$what',
    async (kind) => {
      for (let from = first; from < first + seeds; from += part) {
        await runWorlds(kind, { first: from, seeds: Math.min(part, first + seeds - from), secrets: stubSecrets })
        console.log(`replication: ${from + part - first} seeds of ${seeds}`)
      }
    },
    24 * 3_600_000,
  )
})
