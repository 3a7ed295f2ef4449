/** The keys of one stream on the network: what may go out and what is let in. Nothing here throws or waits. */
import { sequenceNumberOf, ssrcOf } from '#protocol/rtp/header.ts'
import type { MasterKey } from '#protocol/srtp/session.ts'
import { SrtpReceiver } from '#protocol/srtp/receiver.ts'
import { SrtpSender } from '#protocol/srtp/sender.ts'

/** Protected packets kept for repetition: a video engine without RTX sends a lost packet again under its own number. */
const cachedPackets = 512

interface Cached {
  readonly ssrc: number
  readonly sequenceNumber: number
  readonly bytes: Uint8Array
}

export class PacketGuard {
  #sender: SrtpSender | null = null
  #receiver: SrtpReceiver | null = null
  readonly #cache: (Cached | undefined)[]
  #refused = 0

  /** `repeats`: the engine sends packets again under the same number. */
  constructor(repeats: boolean) {
    this.#cache = repeats ? new Array<Cached | undefined>(cachedPackets) : []
  }

  /** From now on nothing leaves but protected. @throws RangeError when the key does not fit its profile. */
  protectWith(key: MasterKey): void {
    this.#cache.fill(undefined)
    this.#sender = new SrtpSender(key)
  }

  /** From now on only what carries the right tag is let in. @throws RangeError as {@link protectWith}. */
  acceptOnly(key: MasterKey): void {
    this.#receiver = new SrtpReceiver(key)
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
    if (this.#sender === null) return packet
    const out = this.#sender.protectRtp(packet)
    if (out === 'replayed') return this.#repeated(packet)
    if (!(out instanceof Uint8Array)) return null
    this.#remember(packet, out)
    return out
  }

  outRtcp(packet: Uint8Array): Uint8Array | null {
    if (this.#sender === null) return packet
    const out = this.#sender.protectRtcp(packet)
    return out instanceof Uint8Array ? out : null
  }

  inRtp(packet: Uint8Array): Uint8Array | null {
    return this.#receiver === null ? packet : this.#counted(this.#receiver.unprotectRtp(packet))
  }

  inRtcp(packet: Uint8Array): Uint8Array | null {
    return this.#receiver === null ? packet : this.#counted(this.#receiver.unprotectRtcp(packet))
  }

  /** Counts a packet that is none. */
  refuse(): null {
    this.#refused += 1
    return null
  }

  #counted(outcome: Uint8Array | string): Uint8Array | null {
    return outcome instanceof Uint8Array ? outcome : this.refuse()
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
