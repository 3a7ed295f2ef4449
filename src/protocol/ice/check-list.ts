import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import type { IceRole } from './binding.ts'
import type { Candidate, Component, LocalCandidate } from './candidate.ts'
import { maxRemoteCandidates, type StreamState } from './ice-types.ts'
import { sameAddress } from './ip-address.ts'
import { byPriority, canPair, isPending, newPair, pairFoundation, pairPriority, type Pair } from './pair.ts'

/** Pairs of one stream and how far they are (RFC 8445 §6.1.2). Changes only itself; what to send is the machine's to decide. */
export class CheckList {
  readonly stream: number
  readonly components: 1 | 2
  readonly #maxPairs: number
  readonly #triggered: Pair[] = []
  #pairs: Pair[] = []
  #remotes: Candidate[] = []
  /** When the first valid pair of a component was found, by component. */
  readonly validSince = new Map<Component, number>()
  state: StreamState = 'checking'

  constructor(stream: number, components: 1 | 2, maxPairs: number) {
    this.stream = stream
    this.components = components
    this.#maxPairs = maxPairs
  }

  get pairs(): readonly Pair[] {
    return this.#pairs
  }

  /** Pairs a candidate of the peer with ours; ignored when known or beyond the bounds. */
  addRemote(remote: Candidate, locals: readonly LocalCandidate[], role: IceRole): void {
    if (remote.component > this.components) return
    const known = this.findRemote(remote.component, remote.address)
    if (known !== null) {
      this.#replaceReflexive(known, remote)
      return
    }
    if (this.#remotes.length >= maxRemoteCandidates) return
    this.#remotes.push(remote)
    for (const local of locals) this.#pairUp(local, remote, role)
  }

  /** What was learnt from a check gets its proper name when the peer signals it. */
  #replaceReflexive(known: Candidate, signalled: Candidate): void {
    if (known.type !== 'prflx' || signalled.type === 'prflx') return
    this.#remotes = this.#remotes.map((one) => (one === known ? signalled : one))
    for (const pair of this.#pairs) if (pair.remote === known) pair.remote = signalled
  }

  /** Pairs one of our candidates with the peer's. */
  addLocal(local: LocalCandidate, role: IceRole): void {
    for (const remote of this.#remotes) this.#pairUp(local, remote, role)
  }

  #pairUp(local: LocalCandidate, remote: Candidate, role: IceRole): void {
    // A server-reflexive one is sent from its base, whose own candidate has the higher priority (RFC 8445 §6.1.2.4).
    const isBase = local.type === 'host' || local.type === 'relay'
    if (!isBase || local.component > this.components || !canPair(local, remote)) return
    if (this.find(local.base, remote.address) === null) this.#insert(newPair(local, remote), role)
  }

  #insert(pair: Pair, role: IceRole): boolean {
    if (this.#pairs.length >= this.#maxPairs && !this.#makeRoom(pair, role)) return false
    this.#pairs.push(pair)
    this.#pairs.sort(byPriority(role))
    return true
  }

  /** The least promising pair that nothing depends on gives way to a better one. */
  #makeRoom(pair: Pair, role: IceRole): boolean {
    const worst = this.#pairs.findLast(({ state }) => state === 'frozen' || state === 'waiting' || state === 'failed')
    if (worst === undefined) return false
    if (worst.state !== 'failed' && pairPriority(worst, role) >= pairPriority(pair, role)) return false
    this.remove([worst])
    return true
  }

  /** A pair that a check of the peer has brought to light (RFC 8445 §7.3.1.4); null beyond the bounds. */
  addFromCheck(local: LocalCandidate, remote: Candidate, role: IceRole): Pair | null {
    const isKnown = this.#remotes.includes(remote)
    if (!isKnown && this.#remotes.length >= maxRemoteCandidates) return null
    const pair = newPair(local, remote)
    if (!this.#insert(pair, role)) return null
    if (!isKnown) this.#remotes.push(remote)
    return pair
  }

  find(base: number, remote: DatagramAddress): Pair | null {
    return this.#pairs.find((pair) => pair.local.base === base && sameAddress(pair.remote.address, remote)) ?? null
  }

  findRemote(component: Component, address: DatagramAddress): Candidate | null {
    return this.#remotes.find((one) => one.component === component && sameAddress(one.address, address)) ?? null
  }

  remove(pairs: readonly Pair[]): void {
    this.#pairs = this.#pairs.filter((pair) => !pairs.includes(pair))
    for (const pair of pairs) this.untrigger(pair)
  }

  /** Puts a pair where the next check comes from. */
  trigger(pair: Pair): void {
    if (!this.#triggered.includes(pair)) this.#triggered.push(pair)
  }

  untrigger(pair: Pair): void {
    const at = this.#triggered.indexOf(pair)
    if (at >= 0) this.#triggered.splice(at, 1)
  }

  isTriggered(pair: Pair): boolean {
    return this.#triggered.includes(pair)
  }

  /** Roles have changed, and priorities with them. */
  sort(role: IceRole): void {
    this.#pairs.sort(byPriority(role))
  }

  /**
   * The pair to check next (RFC 8445 §6.1.4.2), `busy` = foundations being tried in any list; null when there is none. Unlike in the
   * RFC, a frozen pair waits for its foundation only while there is something else to check: its NAT may need our packet to open.
   */
  next(busy: ReadonlySet<string>): Pair | null {
    const triggered = this.#triggered.shift()
    if (triggered !== undefined) return triggered
    const waiting = this.#pairs.find(({ state }) => state === 'waiting')
    if (waiting !== undefined) return waiting
    const frozen = this.#pairs.filter(({ state }) => state === 'frozen')
    const free = frozen.filter((pair) => !busy.has(pairFoundation(pair)))
    return free.find(({ local }) => local.component === 1) ?? free[0] ?? frozen[0] ?? null
  }

  /** Whether {@link next} would find something. */
  hasNext(): boolean {
    return this.#triggered.length > 0 || this.#pairs.some(({ state }) => state === 'waiting' || state === 'frozen')
  }

  /** The best pair of a component that `wanted` holds for. */
  best(component: Component, wanted: (pair: Pair) => boolean): Pair | null {
    return this.#pairs.find((pair) => pair.local.component === component && wanted(pair)) ?? null
  }

  /** The components that need a path. */
  wanted(): readonly Component[] {
    return this.components === 1 ? [1] : [1, 2]
  }

  /** Whether some component has neither a valid pair nor one that may become valid. */
  isExhausted(): boolean {
    const isHopeful = (pair: Pair): boolean => pair.state === 'succeeded' || isPending(pair) || this.isTriggered(pair)
    return this.wanted().some((component) => this.best(component, isHopeful) === null)
  }

  /** A nominated pair ends the search for its component (RFC 8445 §8.1.2); returns what need not be sent again. */
  conclude(component: Component, role: IceRole): readonly Pair[] {
    const nominated = this.best(component, (pair) => pair.nominated)
    const others = this.#pairs.filter((pair) => pair.local.component === component && pair !== nominated)
    this.remove(others.filter(({ state }) => state === 'frozen' || state === 'waiting'))
    if (nominated === null) return []
    const limit = pairPriority(nominated, role)
    return others.filter((pair) => pair.state === 'in-progress' && pairPriority(pair, role) < limit)
  }
}
