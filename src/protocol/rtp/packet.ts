/** RTP packets built and rewritten (RFC 3550 §5.1). What reads positions only is in `header.ts`. */
import { readUint32, rtpFixedHeaderBytes, rtpHeaderBytes, writeUint32 } from './header.ts'

export interface RtpFields {
  /** 0 to 127. */
  readonly payloadType: number
  /** Taken modulo 2^16. */
  readonly sequenceNumber: number
  /** Taken modulo 2^32. */
  readonly timestamp: number
  readonly ssrc: number
  readonly marker?: boolean
}

/** A packet without CSRCs, header extension or padding. */
export function buildRtpPacket(fields: RtpFields, payload: Uint8Array): Uint8Array {
  const packet = new Uint8Array(rtpFixedHeaderBytes + payload.length)
  packet[0] = 0x80
  packet[1] = (fields.marker === true ? 0x80 : 0) | (fields.payloadType & 0x7f)
  packet[2] = (fields.sequenceNumber >>> 8) & 0xff
  packet[3] = fields.sequenceNumber & 0xff
  writeUint32(packet, 4, fields.timestamp)
  writeUint32(packet, 8, fields.ssrc)
  packet.set(payload, rtpFixedHeaderBytes)
  return packet
}

/** Payload type, 7 bits. */
export function payloadTypeOf(packet: Uint8Array): number {
  return (packet[1] ?? 0) & 0x7f
}

/** The M bit. */
export function hasMarker(packet: Uint8Array): boolean {
  return ((packet[1] ?? 0) & 0x80) !== 0
}

/** Timestamp, 32 bits. */
export function timestampOf(packet: Uint8Array): number {
  return readUint32(packet, 4)
}

/** The payload without padding, a view into the packet; null for no packet, or one padded beyond its payload. */
export function payloadOf(packet: Uint8Array): Uint8Array | null {
  const start = rtpHeaderBytes(packet)
  if (start === 0) return null
  const isPadded = ((packet[0] ?? 0) & 0x20) !== 0
  if (!isPadded) return packet.subarray(start)
  const padding = packet[packet.length - 1] ?? 0
  return padding === 0 || start + padding > packet.length ? null : packet.subarray(start, packet.length - padding)
}

/** Writes another payload type into the packet, in place; the M bit stays. */
export function rewritePayloadType(packet: Uint8Array, payloadType: number): void {
  packet[1] = ((packet[1] ?? 0) & 0x80) | (payloadType & 0x7f)
}
