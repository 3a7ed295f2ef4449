/** The way of one section through the call's ICE agent, or past it where the other side has no ICE (symmetric RTP, RFC 4961). */
import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import type { IceAgent } from '#protocol/ice/agent.ts'
import type { Component, MediaPath } from './media-path.ts'

export class SectionPath implements MediaPath {
  readonly #agent: IceAgent
  /** Number of the stream: the place of its section in the descriptions. */
  readonly #stream: number
  readonly #plain: [DatagramAddress | null, DatagramAddress | null] = [null, null]
  readonly #isLatched: [boolean, boolean] = [false, false]
  #usesIce = false

  constructor(agent: IceAgent, stream: number) {
    this.#agent = agent
    this.#stream = stream
  }

  /** Whether checks decide where packets go and which are let in. */
  get usesIce(): boolean {
    return this.#usesIce
  }

  /** Where the other side is, as far as it is known. */
  get remote(): DatagramAddress | null {
    return this.#agent.pathOf(this.#stream, 1)?.remote ?? this.#plain[0]
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
    return isReachable
  }

  /** The next packet heard decides anew where ours go: now it proves itself. */
  listenAnew(): void {
    this.#isLatched.fill(false)
  }

  send(component: Component, bytes: Uint8Array): void {
    this.#agent.send(this.#stream, component, bytes)
  }

  heardFrom(component: Component, from: DatagramAddress): void {
    if (this.#usesIce || this.#isLatched[component - 1] === true) return
    this.#isLatched[component - 1] = true
    if (!isSame(this.#plain[component - 1], from)) this.#point(component, { host: from.host, port: from.port })
  }

  #point(component: Component, to: DatagramAddress | null): boolean {
    this.#plain[component - 1] = to
    return this.#agent.setPlainRemote(this.#stream, component, to)
  }
}

function isSame(a: DatagramAddress | null | undefined, b: DatagramAddress): boolean {
  return a?.host === b.host && a.port === b.port
}
