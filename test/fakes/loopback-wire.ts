/** 127.0.0.1 without sockets: datagrams arrive one at a time and in order, in real time, as handshakes computed on threads need. */
import { ok } from '#shared/result.ts'
import type { DatagramAddress, DatagramSocket, DatagramsPort } from '#shared/ports/datagrams.ts'

export class LoopbackWire {
  readonly #sockets = new Map<number, (bytes: Uint8Array, from: DatagramAddress) => void>()
  readonly #waiting: (() => void)[] = []
  #nextPort = 30_000

  /** Binds here what is bound on loopback, everything else at `others`. */
  beside(others: DatagramsPort): DatagramsPort {
    return {
      bind: (at) => (at.host === '127.0.0.1' ? Promise.resolve(ok(this.#bind())) : others.bind(at)),
      localAddresses: () => others.localAddresses(),
    }
  }

  #bind(): DatagramSocket {
    const local = { host: '127.0.0.1', port: (this.#nextPort += 1) }
    return {
      local,
      send: (bytes, to) => this.#carry(Uint8Array.from(bytes), local, to),
      onDatagram: (handler) => this.#sockets.set(local.port, handler),
      close: () => this.#sockets.delete(local.port),
    }
  }

  #carry(bytes: Uint8Array, from: DatagramAddress, to: DatagramAddress): void {
    this.#waiting.push(() => this.#sockets.get(to.port)?.(bytes, from))
    if (this.#waiting.length === 1) setImmediate(() => this.#deliver())
  }

  #deliver(): void {
    const [next] = this.#waiting
    next?.()
    this.#waiting.shift()
    if (this.#waiting.length > 0) setImmediate(() => this.#deliver())
  }
}
