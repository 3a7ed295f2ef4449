/** Where a batch belongs among what its device has written (pure). */
import { equalBytes } from '#shared/bytes/bytes.ts'
import { hashBytes } from '#shared/replication/envelope.ts'
import type { AppendAnswer, BatchToStore, StoredBatch, StoredHead } from './replica-store.ts'

/** What is stored of a batch beside its bytes. */
export type StoredPlace = Pick<StoredBatch, 'first' | 'last' | 'day'> & Pick<StoredHead, 'hash'>

/** What a store has of a device. */
export interface Written {
  readonly head: StoredHead | null
  /** Its first kept batch that ends at or behind the first envelope of the one to place. */
  readonly reaching: StoredPlace | null
}

/** `next`: it may be stored, and becomes the head; otherwise what is answered. */
export function placeBatch(batch: BatchToStore, { head, reaching }: Written): 'next' | AppendAnswer {
  if (head === null && batch.begins) return 'next'
  const seq = head?.seq ?? 0
  if (batch.first > seq + 1) return { kind: 'gap', head }
  if (batch.first === seq + 1)
    return equalBytes(batch.previous, head?.hash ?? new Uint8Array(hashBytes)) ? 'next' : { kind: 'fork', head }
  return placeAmongOld(batch, head, reaching)
}

function placeAmongOld(batch: BatchToStore, head: StoredHead | null, reaching: StoredPlace | null): AppendAnswer {
  const there = reaching ?? lastOf(batch, head)
  if (there === null || batch.last < there.first) return { kind: 'behind', head }
  const isEqual = there.first === batch.first && there.last === batch.last && equalBytes(there.hash, batch.hash)
  return isEqual ? { kind: 'repeated', day: there.day } : { kind: 'fork', head }
}

/** Of a batch that is not kept, the end is known if it was the last one. */
function lastOf({ first, last }: BatchToStore, head: StoredHead | null): StoredPlace | null {
  return head !== null && last >= head.seq ? { first, last: head.seq, hash: head.hash, day: head.day } : null
}
