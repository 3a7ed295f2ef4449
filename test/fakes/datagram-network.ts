/** UDP without sockets: addresses, delays and loss by a seed. */
import type { ClockPort } from '#shared/ports/clock.ts'
import type { DatagramAddress, DatagramSocket, DatagramsPort } from '#shared/ports/datagrams.ts'
import { ok } from '#shared/result.ts'
import type { SeededRandom } from './seeded-random.ts'

/** A computer that has no UDP. */
export const noDatagrams: DatagramsPort = {
  bind: () => Promise.resolve({ ok: false, error: { kind: 'unreachable' } }),
  localAddresses: () => [],
}

export interface DatagramNetworkOptions {
  readonly clock: ClockPort
  readonly random: SeededRandom
  /** Part of the datagrams between two hosts that is lost. */
  readonly loss: (from: string, to: string) => number
  /** Milliseconds on the way; drawn from 5 to 44 where nothing is said. */
  readonly delayMs?: (from: string, to: string) => number
}

/** Hosts that reach each other; what is lost, late or in another order is drawn by the seed. */
export class DatagramNetwork {
  readonly #options: DatagramNetworkOptions
  readonly #sockets = new Map<string, (bytes: Uint8Array, from: DatagramAddress) => void>()
  #nextPort = 20_000
  /** Datagrams sent and lost so far. */
  sent = 0
  lost = 0

  constructor(options: DatagramNetworkOptions) {
    this.#options = options
  }

  /** The computer with one address. */
  host(address: string): DatagramsPort {
    return {
      bind: (at) => Promise.resolve(ok(this.#bind(address, at.port))),
      localAddresses: () => [address],
    }
  }

  #bind(host: string, port: number): DatagramSocket {
    const local = { host, port: port === 0 ? (this.#nextPort += 1) : port }
    return {
      local,
      send: (bytes, to) => this.#carry(bytes, local, to),
      onDatagram: (handler) => this.#sockets.set(nameOf(local), handler),
      close: () => this.#sockets.delete(nameOf(local)),
    }
  }

  #carry(bytes: Uint8Array, from: DatagramAddress, to: DatagramAddress): void {
    const { clock, random, loss, delayMs = () => 5 + random.below(40) } = this.#options
    this.sent += 1
    if (random.unit() < loss(from.host, to.host)) {
      this.lost += 1
      return
    }
    const copy = bytes.slice()
    clock.after(delayMs(from.host, to.host), () => this.#sockets.get(nameOf(to))?.(copy, from))
  }
}

function nameOf({ host, port }: DatagramAddress): string {
  return `${host} ${port}`
}
