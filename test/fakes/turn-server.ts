/** A STUN and TURN server for the simulated network: as strict as RFC 8656 where clients err, and forgetful when told to be. */
import { createHash } from 'node:crypto'
import { concatBytes, equalBytes } from '#shared/bytes/bytes.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { DatagramAddress, DatagramSocket, DatagramsPort } from '#shared/ports/datagrams.ts'
import { addressKey } from '#protocol/ice/ip-address.ts'
import {
  attributeTypes,
  errorAttribute,
  findAttribute,
  findText,
  findUint32,
  findXorAddress,
  textAttribute,
  uint32Attribute,
  xorAddressAttribute,
} from '#protocol/ice/stun-attributes.ts'
import {
  decodeStun,
  encodeStun,
  isStun,
  methods,
  verifyIntegrity,
  type StunAttribute,
  type StunMessage,
} from '#protocol/ice/stun-message.ts'

interface Allocation {
  readonly client: DatagramAddress
  readonly relay: DatagramSocket
  readonly transactionId: Uint8Array
  expiresAt: number
  /** Host → until. */
  readonly permissions: Map<string, number>
  readonly channels: Map<number, DatagramAddress>
}

export const turnUser = { username: 'user', password: 'pass' }
const realm = 'example.org'
const key = createHash('md5').update(`${turnUser.username}:${realm}:${turnUser.password}`).digest()

/** The server on one host, port 3478. */
export class FakeTurnServer {
  readonly address: DatagramAddress
  readonly #datagrams: DatagramsPort
  readonly #clock: ClockPort
  readonly #allocations = new Map<string, Allocation>()
  readonly #socket: DatagramSocket
  #nonce = 1
  /** Requests by method and outcome: `allocate 401`. */
  readonly seen: string[] = []
  /** Refuses all further requests of that method with that code. */
  readonly refusals = new Map<number, number>()
  lifetime = 600
  /** What it signs its answers with. */
  answerKey: Uint8Array = key

  private constructor(socket: DatagramSocket, datagrams: DatagramsPort, clock: ClockPort) {
    this.#socket = socket
    this.#datagrams = datagrams
    this.#clock = clock
    this.address = socket.local
    socket.onDatagram((bytes, from) => void this.#receive(bytes, from))
  }

  static async open(datagrams: DatagramsPort, host: string, clock: ClockPort): Promise<FakeTurnServer> {
    const bound = await datagrams.bind({ host, port: 3478 })
    if (!bound.ok) throw new Error('the server has no socket')
    return new FakeTurnServer(bound.value, datagrams, clock)
  }

  /** Relays that are alive. */
  get allocations(): number {
    return [...this.#allocations.values()].filter(({ expiresAt }) => expiresAt > this.#clock.now()).length
  }

  /** From now on the old nonce is stale. */
  renewNonce(): void {
    this.#nonce++
  }

  async #receive(bytes: Uint8Array, from: DatagramAddress): Promise<void> {
    if (!isStun(bytes)) {
      this.#relayChannelData(bytes, from)
      return
    }
    const message = decodeStun(bytes)
    if (message?.class === 'indication') this.#relayIndication(message, from)
    if (message?.class !== 'request') return
    if (message.method === methods.binding) {
      const mapped = xorAddressAttribute(attributeTypes.xorMappedAddress, from, message.transactionId)
      this.#socket.send(encodeStun({ ...message, class: 'success', attributes: [mapped], fingerprint: true }), from)
      return
    }
    const code = this.#refusalOf(message)
    const answer = code === 0 ? await this.#serve(message, from) : code
    this.#answer(message, from, answer)
  }

  #refusalOf(message: StunMessage): number {
    if (message.integrityAt === 0) return 401
    if (findText(message, attributeTypes.username) !== turnUser.username) return 401
    if (findText(message, attributeTypes.realm) !== realm || !verifyIntegrity(message, key)) return 401
    if (findText(message, attributeTypes.nonce) !== `nonce-${this.#nonce}`) return 438
    return this.refusals.get(message.method) ?? 0
  }

  #answer(message: StunMessage, to: DatagramAddress, answer: number | readonly StunAttribute[]): void {
    const { method, transactionId } = message
    const name = Object.entries(methods).find(([, number]) => number === method)?.[0] ?? String(method)
    this.seen.push(`${name} ${typeof answer === 'number' ? answer : 'ok'}`)
    const challenge = [
      textAttribute(attributeTypes.realm, realm),
      textAttribute(attributeTypes.nonce, `nonce-${this.#nonce}`),
    ]
    const packet =
      typeof answer === 'number'
        ? encodeStun({
            ...{ class: 'error', method, transactionId, fingerprint: true },
            attributes: [errorAttribute({ code: answer, reason: 'no' }), ...challenge],
          })
        : encodeStun({
            class: 'success',
            method,
            transactionId,
            attributes: answer,
            key: this.answerKey,
            fingerprint: true,
          })
    this.#socket.send(packet, to)
  }

  async #serve(message: StunMessage, from: DatagramAddress): Promise<number | readonly StunAttribute[]> {
    const allocation = this.#allocationOf(from)
    if (message.method === methods.allocate) return this.#allocate(message, from, allocation)
    if (allocation === null) return 437
    if (message.method === methods.refresh) return this.#refresh(message, allocation)
    const peer = findXorAddress(message, attributeTypes.xorPeerAddress)
    if (peer === null) return 400
    allocation.permissions.set(peer.host, this.#clock.now() + 300_000)
    if (message.method === methods.createPermission) return []
    const channel = (findUint32(message, attributeTypes.channelNumber) ?? 0) >>> 16
    const known = allocation.channels.get(channel)
    if (channel < 0x4000 || channel > 0x4fff || (known !== undefined && addressKey(known) !== addressKey(peer)))
      return 400
    allocation.channels.set(channel, peer)
    return []
  }

  async #allocate(
    message: StunMessage,
    client: DatagramAddress,
    known: Allocation | null,
  ): Promise<number | readonly StunAttribute[]> {
    if (known !== null) {
      const isRepeated = equalBytes(known.transactionId, message.transactionId)
      return isRepeated ? this.#described(known, message) : 437
    }
    if (findAttribute(message, attributeTypes.requestedTransport)?.[0] !== 17) return 442
    const host = this.address.host
    const bound = await this.#datagrams.bind({ host, port: 0 })
    if (!bound.ok) return 508
    const relay = bound.value
    const expiresAt = this.#clock.now() + this.lifetime * 1000
    const allocation: Allocation = {
      ...{ client, relay, expiresAt, permissions: new Map(), channels: new Map() },
      transactionId: Uint8Array.from(message.transactionId),
    }
    this.#allocations.set(addressKey(client), allocation)
    relay.onDatagram((bytes, from) => this.#relayToClient(allocation, bytes, from))
    return this.#described(allocation, message)
  }

  #described({ relay, client }: Allocation, { transactionId }: StunMessage): readonly StunAttribute[] {
    return [
      xorAddressAttribute(attributeTypes.xorRelayedAddress, relay.local, transactionId),
      xorAddressAttribute(attributeTypes.xorMappedAddress, client, transactionId),
      uint32Attribute(attributeTypes.lifetime, this.lifetime),
    ]
  }

  #refresh(message: StunMessage, allocation: Allocation): readonly StunAttribute[] {
    const wanted = findUint32(message, attributeTypes.lifetime) ?? this.lifetime
    const granted = Math.min(wanted, this.lifetime)
    allocation.expiresAt = this.#clock.now() + granted * 1000
    if (granted === 0) {
      allocation.relay.close()
      this.#allocations.delete(addressKey(allocation.client))
    }
    return [uint32Attribute(attributeTypes.lifetime, granted)]
  }

  #allocationOf(client: DatagramAddress): Allocation | null {
    const allocation = this.#allocations.get(addressKey(client))
    return allocation !== undefined && allocation.expiresAt > this.#clock.now() ? allocation : null
  }

  #isPermitted({ permissions }: Allocation, host: string): boolean {
    return (permissions.get(host) ?? 0) > this.#clock.now()
  }

  #relayIndication(message: StunMessage, from: DatagramAddress): void {
    const allocation = this.#allocationOf(from)
    const peer = findXorAddress(message, attributeTypes.xorPeerAddress)
    const data = findAttribute(message, attributeTypes.data)
    if (allocation === null || peer === null || data === null || !this.#isPermitted(allocation, peer.host)) return
    allocation.relay.send(data, peer)
  }

  #relayChannelData(bytes: Uint8Array, from: DatagramAddress): void {
    const view = Buffer.from(bytes)
    const allocation = this.#allocationOf(from)
    const peer = bytes.length < 4 ? undefined : allocation?.channels.get(view.readUInt16BE(0))
    if (allocation === null || peer === undefined || !this.#isPermitted(allocation, peer.host)) return
    allocation.relay.send(bytes.subarray(4, 4 + view.readUInt16BE(2)), peer)
  }

  #relayToClient(allocation: Allocation, bytes: Uint8Array, from: DatagramAddress): void {
    if (allocation.expiresAt <= this.#clock.now() || !this.#isPermitted(allocation, from.host)) return
    const channel = [...allocation.channels].find(([, peer]) => addressKey(peer) === addressKey(from))?.[0]
    if (channel !== undefined) {
      const head = Uint8Array.of(channel >> 8, channel & 0xff, bytes.length >> 8, bytes.length & 0xff)
      this.#socket.send(concatBytes(head, bytes), allocation.client)
      return
    }
    const transactionId = new Uint8Array(12)
    const attributes = [
      xorAddressAttribute(attributeTypes.xorPeerAddress, from, transactionId),
      { type: attributeTypes.data, value: bytes },
    ]
    const packet = encodeStun({ class: 'indication', method: methods.data, transactionId, attributes })
    this.#socket.send(packet, allocation.client)
  }
}
