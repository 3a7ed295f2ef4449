/** What must hold in every world, whatever happened in it. */
import { expect } from 'vitest'
import type { Secrets } from './secrets.ts'
import { World, type WorldOptions } from './world.ts'

const calm = { ageing: false, clockJumps: false, rollbacks: false, restoredDisks: false, liesAboutNewest: false }
const steps = 40

interface Kind {
  readonly what: string
  readonly options: Omit<WorldOptions, 'seed' | 'secrets'>
  readonly check: (world: World) => Promise<void> | void
}

/** Kinds of worlds, by what becomes of devices of one account in the end. */
export const kinds: readonly Kind[] = [
  {
    what: 'have the same, each thing once, whatever is lost, repeated, reordered or interrupted',
    options: calm,
    check: async (world) => {
      expectAllEverywhere(world)
      expectNothingTwice(world)
      expect(world.faults()).toEqual([])
      expect(await world.notErased()).toBe(0)
    },
  },
  {
    what: 'have all that was not too old, and hear no alarm when days go by',
    options: { ...calm, ageing: true },
    check: async (world) => {
      const stored = await world.stored()
      for (const contents of world.contents()) expect(contents).toEqual(expect.arrayContaining([...stored]))
      expectNothingTwice(world)
      expect(world.faults()).toEqual([])
      expect(await world.notErased()).toBe(0)
    },
  },
  {
    what: 'have the same though the server went back to a backup, and say so',
    options: { ...calm, rollbacks: true },
    check: async (world) => {
      expectAllEverywhere(world)
      expectNothingTwice(world)
      // For a while it lacks what it had, tombstones too.
      expect([...faultKinds(world)].filter((kind) => !lacking.includes(kind))).toEqual([])
      expect(world.unexplained()).toBe(0)
      if (!world.wasRolledBack) expect(world.faults()).toEqual([])
      expect(await world.notErased()).toBe(0)
    },
  },
  {
    what: 'have the same though disks came back from a copy, and no history forks',
    options: { ...calm, restoredDisks: true },
    check: async (world) => {
      expectAllEverywhere(world)
      expect([...faultKinds(world)].filter((kind) => kind !== 'ahead')).toEqual([])
      // What a lost disk had not yet said to erase, or had said again under another id.
      if (world.wasRestored) return
      expectNothingTwice(world)
      expect(await world.notErased()).toBe(0)
    },
  },
  {
    what: 'have the same, each thing once, though what is shown first is old, mixed up or forged',
    options: { ...calm, liesAboutNewest: true },
    check: async (world) => {
      expectAllEverywhere(world)
      expectNothingTwice(world)
      expect([...faultKinds(world)].filter((kind) => kind !== 'forged')).toEqual([])
      if (!world.hasForged) expect(world.faults()).toEqual([])
      expect(await world.notErased()).toBe(0)
    },
  },
  {
    what: 'have the same though clocks jump by years',
    options: { ...calm, clockJumps: true },
    check: (world) => {
      expectAllEverywhere(world)
      expectNothingTwice(world)
    },
  },
]

/** Runs a world of this kind for each seed; a failure names its own. */
export async function runWorlds(
  { options, check }: Kind,
  { first, seeds, secrets }: { readonly first: number; readonly seeds: number; readonly secrets: Secrets },
): Promise<void> {
  for (let seed = first; seed < first + seeds; seed += 1) {
    const world = new World({ ...options, seed, secrets })
    try {
      await world.run(steps)
      await check(world)
    } catch (error) {
      throw new Error(`seed ${seed}: ${String(error)}`, { cause: error })
    }
  }
}

/** Every device has everything that was said and not erased, and nothing that nobody said. */
function expectAllEverywhere(world: World): void {
  const [said, ever] = [world.said(), new Set(world.everSaid())]
  for (const contents of world.contents()) {
    const has = new Set(contents)
    expect(said.filter((text) => !has.has(text))).toEqual([])
    expect(contents.filter((text) => !ever.has(text))).toEqual([])
  }
}

function expectNothingTwice(world: World): void {
  for (const contents of world.contents()) expect(contents.length - new Set(contents).size).toBe(0)
}

const lacking: readonly string[] = ['rolled-back', 'withheld', 'body-withheld']
const faultKinds = (world: World) => new Set(world.faults().map(({ kind }) => kind))
