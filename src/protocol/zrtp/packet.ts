/** The frame around a ZRTP message: header, magic cookie, checksum (RFC 6189 §5, Figure 2). */
import { crc32c } from './crc32c.ts'

export interface ZrtpPacket {
  /** 16 bits. */
  readonly sequenceNumber: number
  /** Source identifier: SSRC of the sender's RTP stream. */
  readonly ssrc: number
  /** A view of the packet: preamble to the end of the message. */
  readonly message: Uint8Array
}

const headerBytes = 12
const crcBytes = 4
const magicCookie = 0x5a525450
/** Version 0 and the ZRTP bit; the twelve unused bits are ignored. */
const packetKind = 1
/** No packet of RFC 6189 without signatures is half as long. */
export const maxPacketBytes = 3000
/** Header, the shortest message (an acknowledgement), checksum. */
const minPacketBytes = headerBytes + 12 + crcBytes

/** Whether a datagram says it is ZRTP: cheap, for the demultiplexer; the checksum is looked at by `decodePacket`. */
export function isZrtp(bytes: Uint8Array): boolean {
  return (
    bytes.length >= minPacketBytes && (bytes[0] ?? 0) >>> 4 === packetKind && view(bytes).getUint32(4) === magicCookie
  )
}

/** The packet, or null where it is no ZRTP, too long, not made of words, or its checksum is wrong. */
export function decodePacket(bytes: Uint8Array): ZrtpPacket | null {
  if (bytes.length > maxPacketBytes || bytes.length % 4 !== 0 || !isZrtp(bytes)) return null
  const data = view(bytes)
  const end = bytes.length - crcBytes
  if (data.getUint32(end, true) !== crc32c(bytes.subarray(0, end))) return null
  return { sequenceNumber: data.getUint16(2), ssrc: data.getUint32(8), message: bytes.subarray(headerBytes, end) }
}

/** Frames a message. */
export function encodePacket({ sequenceNumber, ssrc, message }: ZrtpPacket): Uint8Array {
  const bytes = new Uint8Array(headerBytes + message.length + crcBytes)
  const data = view(bytes)
  data.setUint16(0, packetKind << 12)
  data.setUint16(2, sequenceNumber & 0xffff)
  data.setUint32(4, magicCookie)
  data.setUint32(8, ssrc)
  bytes.set(message, headerBytes)
  const end = headerBytes + message.length
  data.setUint32(end, crc32c(bytes.subarray(0, end)), true)
  return bytes
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
