/** RTCP feedback messages read: RFC 4585, RFC 5104, REMB and transport-wide congestion control (both by draft only). */
import { readUint32 } from './header.ts'
import { rtcpTypes, type RtcpPacket } from './rtcp.ts'

/** Formats of transport (205) and payload-specific (206) feedback. */
export const feedbackFormats = { nack: 1, twcc: 15, pli: 1, fir: 4, application: 15 } as const

/** Who asks (`sender`) about whose media (`media`, 0 where the message names its sources itself). */
interface Feedback {
  readonly sender: number
  readonly media: number
}

export type RtcpFeedback = Feedback &
  (
    | { readonly kind: 'nack'; readonly lost: readonly number[] }
    | { readonly kind: 'pli' }
    | { readonly kind: 'fir'; readonly requests: readonly FirRequest[] }
    | { readonly kind: 'remb'; readonly bitsPerSecond: number; readonly ssrcs: readonly number[] }
    | {
        readonly kind: 'twcc'
        readonly baseSequenceNumber: number
        readonly packetCount: number
        readonly count: number
      }
    | { readonly kind: 'other' }
  )

/** A full intra request (RFC 5104 §4.3.1): a new `sequenceNumber`, 8 bits, is a new request. */
export interface FirRequest {
  readonly ssrc: number
  readonly sequenceNumber: number
}

const headBytes = 8
const maxNackPairs = 64
const remb = 0x52454d42

/** A feedback message; null for another packet or a broken one. */
export function readFeedback({ type, count, body }: RtcpPacket): RtcpFeedback | null {
  if ((type !== rtcpTypes.rtpfb && type !== rtcpTypes.psfb) || body.length < headBytes) return null
  const head = { sender: readUint32(body, 0), media: readUint32(body, 4) }
  const rest = body.subarray(headBytes)
  const read = (type === rtcpTypes.rtpfb ? transportReaders : payloadReaders)[count]
  return read === undefined ? { ...head, kind: 'other' } : read(head, rest)
}

/** Each pair is a sequence number and a bit for each of the 16 after it (RFC 4585 §6.2.1). */
function readNack(head: Feedback, rest: Uint8Array): RtcpFeedback | null {
  const pairs = Math.floor(rest.length / 4)
  if (pairs === 0 || pairs > maxNackPairs) return null
  const lost: number[] = []
  for (let pair = 0; pair < pairs; pair += 1) {
    const word = readUint32(rest, 4 * pair)
    const first = word >>> 16
    lost.push(first)
    for (let bit = 0; bit < 16; bit += 1) if (((word >>> bit) & 1) === 1) lost.push((first + bit + 1) & 0xffff)
  }
  return { ...head, kind: 'nack', lost }
}

/** The head alone: Chromium makes and reads the packet chunks. */
function readTwcc(head: Feedback, rest: Uint8Array): RtcpFeedback | null {
  if (rest.length < 8) return null
  const word = readUint32(rest, 0)
  return {
    ...head,
    kind: 'twcc',
    baseSequenceNumber: word >>> 16,
    packetCount: word & 0xffff,
    count: rest[7] ?? 0,
  }
}

function readFir(head: Feedback, rest: Uint8Array): RtcpFeedback | null {
  const entries = Math.floor(rest.length / 8)
  if (entries === 0) return null
  const requests = Array.from({ length: entries }, (_, at) => ({
    ssrc: readUint32(rest, 8 * at),
    sequenceNumber: rest[8 * at + 4] ?? 0,
  }))
  return { ...head, kind: 'fir', requests }
}

/** `REMB | number of SSRCs | 6 bits of exponent, 18 of mantissa | SSRCs`; other application messages are not told apart. */
function readApplication(head: Feedback, rest: Uint8Array): RtcpFeedback | null {
  if (rest.length < 4 || readUint32(rest, 0) !== remb) return { ...head, kind: 'other' }
  const count = rest[4] ?? 0
  if (rest.length < 8 + 4 * count) return null
  const word = readUint32(rest, 4)
  const bitsPerSecond = (word & 0x3ffff) * 2 ** ((word >>> 18) & 0x3f)
  const ssrcs = Array.from({ length: count }, (_, at) => readUint32(rest, 8 + 4 * at))
  return { ...head, kind: 'remb', bitsPerSecond, ssrcs }
}

type Reader = (head: Feedback, rest: Uint8Array) => RtcpFeedback | null

const transportReaders: Readonly<Partial<Record<number, Reader>>> = {
  [feedbackFormats.nack]: readNack,
  [feedbackFormats.twcc]: readTwcc,
}
const payloadReaders: Readonly<Partial<Record<number, Reader>>> = {
  [feedbackFormats.pli]: (head) => ({ ...head, kind: 'pli' }),
  [feedbackFormats.fir]: readFir,
  [feedbackFormats.application]: readApplication,
}
