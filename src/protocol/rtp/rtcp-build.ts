/** RTCP packets written (RFC 3550 §6, RFC 4585, RFC 5104, REMB by draft); a compound is one after the other. */
import { utf8 } from '#shared/bytes/bytes.ts'
import { feedbackFormats, type FirRequest } from './rtcp-feedback.ts'
import { writeUint32 } from './header.ts'
import { rtcpTypes, type ReceptionReport } from './rtcp.ts'

/** Blocks or sources of one packet at most: five bits count them. */
const maxCount = 31
const maxTextBytes = 255
const maxMantissa = 0x3ffff

/** A receiver report of at most 31 blocks; more are left out. */
export function buildReceiverReport(ssrc: number, blocks: readonly ReceptionReport[]): Uint8Array {
  const taken = blocks.slice(0, maxCount)
  const words = taken.flatMap((block) => [
    block.ssrc,
    (Math.min(255, Math.round(block.fractionLost * 256)) << 24) | (clampedLoss(block.cumulativeLost) & 0xffffff),
    block.highestSequenceNumber,
    block.jitter,
    block.lastSenderReport,
    block.delaySinceLastSenderReport,
  ])
  return packetOf(rtcpTypes.receiverReport, taken.length, [ssrc, ...words])
}

/** Picture loss indication (RFC 4585 §6.3.1). */
export function buildPli(sender: number, media: number): Uint8Array {
  return packetOf(rtcpTypes.psfb, feedbackFormats.pli, [sender, media])
}

/** Full intra requests (RFC 5104 §4.3.1). */
export function buildFir(sender: number, requests: readonly FirRequest[]): Uint8Array {
  const words = requests.flatMap(({ ssrc, sequenceNumber }) => [ssrc, sequenceNumber << 24])
  return packetOf(rtcpTypes.psfb, feedbackFormats.fir, [sender, 0, ...words])
}

/** Receiver estimated maximum bitrate, rounded down to what 18 bits and an exponent hold; at most 255 SSRCs. */
export function buildRemb(sender: number, bitsPerSecond: number, ssrcs: readonly number[]): Uint8Array {
  const taken = ssrcs.slice(0, 255)
  let exponent = 0
  let mantissa = Math.max(0, Math.floor(bitsPerSecond))
  while (mantissa > maxMantissa && exponent < 63) {
    exponent += 1
    mantissa = Math.floor(mantissa / 2)
  }
  const rate = (taken.length << 24) | (exponent << 18) | Math.min(mantissa, maxMantissa)
  return packetOf(rtcpTypes.psfb, feedbackFormats.application, [sender, 0, 0x52454d42, rate, ...taken])
}

/** BYE of at most 31 sources, with a reason cut to 255 bytes. */
export function buildBye(ssrcs: readonly number[], reason = ''): Uint8Array {
  const taken = ssrcs.slice(0, maxCount)
  const text = utf8(reason).subarray(0, maxTextBytes)
  return packetOf(rtcpTypes.bye, taken.length, taken, text.length === 0 ? text : counted(text))
}

/** SDES with the CNAME of one source, cut to 255 bytes: it belongs into every compound (RFC 3550 §6.1). */
export function buildCname(ssrc: number, cname: string): Uint8Array {
  const item = Uint8Array.from([1, ...counted(utf8(cname).subarray(0, maxTextBytes)), 0])
  return packetOf(rtcpTypes.sdes, 1, [ssrc], item)
}

function counted(text: Uint8Array): Uint8Array {
  return Uint8Array.from([text.length, ...text])
}

function clampedLoss(packets: number): number {
  return Math.max(-0x800000, Math.min(0x7fffff, packets))
}

/** Header, words and trailing bytes, filled up with zeros to whole words. */
function packetOf(
  type: number,
  count: number,
  words: readonly number[],
  tail: Uint8Array = new Uint8Array(),
): Uint8Array {
  const tailWords = Math.ceil(tail.length / 4)
  const packet = new Uint8Array(4 * (1 + words.length + tailWords))
  packet[0] = 0x80 | count
  packet[1] = type
  const length = words.length + tailWords
  packet[2] = length >>> 8
  packet[3] = length & 0xff
  words.forEach((word, at) => writeUint32(packet, 4 + 4 * at, word))
  packet.set(tail, 4 + 4 * words.length)
  return packet
}
