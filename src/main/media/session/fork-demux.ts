/** Whose a datagram is while the branches of a fork share their sockets: the offer named one address for all of them. */
import type { MediaArrival } from '#protocol/ice/agent.ts'
import type { CallBranch } from './call-branch.ts'

/**
 * Hands a datagram to the branch it is from; what fits none of them, or several alike, is dropped. The path of every packet until one
 * branch is settled on: nothing is allocated per packet where there is one branch.
 */
export function deliver(arrival: MediaArrival, branches: readonly CallBranch[]): void {
  const [first] = branches
  if (first !== undefined && branches.length === 1) {
    first.router.fromNetworkEarly(arrival, first.claim(arrival) === 'sure', arrival.validated)
    return
  }
  const level = levelOf(arrival, branches)
  if (level === 'no') return
  let only: CallBranch | null = null
  let count = 0
  for (const branch of branches) {
    if (branch.claim(arrival) !== level) continue
    only = branch
    count += 1
  }
  if (count === 1) only?.router.fromNetworkEarly(arrival, level === 'sure')
  else byContent(arrival, branches, level)
}

function levelOf(arrival: MediaArrival, branches: readonly CallBranch[]): 'sure' | 'maybe' | 'no' {
  let level: 'maybe' | 'no' = 'no'
  for (const branch of branches) {
    const claim = branch.claim(arrival)
    if (claim === 'sure') return claim
    if (claim === 'maybe') level = claim
  }
  return level
}

/** Several name the same address: the one whose keys or whose ZRTP the packet bears. */
function byContent(arrival: MediaArrival, branches: readonly CallBranch[], level: 'sure' | 'maybe'): void {
  for (const branch of branches) if (branch.claim(arrival) === level && branch.router.fromNetworkIfOwn(arrival)) return
}
