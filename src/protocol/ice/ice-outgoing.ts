/** Checks that we make: sending them, and what their answers prove (RFC 8445 §7.2). */
import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import { encodeCheck } from './binding.ts'
import { reflexivePriority } from './candidate.ts'
import type { CheckList } from './check-list.ts'
import type { Check } from './checks.ts'
import { busyFoundations, listOfPair, nominate, offerPath, review, switchRole, type IceState } from './ice-state.ts'
import type { IcePath } from './ice-types.ts'
import { sameAddress } from './ip-address.ts'
import { pairFoundation, type Pair } from './pair.ts'
import { attributeTypes, findAddress, findError, findXorAddress } from './stun-attributes.ts'
import { methods, verifyIntegrity, type StunMessage } from './stun-message.ts'
import { retransmission } from './stun-transactions.ts'

/** One step of the pacing: the next check of the next list that has one. */
export function sendNextCheck(state: IceState): void {
  const { generation } = state
  const busy = busyFoundations(state)
  state.nextCheckAt = null
  for (const list of generation.lists) {
    const pair = list.state === 'failed' ? null : list.next(busy)
    if (pair === null) continue
    // The list goes to the end, so that all streams get their turn.
    generation.lists = [...generation.lists.filter((one) => one !== list), list]
    sendCheck(state, list, pair)
    state.lastCheckAt = state.now
    state.nextCheckAt = state.now + state.timing.paceMs
    return
  }
}

function sendCheck(state: IceState, list: CheckList, pair: Pair): void {
  const access = state.generation.remotes.get(list.stream)
  if (access === undefined) return
  const useCandidate = pair.nominating && state.role === 'controlling'
  if (!useCandidate) pair.state = 'in-progress'
  const { local } = state.generation
  const transactionId = state.random.bytes(12)
  const facts = {
    username: `${access.credentials.ufrag}:${local.ufrag}`,
    priority: reflexivePriority(pair.local),
    ...{ useCandidate, role: state.role, tiebreaker: state.tiebreaker },
  }
  const packet = encodeCheck(facts, transactionId, access.key)
  const { key } = access
  const check = { pair, transactionId, packet, role: state.role, useCandidate, key, rtoMs: rtoOf(state) }
  state.out.push({ kind: 'send', ...state.checks.start(check, state.now) })
}

/** RFC 8445 §14.3: with many checks under way each is repeated more slowly. */
function rtoOf(state: IceState): number {
  const pairs = state.generation.lists.flatMap((list) => list.pairs)
  const busy = pairs.filter((pair) => pair.state === 'waiting' || pair.state === 'in-progress').length
  return Math.max(retransmission.rtoMs, state.timing.paceMs * busy)
}

/** Sends again what was not answered, and gives up what has been silent too long. */
export function repeatChecks(state: IceState): void {
  const { again, over } = state.checks.due(state.now)
  for (const sending of again) state.out.push({ kind: 'send', ...sending })
  for (const check of over) if (!check.isCancelled) failPair(state, check)
}

function failPair(state: IceState, { pair, useCandidate }: Check): void {
  const list = listOfPair(state, pair)
  if (list === null) return
  pair.nominating = false
  // What carries media ends by lost consent, not by one check: it may be nominated again.
  const path = state.paths.get(list.stream, pair.local.component)
  const isCarrying = path?.isLost === false && leadsOver(path.path, pair)
  if (!isCarrying && (useCandidate || pair.state === 'in-progress')) pair.state = 'failed'
}

function leadsOver({ base, remote }: IcePath, pair: Pair): boolean {
  return base === pair.local.base && sameAddress(remote, pair.remote.address)
}

/** Asks again for consent where it is time, and reports where it has run out. */
export function keepConsent(state: IceState): void {
  const { ask, lost } = state.paths.due(state.now)
  for (const { stream, component } of lost) state.out.push({ kind: 'consent-lost', stream, component })
  for (const path of ask) {
    const generation = [state.generation, state.previous].find((one) => one?.number === path.generation)
    const remote = generation?.remotes.get(path.stream)
    const base = state.bases.get(path.path.base)
    if (generation === undefined || generation === null || remote === undefined || base === undefined) continue
    const transactionId = state.random.bytes(12)
    const facts = {
      username: `${remote.credentials.ufrag}:${generation.local.ufrag}`,
      priority: reflexivePriority(base.candidate),
      ...{ useCandidate: false, role: state.role, tiebreaker: state.tiebreaker },
    }
    state.paths.asked(path, transactionId)
    const bytes = encodeCheck(facts, transactionId, remote.key)
    state.out.push({ kind: 'send', base: path.path.base, to: path.path.remote, bytes })
  }
}

/** A response: to a check, to a question for consent, or nobody's. */
export function handleResponse(state: IceState, message: StunMessage, base: number, from: DatagramAddress): void {
  if (message.method !== methods.binding) return
  const check = state.checks.find(message.transactionId)
  if (check !== null) {
    if (!verifyIntegrity(message, check.key)) return
    state.checks.finish(check)
    concludeCheck(state, check, message, { base, from })
    review(state)
    return
  }
  const asked = state.paths.findAsked(message.transactionId, base, from)
  if (asked === null || !verifyIntegrity(message, asked.key)) return
  const code = message.class === 'error' ? findError(message)?.code : null
  if (code === 403) state.out.push({ kind: 'consent-lost', stream: asked.stream, component: asked.component })
  if (code === null || code === 403)
    state.paths.answered(asked, message.transactionId, code === null ? 'confirmed' : 'forbidden', state.now)
}

interface Arrival {
  readonly base: number
  readonly from: DatagramAddress
}

function concludeCheck(state: IceState, check: Check, message: StunMessage, { base, from }: Arrival): void {
  const { pair } = check
  const list = listOfPair(state, pair)
  if (list === null) return
  // RFC 8445 §7.2.5.2.1: an answer that took another way proves nothing about this one.
  const isSymmetric = pair.local.base === base && sameAddress(pair.remote.address, from)
  const code = message.class === 'error' ? (findError(message)?.code ?? 0) : null
  if (isSymmetric && code === 487) concludeConflict(state, check, list)
  else if (isSymmetric && code === null && mappedAddress(message) !== null) succeed(state, check, list)
  else if (!check.isCancelled) failPair(state, check)
}

function mappedAddress(message: StunMessage): DatagramAddress | null {
  return findXorAddress(message, attributeTypes.xorMappedAddress) ?? findAddress(message, attributeTypes.mappedAddress)
}

function concludeConflict(state: IceState, { pair, role }: Check, list: CheckList): void {
  if (role === state.role) {
    switchRole(state)
    state.tiebreaker = state.random.bytes(8)
  }
  if (pair.state !== 'succeeded') pair.state = 'waiting'
  list.trigger(pair)
}

function succeed(state: IceState, { pair, useCandidate }: Check, list: CheckList): void {
  pair.state = 'succeeded'
  // A repetition that waits its turn has nothing left to prove, unless it nominates.
  if (!pair.nominating) list.untrigger(pair)
  const { component } = pair.local
  if (!list.validSince.has(component)) list.validSince.set(component, state.now)
  thaw(state, pairFoundation(pair))
  if ((useCandidate && state.role === 'controlling') || pair.nominateOnSuccess) nominate(state, list, pair)
  else offerPath(state, list, pair)
}

/** RFC 8445 §7.2.5.3.3: what is like a pair that works is likely to work. */
function thaw(state: IceState, foundation: string): void {
  for (const { pairs } of state.generation.lists)
    for (const pair of pairs) if (pair.state === 'frozen' && pairFoundation(pair) === foundation) pair.state = 'waiting'
}
