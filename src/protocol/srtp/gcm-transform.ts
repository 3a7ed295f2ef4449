/** AES in Galois/counter mode (RFC 7714). */
import { createCipheriv, createDecipheriv, createSecretKey, type CipherGCMTypes, type KeyObject } from 'node:crypto'
import { wipe } from '#shared/bytes/bytes.ts'
import { rtcpHeaderBytes, writeUint32 } from '#protocol/rtp/header.ts'
import type { SessionKeys } from './key-derivation.ts'
import type { ProtectionProfile } from './profiles.ts'
import { encryptedFlag, rtcpIndexBytes, type PacketPlace, type PacketTransform } from './transform.ts'

const tagBytes = 16
const ivBytes = 12
const expectedTag = { authTagLength: tagBytes } as const

interface Additional {
  readonly authenticated: Uint8Array
  readonly iv: Uint8Array
}

/** Bytes up to where something begins: what stays in clear, the tag. */
interface Bounds {
  readonly clear: number
  readonly end: number
}

/** Protected RTP is `header | ciphertext | tag | MKI`, protected RTCP `header | ciphertext | tag | E and index | MKI`. */
export class GaloisModeTransform implements PacketTransform {
  readonly #algorithm: CipherGCMTypes
  readonly #key: KeyObject
  readonly #salt: Uint8Array
  readonly #mki: Uint8Array
  readonly #iv = new Uint8Array(ivBytes)

  constructor(profile: ProtectionProfile, keys: SessionKeys, mki: Uint8Array) {
    this.#algorithm = profile.keyBytes === 16 ? 'aes-128-gcm' : 'aes-256-gcm'
    this.#key = createSecretKey(keys.encryption)
    this.#salt = keys.salt
    this.#mki = mki
  }

  protectRtp(packet: Uint8Array, clear: number, place: PacketPlace): Uint8Array {
    const out = Buffer.allocUnsafe(packet.length + tagBytes + this.#mki.length)
    this.#seal(out, packet, clear, { authenticated: packet.subarray(0, clear), iv: this.#rtpIv(place) })
    out.set(this.#mki, packet.length + tagBytes)
    return out
  }

  unprotectRtp(packet: Uint8Array, clear: number, place: PacketPlace): Uint8Array | null {
    const end = packet.length - this.#mki.length - tagBytes
    if (end < clear) return null
    return this.#open(packet, { clear, end }, { authenticated: packet.subarray(0, clear), iv: this.#rtpIv(place) })
  }

  protectRtcp(packet: Uint8Array, place: PacketPlace): Uint8Array {
    const indexAt = packet.length + tagBytes
    const out = Buffer.allocUnsafe(indexAt + rtcpIndexBytes + this.#mki.length)
    writeUint32(out, indexAt, encryptedFlag + place.index)
    const authenticated = Buffer.concat([packet.subarray(0, rtcpHeaderBytes), out.subarray(indexAt, indexAt + 4)])
    this.#seal(out, packet, rtcpHeaderBytes, { authenticated, iv: this.#rtcpIv(place) })
    out.set(this.#mki, indexAt + rtcpIndexBytes)
    return out
  }

  unprotectRtcp(
    packet: Uint8Array,
    { encrypted, ...place }: PacketPlace & { readonly encrypted: boolean },
  ): Uint8Array | null {
    const indexAt = packet.length - this.#mki.length - rtcpIndexBytes
    if (indexAt - tagBytes < rtcpHeaderBytes) return null
    // In clear the whole packet is authenticated only (RFC 7714 §9.3).
    const clear = encrypted ? rtcpHeaderBytes : indexAt - tagBytes
    const authenticated = Buffer.concat([packet.subarray(0, clear), packet.subarray(indexAt, indexAt + 4)])
    const bounds = { clear, end: indexAt - tagBytes }
    return this.#open(packet, bounds, { authenticated, iv: this.#rtcpIv(place) })
  }

  close(): void {
    wipe(this.#salt, this.#iv)
  }

  /** Writes all of `packet` and the tag to the start of `out`. */
  #seal(out: Buffer, packet: Uint8Array, clear: number, { authenticated, iv }: Additional): void {
    const cipher = createCipheriv(this.#algorithm, this.#key, iv)
    cipher.setAAD(authenticated)
    copyStart(packet, out, clear)
    out.set(cipher.update(packet.subarray(clear)), clear)
    cipher.final()
    out.set(cipher.getAuthTag(), packet.length)
  }

  /** Everything before the tag, which is at `end`. */
  #open(packet: Uint8Array, { clear, end }: Bounds, { authenticated, iv }: Additional): Uint8Array | null {
    const decipher = createDecipheriv(this.#algorithm, this.#key, iv, expectedTag)
    decipher.setAAD(authenticated)
    decipher.setAuthTag(packet.subarray(end, end + tagBytes))
    const out = Buffer.allocUnsafe(end)
    copyStart(packet, out, clear)
    out.set(decipher.update(packet.subarray(clear, end)), clear)
    try {
      decipher.final()
    } catch {
      out.fill(0)
      return null
    }
    return out
  }

  /** `(0 | SSRC | ROC | SEQ) XOR salt` (RFC 7714 §8.1). */
  #rtpIv({ ssrc, index }: PacketPlace): Uint8Array {
    const iv = this.#iv.fill(0)
    writeUint32(iv, 2, ssrc)
    writeUint32(iv, 6, Math.floor(index / 0x10000))
    iv[10] = (index >>> 8) & 0xff
    iv[11] = index & 0xff
    return this.#salted(iv)
  }

  /** `(0 | SSRC | 0 | index) XOR salt` (RFC 7714 §9.1). */
  #rtcpIv({ ssrc, index }: PacketPlace): Uint8Array {
    const iv = this.#iv.fill(0)
    writeUint32(iv, 2, ssrc)
    writeUint32(iv, 8, index)
    return this.#salted(iv)
  }

  #salted(iv: Uint8Array): Uint8Array {
    for (let at = 0; at < ivBytes; at += 1) iv[at] = (iv[at] ?? 0) ^ (this.#salt[at] ?? 0)
    return iv
  }
}

/** The few bytes of a header, without an object for their range: this is done twice for every packet. */
function copyStart(from: Uint8Array, to: Uint8Array, bytes: number): void {
  for (let at = 0; at < bytes; at += 1) to[at] = from[at] ?? 0
}
