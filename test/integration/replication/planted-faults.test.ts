/** Stores and journals that do not what they promise: some world of each kind that it concerns has to say so. */
import { describe, expect, it } from 'vitest'
import { equalBytes } from '#shared/bytes/bytes.ts'
import type { Tombstone } from '#shared/replication/head.ts'
import type { EarlyBatch, ReadBatch, SealedBatch } from '#main/replication/ports.ts'
import type { AppendAnswer, BatchToStore, StoredBatch } from '#server/replica/replica-store.ts'
import { MemoryReplicaJournal } from '#test/fakes/memory-replica-journal.ts'
import { MemoryReplicaStore } from '#test/fakes/memory-replica-store.ts'
import { stubSecrets } from './secrets.ts'
import type { WorldOptions } from './world.ts'
import { kinds, runWorlds } from './worlds.ts'

const seeds = 500

/** Erases nothing that a tombstone names. */
class KeepsBodies extends MemoryReplicaStore {
  override eraseBodies(): Promise<number> {
    return Promise.resolve(0)
  }
}

/** Erases what is there, and forgets what was to be erased when it comes. */
class ForgetsTombstones extends MemoryReplicaStore {
  override async eraseBodies(...[name, bodies]: Parameters<MemoryReplicaStore['eraseBodies']>): Promise<number> {
    const { batches } = await this.page(name, { after: [], maxBytes: Infinity })
    const isIn = (batch: StoredBatch, { device, seq }: Tombstone) =>
      equalBytes(batch.device, device) && batch.first <= seq && seq <= batch.last
    return super.eraseBodies(
      name,
      bodies.filter((body) => batches.some((batch) => isIn(batch, body))),
    )
  }
}

/** Says now and then that a batch is stored which is not. */
class LosesBatches extends MemoryReplicaStore {
  #asked = 0

  override append(name: string, batch: BatchToStore): Promise<AppendAnswer> {
    this.#asked += 1
    return this.#asked % 7 === 0 ? Promise.resolve({ kind: 'stored', day: 0 }) : super.append(name, batch)
  }
}

/** Says that a batch is kept, and keeps it only once a server has it. */
class SealsTooLate extends MemoryReplicaJournal {
  #late: SealedBatch | null = null

  override keepSealed(batch: SealedBatch): Promise<void> {
    this.#late = batch
    return Promise.resolve()
  }

  override async keepConfirmed(seq: number): Promise<void> {
    if (this.#late !== null) await super.keepSealed(this.#late)
    this.#late = null
    await super.keepConfirmed(seq)
  }
}

/** Notes how far a device is read, and loses now and then what was read. */
class ReadsTooFar extends MemoryReplicaJournal {
  #kept = 0

  override keepRead(batches: readonly ReadBatch[]): Promise<void> {
    this.#kept += 1
    return super.keepRead(this.#kept % 5 === 0 ? batches.map((batch) => ({ ...batch, contents: [] })) : batches)
  }
}

/** Holds again in its turn what came early. */
class ForgetsEarly extends MemoryReplicaJournal {
  override keepEarly(batches: readonly EarlyBatch[]): Promise<void> {
    const unknown = (seq: number) => seq + 0.5
    return super.keepEarly(
      batches.map((batch) => ({
        ...batch,
        contents: batch.contents.map((content) => ({ ...content, seq: unknown(content.seq) })),
      })),
    )
  }
}

const faults: readonly (readonly [
  what: string,
  planted: NonNullable<WorldOptions['planted']>,
  inKinds: readonly number[],
])[] = [
  ['erases nothing', { Store: KeepsBodies }, [0, 1, 2, 4]],
  ['forgets tombstones of bodies that come later', { Store: ForgetsTombstones }, [2]],
  ['loses what it has confirmed', { Store: LosesBatches }, [0, 1, 4]],
  ['is kept after it is sent', { Journal: SealsTooLate }, [0, 1, 2, 4]],
  ['is read further than it is kept', { Journal: ReadsTooFar }, [0, 2, 3, 4, 5]],
  ['is held twice when it came early', { Journal: ForgetsEarly }, [0, 1, 2, 4, 5]],
]

describe('a store or journal is found out that', () => {
  it.each(faults)('%s', async (_, planted, inKinds) => {
    for (const index of inKinds) {
      const worlds = runWorlds(kinds[index]!, { first: 1, seeds, secrets: stubSecrets, planted })
      await expect(worlds, kinds[index]!.what).rejects.toThrow(/^seed \d+: /)
    }
  })
})
