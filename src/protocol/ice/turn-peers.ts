import { concatBytes } from '#shared/bytes/bytes.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import { addressKey } from './ip-address.ts'
import { attributeTypes, channelAttribute, xorAddressAttribute } from './stun-attributes.ts'
import { encodeStun, methods, type StunAttribute } from './stun-message.ts'

/** What permissions and channels need of their allocation. */
export interface TurnPeersHost {
  readonly clock: ClockPort
  newTransactionId(): Uint8Array
  send(packet: Uint8Array): void
  deliver(bytes: Uint8Array, from: DatagramAddress): void
  request(
    method: number,
    attributesFor: (transactionId: Uint8Array) => readonly StunAttribute[],
    done: (granted: boolean) => void,
  ): void
}

interface Permission {
  readonly host: string
  state: 'asked' | 'granted' | 'refused'
  /** Datagrams that wait for the answer. */
  waiting: { readonly bytes: Uint8Array; readonly to: DatagramAddress }[]
  used: boolean
  timer: Timer | null
}

interface Channel {
  readonly number: number
  readonly peer: DatagramAddress
  isBound: boolean
  timer: Timer | null
}

/** Permissions last 300 s, channels 600 s (RFC 8656 §9, §12); binding a channel renews both, so one period serves. */
const renewMs = 240_000
/** A refused host is asked for again after this. */
const retryMs = 30_000
const maxPermissions = 128
const maxWaiting = 8
const firstChannel = 0x4000
const maxChannels = 64

/** Who may be reached through a relay, and over which channels. Both are asked for when needed, and renewed while used. */
export class TurnPeers {
  readonly #host: TurnPeersHost
  readonly #permissions = new Map<string, Permission>()
  readonly #channels = new Map<string, Channel>()
  readonly #byNumber = new Map<number, Channel>()
  #closed = false

  constructor(host: TurnPeersHost) {
    this.#host = host
  }

  /** Sends by channel, by indication, or once the permission has come. */
  send(bytes: Uint8Array, to: DatagramAddress): void {
    const channel = this.#channels.get(addressKey(to))
    if (channel?.isBound === true) {
      this.#sendOnChannel(channel, bytes)
      return
    }
    const permission = this.#permissions.get(to.host) ?? this.#ask(to.host)
    if (permission === null) return
    permission.used = true
    if (permission.state === 'granted') this.#indicate(bytes, to)
    else if (permission.state === 'asked') hold(permission, bytes, to)
  }

  #sendOnChannel({ number }: Channel, bytes: Uint8Array): void {
    const { length } = bytes
    if (length > 0xffff) return
    this.#host.send(concatBytes(Uint8Array.of(number >> 8, number & 0xff, length >> 8, length & 0xff), bytes))
  }

  #indicate(bytes: Uint8Array, to: DatagramAddress): void {
    if (bytes.length > 0xff00) return
    const transactionId = this.#host.newTransactionId()
    const attributes = [
      xorAddressAttribute(attributeTypes.xorPeerAddress, to, transactionId),
      { type: attributeTypes.data, value: bytes },
    ]
    this.#host.send(encodeStun({ class: 'indication', method: methods.send, transactionId, attributes }))
  }

  #ask(host: string): Permission | null {
    if (this.#closed || this.#permissions.size >= maxPermissions) return null
    const permission: Permission = { host, state: 'asked', waiting: [], used: true, timer: null }
    this.#permissions.set(host, permission)
    this.#request(permission)
    return permission
  }

  #request(permission: Permission): void {
    permission.used = false
    const peer = { host: permission.host, port: 0 }
    this.#host.request(
      methods.createPermission,
      (id) => [xorAddressAttribute(attributeTypes.xorPeerAddress, peer, id)],
      (granted) => this.#answered(permission, granted),
    )
  }

  #answered(permission: Permission, granted: boolean): void {
    if (this.#closed) return
    permission.state = granted ? 'granted' : 'refused'
    const waiting = permission.waiting.splice(0)
    if (granted) for (const { bytes, to } of waiting) this.#indicate(bytes, to)
    permission.timer = this.#host.clock.after(granted ? renewMs : retryMs, () => {
      if (granted && permission.used) this.#request(permission)
      else this.#permissions.delete(permission.host)
    })
  }

  /** Asks for a channel unless there is one. */
  bindChannel(peer: DatagramAddress): void {
    const key = addressKey(peer)
    if (this.#closed || this.#channels.has(key) || this.#channels.size >= maxChannels) return
    const number = firstChannel + this.#byNumber.size
    const channel: Channel = { number, peer: { host: peer.host, port: peer.port }, isBound: false, timer: null }
    this.#channels.set(key, channel)
    this.#byNumber.set(channel.number, channel)
    this.#bind(channel)
  }

  #bind(channel: Channel): void {
    this.#host.request(
      methods.channelBind,
      (id) => [channelAttribute(channel.number), xorAddressAttribute(attributeTypes.xorPeerAddress, channel.peer, id)],
      (granted) => {
        if (this.#closed) return
        channel.isBound = granted
        // Without one, indications carry on.
        if (granted) channel.timer = this.#host.clock.after(renewMs, () => this.#bind(channel))
      },
    )
  }

  /** ChannelData (RFC 8656 §12.4). */
  handleChannelData(packet: Uint8Array): void {
    const [a = 0, b = 0, c = 0, d = 0] = packet
    const [number, length] = [(a << 8) | b, (c << 8) | d]
    const channel = this.#byNumber.get(number)
    // Over UDP what follows the data is padding.
    if (channel === undefined || packet.length < 4 + length) return
    this.#host.deliver(packet.subarray(4, 4 + length), channel.peer)
  }

  /** A Data indication: only from hosts that were given a permission, as the server should have checked. */
  handleData(bytes: Uint8Array, from: DatagramAddress): void {
    const isAsked =
      this.#permissions.has(from.host) || [...this.#channels.values()].some(({ peer }) => peer.host === from.host)
    if (isAsked) this.#host.deliver(bytes, from)
  }

  /** Stops renewing. */
  close(): void {
    this.#closed = true
    for (const { timer } of [...this.#permissions.values(), ...this.#channels.values()]) timer?.cancel()
  }
}

function hold(permission: Permission, bytes: Uint8Array, to: DatagramAddress): void {
  if (permission.waiting.length >= maxWaiting) permission.waiting.shift()
  permission.waiting.push({ bytes: Uint8Array.from(bytes), to: { host: to.host, port: to.port } })
}
