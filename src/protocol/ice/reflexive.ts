import { toHex } from '#shared/bytes/bytes.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { DatagramAddress, DatagramSocket } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { addressKey } from './ip-address.ts'
import { attributeTypes, findAddress, findXorAddress } from './stun-attributes.ts'
import { decodeStun, encodeStun, methods } from './stun-message.ts'
import { StunTransactions } from './stun-transactions.ts'

/** RFC 8445 §11 allows no less; bindings of NATs are known to last 30 s and more. */
const keepAliveMs = 15_000

/** Asks servers under which address they see our sockets, and keeps the NATs' bindings alive until told to stop. */
export class Reflexive {
  readonly #clock: ClockPort
  readonly #random: RandomPort
  readonly #servers = new Set<string>()
  readonly #asked = new Map<string, StunTransactions>()
  #keep: (() => void)[] = []
  #closed = false

  constructor(clock: ClockPort, random: RandomPort) {
    this.#clock = clock
    this.#random = random
  }

  /** Resolves with our address as that server sees it; null when it does not answer. */
  ask(socket: DatagramSocket, server: DatagramAddress): Promise<DatagramAddress | null> {
    if (this.#closed) return Promise.resolve(null)
    this.#servers.add(addressKey(server))
    const transactionId = this.#random.bytes(12)
    const content = { method: methods.binding, transactionId, attributes: [], fingerprint: true } as const
    const transactions = new StunTransactions(this.#clock, (packet) => {
      if (!this.#closed) socket.send(packet, server)
    })
    const id = toHex(transactionId)
    this.#asked.set(id, transactions)
    return new Promise((resolve) => {
      transactions.start({
        packet: encodeStun({ ...content, class: 'request' }),
        transactionId,
        accepts: ({ method }) => method === methods.binding,
        done: (response) => {
          this.#asked.delete(id)
          const isSuccess = response?.class === 'success'
          const mapped = isSuccess ? findXorAddress(response, attributeTypes.xorMappedAddress) : null
          if (isSuccess) this.#keepAlive(socket, server)
          resolve(mapped ?? (isSuccess ? findAddress(response, attributeTypes.mappedAddress) : null))
        },
      })
    })
  }

  #keepAlive(socket: DatagramSocket, server: DatagramAddress): void {
    if (this.#closed) return
    let timer = this.#clock.after(keepAliveMs, () => again())
    const again = (): void => {
      const transactionId = this.#random.bytes(12)
      const content = { method: methods.binding, transactionId, attributes: [], fingerprint: true } as const
      socket.send(encodeStun({ ...content, class: 'indication' }), server)
      timer = this.#clock.after(keepAliveMs, () => again())
    }
    this.#keep.push(() => timer.cancel())
  }

  /** Takes a datagram of a server that was asked; false for all else. */
  handle(bytes: Uint8Array, from: DatagramAddress): boolean {
    if (!this.#servers.has(addressKey(from))) return false
    const message = decodeStun(bytes)
    return message !== null && (this.#asked.get(toHex(message.transactionId))?.handle(message) ?? false)
  }

  /** The bindings are not needed any more, or the media keeps them alive. */
  stopKeeping(): void {
    for (const stop of this.#keep.splice(0)) stop()
  }

  close(): void {
    this.#closed = true
    this.stopKeeping()
    for (const transactions of this.#asked.values()) transactions.close()
    this.#asked.clear()
  }
}
