/** Checks that the peer makes (RFC 8445 §7.3). Nothing is answered or learnt before the integrity was verified. */
import { compareBytes } from '#shared/bytes/bytes.ts'
import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import { checkUsername, encodeBindingError, encodeBindingSuccess, readCheck, type CheckFacts } from './binding.ts'
import type { Candidate } from './candidate.ts'
import type { CheckList } from './check-list.ts'
import { listOf, nominate, review, switchRole, type Generation, type IceState, type LocalBase } from './ice-state.ts'
import type { Pair } from './pair.ts'
import { verifyIntegrity, type StunMessage } from './stun-message.ts'

/** Checks kept until the peer's description is known. */
const maxHeld = 32

interface Arrival {
  readonly base: number
  readonly from: DatagramAddress
}

/** Answers a Binding request of the peer and lets it count; silence for everybody else. */
export function handleRequest(state: IceState, message: StunMessage, arrival: Arrival): void {
  const username = checkUsername(message)
  const local = state.bases.get(arrival.base)
  const generation = username === null ? null : generationFor(state, username)
  if (username === null || local === undefined || generation === null) return
  if (!verifyIntegrity(message, generation.localKey)) return
  const access = generation.remotes.get(local.stream)
  if (access === undefined) hold(generation, message, arrival)
  else if (username === `${generation.local.ufrag}:${access.credentials.ufrag}`)
    answer(state, { message, username, arrival, local, generation })
}

function generationFor({ generation, previous }: IceState, username: string): Generation | null {
  for (const one of [generation, previous]) if (one !== null && username.startsWith(`${one.local.ufrag}:`)) return one
  return null
}

/** Nothing may be sent to an address of the peer before its description was accepted; it will ask again. */
function hold({ held }: Generation, { packet }: StunMessage, { base, from }: Arrival): void {
  if (held.length < maxHeld) held.push({ base, from, bytes: Uint8Array.from(packet) })
}

interface Authenticated {
  readonly message: StunMessage
  readonly username: string
  readonly arrival: Arrival
  readonly local: LocalBase
  readonly generation: Generation
}

function answer(state: IceState, { message, username, arrival, local, generation }: Authenticated): void {
  const reply = (bytes: Uint8Array<ArrayBuffer>): number =>
    state.out.push({ kind: 'send', base: arrival.base, to: arrival.from, bytes })
  const check = readCheck(message, username)
  if (!('username' in check)) {
    reply(encodeBindingError(message, check, generation.localKey))
    return
  }
  const isCurrent = generation === state.generation
  if (isCurrent && check.role === state.role && !settleConflict(state, check)) {
    reply(encodeBindingError(message, 'role-conflict', generation.localKey))
    return
  }
  reply(encodeBindingSuccess(message, arrival.from, generation.localKey))
  if (isCurrent) learn(state, local, check, arrival)
}

/** RFC 8445 §7.3.1.1: false = the peer is the one to change. */
function settleConflict(state: IceState, check: CheckFacts): boolean {
  const isOursLarger = compareBytes(state.tiebreaker, check.tiebreaker) >= 0
  if (isOursLarger === (state.role === 'controlling')) return false
  switchRole(state)
  return true
}

function learn(state: IceState, local: LocalBase, check: CheckFacts, { base, from }: Arrival): void {
  const list = listOf(state, local.stream)
  if (list === null || list.state === 'failed' || local.candidate.component > list.components) return
  const pair = list.find(base, from) ?? discover(state, list, local, { check, from })
  if (pair === null) return
  const isNominating = check.useCandidate && state.role === 'controlled'
  if (pair.state === 'succeeded') {
    if (isNominating && !pair.nominated) nominate(state, list, pair)
  } else {
    if (isNominating) pair.nominateOnSuccess = true
    trigger(state, list, pair)
  }
  review(state)
}

/** RFC 8445 §7.3.1.3: an address that the peer has not told, or not yet. */
function discover(
  state: IceState,
  list: CheckList,
  { candidate }: LocalBase,
  { check, from }: { readonly check: CheckFacts; readonly from: DatagramAddress },
): Pair | null {
  const { component } = candidate
  const remote: Candidate = list.findRemote(component, from) ?? {
    // Unlike every other, as it shares no fate that is known of.
    foundation: `prflx/${component}/${from.host}/${from.port}`,
    ...{ component, address: { host: from.host, port: from.port }, type: 'prflx' },
    priority: Math.min(Math.max(check.priority, 1), 2 ** 31 - 1),
  }
  return list.addFromCheck(candidate, remote, state.role)
}

/** RFC 8445 §7.3.1.4. */
function trigger(state: IceState, list: CheckList, pair: Pair): void {
  const { component } = pair.local
  const isDecided = list.best(component, ({ nominated }) => nominated) !== null
  if (isDecided && !pair.nominateOnSuccess) return
  if (pair.state === 'in-progress') state.checks.cancel([pair])
  pair.state = 'waiting'
  list.trigger(pair)
}
