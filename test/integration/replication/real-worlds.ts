/** Worlds of every kind, one for each seed. */
import { RealWorld, type Trouble, type WorldCounts } from './real-world.ts'

/** Each kind of world, and what is counted to see that it happened. */
export const troubles: readonly (readonly [Trouble, keyof WorldCounts])[] = [
  ['none', 'erased'],
  ['rollback', 'rolledBack'],
  ['restored-disk', 'stopped'],
  ['cloned-disk', 'stopped'],
  ['wrong-clocks', 'jumps'],
  ['away', 'absences'],
]

/** Runs a world for each seed; a failure names its own. Returns what happened in all of them. */
export async function runRealWorlds({
  first,
  seeds,
  trouble = 'none',
}: {
  readonly first: number
  readonly seeds: number
  readonly trouble?: Trouble
}): Promise<WorldCounts> {
  const total = { erased: 0, rolledBack: 0, restored: 0, stopped: 0, jumps: 0, absences: 0 }
  for (let seed = first; seed < first + seeds; seed += 1) {
    const world = new RealWorld(seed, trouble)
    try {
      await world.run(60)
      await world.check()
      for (const what of Object.keys(total) as (keyof WorldCounts)[]) total[what] += world.counts[what]
    } catch (error) {
      throw new Error(`seed ${seed}, ${trouble}: ${String(error)}`, { cause: error })
    } finally {
      await world.remove()
    }
  }
  return total
}
