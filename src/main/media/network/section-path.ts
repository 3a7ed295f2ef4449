/** The sockets of one section: RTP on an even port and RTCP on the next (RFC 3550 §11), with the addresses of the other side. */
import type { DatagramAddress, DatagramSocket, DatagramsPort } from '#shared/ports/datagrams.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { Component, MediaPath } from './media-path.ts'

interface Pair {
  readonly rtp: DatagramSocket
  readonly rtcp: DatagramSocket
}

type Listener = (component: Component, bytes: Uint8Array, from: DatagramAddress) => void

/** A neighbour port is taken this often at most before we give up. */
const attempts = 20

async function bindPair(datagrams: DatagramsPort, host: string): Promise<Pair | null> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const first = await datagrams.bind({ host, port: 0 })
    if (!first.ok) return null
    const { port } = first.value.local
    const second = port % 2 === 0 ? await datagrams.bind({ host, port: port + 1 }) : null
    if (second?.ok === true) return { rtp: first.value, rtcp: second.value }
    first.value.close()
  }
  return null
}

export class SectionPath implements MediaPath {
  readonly #sockets: Pair
  readonly #remote: [DatagramAddress | null, DatagramAddress | null] = [null, null]
  readonly #isLatched: [boolean, boolean] = [false, false]

  private constructor(sockets: Pair, listener: Listener) {
    this.#sockets = sockets
    sockets.rtp.onDatagram((bytes, from) => listener(1, bytes, from))
    sockets.rtcp.onDatagram((bytes, from) => listener(2, bytes, from))
  }

  static async open(
    datagrams: DatagramsPort,
    host: string,
    listener: Listener,
  ): Promise<Result<SectionPath, 'no-path'>> {
    const pair = await bindPair(datagrams, host)
    return pair === null ? err('no-path') : ok(new SectionPath(pair, listener))
  }

  get local(): DatagramAddress {
    return this.#sockets.rtp.local
  }

  /** Where the other side is heard from, or said it would be. */
  get remote(): DatagramAddress | null {
    return this.#remote[0]
  }

  /** The addresses of a description; what was heard before counts no more. */
  aim(rtp: DatagramAddress, rtcp: DatagramAddress): void {
    if (isSame(this.#remote[0], rtp) && isSame(this.#remote[1], rtcp)) return
    this.#remote[0] = rtp
    this.#remote[1] = rtcp
    this.#isLatched.fill(false)
  }

  /** The next packet heard decides anew where ours go: now it proves itself. */
  listenAnew(): void {
    this.#isLatched.fill(false)
  }

  send(component: Component, bytes: Uint8Array): void {
    const to = this.#remote[component - 1]
    if (to !== null && to !== undefined) this.#socketOf(component).send(bytes, to)
  }

  heardFrom(component: Component, from: DatagramAddress): void {
    if (this.#isLatched[component - 1] === true) return
    this.#isLatched[component - 1] = true
    this.#remote[component - 1] = { host: from.host, port: from.port }
  }

  close(): void {
    this.#sockets.rtp.close()
    this.#sockets.rtcp.close()
  }

  #socketOf(component: Component): DatagramSocket {
    return component === 1 ? this.#sockets.rtp : this.#sockets.rtcp
  }
}

function isSame(a: DatagramAddress | null | undefined, b: DatagramAddress): boolean {
  return a?.host === b.host && a.port === b.port
}
