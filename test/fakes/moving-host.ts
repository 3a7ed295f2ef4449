/** A computer on real loopback sockets whose addresses come and go: a socket of an address that is gone is deaf and mute. */
import { createDatagrams } from '#main/platform/sockets/datagrams.ts'
import type { DatagramAddress, DatagramSocket, DatagramsPort } from '#shared/ports/datagrams.ts'
import { err, ok } from '#shared/result.ts'

/** Everything of the own computer, as the page's leg. */
const always = '127.0.0.1'

export class MovingHost implements DatagramsPort {
  addresses: readonly string[]
  /** Where datagrams went, each destination once. */
  readonly destinations = new Set<string>()
  readonly #real = createDatagrams()

  constructor(addresses: readonly string[]) {
    this.addresses = addresses
  }

  localAddresses(): readonly string[] {
    return this.addresses
  }

  async bind(at: DatagramAddress): ReturnType<DatagramsPort['bind']> {
    if (!this.#has(at.host)) return err({ kind: 'unreachable' })
    const bound = await this.#real.bind(at)
    return bound.ok ? ok(this.#watched(bound.value)) : bound
  }

  #has(host: string): boolean {
    return host === always || host === '0.0.0.0' || this.addresses.includes(host)
  }

  #watched(socket: DatagramSocket): DatagramSocket {
    const { host } = socket.local
    return {
      local: socket.local,
      send: (bytes, to) => {
        if (!this.#has(host)) return
        this.destinations.add(`${to.host}:${to.port}`)
        socket.send(bytes, to)
      },
      onDatagram: (handler) => {
        socket.onDatagram((bytes, from) => {
          if (this.#has(host)) handler(bytes, from)
        })
      },
      close: () => socket.close(),
    }
  }
}
