import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { DatagramAddress, DatagramsPort } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { Bases, type Base } from './bases.ts'
import { checkUsername, type IceCredentials, type IceRole } from './binding.ts'
import { defaultCandidate, type Candidate, type Component, type LocalCandidate } from './candidate.ts'
import { Gatherer, type StreamWish } from './gatherer.ts'
import { IceBranch, type IceBranchEvents } from './ice-branch.ts'
import type { IcePath, IceTiming, RemoteDescription } from './ice-types.ts'
import { decodeStun, isStun } from './stun-message.ts'
import type { TurnServer } from './turn-socket.ts'

export interface IceAgentOptions {
  readonly datagrams: DatagramsPort
  readonly clock: ClockPort
  readonly random: RandomPort
  /** The side that made the offer controls. */
  readonly role: IceRole
  /** `relay` hides our addresses from the peer: no own socket is bound, offered or sent from. */
  readonly policy: 'all' | 'relay'
  /** Whether loopback addresses are candidates too; for tests and for peers on this computer. */
  readonly loopback?: boolean
  /** Servers that the user configured, by number; there are no others. */
  readonly stunServers?: readonly DatagramAddress[]
  readonly turnServers?: readonly TurnServer[]
  readonly timing?: IceTiming
  /** The offer may get several answers: what one of them does not need stays open until {@link IceAgent.settle}. */
  readonly mayFork?: boolean
}

/** What an owner is told, of the first branch where it is about one. All but `onMedia` may be left out. */
export interface IceAgentEvents extends IceBranchEvents {
  /**
   * A datagram that is not STUN. `validated` = it came from where checks have proved the peer to be; without ICE never.
   * The bytes are the handler's to keep and to change.
   */
  onMedia(arrival: MediaArrival): void
  /** A candidate that came after {@link IceAgent.gather} resolved (RFC 8838). */
  onLateCandidate?(stream: number, candidate: Candidate): void
}

/** `validated` speaks of the main branch; others are asked about `base` and `from`. */
export interface MediaArrival {
  readonly stream: number
  readonly component: Component
  readonly base: number
  readonly bytes: Uint8Array
  readonly from: DatagramAddress
  readonly validated: boolean
}

/** What our description says about one stream. */
export interface LocalStream {
  readonly stream: number
  readonly candidates: readonly LocalCandidate[]
  /** For the m= and c= lines, and `a=rtcp`; null where there is no address at all. */
  readonly rtp: DatagramAddress | null
  readonly rtcp: DatagramAddress | null
}

export interface LocalDescription {
  readonly credentials: IceCredentials
  readonly streams: readonly LocalStream[]
}

/** RFC 8445 §8.3: what was not chosen is kept this long for stragglers. */
const releaseMs = 3_000

/**
 * ICE of one session over real sockets: gathers, checks, and carries the media. No packet goes to an address of the peer before
 * {@link IceAgent.start} or {@link IceAgent.setPlainRemote}; the servers that the user configured are asked by `gather`.
 */
export class IceAgent {
  readonly #options: IceAgentOptions
  readonly #events: IceAgentEvents
  readonly #bases = new Bases()
  readonly #gatherer: Gatherer
  readonly #wishes = new Map<number, StreamWish>()
  #main: IceBranch
  #branches: readonly IceBranch[]
  #mayFork: boolean
  #release: Timer | null = null
  #closed = false

  constructor(options: IceAgentOptions, events: IceAgentEvents) {
    this.#options = options
    this.#events = events
    this.#mayFork = options.mayFork === true
    this.#main = this.#newBranch(events)
    this.#branches = [this.#main]
    this.#gatherer = new Gatherer(options, this.#bases, {
      onBase: (base) => this.#adopt(base),
      onLost: (base) => this.#drop(base),
      onLate: (stream, candidate) => events.onLateCandidate?.(stream, candidate),
    })
  }

  #newBranch(events: IceBranchEvents, credentials?: IceCredentials): IceBranch {
    const { clock, random, role, timing } = this.#options
    const hooks = {
      onRemote: (remote: RemoteDescription) => this.#dropUnused(remote),
      onCompleted: () => this.#releaseLater(),
    }
    const shared = credentials === undefined ? {} : { credentials }
    return new IceBranch({ clock, random, bases: this.#bases, role, timing, ...hooks, ...shared }, events)
  }

  /** The branch that the methods of the agent speak of: the first, then the one that was settled on. */
  get main(): IceBranch {
    return this.#main
  }

  /** Role at this moment; conflicts and lite peers may change it. */
  get role(): IceRole {
    return this.#main.role
  }

  /** One more peer that answers what was offered. */
  fork(events: IceBranchEvents): IceBranch {
    const branch = this.#newBranch(events, this.#main.credentials)
    if (this.#closed) branch.close()
    else this.#branches = [...this.#branches, branch]
    return branch
  }

  /** Ends a branch; the main one only by another being settled on. */
  leave(branch: IceBranch): void {
    if (branch === this.#main) return
    branch.close()
    this.#branches = this.#branches.filter((one) => one !== branch)
  }

  /** The peer that stays; the others end, and so does what it has no use for. */
  settle(branch: IceBranch): void {
    this.#main = branch
    for (const other of this.#branches) if (other !== branch) other.close()
    this.#branches = [branch]
    this.#mayFork = false
    if (branch.remote !== null) this.#dropUnused(branch.remote)
    this.#releaseLater()
  }

  /**
   * Binds sockets and asks the configured servers. Resolves when all have answered, or after `patienceMs`; later candidates are
   * told by `onLateCandidate`. May be called again with more streams, and with the same ones after addresses have changed.
   */
  async gather(streams: readonly StreamWish[], patienceMs = 3_000): Promise<LocalDescription> {
    for (const wish of streams) this.#wishes.set(wish.stream, wish)
    await this.#gatherer.gather(streams, patienceMs)
    return this.local
  }

  /** What to say in an offer or answer. */
  get local(): LocalDescription {
    const streams = [...this.#wishes.keys()].map((stream) => {
      const candidates = this.#bases.candidates(stream)
      const rtp = defaultCandidate(candidates, 1)?.address ?? null
      return { stream, candidates, rtp, rtcp: defaultCandidate(candidates, 2)?.address ?? null }
    })
    return { credentials: this.#main.credentials, streams }
  }

  /** As {@link IceBranch.start}. */
  start(remote: RemoteDescription): void {
    this.#main.start(remote)
  }

  /** Sockets of streams and components that the one peer has no use for. */
  #dropUnused(remote: RemoteDescription): void {
    if (this.#mayFork) return
    const agreed = new Map(remote.streams.map(({ stream, components }) => [stream, components]))
    for (const base of this.#bases.all()) {
      const components = agreed.get(base.stream)
      if (components === undefined || base.component > components) this.#drop(base)
    }
    for (const stream of this.#wishes.keys()) if (!agreed.has(stream)) this.#wishes.delete(stream)
  }

  /** As {@link IceBranch.addRemoteCandidate}. */
  addRemoteCandidate(stream: number, candidate: Candidate): void {
    this.#main.addRemoteCandidate(stream, candidate)
  }

  /** As {@link IceBranch.setPlainRemote}. */
  setPlainRemote(stream: number, component: Component, to: DatagramAddress | null): boolean {
    return this.#main.setPlainRemote(stream, component, to)
  }

  /** As {@link IceBranch.send}. */
  send(stream: number, component: Component, bytes: Uint8Array): boolean {
    return this.#main.send(stream, component, bytes)
  }

  /** Where media of a component goes by ICE. */
  pathOf(stream: number, component: Component): IcePath | null {
    return this.#main.pathOf(stream, component)
  }

  /**
   * Begins an ICE restart: fresh credentials, relays and server-reflexive candidates, sockets on addresses that are new. Media
   * stays where it is until the peer's next description has led to a nominated pair. Only once there is one peer.
   */
  async restart(role?: IceRole, patienceMs = 3_000): Promise<LocalDescription> {
    this.#main.restart(role)
    this.#release?.cancel()
    for (const base of this.#bases.all()) if (base.relay !== null) this.#retire(base)
    return this.gather([...this.#wishes.values()], patienceMs)
  }

  /** The peer refused the restart. */
  abandonRestart(): void {
    this.#main.abandonRestart()
  }

  /** Closes all sockets and gives relays back. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#release?.cancel()
    this.#gatherer.close()
    for (const branch of this.#branches) branch.close()
    for (const base of this.#bases.all()) this.#bases.close(base)
  }

  #adopt(base: Base): void {
    const { stream, component, socket, id } = base
    socket.onDatagram((bytes, from) => {
      if (this.#closed) return
      if (!isStun(bytes)) {
        const validated = this.#main.isValidated(id, from)
        this.#events.onMedia({ stream, component, base: id, bytes, from, validated })
      } else if (!this.#gatherer.handle(bytes, from)) this.#receive(base, from, bytes)
    })
    for (const branch of this.#branches) branch.adopt(base)
  }

  /**
   * Whose check it is, its username says; nobody is believed for that: each branch has the peer prove itself. Two that say the same
   * both get it. Answers are known by their transactions.
   */
  #receive({ id, stream }: Base, from: DatagramAddress, bytes: Uint8Array): void {
    if (this.#branches.length === 1) {
      this.#main.receive(id, from, bytes)
      return
    }
    const message = decodeStun(bytes)
    const username = message === null ? null : checkUsername(message)
    for (const branch of this.#branches)
      if (username === null || branch.expects(stream, username)) branch.receive(id, from, bytes)
  }

  #retire(base: Base): void {
    base.isRetired = true
    for (const branch of this.#branches) branch.retire(base)
  }

  #drop(base: Base): void {
    this.#bases.close(base)
    for (const branch of this.#branches) branch.drop(base)
  }

  /** Once every stream has its path, relays that carry none are given back. */
  #releaseLater(): void {
    if (this.#mayFork || this.#closed || !this.#main.isCompleted([...this.#wishes.keys()])) return
    this.#gatherer.stopKeeping()
    this.#release?.cancel()
    this.#release = this.#options.clock.after(releaseMs, () => {
      for (const base of this.#bases.all())
        if (base.relay !== null && this.#main.pathOf(base.stream, base.component)?.base !== base.id) this.#drop(base)
    })
  }
}
