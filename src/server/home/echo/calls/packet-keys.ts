/** What may pass on one media section: nothing, packets in clear, or packets under keys. Nothing here throws or waits. */
import { SrtpReceiver } from '#protocol/srtp/receiver.ts'
import { SrtpSender } from '#protocol/srtp/sender.ts'
import type { MasterKey, SrtpRefusal } from '#protocol/srtp/session.ts'

export class PacketKeys {
  #sender: SrtpSender | null = null
  #receiver: SrtpReceiver | null = null
  #isClear = false

  /** Lets packets pass in clear, unless there are keys. */
  allowClear(): void {
    this.#isClear = this.#sender === null && this.#receiver === null
  }

  /** From now on nothing leaves but under this key. @throws RangeError when it does not fit its profile. */
  protectWith(key: MasterKey): void {
    this.#isClear = false
    this.#sender?.close()
    this.#sender = new SrtpSender(key)
  }

  /** From now on only packets under this key are let in. @throws RangeError as {@link protectWith}. */
  acceptOnly(key: MasterKey): void {
    this.#isClear = false
    this.#receiver?.close()
    this.#receiver = new SrtpReceiver(key)
  }

  /** Whether packets that come in prove where they come from. */
  get authenticates(): boolean {
    return this.#receiver !== null
  }

  openRtp(packet: Uint8Array): Uint8Array | null {
    return bytesOf(this.#receiver === null ? this.#inClear(packet) : this.#receiver.unprotectRtp(packet))
  }

  openRtcp(packet: Uint8Array): Uint8Array | null {
    return bytesOf(this.#receiver === null ? this.#inClear(packet) : this.#receiver.unprotectRtcp(packet))
  }

  sealRtp(packet: Uint8Array): Uint8Array | null {
    return bytesOf(this.#sender === null ? this.#inClear(packet) : this.#sender.protectRtp(packet))
  }

  sealRtcp(packet: Uint8Array): Uint8Array | null {
    return bytesOf(this.#sender === null ? this.#inClear(packet) : this.#sender.protectRtcp(packet))
  }

  /** Overwrites the keys; nothing passes from now on. */
  close(): void {
    this.#isClear = false
    this.#sender?.close()
    this.#receiver?.close()
  }

  #inClear(packet: Uint8Array): Uint8Array | null {
    return this.#isClear ? packet : null
  }
}

function bytesOf(outcome: Uint8Array | SrtpRefusal | null): Uint8Array | null {
  return outcome instanceof Uint8Array ? outcome : null
}
