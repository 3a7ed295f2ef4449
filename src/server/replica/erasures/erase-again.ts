/** Erases at a start what a backup brought back. */
import type { AccessStore, ErasureRequest } from '../access/chain-store.ts'
import type { BlobStore } from '../blob-store.ts'
import type { ReplicaStore } from '../replica-store.ts'
import type { ErasureList } from './erasure-list.ts'
import type { ErasureMark, ErasureMarks } from './marks.ts'

export interface StoresToErase {
  readonly access: AccessStore
  readonly store: ReplicaStore
  readonly blobs: BlobStore
}

/** Accounts that are looked at together. */
const accountsAtOnce = 10_000

/** How many accounts were erased again. Each store that has not done what the list says does it; one that has is left alone. */
export async function eraseAgain({ access, store, blobs }: StoresToErase, list: ErasureList): Promise<number> {
  const histories = async (account: string): Promise<void> => {
    await blobs.eraseAccount(account)
    await store.eraseAccount(account)
  }
  const apart = store.marks ?? null
  const again = apart === null ? 0 : await eraseUndone(apart, list, histories)
  const more = await eraseUndone(access.marks, list, async (account) => {
    // Histories in files go back together with the chains beside them.
    if (apart === null) await histories(account)
    await access.eraseAccount(account)
  })
  await keepAgain(access, list)
  return again + more
}

async function eraseUndone(
  marks: ErasureMarks,
  list: ErasureList,
  erase: (account: string) => Promise<void>,
): Promise<number> {
  const done = await marks.marks()
  const undone: readonly ErasureMark[] = [...list.newest('erased')]
    .filter(([name, at]) => at > (done.get(name) ?? -1))
    .map(([name, at]) => ({ name, at }))
  if (undone.length === 0) return 0
  const names = new Set(undone.map(({ name }) => name))
  let erased = 0
  for (let after = ''; ;) {
    const some = await marks.accounts(after, accountsAtOnce)
    for (const account of some.filter((one) => names.has(list.nameOf(one)))) {
      await erase(account)
      erased += 1
    }
    const last = some.at(-1)
    if (last === undefined) break
    after = last
  }
  // Only now: who is cut off before does it all again.
  for (const mark of undone) await marks.mark(mark)
  return erased
}

/** A wish that a device has said no to must not come back with a backup: its time may be over. */
async function keepAgain({ erasures }: Pick<AccessStore, 'erasures'>, list: ErasureList): Promise<void> {
  const kept = list.newest('kept')
  if (kept.size === 0) return
  for (const account of await erasures.due({ at: Number.MAX_SAFE_INTEGER, days: 0 })) {
    const at = kept.get(list.nameOf(account))
    const request: ErasureRequest | null = await erasures.of(account)
    if (at !== undefined && request !== null && request.askedAt <= at) await erasures.keep(account, at)
  }
}
