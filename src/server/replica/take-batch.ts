/** Takes a pushed batch: checked whole before anything is stored, then what it says is to be erased is erased. */
import { ok, type Result } from '#shared/result.ts'
import { checkBatch, type BatchCheck, type BatchFault } from '#shared/replication/check-batch.ts'
import type { AppendAnswer, ReplicaStore } from './replica-store.ts'

/**
 * @param bytes - A batch (`shared/replication/batch.ts`), hostile until checked. Bodies may be missing: a device gives a server again
 *   what it lost, and has erased some of it meanwhile.
 * @param begins - See `BatchToStore`.
 * @param sender - Device that signed the request: it pushes only what it wrote itself.
 */
export async function takeBatch(
  store: Pick<ReplicaStore, 'append' | 'eraseBodies'>,
  bytes: Uint8Array,
  { sender, begins, ...check }: BatchCheck & { readonly sender: Uint8Array; readonly begins: boolean },
): Promise<Result<AppendAnswer, BatchFault>> {
  const checked = checkBatch(bytes, {
    ...check,
    keyOf: (device) => (isSame(device, sender) ? check.keyOf(device) : null),
  })
  if (!checked.ok) return checked
  const { head, from } = checked.value
  const { device, seq: last, hash } = head
  const answer = await store.append(check.account, {
    device,
    first: from.seq + 1,
    last,
    previous: from.hash,
    hash,
    begins,
    bytes,
  })
  // Also with a repeat: the first try may have ended between the two.
  const isHere = answer.kind === 'stored' || answer.kind === 'repeated'
  if (isHere && head.erased !== undefined) await store.eraseBodies(check.account, head.erased)
  return ok(answer)
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
