/** ICE of one call: gathering for our descriptions, starting from theirs, and what becomes of it. */
import type { DatagramAddress, DatagramsPort } from '#shared/ports/datagrams.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { IceAgent, type LocalDescription, type MediaArrival } from '#protocol/ice/agent.ts'
import { scopeOf } from '#protocol/ice/ip-address.ts'
import { parseCandidate, serializeCandidate } from '#protocol/ice/candidate.ts'
import type { IceParameters, RtpMedia } from '#protocol/sdp/rtp-media.ts'
import type { TurnServer } from '#protocol/ice/turn-socket.ts'
import type { LocalIce } from '../description/network-description.ts'

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
  /** The path is gone: a restart may find another. */
  readonly onLost: () => void
  /** No path, and none to be hoped for; `media-lost` where there was one. */
  readonly onFailed: (why: 'no-path' | 'media-lost') => void
}

/** A section of the other side that goes through ICE. */
export interface RemoteSection {
  readonly place: number
  readonly media: RtpMedia
}

/** Without a relay nobody has to be asked: everything is known at once. */
const relayPatienceMs = 1_500
/** After the path is gone, a restart has this long to find another. */
const lostMs = 30_000

export class CallIce {
  readonly agent: IceAgent
  readonly #options: CallIceOptions
  readonly #credentials = new Map<number, string>()
  #grace: Timer | null = null
  #hadPath = false
  #isRestarting = false

  constructor(options: CallIceOptions) {
    const { datagrams, clock, random, role, hideAddress, relay, localHost, onMedia } = options
    this.#options = options
    this.agent = new IceAgent(
      {
        datagrams: {
          bind: (at) => datagrams.bind(at),
          localAddresses: () => addressesFrom(localHost, datagrams.localAddresses()),
        },
        ...{ clock, random, role },
        policy: hideAddress ? 'relay' : 'all',
        stunServers: relay === null || hideAddress ? [] : [relay.address],
        turnServers: relay === null ? [] : [relay],
      },
      {
        onMedia,
        onPath: () => this.#found(),
        onConsentLost: () => this.#lost(),
        onState: (_stream, state) => {
          if (state === 'failed') options.onFailed(this.#hadPath ? 'media-lost' : 'no-path')
        },
      },
    )
  }

  /** Sockets and candidates for a section; again for one that has them does nothing new. */
  async gather(place: number): Promise<void> {
    await this.agent.gather([{ stream: place, components: 2 }], this.#options.relay === null ? 0 : relayPatienceMs)
  }

  /** Fresh credentials and addresses for the next description; while nobody has heard of a restart, addresses alone. */
  async restart(role?: 'controlling' | 'controlled'): Promise<void> {
    const patienceMs = this.#options.relay === null ? 0 : relayPatienceMs
    const streams = this.agent.local.streams.map(({ stream }) => ({ stream, components: 2 }) as const)
    if (this.#isRestarting) await this.agent.gather(streams, patienceMs)
    else await this.agent.restart(role, patienceMs)
    this.#isRestarting = true
  }

  /** The other side refused the restart, or never heard of it. */
  abandonRestart(): void {
    this.#isRestarting = false
    this.agent.abandonRestart()
  }

  /** What a description says of a section; null where there is no address at all. */
  describe(
    place: number,
    components: 1 | 2,
  ): (LocalIce & { readonly rtp: DatagramAddress; readonly rtcp: DatagramAddress | null }) | null {
    const { credentials, streams }: LocalDescription = this.agent.local
    const stream = streams.find((candidate) => candidate.stream === place)
    if (stream?.rtp == null) return null
    const candidates = stream.candidates.filter(({ component }) => component <= components).map(serializeCandidate)
    return { ufrag: credentials.ufrag, password: credentials.pwd, candidates, rtp: stream.rtp, rtcp: stream.rtcp }
  }

  /** Whether any of these sections comes with credentials other than before: the other side restarts. */
  isRestart(sections: readonly RemoteSection[]): boolean {
    return sections.some(({ place, media }) => {
      const known = this.#credentials.get(place)
      return known !== undefined && media.ice !== null && known !== textOf(media.ice)
    })
  }

  /** Begins, or goes on, with what the other side described. */
  start(sections: readonly RemoteSection[]): void {
    const first = sections[0]?.media.ice
    if (first === undefined || first === null) return
    this.#isRestarting = false
    this.agent.start({
      lite: first.lite,
      ice2: first.ice2,
      streams: sections.flatMap(({ place, media }) => {
        const { ice, rtcpMux } = media
        if (ice === null) return []
        this.#credentials.set(place, textOf(ice))
        const candidates = ice.candidates.map(parseCandidate).filter((candidate) => candidate !== null)
        const credentials = { ufrag: ice.ufrag, pwd: ice.password }
        return [{ stream: place, credentials, candidates, components: rtcpMux ? 1 : 2 } as const]
      }),
    })
  }

  close(): void {
    this.#grace?.cancel()
    this.agent.close()
  }

  #found(): void {
    this.#hadPath = true
    this.#grace?.cancel()
    this.#grace = null
  }

  #lost(): void {
    if (this.#grace !== null) return
    this.#grace = this.#options.clock.after(lostMs, () => this.#options.onFailed('media-lost'))
    this.#options.onLost()
  }
}

function textOf({ ufrag, password }: IceParameters): string {
  return `${ufrag} ${password}`
}

/** An address that this computer has no more is no address; that of a server on this computer is in no list. */
function addressesFrom(first: string, all: readonly string[]): readonly string[] {
  if (!all.includes(first) && scopeOf(first) !== 'loopback') return all
  return [first, ...all.filter((address) => address !== first)]
}

/**
 * Whether a section can be trusted to speak ICE: its default address is one of its candidates. A middlebox that rewrote the
 * addresses and left the candidates alone would otherwise be passed by (RFC 8839 §4.2.5).
 */
export function speaksIce({ ice, connection, port }: RtpMedia): boolean {
  if (ice === null || ice.candidates.length === 0) return ice?.lite === true
  const candidates = ice.candidates.map(parseCandidate).filter((candidate) => candidate !== null)
  if (candidates.length === 0) return false
  return candidates.some(({ address }) => address.port === port && address.host === connection?.address)
}
