/** Rows that are gone: the user removed them from the own devices, or their time was up. Nothing says that they were there. */
import type { DeleteBody, Entry } from './entry.ts'
import { reaches } from './merge-file.ts'
import { only, strength, type Of } from './merge-order.ts'

/** Up to which base position everything counts as read although the row that says so is gone, -1 for nowhere. */
export function readFloor(cluster: readonly Entry[]): number {
  const said = cluster.filter(({ head }) => head.authenticatedBy !== 'file')
  if (!said.some(({ body }) => body.kind === 'read')) return -1
  return Math.max(-1, ...goneDeletes(said).map(({ body }) => body.place ?? -1))
}

/**
 * Whether `entry` is of no use any more once the row of its cluster is gone at least as surely as the entry is vouched for.
 * Calls have a rule of their own.
 */
export function goesWithRow({ body }: Entry): boolean {
  return body.kind !== 'read' && body.kind !== 'call' && !(body.kind === 'delete' && body.gone === true)
}

/** The cluster without what went with its row. */
export function withoutGone(cluster: readonly Entry[]): readonly Entry[] {
  const deletes = goneDeletes(cluster)
  if (deletes.length === 0) return cluster
  return cluster.filter(
    (entry) =>
      !goesWithRow(entry) ||
      !deletes.some((gone) => reaches(gone, entry) && strength(gone.head) >= strength(entry.head)),
  )
}

/** Whether `held` says as much as `other`, both about the same message. */
export function deletesAsMuch(held: DeleteBody, other: DeleteBody): boolean {
  if (other.gone !== true) return true
  return held.gone === true && (held.place ?? -1) >= (other.place ?? -1)
}

function goneDeletes(cluster: readonly Entry[]): readonly Of<'delete'>[] {
  return only(cluster, 'delete').filter(({ body }) => body.gone === true)
}
