/** What the engine makes of what a server says (pure): design §7, three reasons for which something may be missing. */
import { equalBytes, toHex } from '#shared/bytes/bytes.ts'
import type { CheckedBatch } from '#shared/replication/check-batch.ts'
import { continues } from '#shared/replication/check-batch.ts'
import type { Place, Tombstone } from '#shared/replication/head.ts'
import type { ReplicaFault } from './faults.ts'
import type { MissingBody, ReplicaDevices, ReplicaJournal, ServerHead } from './ports.ts'

const dayMs = 86_400_000
/** Days that a server keeps what it is given. */
export const retentionDays = 60
/** Clocks of two devices and whole days of the server: what is this much younger may be gone already. */
const slackMs = 2 * dayMs

/** A whole day since 1970 as an ISO date. */
export function dayOf(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10)
}

/** Signed before this, it may be missing. */
export function lawfulBefore(now: number): number {
  return now - retentionDays * dayMs + slackMs
}

export type BatchVerdict =
  /** The next one, or the first after days that are gone. */
  | { readonly kind: 'read' }
  /** Read before. */
  | { readonly kind: 'known' }
  | { readonly kind: 'fault'; readonly fault: ReplicaFault }

/**
 * Where a checked batch belongs, given how far its device is read; `hashAt` = what is known of its headers from what siblings say.
 */
export function judgeBatch(
  checked: CheckedBatch,
  {
    place,
    now,
    hashAt,
  }: { readonly place: Place | null; readonly now: number; readonly hashAt: ReplicaJournal['hashAt'] },
): BatchVerdict {
  const { head, from } = checked
  const forked = { kind: 'fault', fault: { kind: 'forked', device: head.device, seq: head.seq } } as const
  if (!isAsClaimed(checked, hashAt)) return forked
  if (continues(checked, place)) return { kind: 'read' }
  const read = place?.seq ?? 0
  if (place !== null && head.seq <= read) return { kind: 'known' }
  if (from.seq <= read) return forked
  if ((head.before ?? 0) < lawfulBefore(now)) return { kind: 'read' }
  return { kind: 'fault', fault: { kind: 'withheld', device: head.device, first: read + 1, last: from.seq } }
}

/** Whether a checked batch may be shown before what lies between is here: it is new, and nothing known contradicts it. */
export function judgeEarly(
  checked: CheckedBatch,
  { place, hashAt }: { readonly place: Place | null; readonly hashAt: ReplicaJournal['hashAt'] },
): BatchVerdict {
  const { device, seq } = checked.head
  if (!isAsClaimed(checked, hashAt)) return { kind: 'fault', fault: { kind: 'forked', device, seq } }
  return { kind: place !== null && seq <= place.seq ? 'known' : 'read' }
}

/** Whether each header, and the one before them, is the one that was read or claimed under its number. */
function isAsClaimed({ head, headers, hashes, from }: CheckedBatch, hashAt: ReplicaJournal['hashAt']): boolean {
  const isKnownAs = (seq: number, hash: Uint8Array): boolean => {
    const known = hashAt(head.device, seq)
    return known === null || equalBytes(known, hash)
  }
  return isKnownAs(from.seq, from.hash) && headers.every(({ seq }, index) => isKnownAs(seq, hashes[index] ?? from.hash))
}

/** Where the server says this device is; null = it can go on from there. Only `rolled-back` lets it. */
export function judgeOwnHead(
  head: ServerHead | null,
  journal: ReplicaJournal,
  device: Uint8Array,
): ReplicaFault | null {
  const [own, seq] = [journal.own()?.seq ?? 0, head?.seq ?? 0]
  if (seq > own) return { kind: 'ahead', device, seq }
  if (head !== null && !equalBytes(journal.hashAt(device, seq) ?? new Uint8Array(), head.hash))
    return { kind: 'forked', device, seq }
  const confirmed = journal.confirmed()
  return seq < confirmed ? { kind: 'rolled-back', device, first: seq + 1, last: confirmed } : null
}

/** Once everything a server has was read: what others say is there and did not come. */
export function judgeClaims(
  claims: readonly Place[],
  journal: Pick<ReplicaJournal, 'places'>,
  { own, countsUntil }: Pick<ReplicaDevices, 'own' | 'countsUntil'>,
  now: number,
): readonly ReplicaFault[] {
  const places = new Map(journal.places().map((place) => [toHex(place.device), place]))
  return claims.flatMap((claim): ReplicaFault[] => {
    if (equalBytes(claim.device, own)) return []
    const read = places.get(toHex(claim.device))?.seq ?? 0
    const last = Math.min(claim.seq, countsUntil(claim.device) ?? Infinity)
    if (last <= read || claim.at < lawfulBefore(now)) return []
    return [{ kind: 'withheld', device: claim.device, first: read + 1, last }]
  })
}

/** Of the bodies that did not come: those that may be missing, and faults for the others. */
export async function judgeMissing(
  journal: ReplicaJournal,
  now: number,
): Promise<{ readonly lawful: readonly MissingBody[]; readonly faults: readonly ReplicaFault[] }> {
  const all = journal.missing()
  const erased = new Set(all.length === 0 ? [] : (await journal.erasedAmong(all)).map(bodyKey))
  const isLawful = (body: MissingBody): boolean => body.at < lawfulBefore(now) || erased.has(bodyKey(body))
  return {
    lawful: all.filter(isLawful),
    faults: all.filter((body) => !isLawful(body)).map(({ device, seq }) => ({ kind: 'body-withheld', device, seq })),
  }
}

function bodyKey({ device, seq, bodyHash }: Tombstone): string {
  return `${toHex(device)} ${seq} ${toHex(bodyHash)}`
}

/** What a frontier says that cannot be: of a device another history than is known here, or more of this device than it wrote. */
export function judgeFrontier(
  frontier: readonly Place[],
  journal: Pick<ReplicaJournal, 'own' | 'hashAt'>,
  own: Uint8Array,
): readonly ReplicaFault[] {
  return frontier.flatMap(({ device, seq, hash }): ReplicaFault[] => {
    if (equalBytes(device, own) && seq > (journal.own()?.seq ?? 0)) return [{ kind: 'ahead', device, seq }]
    const known = journal.hashAt(device, seq)
    return known === null || equalBytes(known, hash) ? [] : [{ kind: 'forked', device, seq }]
  })
}
