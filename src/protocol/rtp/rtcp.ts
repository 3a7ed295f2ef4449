/** RTCP compounds taken apart (RFC 3550 §6.4–6.6, RFC 5506). Bounded, and null instead of an exception for what is not whole. */
import { readUint32 } from './header.ts'

/** Packet types (RFC 3550 §12.1, RFC 4585 §6.1). */
export const rtcpTypes = { senderReport: 200, receiverReport: 201, sdes: 202, bye: 203, rtpfb: 205, psfb: 206 } as const

/** One packet of a compound. */
export interface RtcpPacket {
  readonly type: number
  /** The five bits after version and padding: number of blocks, of sources, or format of a feedback message. */
  readonly count: number
  /** What follows the first four bytes, without padding; a view into the compound. */
  readonly body: Uint8Array
}

/** A report block (RFC 3550 §6.4.1). */
export interface ReceptionReport {
  /** Whose packets are reported on. */
  readonly ssrc: number
  /** Share lost since the report before, 0 to 255/256. */
  readonly fractionLost: number
  /** Packets lost in all, 24 bits with sign: duplicates make it negative. */
  readonly cumulativeLost: number
  /** Highest sequence number with its cycles above, 32 bits. */
  readonly highestSequenceNumber: number
  /** Interarrival jitter, in timestamp units. */
  readonly jitter: number
  /** Middle 32 bits of the NTP time of the last sender report; 0 before the first. */
  readonly lastSenderReport: number
  /** Since then, in 1/65536 s. */
  readonly delaySinceLastSenderReport: number
}

export interface SenderInformation {
  /** NTP time: seconds since 1900, and 1/2^32 s. */
  readonly ntpSeconds: number
  readonly ntpFraction: number
  readonly rtpTimestamp: number
  readonly packets: number
  readonly octets: number
}

/** A sender report, or a receiver report, which has no `sender`. */
export interface RtcpReport {
  readonly ssrc: number
  readonly sender: SenderInformation | null
  readonly blocks: readonly ReceptionReport[]
}

export interface RtcpBye {
  readonly ssrcs: readonly number[]
  /** Empty where none was given; bytes that are no UTF-8 are replaced. */
  readonly reason: string
}

const maxPackets = 64
const blockBytes = 24
const senderBytes = 20
const cnameItem = 1

/**
 * The packets of a compound, also of reduced size (RFC 5506). Null where one is not of version 2, does not fit, or is padded before
 * the end (RFC 3550 §6.4.1), and for more than 64 of them.
 */
export function rtcpPackets(compound: Uint8Array): RtcpPacket[] | null {
  const packets: RtcpPacket[] = []
  for (let at = 0; at < compound.length;) {
    const first = compound[at] ?? 0
    const end = at + 4 + 4 * (((compound[at + 2] ?? 0) << 8) | (compound[at + 3] ?? 0))
    if (compound.length < at + 4 || end > compound.length || first >> 6 !== 2) return null
    const body = withoutPadding(compound.subarray(at + 4, end), (first & 0x20) !== 0, end === compound.length)
    if (body === null || packets.length === maxPackets) return null
    packets.push({ type: compound[at + 1] ?? 0, count: first & 0x1f, body })
    at = end
  }
  return packets.length === 0 ? null : packets
}

function withoutPadding(body: Uint8Array, isPadded: boolean, isLast: boolean): Uint8Array | null {
  if (!isPadded) return body
  const padding = body[body.length - 1] ?? 0
  const isLawful = isLast && padding > 0 && padding % 4 === 0 && padding <= body.length
  return isLawful ? body.subarray(0, body.length - padding) : null
}

/** A sender or receiver report; null for another packet or one too short for its blocks. */
export function readReport({ type, count, body }: RtcpPacket): RtcpReport | null {
  const isSender = type === rtcpTypes.senderReport
  if (!isSender && type !== rtcpTypes.receiverReport) return null
  const start = 4 + (isSender ? senderBytes : 0)
  if (body.length < start + count * blockBytes) return null
  const blocks = Array.from({ length: count }, (_, at) => readBlock(body, start + at * blockBytes))
  return { ssrc: readUint32(body, 0), sender: isSender ? readSender(body) : null, blocks }
}

function readSender(body: Uint8Array): SenderInformation {
  const [ntpSeconds = 0, ntpFraction = 0, rtpTimestamp = 0, packets = 0, octets = 0] = words(body, 4, 5)
  return { ntpSeconds, ntpFraction, rtpTimestamp, packets, octets }
}

function readBlock(body: Uint8Array, at: number): ReceptionReport {
  const [ssrc = 0, loss = 0, highest = 0, jitter = 0, last = 0, delay = 0] = words(body, at, 6)
  return {
    ssrc,
    fractionLost: (loss >>> 24) / 256,
    // Shifted up and down again, its 24 bits keep their sign.
    cumulativeLost: (loss << 8) >> 8,
    highestSequenceNumber: highest,
    jitter,
    lastSenderReport: last,
    delaySinceLastSenderReport: delay,
  }
}

/** The CNAMEs of an SDES packet by SSRC; null for another packet or a broken one. */
export function readCnames({ type, count, body }: RtcpPacket): ReadonlyMap<number, string> | null {
  if (type !== rtcpTypes.sdes) return null
  const names = new Map<number, string>()
  let at = 0
  for (let chunk = 0; chunk < count; chunk += 1) {
    if (body.length < at + 8) return null
    const ssrc = readUint32(body, at)
    at += 4
    while ((body[at] ?? 0) !== 0) {
      const end = at + 2 + (body[at + 1] ?? 0)
      if (end >= body.length) return null
      if (body[at] === cnameItem) names.set(ssrc, text(body.subarray(at + 2, end)))
      at = end
    }
    // A chunk ends with one to four zero bytes, at a whole word.
    at = 4 * Math.floor(at / 4) + 4
  }
  return at > body.length ? null : names
}

/** A BYE; null for another packet or one too short for its sources. */
export function readBye({ type, count, body }: RtcpPacket): RtcpBye | null {
  if (type !== rtcpTypes.bye || body.length < 4 * count) return null
  const at = 4 * count
  const length = body[at] ?? 0
  const reason = at + 1 + length > body.length ? '' : text(body.subarray(at + 1, at + 1 + length))
  return { ssrcs: words(body, 0, count), reason }
}

/**
 * Round trip in seconds (RFC 3550 §6.4.1) from a report on what we sent; null before the first sender report came back.
 * @param arrival - when the report came: middle 32 bits of our NTP time.
 */
export function roundTripSeconds(report: ReceptionReport, arrival: number): number | null {
  if (report.lastSenderReport === 0) return null
  // A clock that ticks in 1/65536 s may make it a little less than nothing.
  const ticks = (arrival - report.lastSenderReport - report.delaySinceLastSenderReport) | 0
  return Math.max(0, ticks) / 0x10000
}

function words(bytes: Uint8Array, at: number, count: number): number[] {
  return Array.from({ length: count }, (_, word) => readUint32(bytes, at + 4 * word))
}

const decoder = new TextDecoder()

function text(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}
