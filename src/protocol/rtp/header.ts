/**
 * Where things are in an RTP packet (RFC 3550 §5.1, §5.3.1) and in the first packet of an RTCP compound (§6.1). Nothing is
 * copied and nothing throws: this is the path of every packet.
 */

/** Bytes of the fixed header. */
export const rtpFixedHeaderBytes = 12
/** Bytes of an RTCP header with the sender's SSRC: what SRTCP leaves in clear (RFC 3711 §3.4). */
export const rtcpHeaderBytes = 8

const version = 2

/**
 * Bytes before the payload: fixed header, CSRCs and header extension. 0 for what is no RTP packet of version 2, or ends before
 * its header does.
 */
export function rtpHeaderBytes(packet: Uint8Array): number {
  const fixed = rtpFixedAndCsrcBytes(packet)
  if (fixed === 0 || !hasExtension(packet)) return fixed
  if (packet.length < fixed + 4) return 0
  const words = ((packet[fixed + 2] ?? 0) << 8) | (packet[fixed + 3] ?? 0)
  const whole = fixed + 4 + 4 * words
  return packet.length < whole ? 0 : whole
}

/** Bytes before the header extension: fixed header and CSRCs; 0 as in {@link rtpHeaderBytes}. */
export function rtpFixedAndCsrcBytes(packet: Uint8Array): number {
  const first = packet[0] ?? 0
  if (packet.length < rtpFixedHeaderBytes || first >> 6 !== version) return 0
  const bytes = rtpFixedHeaderBytes + 4 * (first & 0x0f)
  return packet.length < bytes ? 0 : bytes
}

/** The X bit. */
export function hasExtension(packet: Uint8Array): boolean {
  return ((packet[0] ?? 0) & 0x10) !== 0
}

/** Sequence number, 16 bits. */
export function sequenceNumberOf(packet: Uint8Array): number {
  return ((packet[2] ?? 0) << 8) | (packet[3] ?? 0)
}

/** SSRC of an RTP packet, 32 bits. */
export function ssrcOf(packet: Uint8Array): number {
  return readUint32(packet, 8)
}

/** Whether the bytes begin as an RTCP compound does: version 2 and a sender's SSRC. */
export function isRtcp(packet: Uint8Array): boolean {
  return packet.length >= rtcpHeaderBytes && (packet[0] ?? 0) >> 6 === version
}

/** Whether a packet on a shared port is RTCP: its types lie where payload types with the marker bit would be 64–95 (RFC 5761 §4). */
export function isMuxedRtcp(packet: Uint8Array): boolean {
  return ((packet[1] ?? 0) & 0x60) === 0x40
}

/** SSRC of the sender of an RTCP compound, 32 bits. */
export function rtcpSsrcOf(packet: Uint8Array): number {
  return readUint32(packet, 4)
}

/** Reads 32 bits, high byte first. */
export function readUint32(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  return high * 0x10000 + (((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0))
}

/** Writes 32 bits, high byte first. */
export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = (value >>> 24) & 0xff
  bytes[at + 1] = (value >>> 16) & 0xff
  bytes[at + 2] = (value >>> 8) & 0xff
  bytes[at + 3] = value & 0xff
}
