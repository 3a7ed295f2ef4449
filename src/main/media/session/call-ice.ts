/** The sockets of one call: gathering for our descriptions, and the branches that share them. */
import type { DatagramAddress, DatagramsPort } from '#shared/ports/datagrams.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { IceAgent, type LocalDescription, type MediaArrival } from '#protocol/ice/agent.ts'
import { serializeCandidate } from '#protocol/ice/candidate.ts'
import type { IceBranch, IceBranchEvents } from '#protocol/ice/ice-branch.ts'
import { scopeOf } from '#protocol/ice/ip-address.ts'
import type { TurnServer } from '#protocol/ice/turn-socket.ts'
import type { LocalIce } from '../description/network-description.ts'
import { BranchIce, type BranchIceHandlers, type BranchIceSockets } from './branch-ice.ts'

export interface CallIceOptions {
  readonly datagrams: DatagramsPort
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly role: 'controlling' | 'controlled'
  readonly hideAddress: boolean
  /** By number; null where the account has none. */
  readonly relay: TurnServer | null
  /** The address towards the account's server comes first, and names us to those without ICE. */
  readonly localHost: string
  readonly onMedia: (arrival: MediaArrival) => void
}

/** Without a relay nobody has to be asked: everything is known at once. */
const relayPatienceMs = 1_500

export class CallIce {
  readonly #options: CallIceOptions
  readonly #agent: IceAgent
  /** The first branch hears of what happens through the agent, which is made before it. */
  #events: IceBranchEvents = {}
  #isRestarting = false

  constructor(options: CallIceOptions) {
    this.#options = options
    const { datagrams, clock, random, role, hideAddress, relay, localHost, onMedia } = options
    this.#agent = new IceAgent(
      {
        datagrams: {
          bind: (at) => datagrams.bind(at),
          localAddresses: () => addressesFrom(localHost, datagrams.localAddresses()),
        },
        ...{ clock, random, role },
        policy: hideAddress ? 'relay' : 'all',
        stunServers: relay === null || hideAddress ? [] : [relay.address],
        turnServers: relay === null ? [] : [relay],
        // Whoever offers may get several answers.
        mayFork: role === 'controlling',
      },
      {
        onMedia,
        onPath: (...facts) => this.#events.onPath?.(...facts),
        onConsentLost: (...facts) => this.#events.onConsentLost?.(...facts),
        onState: (...facts) => this.#events.onState?.(...facts),
      },
    )
  }

  /** The branch that was there with the sockets. */
  first(handlers: BranchIceHandlers): BranchIce {
    const join = (events: IceBranchEvents): IceBranch => {
      this.#events = events
      return this.#agent.main
    }
    return this.#branch(handlers, join)
  }

  /** One more that answered the same offer. */
  fork(handlers: BranchIceHandlers): BranchIce {
    return this.#branch(handlers, (events) => this.#agent.fork(events))
  }

  #branch(handlers: BranchIceHandlers, join: BranchIceSockets['join']): BranchIce {
    const onStarted = (): void => {
      this.#isRestarting = false
    }
    return new BranchIce(this.#options.clock, handlers, { join, onStarted })
  }

  /** A branch is over; the others go on. */
  leave({ link }: BranchIce): void {
    this.#agent.leave(link)
  }

  /** The branch that stays: what only others needed is closed. */
  settle({ link }: BranchIce): void {
    this.#agent.settle(link)
  }

  /** Sockets and candidates for a section; again for one that has them does nothing new. */
  async gather(place: number): Promise<void> {
    await this.#agent.gather([{ stream: place, components: 2 }], this.#options.relay === null ? 0 : relayPatienceMs)
  }

  /** Fresh credentials and addresses for the next description; while nobody has heard of a restart, addresses alone. */
  async restart(role?: 'controlling' | 'controlled'): Promise<void> {
    const patienceMs = this.#options.relay === null ? 0 : relayPatienceMs
    const streams = this.#agent.local.streams.map(({ stream }) => ({ stream, components: 2 }) as const)
    if (this.#isRestarting) await this.#agent.gather(streams, patienceMs)
    else await this.#agent.restart(role, patienceMs)
    this.#isRestarting = true
  }

  /** The other side refused the restart, or never heard of it. */
  abandonRestart(): void {
    this.#isRestarting = false
    this.#agent.abandonRestart()
  }

  /** What a description says of a section; null where there is no address at all. */
  describe(
    place: number,
    components: 1 | 2,
  ): (LocalIce & { readonly rtp: DatagramAddress; readonly rtcp: DatagramAddress | null }) | null {
    const { credentials, streams }: LocalDescription = this.#agent.local
    const stream = streams.find((candidate) => candidate.stream === place)
    if (stream?.rtp == null) return null
    const candidates = stream.candidates.filter(({ component }) => component <= components).map(serializeCandidate)
    return { ufrag: credentials.ufrag, password: credentials.pwd, candidates, rtp: stream.rtp, rtcp: stream.rtcp }
  }

  close(): void {
    this.#agent.close()
  }
}

/** An address that this computer has no more is no address; that of a server on this computer is in no list. */
function addressesFrom(first: string, all: readonly string[]): readonly string[] {
  if (!all.includes(first) && scopeOf(first) !== 'loopback') return all
  return [first, ...all.filter((address) => address !== first)]
}
