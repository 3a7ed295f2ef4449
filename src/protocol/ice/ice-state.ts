/** Everything a session of ICE knows, and the small changes to it that several of its parts make. */
import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { keyOfPassword, type IceCredentials, type IceRole } from './binding.ts'
import type { LocalCandidate } from './candidate.ts'
import type { CheckList } from './check-list.ts'
import type { Checks } from './checks.ts'
import type { IceOutput, IcePath, IceTiming } from './ice-types.ts'
import { isPending, pairFoundation, pairPriority, isRelayed, type Pair } from './pair.ts'
import { isSamePath, type Paths } from './paths.ts'

/** The peer's credentials of one stream. */
export interface RemoteAccess {
  readonly credentials: IceCredentials
  readonly key: Uint8Array
}

/** An authenticated check that came before the peer's description. */
export interface HeldCheck {
  readonly base: number
  readonly from: DatagramAddress
  readonly bytes: Uint8Array
}

/** What belongs to one pair of descriptions; an ICE restart begins another (RFC 8445 §9). */
export interface Generation {
  readonly number: number
  readonly local: IceCredentials
  readonly localKey: Uint8Array
  readonly remotes: Map<number, RemoteAccess>
  readonly held: HeldCheck[]
  lists: readonly CheckList[]
  startedAt: number
  /** The peer nominates as RFC 8445 says. */
  isIce2: boolean
}

/** A base of ours: its stream and its own candidate. */
export interface LocalBase {
  readonly stream: number
  readonly candidate: LocalCandidate
  /** Belongs to a former description: carries on what it carries, and is not tried anew. */
  isRetired: boolean
}

export interface IceState {
  readonly random: RandomPort
  readonly timing: IceTiming
  readonly bases: Map<number, LocalBase>
  readonly checks: Checks
  readonly paths: Paths
  out: IceOutput[]
  role: IceRole
  tiebreaker: Uint8Array
  generation: Generation
  /** Goes on answering while the restart has not come to an end, or comes back when it is called off. */
  previous: Generation | null
  now: number
  /** When the next check may leave; null = there is none to send. */
  nextCheckAt: number | null
  lastCheckAt: number
}

export function newGeneration(number: number, local: IceCredentials): Generation {
  const localKey = keyOfPassword(local.pwd)
  return { number, local, localKey, remotes: new Map(), held: [], lists: [], startedAt: 0, isIce2: false }
}

export function listOf({ generation }: IceState, stream: number): CheckList | null {
  return generation.lists.find((list) => list.stream === stream) ?? null
}

/** Our candidates that the peer's are paired with. */
export function localsOf({ bases }: IceState, stream: number): readonly LocalCandidate[] {
  return [...bases.values()].filter((base) => base.stream === stream && !base.isRetired).map((base) => base.candidate)
}

/** The list that a pair still belongs to. */
export function listOfPair({ generation }: IceState, pair: Pair): CheckList | null {
  return generation.lists.find(({ pairs }) => pairs.includes(pair)) ?? null
}

/** Foundations that a pair waits or is checked for. */
export function busyFoundations({ generation }: IceState): ReadonlySet<string> {
  const busy = new Set<string>()
  for (const { pairs } of generation.lists)
    for (const pair of pairs)
      if (pair.state === 'waiting' || pair.state === 'in-progress') busy.add(pairFoundation(pair))
  return busy
}

/** Lets the pacing run when there is something to check. */
export function wakePacing(state: IceState): void {
  if (state.nextCheckAt !== null) return
  if (state.generation.lists.some((list) => list.state !== 'failed' && list.hasNext()))
    state.nextCheckAt = Math.max(state.now, state.lastCheckAt + state.timing.paceMs)
}

/** RFC 8445 §7.3.1.1, §7.2.5.1: priorities and the duty to nominate go with the role. */
export function switchRole(state: IceState): void {
  state.role = state.role === 'controlling' ? 'controlled' : 'controlling'
  for (const list of state.generation.lists) {
    for (const pair of list.pairs) Object.assign(pair, { nominating: false, nominateOnSuccess: false })
    list.sort(state.role)
  }
  state.out.push({ kind: 'role', role: state.role })
}

/** Makes a pair the one that media takes. */
export function nominate(state: IceState, list: CheckList, pair: Pair): void {
  const { component } = pair.local
  if (state.generation.isIce2)
    for (const one of list.pairs) if (one.local.component === component) one.nominated = false
  Object.assign(pair, { nominated: true, nominating: false, nominateOnSuccess: false })
  state.checks.cancel(list.conclude(component, state.role))
  const best = list.best(component, ({ nominated }) => nominated) ?? pair
  offerPath(state, list, best)
}

/** A proven pair may carry media: at once where there is no path yet, instead of another only when nominated. */
export function offerPath(state: IceState, list: CheckList, pair: Pair): void {
  const access = state.generation.remotes.get(list.stream)
  if (access === undefined) return
  const { component } = pair.local
  const path: IcePath = {
    ...{ base: pair.local.base, remote: pair.remote.address, nominated: pair.nominated },
    ...{ localType: pair.local.type, remoteType: pair.remote.type },
  }
  const current = state.paths.get(list.stream, component)
  if (current !== null && !current.isLost) {
    const isSame = isSamePath(current, path, access.key)
    if (!pair.nominated || (isSame && current.path.nominated)) return
  }
  const { number: generation } = state.generation
  state.paths.set({ stream: list.stream, component, generation, path, key: access.key }, state.now)
  state.out.push({ kind: 'path', stream: list.stream, component, path })
}

/** Draws conclusions: whom to nominate, and what state the streams are in. */
export function review(state: IceState): void {
  for (const list of state.generation.lists) {
    if (state.role === 'controlling' && list.state !== 'failed') chooseNominees(state, list)
    const next = stateOf(state, list)
    if (next === list.state || list.state === 'failed') continue
    list.state = next
    if (next === 'failed') state.checks.drop(list.pairs)
    state.out.push({ kind: 'state', stream: list.stream, state: next })
  }
  wakePacing(state)
}

function stateOf(state: IceState, list: CheckList): CheckList['state'] {
  const has = (wanted: (pair: Pair) => boolean): boolean =>
    list.wanted().every((component) => list.best(component, wanted) !== null)
  if (has(({ nominated }) => nominated)) return 'completed'
  const isLate = state.now >= state.generation.startedAt + state.timing.failNotBeforeMs
  if (isLate && list.isExhausted()) return 'failed'
  return has((pair) => pair.state === 'succeeded') ? 'connected' : 'checking'
}

/** Regular nomination (RFC 8445 §8.1.1). */
function chooseNominees(state: IceState, list: CheckList): void {
  for (const component of list.wanted()) {
    const nominee = nomineeOf(state, list, component)
    if (nominee === null || state.now < nominee.at) continue
    nominee.pair.nominating = true
    list.trigger(nominee.pair)
  }
}

/** The pair to nominate, and from when on. */
function nomineeOf(
  state: IceState,
  list: CheckList,
  component: 1 | 2,
): { readonly pair: Pair; readonly at: number } | null {
  if (list.best(component, ({ nominated, nominating }) => nominated || nominating) !== null) return null
  const pair = list.best(component, (one) => one.state === 'succeeded')
  if (pair === null) return null
  const better = list.best(component, isPending)
  if (better === null || pairPriority(better, state.role) <= pairPriority(pair, state.role))
    return { pair, at: state.now }
  const patience = isRelayed(pair) ? state.timing.relayPatienceMs : state.timing.directPatienceMs
  return { pair, at: (list.validSince.get(component) ?? state.now) + patience }
}

/** When {@link review} would come to another conclusion although nothing arrives. */
export function reviewDeadline(state: IceState): number | null {
  const times: number[] = []
  for (const list of state.generation.lists) {
    if (list.state === 'completed' || list.state === 'failed') continue
    const failAt = state.generation.startedAt + state.timing.failNotBeforeMs
    if (failAt > state.now) times.push(failAt)
    if (state.role !== 'controlling') continue
    for (const component of list.wanted()) times.push(nomineeOf(state, list, component)?.at ?? Infinity)
  }
  const first = Math.min(...times)
  return Number.isFinite(first) ? first : null
}
