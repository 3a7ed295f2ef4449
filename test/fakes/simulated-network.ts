/** A small internet under a fake clock: hosts, NATs, loss, delay; every packet is on record. */
import { err, ok } from '#shared/result.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { DatagramAddress, DatagramSocket, DatagramsPort } from '#shared/ports/datagrams.ts'
import type { SeededRandom } from './seeded-random.ts'

/** Which packets from outside a NAT lets in (RFC 4787 §5), and whether it maps each destination anew (§4.1). */
export type NatKind = 'endpoint-independent' | 'address-restricted' | 'port-restricted' | 'symmetric'

export interface NetworkOptions {
  readonly clock: ClockPort
  readonly random: SeededRandom
  /** 0 to 1. */
  readonly loss?: number
  /** Milliseconds, uniform between; different delays reorder. */
  readonly delay?: readonly [number, number]
}

export interface PacketRecord {
  readonly from: DatagramAddress
  readonly to: DatagramAddress
  readonly bytes: Uint8Array
}

interface BoundSocket {
  readonly node: SimulatedNode
  readonly socket: DatagramSocket
  receive(bytes: Uint8Array, from: DatagramAddress): void
}

interface NatMapping {
  readonly inside: DatagramAddress
  readonly outside: DatagramAddress
  readonly destination: string | null
  readonly contacted: Set<string>
}

const keyOf = ({ host, port }: DatagramAddress): string => `${host}|${port}`
const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::'

class Nat {
  readonly #kind: NatKind
  readonly #host: string
  readonly #mappings: NatMapping[] = []
  #nextPort = 20_000

  constructor(host: string, kind: NatKind) {
    this.#host = host
    this.#kind = kind
  }

  get host(): string {
    return this.#host
  }

  /** Forgets all mappings, as after it was switched off and on. */
  reset(): void {
    this.#mappings.length = 0
  }

  outbound(inside: DatagramAddress, to: DatagramAddress): DatagramAddress {
    const destination = this.#kind === 'symmetric' ? keyOf(to) : null
    let mapping = this.#mappings.find((one) => keyOf(one.inside) === keyOf(inside) && one.destination === destination)
    if (mapping === undefined) {
      mapping = { inside, outside: { host: this.#host, port: this.#nextPort++ }, destination, contacted: new Set() }
      this.#mappings.push(mapping)
    }
    mapping.contacted.add(keyOf(to)).add(to.host)
    return mapping.outside
  }

  inbound(outside: DatagramAddress, from: DatagramAddress): DatagramAddress | null {
    const mapping = this.#mappings.find((one) => keyOf(one.outside) === keyOf(outside))
    if (mapping === undefined) return null
    const filter = this.#kind === 'address-restricted' ? from.host : keyOf(from)
    return this.#kind === 'endpoint-independent' || mapping.contacted.has(filter) ? mapping.inside : null
  }
}

/** A computer of the simulation: its sockets, as the program sees them. */
export class SimulatedNode implements DatagramsPort {
  readonly #network: SimulatedNetwork
  /** May be changed: another network was joined. */
  addresses: readonly string[]
  nat: Nat | null

  constructor(network: SimulatedNetwork, addresses: readonly string[], nat: Nat | null) {
    this.#network = network
    this.addresses = addresses
    this.nat = nat
  }

  localAddresses(): readonly string[] {
    return this.addresses
  }

  bind(at: DatagramAddress): ReturnType<DatagramsPort['bind']> {
    const isOwn = isWildcard(at.host) || this.addresses.includes(at.host)
    const socket = isOwn ? this.#network.bind(this, at) : null
    return Promise.resolve(socket === null ? err({ kind: 'unreachable' }) : ok(socket))
  }
}

/** Everything between the computers. */
export class SimulatedNetwork {
  readonly #options: NetworkOptions
  readonly #bound = new Map<string, BoundSocket>()
  readonly #nats = new Map<string, Nat>()
  readonly packets: PacketRecord[] = []
  /** Drops what it returns true for. */
  blocks: (packet: PacketRecord) => boolean = () => false
  loss: number
  #nextPort = 50_000

  constructor(options: NetworkOptions) {
    this.#options = options
    this.loss = options.loss ?? 0
  }

  /** A computer with these addresses; behind a NAT they are private, and only the NAT's is known outside. */
  node(addresses: readonly string[], nat?: { readonly host: string; readonly kind: NatKind }): SimulatedNode {
    const behind = nat === undefined ? null : this.addNat(nat.host, nat.kind)
    return new SimulatedNode(this, addresses, behind)
  }

  addNat(host: string, kind: NatKind): Nat {
    const nat = this.#nats.get(host) ?? new Nat(host, kind)
    this.#nats.set(host, nat)
    return nat
  }

  bind(node: SimulatedNode, at: DatagramAddress): DatagramSocket | null {
    const host = isWildcard(at.host)
      ? (node.addresses.find((one) => one.includes(':') === at.host.includes(':')) ?? '')
      : at.host
    const port = at.port === 0 ? this.#freePort(node, host) : at.port
    const key = this.#keyOfSocket(node, { host, port })
    if (host === '' || this.#bound.has(key)) return null
    let handler: (bytes: Uint8Array, from: DatagramAddress) => void = () => undefined
    const local = { host, port }
    const socket: DatagramSocket = {
      local: { host: at.host, port },
      send: (bytes, to) => this.#send(node, { from: local, to, bytes }),
      onDatagram: (next) => (handler = next),
      close: () => this.#bound.delete(key),
    }
    this.#bound.set(key, { node, socket, receive: (bytes, from) => handler(bytes, from) })
    return socket
  }

  #freePort(node: SimulatedNode, host: string): number {
    while (this.#bound.has(this.#keyOfSocket(node, { host, port: this.#nextPort }))) this.#nextPort += 1
    return this.#nextPort++
  }

  #keyOfSocket(node: SimulatedNode, address: DatagramAddress): string {
    return `${node.nat?.host ?? ''} ${keyOf(address)}`
  }

  #send(node: SimulatedNode, { from, to, bytes }: PacketRecord): void {
    const record = { from, to, bytes: Uint8Array.from(bytes) }
    this.packets.push(record)
    const isGone = !node.addresses.includes(from.host)
    if (isGone || from.host.includes(':') !== to.host.includes(':')) return
    const { clock, random, delay = [10, 30] } = this.#options
    if (random.unit() < this.loss || this.blocks(record)) return
    const delayMs = delay[0] + random.unit() * (delay[1] - delay[0])
    // Neighbours behind the same NAT reach each other without it.
    const neighbour = this.#bound.get(this.#keyOfSocket(node, to))
    if (neighbour !== undefined) {
      clock.after(delayMs, () => this.#deliver(this.#keyOfSocket(node, to), record.bytes, from))
      return
    }
    const outside = node.nat === null ? from : node.nat.outbound(from, to)
    clock.after(delayMs, () => this.#arrive(record.bytes, outside, to))
  }

  #arrive(bytes: Uint8Array, from: DatagramAddress, to: DatagramAddress): void {
    const nat = this.#nats.get(to.host)
    if (nat === undefined) {
      this.#deliver(` ${keyOf(to)}`, bytes, from)
      return
    }
    const inside = nat.inbound(to, from)
    if (inside !== null) this.#deliver(`${nat.host} ${keyOf(inside)}`, bytes, from)
  }

  #deliver(key: string, bytes: Uint8Array, from: DatagramAddress): void {
    const target = this.#bound.get(key)
    const isThere = target?.node.addresses.includes(key.split(' ')[1]?.split('|')[0] ?? '') === true
    if (isThere) target.receive(Uint8Array.from(bytes), from)
  }
}
