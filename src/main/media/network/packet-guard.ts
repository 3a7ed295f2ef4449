/** The keys of one stream on the network: what may go out and what is let in. Nothing here throws or waits. */
import { sequenceNumberOf, ssrcOf } from '#protocol/rtp/header.ts'
import type { MasterKey, SrtpRefusal } from '#protocol/srtp/session.ts'
import { SrtpReceiver } from '#protocol/srtp/receiver.ts'
import { SrtpSender } from '#protocol/srtp/sender.ts'

/** Protected packets kept for repetition: a video engine without RTX sends a lost packet again under its own number. */
const cachedPackets = 512

interface Cached {
  readonly ssrc: number
  readonly sequenceNumber: number
  readonly bytes: Uint8Array
}

/** What became of a master key: `nears-end` is said once per key, `used-up` once it protects nothing more (RFC 3711 §9.2). */
export type KeyUse = 'nears-end' | 'used-up'

export class PacketGuard {
  #sender: SrtpSender | null = null
  #receiver: SrtpReceiver | null = null
  /** The sender where nobody else has it. */
  #ownSender: SrtpSender | null = null
  #isClosed = false
  readonly #cache: (Cached | undefined)[]
  #refused = 0
  #onKeyUse: (use: KeyUse) => void = () => undefined
  readonly #said = new WeakMap<SrtpSender | SrtpReceiver, KeyUse>()

  /** `repeats`: the engine sends packets again under the same number. */
  constructor(repeats: boolean) {
    this.#cache = repeats ? new Array<Cached | undefined>(cachedPackets) : []
  }

  /** The one who hears when a key comes to its end. */
  watchKeys(handler: (use: KeyUse) => void): void {
    this.#onKeyUse = handler
  }

  /** From now on nothing leaves but protected. @throws RangeError when the key does not fit its profile. */
  protectWith(key: MasterKey): void {
    if (this.#isClosed) return
    const sender = new SrtpSender(key)
    this.protectBy(sender)
    this.#ownSender = sender
  }

  /** As {@link protectWith}, by a sender that others use too: it knows what went out under the key, whoever sent it. */
  protectBy(sender: SrtpSender): void {
    if (this.#sender === sender || this.#isClosed) return
    this.#cache.fill(undefined)
    this.#ownSender?.close()
    this.#ownSender = null
    this.#sender = sender
  }

  /** From now on only what carries the right tag is let in. @throws RangeError as {@link protectWith}. */
  acceptOnly(key: MasterKey): void {
    if (this.#isClosed) return
    this.#receiver?.close()
    this.#receiver = new SrtpReceiver(key)
  }

  /** Overwrites its keys and lets nothing pass from now on; a sender that others use too is theirs to close. */
  close(): void {
    this.#isClosed = true
    this.#ownSender?.close()
    this.#receiver?.close()
    this.#cache.fill(undefined)
  }

  /** Whether what comes in proves where it comes from. */
  get authenticates(): boolean {
    return this.#receiver !== null
  }

  /** Packets that were not let in: malformed, forged, replayed, or in clear when keys are agreed. */
  get refused(): number {
    return this.#refused
  }

  outRtp(packet: Uint8Array): Uint8Array | null {
    if (this.#isClosed) return null
    if (this.#sender === null) return packet
    const out = this.#watched(this.#sender, this.#sender.protectRtp(packet))
    if (out === 'replayed') return this.#repeated(packet)
    if (!(out instanceof Uint8Array)) return null
    this.#remember(packet, out)
    return out
  }

  outRtcp(packet: Uint8Array): Uint8Array | null {
    if (this.#isClosed) return null
    if (this.#sender === null) return packet
    const out = this.#watched(this.#sender, this.#sender.protectRtcp(packet))
    return out instanceof Uint8Array ? out : null
  }

  inRtp(packet: Uint8Array): Uint8Array | null {
    if (this.#isClosed) return this.refuse()
    return this.#receiver === null ? packet : this.#counted(this.#receiver, this.#receiver.unprotectRtp(packet))
  }

  inRtcp(packet: Uint8Array): Uint8Array | null {
    if (this.#isClosed) return this.refuse()
    return this.#receiver === null ? packet : this.#counted(this.#receiver, this.#receiver.unprotectRtcp(packet))
  }

  /** Counts a packet that is none. */
  refuse(): null {
    this.#refused += 1
    return null
  }

  #counted(receiver: SrtpReceiver, outcome: Uint8Array | SrtpRefusal): Uint8Array | null {
    this.#watched(receiver, outcome)
    return outcome instanceof Uint8Array ? outcome : this.refuse()
  }

  #watched(key: SrtpSender | SrtpReceiver, outcome: Uint8Array | SrtpRefusal): Uint8Array | SrtpRefusal {
    if (outcome === 'key-used-up') this.#say(key, 'used-up')
    else if (key.nearsEnd && !this.#said.has(key)) this.#say(key, 'nears-end')
    return outcome
  }

  #say(key: SrtpSender | SrtpReceiver, use: KeyUse): void {
    if (this.#said.get(key) === use) return
    this.#said.set(key, use)
    this.#onKeyUse(use)
  }

  #remember(packet: Uint8Array, bytes: Uint8Array): void {
    if (this.#cache.length === 0) return
    const sequenceNumber = sequenceNumberOf(packet)
    this.#cache[sequenceNumber % cachedPackets] = { ssrc: ssrcOf(packet), sequenceNumber, bytes }
  }

  /** The very bytes that went out before: protecting the packet anew under its index would reuse the keystream. */
  #repeated(packet: Uint8Array): Uint8Array | null {
    const cached = this.#cache[sequenceNumberOf(packet) % cachedPackets]
    const isIt = cached?.ssrc === ssrcOf(packet) && cached.sequenceNumber === sequenceNumberOf(packet)
    return isIt ? cached.bytes : null
  }
}
