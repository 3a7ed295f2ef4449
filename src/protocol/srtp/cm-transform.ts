/** AES in counter mode, or no cipher, with HMAC-SHA1 (RFC 3711 §4.1, §4.2; RFC 6188). */
import { rtcpHeaderBytes, writeUint32 } from '#protocol/rtp/header.ts'
import type { SessionKeys } from './key-derivation.ts'
import { endsWithTag, messageStart, PacketMac, writeTag } from './packet-mac.ts'
import type { ProtectionProfile } from './profiles.ts'
import {
  encryptedFlag,
  rtcpIndexBytes,
  type PacketCipher,
  type PacketPlace,
  type PacketTransform,
} from './transform.ts'

const cycle = 0x10000
const rocBytes = 4

/**
 * Protected RTP is `packet | MKI | tag`, protected RTCP `packet | E and index | MKI | tag`. Packets are turned in the workspace of
 * the authentication, where words are aligned, and copied once on the way in and once on the way out.
 */
export class CounterModeTransform implements PacketTransform {
  readonly #cipher: PacketCipher | null
  readonly #mac: PacketMac
  readonly #mki: Uint8Array
  readonly #rtpTagBytes: number
  readonly #rtcpTagBytes: number

  /** `cipher`: the keystream of the session keys; null for the NULL cipher (RFC 3711 §4.1.3). */
  constructor(
    profile: ProtectionProfile,
    authentication: SessionKeys['authentication'],
    mki: Uint8Array,
    cipher: PacketCipher | null,
  ) {
    this.#cipher = cipher
    this.#mac = new PacketMac(authentication)
    this.#mki = mki
    this.#rtpTagBytes = profile.rtpTagBytes
    this.#rtcpTagBytes = profile.rtcpTagBytes
  }

  protectRtp(packet: Uint8Array, clear: number, { ssrc, index }: PacketPlace): Uint8Array {
    const { length } = packet
    const work = this.#load(packet, length)
    this.#cipher?.apply(work, { from: messageStart + clear, to: messageStart + length }, ssrc, index)
    return this.#sealed(work, length, this.#rtpTag(work, length, index), this.#rtpTagBytes)
  }

  unprotectRtp(packet: Uint8Array, clear: number, { ssrc, index }: PacketPlace): Uint8Array | null {
    const end = packet.length - this.#rtpTagBytes - this.#mki.length
    if (end < clear) return null
    const work = this.#load(packet, end)
    if (!endsWithTag(packet, this.#rtpTag(work, end, index), this.#rtpTagBytes)) return null
    this.#cipher?.apply(work, { from: messageStart + clear, to: messageStart + end }, ssrc, index)
    return copied(work, end, end)
  }

  protectRtcp(packet: Uint8Array, { ssrc, index }: PacketPlace): Uint8Array {
    const { length } = packet
    const work = this.#load(packet, length)
    this.#cipher?.apply(work, { from: messageStart + rtcpHeaderBytes, to: messageStart + length }, ssrc, index)
    writeUint32(work, messageStart + length, (this.#cipher === null ? 0 : encryptedFlag) + index)
    const end = length + rtcpIndexBytes
    return this.#sealed(work, end, this.#mac.tag(end), this.#rtcpTagBytes)
  }

  unprotectRtcp(
    packet: Uint8Array,
    { ssrc, index, encrypted }: PacketPlace & { readonly encrypted: boolean },
  ): Uint8Array | null {
    const authenticated = packet.length - this.#rtcpTagBytes - this.#mki.length
    const end = authenticated - rtcpIndexBytes
    if (end < rtcpHeaderBytes) return null
    const work = this.#load(packet, authenticated)
    if (!endsWithTag(packet, this.#mac.tag(authenticated), this.#rtcpTagBytes)) return null
    const range = { from: messageStart + rtcpHeaderBytes, to: messageStart + end }
    if (encrypted) this.#cipher?.apply(work, range, ssrc, index)
    return copied(work, end, end)
  }

  close(): void {
    this.#mac.close()
    this.#cipher?.close()
  }

  /** The first `length` bytes of a packet in the workspace, with room for the four that may follow. */
  #load(packet: Uint8Array, length: number): Buffer {
    const work = this.#mac.roomFor(length + rocBytes)
    work.set(length === packet.length ? packet : packet.subarray(0, length), messageStart)
    return work
  }

  /** The roll-over count is authenticated but not sent (RFC 3711 §4.2). */
  #rtpTag(work: Uint8Array, length: number, index: number): string {
    writeUint32(work, messageStart + length, Math.floor(index / cycle))
    return this.#mac.tag(length + rocBytes)
  }

  #sealed(work: Buffer, length: number, tag: string, tagBytes: number): Buffer {
    const mkiBytes = this.#mki.length
    const out = copied(work, length, length + mkiBytes + tagBytes)
    if (mkiBytes > 0) out.set(this.#mki, length)
    writeTag(tag, out, length + mkiBytes, tagBytes)
    return out
  }
}

/** A fresh packet of `size` bytes that begins with the first `length` of the workspace. */
function copied(work: Buffer, length: number, size: number): Buffer {
  const out = Buffer.allocUnsafe(size)
  work.copy(out, 0, messageStart, messageStart + length)
  return out
}
