/** AES in counter mode with HMAC-SHA1 (RFC 3711 §4.1, §4.2; RFC 6188). */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import { rtcpHeaderBytes } from '#protocol/rtp/header.ts'
import { equalBytes } from '#shared/bytes/bytes.ts'
import type { SessionKeys } from './key-derivation.ts'
import { Keystream } from './keystream.ts'
import type { ProtectionProfile } from './profiles.ts'
import { encryptedFlag, rtcpIndexBytes, writeUint32, type PacketPlace, type PacketTransform } from './transform.ts'

const cycle = 0x10000

/** Protected RTP is `packet | MKI | tag`, protected RTCP `packet | E and index | MKI | tag`. */
export class CounterModeTransform implements PacketTransform {
  readonly #keystream: Keystream
  readonly #authentication: KeyObject
  readonly #mki: Uint8Array
  readonly #rtpTagBytes: number
  readonly #rtcpTagBytes: number
  readonly #roc = new Uint8Array(4)

  constructor(profile: ProtectionProfile, keys: SessionKeys, mki: Uint8Array) {
    this.#keystream = new Keystream(keys.encryption, keys.salt)
    this.#authentication = createSecretKey(keys.authentication)
    this.#mki = mki
    this.#rtpTagBytes = profile.rtpTagBytes
    this.#rtcpTagBytes = profile.rtcpTagBytes
  }

  protectRtp(packet: Uint8Array, clear: number, { ssrc, index }: PacketPlace): Uint8Array {
    const { length } = packet
    const out = Buffer.allocUnsafe(length + this.#mki.length + this.#rtpTagBytes)
    out.set(packet)
    this.#keystream.apply(out, { from: clear, to: length }, ssrc, index)
    out.set(this.#mki, length)
    this.#rtpTag(out.subarray(0, length), index).copy(out, length + this.#mki.length, 0, this.#rtpTagBytes)
    return out
  }

  unprotectRtp(packet: Uint8Array, clear: number, { ssrc, index }: PacketPlace): Uint8Array | null {
    const tagAt = packet.length - this.#rtpTagBytes
    const end = tagAt - this.#mki.length
    if (end < clear) return null
    const tag = this.#rtpTag(packet.subarray(0, end), index).subarray(0, this.#rtpTagBytes)
    if (!equalBytes(tag, packet.subarray(tagAt))) return null
    const out = Buffer.from(packet.subarray(0, end))
    this.#keystream.apply(out, { from: clear, to: end }, ssrc, index)
    return out
  }

  protectRtcp(packet: Uint8Array, { ssrc, index }: PacketPlace): Uint8Array {
    const { length } = packet
    const end = length + rtcpIndexBytes
    const out = Buffer.allocUnsafe(end + this.#mki.length + this.#rtcpTagBytes)
    out.set(packet)
    this.#keystream.apply(out, { from: rtcpHeaderBytes, to: length }, ssrc, index)
    writeUint32(out, length, encryptedFlag + index)
    out.set(this.#mki, end)
    this.#tag(out.subarray(0, end)).copy(out, end + this.#mki.length, 0, this.#rtcpTagBytes)
    return out
  }

  unprotectRtcp(
    packet: Uint8Array,
    { ssrc, index, encrypted }: PacketPlace & { readonly encrypted: boolean },
  ): Uint8Array | null {
    const tagAt = packet.length - this.#rtcpTagBytes
    const authenticated = tagAt - this.#mki.length
    const end = authenticated - rtcpIndexBytes
    if (end < rtcpHeaderBytes) return null
    const tag = this.#tag(packet.subarray(0, authenticated)).subarray(0, this.#rtcpTagBytes)
    if (!equalBytes(tag, packet.subarray(tagAt))) return null
    const out = Buffer.from(packet.subarray(0, end))
    if (encrypted) this.#keystream.apply(out, { from: rtcpHeaderBytes, to: end }, ssrc, index)
    return out
  }

  /** The roll-over count is authenticated but not sent (RFC 3711 §4.2). */
  #rtpTag(authenticated: Uint8Array, index: number): Buffer {
    writeUint32(this.#roc, 0, Math.floor(index / cycle))
    return createHmac('sha1', this.#authentication).update(authenticated).update(this.#roc).digest()
  }

  #tag(authenticated: Uint8Array): Buffer {
    return createHmac('sha1', this.#authentication).update(authenticated).digest()
  }
}
