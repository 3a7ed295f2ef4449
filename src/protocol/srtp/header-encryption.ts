/** Encryption of chosen header extension elements (RFC 6904; RFC 7714 §8.3 for GCM). */
import { hasExtension, rtpFixedAndCsrcBytes } from '#protocol/rtp/header.ts'
import type { PacketCipher, PacketPlace, PacketTransform } from './transform.ts'

const extensionHeaderBytes = 4
const stopIdentifier = 15

/** Masks the chosen elements before the packet is protected, and after it was authenticated. */
export class HeaderEncryptionTransform implements PacketTransform {
  readonly #inner: PacketTransform
  readonly #cipher: PacketCipher
  readonly #ids: ReadonlySet<number>

  /** `cipher`: the keystream of the header keys. `ids`: the elements' identifiers as negotiated. */
  constructor(inner: PacketTransform, cipher: PacketCipher, ids: ReadonlySet<number>) {
    this.#inner = inner
    this.#cipher = cipher
    this.#ids = new Set(ids)
  }

  protectRtp(packet: Uint8Array, clear: number, place: PacketPlace): Uint8Array {
    if (!hasExtension(packet)) return this.#inner.protectRtp(packet, clear, place)
    const masked = Uint8Array.from(packet)
    this.#mask(masked, clear, place)
    return this.#inner.protectRtp(masked, clear, place)
  }

  unprotectRtp(packet: Uint8Array, clear: number, place: PacketPlace): Uint8Array | null {
    const plain = this.#inner.unprotectRtp(packet, clear, place)
    if (plain !== null && hasExtension(plain)) this.#mask(plain, clear, place)
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
    this.#cipher.close()
  }

  /** The mask is its own inverse: identifiers and lengths stay in clear. */
  #mask(packet: Uint8Array, clear: number, { ssrc, index }: PacketPlace): void {
    const start = rtpFixedAndCsrcBytes(packet) + extensionHeaderBytes
    const turned = Uint8Array.from(packet.subarray(start, clear))
    this.#cipher.apply(turned, { from: 0, to: turned.length }, ssrc, index)
    for (const { id, from, to } of elements(packet, start, clear))
      if (this.#ids.has(id)) packet.set(turned.subarray(from - start, to - start), from)
  }
}

interface Element {
  readonly id: number
  readonly from: number
  readonly to: number
}

/** The elements of a header extension (RFC 8285 §4.2, §4.3) up to the first that does not fit; none of other extensions. */
function elements(packet: Uint8Array, start: number, end: number): Element[] {
  const tag = ((packet[start - 4] ?? 0) << 8) | (packet[start - 3] ?? 0)
  const isOneByte = tag === 0xbede
  if (!isOneByte && (tag & 0xfff0) !== 0x1000) return []
  const found: Element[] = []
  let at = start
  while (at < end) {
    const first = packet[at] ?? 0
    if (first === 0) {
      at += 1
      continue
    }
    const element = isOneByte ? oneByteElement(first, at) : twoByteElement(packet, at)
    if ((isOneByte && element.id === stopIdentifier) || element.to > end) break
    found.push(element)
    at = element.to
  }
  return found
}

function twoByteElement(packet: Uint8Array, at: number): Element {
  return { id: packet[at] ?? 0, from: at + 2, to: at + 2 + (packet[at + 1] ?? 0) }
}

function oneByteElement(first: number, at: number): Element {
  return { id: first >>> 4, from: at + 1, to: at + 2 + (first & 0x0f) }
}
