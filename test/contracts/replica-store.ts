/** What every store of sealed histories is held to: registers tests for one, each with a place of its own. */
import { afterEach, beforeEach, describe, expect } from 'vitest'
import { equalBytes } from '#shared/bytes/bytes.ts'
import { describeAppend, describeConcurrency, describeDays, describeLimits } from './replica-store/appending.ts'
import { describeDisk, describeDropping, describeErasing } from './replica-store/erasing.ts'
import { describePages } from './replica-store/reading.ts'
import { World, type ReplicaStoreKind } from './replica-store/world.ts'

export function describeReplicaStore<Place>(name: string, kind: ReplicaStoreKind<Place>): void {
  describe(`${name} as a replica's store`, () => {
    const world = new World(kind)
    expect.addEqualityTesters([sameBytes])
    beforeEach(() => world.start())
    afterEach(() => world.end())
    describeAppend(world)
    describeDays(world)
    describePages(world)
    describeErasing(world)
    describeDropping(world)
    describeLimits(world)
    describeConcurrency(world)
    if (kind.bytesOnDisk !== undefined) describeDisk(world)
  })
}

/** Drivers of databases return Buffers, which are as good. */
function sameBytes(a: unknown, b: unknown): boolean | undefined {
  return a instanceof Uint8Array && b instanceof Uint8Array ? equalBytes(a, b) : undefined
}
