/** How many packets a master key may still protect (RFC 3711 §9.2, RFC 4568 §6.1); SRTP and SRTCP apart, all senders together. */

/** RFC 3711 §9.2: what any key may protect. */
const mostRtp = 2 ** 48
const mostRtcp = 2 ** 31
/** Shorter lifetimes are over before new keys could be agreed on. */
const shortestWorthRenewing = 2 ** 14

export class KeyLifetime {
  readonly #renewal: { readonly rtp: number; readonly rtcp: number }
  #rtpLeft: number
  #rtcpLeft: number

  /** `lifetime`: packets of each kind; absent where only the bounds of the RFC apply. */
  constructor(lifetime = mostRtp) {
    this.#rtpLeft = Math.min(lifetime, mostRtp)
    this.#rtcpLeft = Math.min(lifetime, mostRtcp)
    this.#renewal = { rtp: renewalOf(this.#rtpLeft), rtcp: renewalOf(this.#rtcpLeft) }
  }

  get isRtpSpent(): boolean {
    return this.#rtpLeft <= 0
  }

  get isRtcpSpent(): boolean {
    return this.#rtcpLeft <= 0
  }

  /** An eighth or less is left: time for another key. */
  get nearsEnd(): boolean {
    return this.#rtpLeft <= this.#renewal.rtp || this.#rtcpLeft <= this.#renewal.rtcp
  }

  /** Nothing more is protected. */
  end(): void {
    this.#rtpLeft = 0
    this.#rtcpLeft = 0
  }

  countRtp(): void {
    this.#rtpLeft -= 1
  }

  countRtcp(): void {
    this.#rtcpLeft -= 1
  }
}

function renewalOf(packets: number): number {
  return packets < shortestWorthRenewing ? -1 : Math.floor(packets / 8)
}
