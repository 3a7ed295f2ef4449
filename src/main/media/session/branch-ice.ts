/** ICE of one branch: what its descriptions say, and what becomes of its path. */
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import { parseCandidate } from '#protocol/ice/candidate.ts'
import type { IceBranch, IceBranchEvents } from '#protocol/ice/ice-branch.ts'
import type { IceParameters, RtpMedia } from '#protocol/sdp/rtp-media.ts'

export interface BranchIceHandlers {
  /** The path is gone: a restart may find another. */
  readonly onLost: () => void
  /** No path, and none to be hoped for; `media-lost` where there was one. */
  readonly onFailed: (why: 'no-path' | 'media-lost') => void
}

/** What a branch needs of the sockets it shares. */
export interface BranchIceSockets {
  /** Makes the branch of the agent that tells these events. */
  readonly join: (events: IceBranchEvents) => IceBranch
  /** The other side described itself: a restart of ours has been heard of. */
  readonly onStarted: () => void
}

/** A section of the other side that goes through ICE. */
export interface RemoteSection {
  readonly place: number
  readonly media: RtpMedia
}

/** After the path is gone, a restart has this long to find another. */
const lostMs = 30_000

export class BranchIce {
  readonly link: IceBranch
  readonly #clock: ClockPort
  readonly #handlers: BranchIceHandlers
  readonly #onStarted: () => void
  readonly #credentials = new Map<number, string>()
  #grace: Timer | null = null
  #hadPath = false

  constructor(clock: ClockPort, handlers: BranchIceHandlers, { join, onStarted }: BranchIceSockets) {
    this.#clock = clock
    this.#handlers = handlers
    this.#onStarted = onStarted
    this.link = join({
      onPath: () => this.#found(),
      onConsentLost: () => this.#lost(),
      onState: (_stream, state) => {
        if (state === 'failed') handlers.onFailed(this.#hadPath ? 'media-lost' : 'no-path')
      },
    })
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
    this.#onStarted()
    this.link.start({
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
  }

  #found(): void {
    this.#hadPath = true
    this.#grace?.cancel()
    this.#grace = null
  }

  #lost(): void {
    if (this.#grace !== null) return
    this.#grace = this.#clock.after(lostMs, () => this.#handlers.onFailed('media-lost'))
    this.#handlers.onLost()
  }
}

function textOf({ ufrag, password }: IceParameters): string {
  return `${ufrag} ${password}`
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
