/** What imported files say: the weakest of all, it adds but never changes what is here. */
import type { Entry } from './entry.ts'
import { isCallDeleted } from './merge-call.ts'
import { compareEntries, type Of } from './merge-order.ts'
import { isRow } from './merge-row.ts'

/** Whether an entry is there only because an imported file has it. */
export function isFromFile({ head }: Entry): boolean {
  return head.authenticatedBy === 'file'
}

/** Whether what `change` says can reach `entry`, both about one message: of files, only what the same file says (`device` names it). */
export function reaches(change: Entry, entry: Entry): boolean {
  return !isFromFile(change) || (isFromFile(entry) && change.head.device === entry.head.device)
}

/**
 * The entries of a cluster that count. What files say about a message counts only while nothing but files knows the message,
 * and a change of it only if the message is from no other file: a file adds, it never edits, deletes, marks or contradicts what is
 * here. Its deletes count for what it says itself whatever comes, as their contents are not kept.
 */
export function heard(cluster: readonly Entry[]): readonly Entry[] {
  if (!cluster.some(isFromFile)) return cluster
  const left = withoutDeletedCalls(cluster)
  if (left.some(isKnownHere)) return cluster.filter((entry) => !isFromFile(entry))
  const rows = left.filter(isRow)
  return cluster.filter(
    (entry) =>
      !isFromFile(entry) || isRow(entry) || entry.body.kind === 'delete' || rows.every((row) => reaches(entry, row)),
  )
}

/** A row that others than files know, or knew: what is gone leaves no row behind. */
function isKnownHere(entry: Entry): boolean {
  return !isFromFile(entry) && (isRow(entry) || (entry.body.kind === 'delete' && entry.body.gone === true))
}

/** A call that the user deleted is not kept: it counts as if it had never been. */
function withoutDeletedCalls(cluster: readonly Entry[]): readonly Entry[] {
  return isCallDeleted(cluster) ? cluster.filter(({ body }) => body.kind !== 'call') : cluster
}

/** Whether `entry`, from a file, can add nothing to a cluster that holds `held`, whatever comes. A call may still be deleted. */
export function isHeldBetter(entry: Entry, held: Entry): boolean {
  return isRow(held) && !isFromFile(held) && (held.body.kind !== 'call' || entry.body.kind === 'call')
}

type Contact = Of<'contact'> | Of<'peer-name'>

/** What a file calls a peer gives way to what anybody else does, and of a file the name its user gave to the peer's own. */
export function fileFirst(a: Contact, b: Contact): number {
  const rank = (entry: Contact): number => (isFromFile(entry) ? Number(entry.body.kind === 'contact') : 2)
  return rank(a) - rank(b) || compareEntries(a, b)
}
