/** The way of one section of a branch through the call's ICE agent, or past it where the other side has no ICE (symmetric RTP, RFC 4961). */
import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import type { IceBranch } from '#protocol/ice/ice-branch.ts'
import type { Component, MediaPath } from './media-path.ts'

export class SectionPath implements MediaPath {
  readonly #ice: IceBranch
  /** Number of the stream: the place of its section in the descriptions. */
  readonly #stream: number
  readonly #plain: [DatagramAddress | null, DatagramAddress | null] = [null, null]
  readonly #isLatched: [boolean, boolean] = [false, false]
  /** The addresses of the description. */
  readonly #described: [DatagramAddress | null, DatagramAddress | null] = [null, null]
  #usesIce = false

  constructor(ice: IceBranch, stream: number) {
    this.#ice = ice
    this.#stream = stream
  }

  /** Whether checks decide where packets go and which are let in. */
  get usesIce(): boolean {
    return this.#usesIce
  }

  /** Where the other side is, as far as it is known. */
  get remote(): DatagramAddress | null {
    return this.#ice.pathOf(this.#stream, 1)?.remote ?? this.#plain[0]
  }

  /** The other side has ICE: the agent finds the way. */
  useIce(): void {
    this.#usesIce = true
    this.#point(1, null)
    this.#point(2, null)
  }

  /** The addresses of a description without ICE; what was heard before counts no more. */
  aim(rtp: DatagramAddress, rtcp: DatagramAddress): boolean {
    this.#usesIce = false
    // The same address again is reached anew all the same: our own sockets may be others by now.
    if (!isSame(this.#plain[0], rtp) || !isSame(this.#plain[1], rtcp)) this.#isLatched.fill(false)
    const isReachable = this.#point(1, rtp)
    this.#point(2, rtcp)
    this.#described.splice(0, 2, rtp, rtcp)
    return isReachable
  }

  /** Where packets went only because something was heard from there, they go no more if it is where another was described to be. */
  giveWay(other: SectionPath): void {
    for (const component of [1, 2] as const) {
      const place = component - 1
      const [at, own, theirs] = [this.#plain[place], this.#described[place], other.#described[place]]
      const isTheirs = at != null && isSame(theirs, at) && !isSame(own, at)
      if (this.#usesIce || own == null || !isTheirs) continue
      this.#isLatched[place] = false
      this.#point(component, own)
    }
  }

  /** The next packet heard decides anew where ours go: now it proves itself. */
  listenAnew(): void {
    this.#isLatched.fill(false)
  }

  /**
   * How likely a datagram of shared sockets is this branch's: `sure` = it comes from where checks proved the peer to be, or from where
   * packets go now; `maybe` = from the host of a description that nothing was heard of yet.
   */
  claim(component: Component, base: number, from: DatagramAddress): 'sure' | 'maybe' | 'no' {
    if (this.#usesIce) return this.#ice.isValidated(base, from) ? 'sure' : 'no'
    const plain = this.#plain[component - 1]
    if (isSame(plain, from)) return 'sure'
    return this.#isLatched[component - 1] !== true && plain?.host === from.host ? 'maybe' : 'no'
  }

  send(component: Component, bytes: Uint8Array): void {
    this.#ice.send(this.#stream, component, bytes)
  }

  heardFrom(component: Component, from: DatagramAddress): void {
    if (this.#isLatched[component - 1] !== true) this.movedTo(component, from)
  }

  /** As {@link heardFrom}, even after another was heard: for packets that anybody may repeat, and that decide nothing for good. */
  movedTo(component: Component, from: DatagramAddress): void {
    if (this.#usesIce) return
    this.#isLatched[component - 1] = true
    if (!isSame(this.#plain[component - 1], from)) this.#point(component, { host: from.host, port: from.port })
  }

  #point(component: Component, to: DatagramAddress | null): boolean {
    this.#plain[component - 1] = to
    return this.#ice.setPlainRemote(this.#stream, component, to)
  }
}

function isSame(a: DatagramAddress | null | undefined, b: DatagramAddress): boolean {
  return a?.host === b.host && a.port === b.port
}
