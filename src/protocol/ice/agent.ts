import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { DatagramAddress, DatagramsPort } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { Bases, type Base } from './bases.ts'
import type { IceCredentials, IceRole } from './binding.ts'
import { defaultCandidate, type Candidate, type Component, type LocalCandidate } from './candidate.ts'
import { Gatherer, type StreamWish } from './gatherer.ts'
import { IceMachine } from './ice-machine.ts'
import type { IceOutput, IcePath, IceTiming, RemoteDescription, StreamState } from './ice-types.ts'
import { familyOf } from './ip-address.ts'
import { isStun } from './stun-message.ts'
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
}

/** What an owner is told. All but `onMedia` may be left out. */
export interface IceAgentEvents {
  /**
   * A datagram that is not STUN. `validated` = it came from where checks have proved the peer to be; without ICE never.
   * The bytes are the handler's to keep and to change.
   */
  onMedia(arrival: MediaArrival): void
  onState?(stream: number, state: StreamState): void
  /** Where {@link IceAgent.send} now sends to. */
  onPath?(stream: number, component: Component, path: IcePath): void
  /** Nothing is sent on that component until a restart finds another path. */
  onConsentLost?(stream: number, component: Component): void
  onRole?(role: IceRole): void
  /** A candidate that came after {@link IceAgent.gather} resolved (RFC 8838). */
  onLateCandidate?(stream: number, candidate: Candidate): void
}

const unheard: Omit<Required<IceAgentEvents>, 'onMedia'> = {
  onState: () => undefined,
  onPath: () => undefined,
  onConsentLost: () => undefined,
  onRole: () => undefined,
  onLateCandidate: () => undefined,
}

export interface MediaArrival {
  readonly stream: number
  readonly component: Component
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
  readonly #events: Required<IceAgentEvents>
  readonly #machine: IceMachine
  readonly #bases = new Bases()
  readonly #gatherer: Gatherer
  readonly #wishes = new Map<number, StreamWish>()
  readonly #states = new Map<number, StreamState>()
  readonly #plain = new Map<string, { readonly base: Base; readonly to: DatagramAddress }>()
  #timer: Timer | null = null
  #release: Timer | null = null
  #closed = false

  constructor(options: IceAgentOptions, events: IceAgentEvents) {
    this.#options = options
    this.#events = { ...unheard, ...events }
    const { role, random, timing } = options
    this.#machine = new IceMachine({ role, random, ...(timing === undefined ? {} : { timing }) })
    this.#gatherer = new Gatherer(options, this.#bases, {
      onBase: (base) => this.#adopt(base),
      onLost: (base) => this.#drop(base),
      onLate: (stream, candidate) => this.#events.onLateCandidate(stream, candidate),
    })
  }

  /** Role at this moment; conflicts and lite peers may change it. */
  get role(): IceRole {
    return this.#machine.role
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
    return { credentials: this.#machine.credentials, streams }
  }

  /** The peer's description, once the user has accepted it: checks begin. Also for every later description. */
  start(remote: RemoteDescription): void {
    if (this.#closed) return
    const agreed = new Map(remote.streams.map(({ stream, components }) => [stream, components]))
    for (const base of this.#bases.all()) {
      const components = agreed.get(base.stream)
      if (components === undefined || base.component > components) this.#drop(base)
    }
    for (const stream of this.#wishes.keys()) if (!agreed.has(stream)) this.#wishes.delete(stream)
    this.#run(this.#machine.start(remote, this.#now))
  }

  /** One more candidate of the peer (RFC 8838). */
  addRemoteCandidate(stream: number, candidate: Candidate): void {
    if (!this.#closed) this.#run(this.#machine.addRemote(stream, candidate, this.#now))
  }

  /**
   * Without ICE: media of a component goes to that address, from the socket whose address we advertised. The owner may move it to
   * where the peer's media really comes from (symmetric RTP). Null ends it. False = no socket of that family.
   */
  setPlainRemote(stream: number, component: Component, to: DatagramAddress | null): boolean {
    const key = `${stream}.${component}`
    this.#plain.delete(key)
    if (to === null || this.#closed) return to === null
    const sameFamily = this.#bases
      .candidates(stream)
      .filter(({ address }) => familyOf(address.host) === familyOf(to.host))
    const base = this.#bases.get(defaultCandidate(sameFamily, component)?.base ?? -1)
    if (base === null) return false
    this.#plain.set(key, { base, to })
    base.relay?.bindChannel(to)
    return true
  }

  /** Sends media of a component; false = there is nowhere to send to yet, or no more. */
  send(stream: number, component: Component, bytes: Uint8Array): boolean {
    const path = this.#machine.pathOf(stream, component)
    const plain = path === null ? this.#plain.get(`${stream}.${component}`) : undefined
    const base = path === null ? plain?.base : this.#bases.get(path.base)
    const to = path?.remote ?? plain?.to
    if (base === undefined || base === null || to === undefined) return false
    base.socket.send(bytes, to)
    return true
  }

  /** Whether what {@link setPlainRemote} named is reached through the relay. */
  isPlainRelayed(stream: number, component: Component): boolean {
    return (this.#plain.get(`${stream}.${component}`)?.base.relay ?? null) !== null
  }

  /** Where media of a component goes by ICE. */
  pathOf(stream: number, component: Component): IcePath | null {
    return this.#machine.pathOf(stream, component)
  }

  /**
   * Begins an ICE restart: fresh credentials, relays and server-reflexive candidates, sockets on addresses that are new. Media
   * stays where it is until the peer's next description has led to a nominated pair.
   */
  async restart(role?: IceRole, patienceMs = 3_000): Promise<LocalDescription> {
    this.#machine.restart(role)
    this.#release?.cancel()
    for (const base of this.#bases.all()) if (base.relay !== null) this.#retire(base)
    return this.gather([...this.#wishes.values()], patienceMs)
  }

  /** The peer refused the restart. */
  abandonRestart(): void {
    this.#machine.abandonRestart()
    this.#arm()
  }

  /** Closes all sockets and gives relays back. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#timer?.cancel()
    this.#release?.cancel()
    this.#gatherer.close()
    this.#machine.close()
    this.#plain.clear()
    for (const base of this.#bases.all()) this.#bases.close(base)
  }

  get #now(): number {
    return this.#options.clock.monotonic()
  }

  #adopt(base: Base): void {
    const { stream, component, socket } = base
    socket.onDatagram((bytes, from) => {
      if (this.#closed) return
      if (!isStun(bytes)) {
        const validated = this.#machine.isValidated(base.id, from)
        this.#events.onMedia({ stream, component, bytes, from, validated })
      } else if (!this.#gatherer.handle(bytes, from)) {
        this.#run(this.#machine.receive(base.id, from, bytes, this.#now))
      }
    })
    this.#run(this.#machine.addBase(stream, base.candidate, this.#now))
  }

  #retire(base: Base): void {
    base.isRetired = true
    this.#machine.retireBase(base.id)
  }

  #drop(base: Base): void {
    this.#bases.close(base)
    for (const [key, plain] of this.#plain) if (plain.base === base) this.#plain.delete(key)
    this.#run(this.#machine.removeBase(base.id, this.#now))
  }

  #run(outputs: readonly IceOutput[]): void {
    for (const output of outputs) this.#perform(output)
    this.#arm()
  }

  #arm(): void {
    this.#timer?.cancel()
    const { deadline } = this.#machine
    if (deadline === null || this.#closed) return
    this.#timer = this.#options.clock.after(Math.max(0, deadline - this.#now), () => {
      this.#run(this.#machine.tick(this.#now))
    })
  }

  #perform(output: IceOutput): void {
    if (output.kind === 'send') this.#bases.get(output.base)?.socket.send(output.bytes, output.to)
    else this.#announce(output)
  }

  #announce(output: Exclude<IceOutput, { readonly kind: 'send' }>): void {
    switch (output.kind) {
      case 'path':
        if (output.path.nominated) this.#bases.get(output.path.base)?.relay?.bindChannel(output.path.remote)
        this.#events.onPath(output.stream, output.component, output.path)
        return
      case 'state':
        this.#states.set(output.stream, output.state)
        if (output.state === 'completed') this.#releaseLater()
        this.#events.onState(output.stream, output.state)
        return
      case 'consent-lost':
        this.#events.onConsentLost(output.stream, output.component)
        return
      case 'role':
        this.#events.onRole(output.role)
    }
  }

  /** Once every stream has its path, relays that carry none are given back. */
  #releaseLater(): void {
    const isDone = [...this.#wishes.keys()].every((stream) => this.#states.get(stream) === 'completed')
    if (!isDone) return
    this.#gatherer.stopKeeping()
    this.#release?.cancel()
    this.#release = this.#options.clock.after(releaseMs, () => {
      for (const base of this.#bases.all())
        if (base.relay !== null && this.#machine.pathOf(base.stream, base.component)?.base !== base.id) this.#drop(base)
    })
  }
}
