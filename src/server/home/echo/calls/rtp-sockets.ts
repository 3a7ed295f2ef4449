/** The two sockets of one media section: RTP on an even port, RTCP on the next (RFC 3550 §11). */
import type { DatagramAddress, DatagramSocket, DatagramsPort } from '#shared/ports/datagrams.ts'

export interface RtpSockets {
  readonly rtp: DatagramSocket
  readonly rtcp: DatagramSocket
}

/** A neighbour port is taken this often at most before we give up. */
const attempts = 20

/** Null where the system gives no ports. */
export async function openRtpSockets(datagrams: Pick<DatagramsPort, 'bind'>, host: string): Promise<RtpSockets | null> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const rtp = await datagrams.bind({ host, port: 0 })
    if (!rtp.ok) return null
    const { port } = rtp.value.local
    const rtcp = port % 2 === 0 ? await datagrams.bind({ host, port: port + 1 }) : null
    if (rtcp?.ok === true) return { rtp: rtp.value, rtcp: rtcp.value }
    rtp.value.close()
  }
  return null
}

/** Where packets of one kind go: to the address of the description, then to where the other side is heard from. */
export class Destination {
  #described: DatagramAddress | null = null
  #heard: DatagramAddress | null = null

  get address(): DatagramAddress | null {
    return this.#heard ?? this.#described
  }

  /** Takes the address of a description; a new one makes what was heard before count no more. */
  describe(address: DatagramAddress | null): void {
    const before = this.#described
    if (before?.host !== address?.host || before?.port !== address?.port) this.#heard = null
    this.#described = address
  }

  /** The first sender of acceptable packets is kept. */
  hear(from: DatagramAddress): void {
    this.#heard ??= from
  }

  /** The next packet decides anew: now it proves itself. */
  listenAnew(): void {
    this.#heard = null
  }
}
