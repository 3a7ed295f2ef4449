import type { IceRole } from './binding.ts'
import type { Candidate, LocalCandidate } from './candidate.ts'
import { familyOf, scopeOf } from './ip-address.ts'

/** RFC 8445 §6.1.2.6. */
export type PairState = 'frozen' | 'waiting' | 'in-progress' | 'succeeded' | 'failed'

/** A way to the peer that can be tried. */
export interface Pair {
  readonly local: LocalCandidate
  remote: Candidate
  state: PairState
  /** Controlled: the peer nominated it before our own check was through. */
  nominateOnSuccess: boolean
  /** Controlling: the check that nominates it is queued or under way. */
  nominating: boolean
  nominated: boolean
}

export function newPair(local: LocalCandidate, remote: Candidate): Pair {
  return { local, remote, state: 'frozen', nominateOnSuccess: false, nominating: false, nominated: false }
}

/** Whether a packet from one can reach the other, as far as addresses tell (RFC 8445 §6.1.2.2). */
export function canPair(local: Candidate, remote: Candidate): boolean {
  const [ours, theirs] = [local.address.host, remote.address.host]
  if (local.component !== remote.component || familyOf(ours) !== familyOf(theirs)) return false
  const scope = scopeOf(theirs)
  // A loopback address of the peer is our own computer: only tried from loopback itself, never from outside.
  return scope === 'global' ? scopeOf(ours) !== 'loopback' : scope !== 'none' && scopeOf(ours) === scope
}

/** RFC 8445 §6.1.2.3; above 2⁵³, hence not a number. */
export function pairPriority({ local, remote }: Pair, role: IceRole): bigint {
  const [controlling, controlled] =
    role === 'controlling' ? [local.priority, remote.priority] : [remote.priority, local.priority]
  const [low, high] = controlling < controlled ? [controlling, controlled] : [controlled, controlling]
  return (BigInt(low) << 32n) + 2n * BigInt(high) + (controlling > controlled ? 1n : 0n)
}

/** Highest priority first. */
export function byPriority(role: IceRole): (a: Pair, b: Pair) => number {
  return (a, b) => {
    const [first, second] = [pairPriority(a, role), pairPriority(b, role)]
    return first > second ? -1 : first < second ? 1 : 0
  }
}

/** Pairs with the same text are likely to share their fate. */
export function pairFoundation({ local, remote }: Pair): string {
  return `${local.foundation}:${remote.foundation}`
}

/** Whether it leads through somebody's relay. */
export function isRelayed({ local, remote }: Pair): boolean {
  return local.type === 'relay' || remote.type === 'relay'
}

/** Not tried to its end yet. */
export function isPending({ state }: Pair): boolean {
  return state === 'frozen' || state === 'waiting' || state === 'in-progress'
}
