/** UDP of one computer with somebody on the line: what is bound and sent is written down, what comes in can be changed or made up. */
import type { DatagramAddress, DatagramSocket, DatagramsPort } from '#shared/ports/datagrams.ts'

export interface SentDatagram {
  readonly from: DatagramAddress
  readonly to: DatagramAddress
  readonly bytes: Uint8Array
}

interface Bound {
  readonly local: DatagramAddress
  handler: (bytes: Uint8Array, from: DatagramAddress) => void
}

export class TappedDatagrams implements DatagramsPort {
  /** Everything sent, in order. */
  readonly sent: SentDatagram[] = []
  readonly bound: Bound[] = []
  /** What becomes of a datagram on its way in; null = lost. */
  incoming: (bytes: Uint8Array, from: DatagramAddress, at: DatagramAddress) => Uint8Array | null = (bytes) => bytes
  readonly #inner: DatagramsPort

  constructor(inner: DatagramsPort) {
    this.#inner = inner
  }

  localAddresses(): readonly string[] {
    return this.#inner.localAddresses()
  }

  async bind(at: DatagramAddress): ReturnType<DatagramsPort['bind']> {
    const outcome = await this.#inner.bind(at)
    return outcome.ok ? { ok: true, value: this.#tapped(outcome.value) } : outcome
  }

  /** Sockets that are not on loopback. */
  get onNetwork(): readonly Bound[] {
    return this.bound.filter(({ local }) => local.host !== '127.0.0.1')
  }

  /** Datagrams that left from those. */
  get sentToNetwork(): readonly SentDatagram[] {
    return this.sent.filter(({ from }) => from.host !== '127.0.0.1')
  }

  /** Lets a datagram arrive that nobody sent. */
  inject(at: DatagramAddress, bytes: Uint8Array, from: DatagramAddress): void {
    for (const { local, handler } of this.bound)
      if (local.port === at.port && local.host === at.host) handler(Uint8Array.from(bytes), from)
  }

  #tapped(socket: DatagramSocket): DatagramSocket {
    const bound: Bound = { local: socket.local, handler: () => undefined }
    this.bound.push(bound)
    socket.onDatagram((bytes, from) => {
      const changed = this.incoming(bytes, from, socket.local)
      if (changed !== null) bound.handler(changed, from)
    })
    return {
      local: socket.local,
      send: (bytes, to) => {
        this.sent.push({ from: socket.local, to, bytes: Uint8Array.from(bytes) })
        socket.send(bytes, to)
      },
      onDatagram: (handler) => {
        bound.handler = handler
      },
      close: () => socket.close(),
    }
  }
}
