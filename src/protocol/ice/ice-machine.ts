import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { keyOfPassword, type IceCredentials, type IceRole } from './binding.ts'
import type { Candidate, Component, LocalCandidate } from './candidate.ts'
import { CheckList } from './check-list.ts'
import { Checks } from './checks.ts'
import { handleRequest } from './ice-incoming.ts'
import { handleResponse, keepConsent, repeatChecks, sendNextCheck } from './ice-outgoing.ts'
import {
  listOf,
  localsOf,
  newGeneration,
  review,
  reviewDeadline,
  switchRole,
  wakePacing,
  type IceState,
} from './ice-state.ts'
import {
  areIceCredentials,
  defaultIceTiming,
  maxPairs,
  newIceCredentials,
  type IceOutput,
  type IcePath,
  type IceTiming,
  type RemoteDescription,
  type RemoteStream,
} from './ice-types.ts'
import { Paths } from './paths.ts'
import { decodeStun } from './stun-message.ts'

export interface IceMachineOptions {
  readonly role: IceRole
  readonly random: RandomPort
  readonly timing?: IceTiming
  /** Ours, where they were given to others before; fresh ones otherwise. */
  readonly credentials?: IceCredentials
}

/**
 * ICE of one session (RFC 8445) without sockets, clocks or gathering: candidates, the peer's description, datagrams and time go
 * in; what to send and what has happened come out. `nowMs` is monotonic. Before {@link start} nothing is ever sent.
 */
export class IceMachine {
  readonly #state: IceState

  constructor({ role, random, timing = defaultIceTiming, credentials }: IceMachineOptions) {
    const local = credentials ?? newIceCredentials(random)
    const spread = (): number => (random.bytes(1)[0] ?? 0) / 256
    this.#state = {
      ...{ random, timing, role, tiebreaker: random.bytes(8), bases: new Map(), checks: new Checks() },
      ...{ paths: new Paths(timing, spread), out: [], generation: newGeneration(0, local) },
      ...{ previous: null, now: 0, nextCheckAt: null, lastCheckAt: -Infinity },
    }
  }

  /** Ours, for the next description. */
  get credentials(): IceCredentials {
    return this.#state.generation.local
  }

  get role(): IceRole {
    return this.#state.role
  }

  /** Where media of a component goes; null while there is no path, or no consent to it. */
  pathOf(stream: number, component: Component): IcePath | null {
    const state = this.#state.paths.get(stream, component)
    return state === null || state.isLost ? null : state.path
  }

  /** Whether checks have proved that the peer is at that address. */
  isValidated(base: number, from: DatagramAddress): boolean {
    const local = this.#state.bases.get(base)
    if (local === undefined) return false
    const path = this.#state.paths.get(local.stream, local.candidate.component)?.path
    if (path?.base === base && path.remote.host === from.host && path.remote.port === from.port) return true
    return listOf(this.#state, local.stream)?.find(base, from)?.state === 'succeeded'
  }

  /** Whether a check under that username is for this session: its peer's, or anybody's before there is one. */
  expects(stream: number, username: string): boolean {
    const { generation, previous } = this.#state
    return [generation, previous].some((one) => {
      if (one === null) return false
      const access = one.remotes.get(stream)
      if (access === undefined) return one === generation && username.startsWith(`${one.local.ufrag}:`)
      return username === `${one.local.ufrag}:${access.credentials.ufrag}`
    })
  }

  /** A socket or relay is there to send from: its own candidate, of type host or relay. */
  addBase(stream: number, candidate: LocalCandidate, nowMs: number): readonly IceOutput[] {
    return this.#run(nowMs, (state) => {
      state.bases.set(candidate.base, { stream, candidate, isRetired: false })
      listOf(state, stream)?.addLocal(candidate, state.role)
      review(state)
    })
  }

  /** A socket or relay is gone, and with it the pairs and the media paths that used it. */
  removeBase(base: number, nowMs: number): readonly IceOutput[] {
    return this.#run(nowMs, (state) => {
      state.bases.delete(base)
      for (const list of state.generation.lists) {
        const pairs = list.pairs.filter(({ local }) => local.base === base)
        state.checks.drop(pairs)
        list.remove(pairs)
      }
      for (const { stream, component } of state.paths.loseBase(base))
        state.out.push({ kind: 'consent-lost', stream, component })
      review(state)
    })
  }

  /** A base keeps what it carries, and is left out of descriptions to come. */
  retireBase(base: number): void {
    const known = this.#state.bases.get(base)
    if (known !== undefined) known.isRetired = true
  }

  /**
   * The peer's description, accepted: checks begin. Again, for a description that has changed: new streams and candidates join,
   * streams left out go, and a stream with other credentials begins anew.
   */
  start(remote: RemoteDescription, nowMs: number): readonly IceOutput[] {
    return this.#run(nowMs, (state) => {
      if (remote.lite && state.role === 'controlled') switchRole(state)
      state.generation.isIce2 = remote.ice2
      const usable = remote.streams.filter(({ credentials }) => areIceCredentials(credentials))
      this.#dropOthers(usable)
      for (const stream of usable) this.#startStream(stream, Math.max(1, Math.floor(maxPairs / usable.length)))
      const held = state.generation.held.splice(0)
      for (const { base, from, bytes } of held) this.#handle(base, from, bytes)
      review(state)
    })
  }

  #startStream({ stream, credentials, candidates, components }: RemoteStream, limit: number): void {
    const state = this.#state
    const { remotes } = state.generation
    const known = remotes.get(stream)?.credentials
    const isSame = known?.ufrag === credentials.ufrag && known.pwd === credentials.pwd
    let list = listOf(state, stream)
    if (list?.components !== components || !isSame) {
      this.#dropList(stream)
      remotes.set(stream, { credentials, key: keyOfPassword(credentials.pwd) })
      list = new CheckList(stream, components, limit)
      state.generation.lists = [...state.generation.lists, list]
      state.generation.startedAt = state.now
      state.out.push({ kind: 'state', stream, state: 'checking' })
    }
    if (components === 1) state.paths.delete(stream, 2)
    for (const candidate of candidates) list.addRemote(candidate, localsOf(state, stream), state.role)
  }

  #dropOthers(streams: readonly RemoteStream[]): void {
    const kept = new Set(streams.map(({ stream }) => stream))
    for (const { stream } of this.#state.generation.lists) {
      if (kept.has(stream)) continue
      this.#dropList(stream)
      this.#state.generation.remotes.delete(stream)
      for (const component of [1, 2] as const) this.#state.paths.delete(stream, component)
    }
  }

  #dropList(stream: number): void {
    const { generation, checks } = this.#state
    for (const list of generation.lists) if (list.stream === stream) checks.drop(list.pairs)
    generation.lists = generation.lists.filter((list) => list.stream !== stream)
  }

  /** One more candidate of the peer (RFC 8838). */
  addRemote(stream: number, candidate: Candidate, nowMs: number): readonly IceOutput[] {
    return this.#run(nowMs, (state) => {
      listOf(state, stream)?.addRemote(candidate, localsOf(state, stream), state.role)
      wakePacing(state)
    })
  }

  /** An ICE restart (RFC 8445 §9): fresh credentials; media stays on its paths until {@link start} has led to better ones. */
  restart(role: IceRole = this.#state.role): IceCredentials {
    const state = this.#state
    state.checks.clear()
    // A restart that came to nothing is no way back.
    if (state.generation.lists.length > 0 || state.previous === null) state.previous = state.generation
    state.generation = newGeneration(state.generation.number + 1, newIceCredentials(state.random))
    state.role = role
    state.nextCheckAt = null
    return state.generation.local
  }

  /** The peer refused the restart: the former credentials count again. */
  abandonRestart(): void {
    const state = this.#state
    if (state.previous === null || state.generation.lists.length > 0) return
    state.generation = state.previous
    state.previous = null
  }

  /** A datagram whose first byte is 0 to 3; whatever it is, this returns. The bytes are not kept. */
  receive(base: number, from: DatagramAddress, bytes: Uint8Array, nowMs: number): readonly IceOutput[] {
    return this.#run(nowMs, () => this.#handle(base, from, bytes))
  }

  #handle(base: number, from: DatagramAddress, bytes: Uint8Array): void {
    const message = decodeStun(bytes)
    if (message === null) return
    if (message.class === 'request') handleRequest(this.#state, message, { base, from })
    else if (message.class !== 'indication') handleResponse(this.#state, message, base, from)
  }

  /** Does what time demands. */
  tick(nowMs: number): readonly IceOutput[] {
    return this.#run(nowMs, (state) => {
      repeatChecks(state)
      keepConsent(state)
      review(state)
      if (state.nextCheckAt !== null && nowMs >= state.nextCheckAt) sendNextCheck(state)
      review(state)
    })
  }

  /** When {@link tick} is due; null = not before something else happens. */
  get deadline(): number | null {
    const state = this.#state
    const times = [state.nextCheckAt, state.checks.deadline(), state.paths.deadline(), reviewDeadline(state)]
    const set = times.filter((at) => at !== null)
    return set.length === 0 ? null : Math.min(...set)
  }

  /** Ends everything. */
  close(): void {
    const state = this.#state
    state.checks.clear()
    state.paths.clear()
    state.bases.clear()
    state.generation = newGeneration(state.generation.number, state.generation.local)
    state.previous = null
    state.nextCheckAt = null
  }

  #run(nowMs: number, change: (state: IceState) => void): readonly IceOutput[] {
    const state = this.#state
    state.now = Math.max(state.now, nowMs)
    change(state)
    const { out } = state
    state.out = []
    return out
  }
}
