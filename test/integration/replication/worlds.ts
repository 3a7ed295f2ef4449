/** What must hold in every world, whatever happened in it. */
import assert from 'node:assert/strict'
import { World, type WorldOptions } from './world.ts'

const calm = {
  ...{ ageing: false, clockJumps: false, rollbacks: false, restoredDisks: false, liesAboutNewest: false },
  ...{ heads: false, isSplit: false, copiedDisks: false },
}
const steps = 40

interface Kind {
  readonly what: string
  readonly options: Omit<WorldOptions, 'seed' | 'secrets' | 'planted'>
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
      assert.deepEqual(world.faults(), [])
      assert.equal(await world.notErased(), 0)
    },
  },
  {
    what: 'have all that was not too old, and hear no alarm when days go by',
    options: { ...calm, ageing: true },
    check: async (world) => {
      const stored = await world.stored()
      for (const contents of world.contents()) assert.deepEqual(lacking(contents, stored), [])
      expectNothingTwice(world)
      assert.deepEqual(world.faults(), [])
      assert.equal(await world.notErased(), 0)
    },
  },
  {
    what: 'have the same though the server went back to a backup, and say so',
    options: { ...calm, rollbacks: true },
    check: async (world) => {
      expectAllEverywhere(world)
      expectNothingTwice(world)
      // For a while it lacks what it had, tombstones too.
      assert.deepEqual(
        [...faultKinds(world)].filter((kind) => !forgetful.includes(kind)),
        [],
      )
      assert.equal(world.unexplained(), 0)
      if (!world.wasRolledBack) assert.deepEqual(world.faults(), [])
      assert.equal(await world.notErased(), 0)
    },
  },
  {
    what: 'have the same though disks came back from a copy, and no history forks',
    options: { ...calm, restoredDisks: true },
    check: async (world) => {
      expectAllEverywhere(world)
      assert.deepEqual(
        [...faultKinds(world)].filter((kind) => kind !== 'ahead'),
        [],
      )
      // What a lost disk had not yet said to erase, or had said again under another id.
      if (world.wasRestored) return
      expectNothingTwice(world)
      assert.equal(await world.notErased(), 0)
    },
  },
  {
    what: 'have the same, each thing once, though what is shown first is old, mixed up or forged',
    options: { ...calm, liesAboutNewest: true },
    check: async (world) => {
      expectAllEverywhere(world)
      expectNothingTwice(world)
      assert.deepEqual(
        [...faultKinds(world)].filter((kind) => kind !== 'forged'),
        [],
      )
      if (!world.hasForged) assert.deepEqual(world.faults(), [])
      assert.equal(await world.notErased(), 0)
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
  {
    what: 'have the same and confirm it to each other, without alarm, though what they say directly is lost, late or repeated',
    options: { ...calm, heads: true },
    check: async (world) => {
      expectAllEverywhere(world)
      expectNothingTwice(world)
      assert.deepEqual(world.faults(), [])
      assert.equal(world.unconfirmed(), 0)
      assert.equal(await world.notErased(), 0)
    },
  },
  {
    what: 'know from each other which of them a server hides that shows them two worlds, and of no other',
    options: { ...calm, heads: true, isSplit: true },
    check: async (world) => {
      const { all, named } = world.hidden()
      assert.deepEqual(named, all)
      assert.deepEqual(
        [...faultKinds(world)].filter((kind) => kind !== 'withheld'),
        [],
      )
      expectNothingTwice(world)
      assert.equal(await world.notErased(), 0)
    },
  },
  {
    what: 'know from each other that a disk was copied, whose copy a server shows another world',
    options: { ...calm, heads: true, isSplit: true, copiedDisks: true },
    check: async (world) => {
      const { isForked, found } = await world.copied()
      const named = found.filter(isOfCopy)
      assert.ok(named.length > 0 || !isForked, 'two devices write under one id, and nobody says so')
      assert.equal(world.faults().filter(({ kind }) => isOfCopy(kind)).length, named.length)
      // The copy may have come without a body whose tombstone its server never shows it.
      const ofTwoWorlds = ['withheld', 'body-withheld', 'rolled-back']
      assert.deepEqual(
        [...faultKinds(world)].filter((kind) => !isOfCopy(kind) && !ofTwoWorlds.includes(kind)),
        [],
      )
    },
  },
]

/** Runs a world of this kind for each seed; a failure names its own. */
export async function runWorlds(
  { options, check }: Kind,
  {
    first,
    seeds,
    ...given
  }: { readonly first: number; readonly seeds: number } & Pick<WorldOptions, 'secrets' | 'planted'>,
): Promise<void> {
  for (let seed = first; seed < first + seeds; seed += 1) {
    const world = new World({ ...options, ...given, seed })
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
    assert.deepEqual(lacking(contents, said), [])
    assert.deepEqual(
      contents.filter((text) => !ever.has(text)),
      [],
    )
  }
}

function lacking(contents: readonly string[], wanted: readonly string[]): readonly string[] {
  const has = new Set(contents)
  return wanted.filter((text) => !has.has(text))
}

function expectNothingTwice(world: World): void {
  for (const contents of world.contents()) assert.equal(contents.length - new Set(contents).size, 0)
}

const forgetful: readonly string[] = ['rolled-back', 'withheld', 'body-withheld']
const isOfCopy = (kind: string): boolean => kind === 'ahead' || kind === 'forked'
const faultKinds = (world: World) => new Set(world.faults().map(({ kind }) => kind))
