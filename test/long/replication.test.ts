import { availableParallelism } from 'node:os'
import { expect, it } from 'vitest'
import { runManyWorlds } from '#test/integration/replication/many-worlds.ts'
import { kinds } from '#test/integration/replication/worlds.ts'

const seeds = Number(process.env.SOTTO_REPLICA_SEEDS ?? '200000')
const first = Number(process.env.SOTTO_REPLICA_SEED ?? '1')

it(
  `devices of one account come to have the same in ${seeds} worlds of each kind`,
  async () => {
    const tell = (worlds: number) => process.stdout.write(`replication: ${worlds} of ${kinds.length * seeds} worlds\n`)
    const worlds = await runManyWorlds({ first, seeds, atOnce: availableParallelism(), tell })
    expect(worlds).toBe(kinds.length * seeds)
  },
  24 * 3_600_000,
)
