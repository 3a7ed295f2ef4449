/** Cryptex (RFC 9335): CSRCs and header extensions are encrypted together with the payload. */
import { hasExtension, rtpFixedAndCsrcBytes, rtpFixedHeaderBytes } from '#protocol/rtp/header.ts'
import { messageStart } from './packet-mac.ts'
import type { PacketCipher, PacketPlace, PacketTransform } from './transform.ts'

/** "Defined by profile" of one-byte and two-byte header extensions (RFC 8285), in clear and encrypted (RFC 9335 §5). */
const tags = { oneByte: [0xbede, 0xc0de], twoByte: [0x1000, 0xc2de] } as const
const extensionHeaderBytes = 4
/** What stays in clear: the fixed header, and the extension header moved up behind it (RFC 9335 §6.2). */
const clearBytes = rtpFixedHeaderBytes + extensionHeaderBytes

/**
 * Turns the workspace of counter mode, where a packet lies at {@link messageStart}, with its extension header out of the way;
 * its tag then covers the packet as it is sent.
 */
export class CryptexCipher implements PacketCipher {
  readonly #cipher: PacketCipher

  constructor(cipher: PacketCipher) {
    this.#cipher = cipher
  }

  apply(work: Uint8Array, range: { readonly from: number; readonly to: number }, ssrc: number, index: number): void {
    const packet = work.subarray(messageStart, range.to)
    if (!isCryptex(packet)) {
      this.#cipher.apply(work, range, ssrc, index)
      return
    }
    moveExtensionHeaderUp(packet)
    this.#cipher.apply(work, { from: messageStart + clearBytes, to: range.to }, ssrc, index)
    moveExtensionHeaderBack(packet)
  }

  close(): void {
    this.#cipher.close()
  }
}

/** Marks what goes out and takes the mark off what came in; with GCM it also puts the parts in the order of the cipher. */
export class CryptexTransform implements PacketTransform {
  readonly #inner: PacketTransform
  readonly #reorder: boolean

  /** `inner` is counter mode over a {@link CryptexCipher}, or GCM. */
  constructor(inner: PacketTransform, cipher: 'cm' | 'gcm') {
    this.#inner = inner
    this.#reorder = cipher === 'gcm'
  }

  protectRtp(packet: Uint8Array, clear: number, place: PacketPlace): Uint8Array {
    const marked = markedCopy(packet)
    if (marked === null) return this.#inner.protectRtp(packet, clear, place)
    if (!this.#reorder) return this.#inner.protectRtp(marked, clear + marked.length - packet.length, place)
    moveExtensionHeaderUp(marked)
    const out = this.#inner.protectRtp(marked, clearBytes, place)
    moveExtensionHeaderBack(out)
    return out
  }

  /** A packet without the mark is taken as it is (RFC 9335 §5.2). */
  unprotectRtp(packet: Uint8Array, clear: number, place: PacketPlace): Uint8Array | null {
    if (!isCryptex(packet)) return this.#inner.unprotectRtp(packet, clear, place)
    const plain = this.#reorder
      ? this.#unprotectReordered(packet, place)
      : this.#inner.unprotectRtp(packet, clear, place)
    if (plain !== null) replaceTag(plain, tagOf(plain) === tags.oneByte[1] ? tags.oneByte[0] : tags.twoByte[0])
    return plain
  }

  protectRtcp(packet: Uint8Array, place: PacketPlace): Uint8Array {
    return this.#inner.protectRtcp(packet, place)
  }

  unprotectRtcp(packet: Uint8Array, place: PacketPlace & { readonly encrypted: boolean }): Uint8Array | null {
    return this.#inner.unprotectRtcp(packet, place)
  }

  close(): void {
    this.#inner.close()
  }

  #unprotectReordered(packet: Uint8Array, place: PacketPlace): Uint8Array | null {
    const copy = Uint8Array.from(packet)
    moveExtensionHeaderUp(copy)
    const plain = this.#inner.unprotectRtp(copy, clearBytes, place)
    if (plain !== null) moveExtensionHeaderBack(plain)
    return plain
  }
}

/** "Defined by profile" of a packet with a header extension; 0 without one. */
function tagOf(packet: Uint8Array): number {
  if (!hasExtension(packet)) return 0
  const at = rtpFixedAndCsrcBytes(packet)
  return ((packet[at] ?? 0) << 8) | (packet[at + 1] ?? 0)
}

function isCryptex(packet: Uint8Array): boolean {
  const tag = tagOf(packet)
  return tag === tags.oneByte[1] || tag === tags.twoByte[1]
}

function replaceTag(packet: Uint8Array, tag: number): void {
  const at = rtpFixedAndCsrcBytes(packet)
  packet[at] = tag >>> 8
  packet[at + 1] = tag & 0xff
}

/** A copy under the mark; null for a packet with nothing to hide, or with an extension that is not of RFC 8285. */
function markedCopy(packet: Uint8Array): Uint8Array | null {
  const tag = tagOf(packet)
  const known = [tags.oneByte, tags.twoByte].find(([clear]) => clear === tag)
  if (known !== undefined) {
    const copy = Uint8Array.from(packet)
    replaceTag(copy, known[1])
    return copy
  }
  const headerEnd = rtpFixedAndCsrcBytes(packet)
  return hasExtension(packet) || headerEnd === rtpFixedHeaderBytes ? null : withEmptyExtension(packet, headerEnd)
}

/** CSRCs alone need an extension that says that they are encrypted (RFC 9335 §5.1). */
function withEmptyExtension(packet: Uint8Array, headerEnd: number): Uint8Array {
  const copy = new Uint8Array(packet.length + extensionHeaderBytes)
  copy.set(packet.subarray(0, headerEnd))
  copy.set(packet.subarray(headerEnd), headerEnd + extensionHeaderBytes)
  copy[0] = (copy[0] ?? 0) | 0x10
  replaceTag(copy, tags.oneByte[1])
  return copy
}

function moveExtensionHeaderUp(packet: Uint8Array): void {
  const at = rtpFixedAndCsrcBytes(packet)
  const header = Uint8Array.from(packet.subarray(at, at + extensionHeaderBytes))
  packet.copyWithin(clearBytes, rtpFixedHeaderBytes, at)
  packet.set(header, rtpFixedHeaderBytes)
}

function moveExtensionHeaderBack(packet: Uint8Array): void {
  const at = rtpFixedAndCsrcBytes(packet)
  const header = Uint8Array.from(packet.subarray(rtpFixedHeaderBytes, clearBytes))
  packet.copyWithin(rtpFixedHeaderBytes, clearBytes, at + extensionHeaderBytes)
  packet.set(header, at)
}
