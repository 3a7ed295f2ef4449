/** What the echo contact takes of an offer with audio or video, and the answer it writes (RFC 3264, RFC 6189 §8). */
import { isIP } from 'node:net'
import { ProtocolError } from '#shared/errors.ts'
import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import { parseSdp } from '#protocol/sdp/parse.ts'
import { codecAttributes, readRtpMedia, type RtpCodec, type RtpMedia } from '#protocol/sdp/rtp-media.ts'
import { serializeSecurityDescription, type SecurityDescription } from '#protocol/sdp/security-descriptions.ts'
import { serializeSdp } from '#protocol/sdp/serialize.ts'
import type { SdpAttribute, SdpDirection, SdpMedia, SdpOrigin, SdpSession } from '#protocol/sdp/session.ts'

/** A section that is taken. */
export interface WantedSection {
  /** Position among the media sections. */
  readonly index: number
  readonly media: RtpMedia
  /** The codec that is echoed and, for audio, telephone events where they were offered. */
  readonly codecs: readonly RtpCodec[]
  /** The offerer's key, its favourite; null where ZRTP has to find one. */
  readonly sdes: SecurityDescription | null
}

export interface CallOffer {
  readonly session: SdpSession
  /** At least one; at most one of each kind. */
  readonly sections: readonly WantedSection[]
}

/** Our side of a section that is taken. */
export interface OwnSection {
  readonly index: number
  readonly port: number
  readonly zrtpHash: string | null
  readonly sdes: SecurityDescription | null
}

const audioCodecs: ReadonlySet<string> = new Set(['opus', 'g722', 'pcma', 'pcmu'])
/** Formats that only repair or carry others. */
const helperCodecs: ReadonlySet<string> = new Set(['rtx', 'red', 'ulpfec', 'flexfec', 'flexfec-03'])
/** Lost packets are not kept, so a key frame is all that can be asked for. */
const feedback: ReadonlySet<string> = new Set(['nack pli', 'ccm fir'])

/** Null for what is no description, or has nothing in it that could be echoed. */
export function readCallOffer(sdp: string): CallOffer | null {
  const session = sessionOf(sdp)
  if (session === null) return null
  const found = session.media.flatMap((media, index) => sectionOf(session, media, index) ?? [])
  const sections = found.filter(({ media }, at) => found.findIndex((other) => other.media.kind === media.kind) === at)
  return sections.length === 0 ? null : { session, sections }
}

function sessionOf(sdp: string): SdpSession | null {
  try {
    return parseSdp(sdp)
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

function sectionOf(session: SdpSession, section: SdpMedia, index: number): WantedSection | null {
  const media = readRtpMedia(session, section)
  if (media === null || media.port === 0 || media.overDtls) return null
  const sdes = media.secure ? (media.crypto[0] ?? null) : null
  const codecs = media.kind === 'audio' ? audioOf(media.codecs) : videoOf(media.codecs)
  if (codecs.length === 0 || (media.secure && sdes === null)) return null
  return { index, media, codecs, sdes }
}

function audioOf(codecs: readonly RtpCodec[]): RtpCodec[] {
  const codec = codecs.find(({ name }) => audioCodecs.has(name.toLowerCase()))
  if (codec === undefined) return []
  const events = codecs.filter(({ name }) => name.toLowerCase() === 'telephone-event')
  const chosen = events.find(({ clockRate }) => clockRate === codec.clockRate) ?? events[0]
  return chosen === undefined ? [codec] : [codec, chosen]
}

function videoOf(codecs: readonly RtpCodec[]): RtpCodec[] {
  const codec = codecs.find(({ name }) => !helperCodecs.has(name.toLowerCase()))
  return codec === undefined ? [] : [{ ...codec, feedback: codec.feedback.filter((value) => feedback.has(value)) }]
}

/** Where the offerer wants its RTP and RTCP; null where it names no address of one computer, or holds the old way. */
export function addressesOf(media: RtpMedia): { readonly rtp: DatagramAddress; readonly rtcp: DatagramAddress } | null {
  const host = media.connection?.address ?? ''
  if (isIP(host) === 0 || /^(?:0\.0\.0\.0|::|22[4-9]\.|23\d\.|255\.|ff)/i.test(host)) return null
  const rtcpPort = media.rtcpMux ? media.port : (media.rtcpPort ?? media.port + 1)
  return { rtp: { host, port: media.port }, rtcp: { host, port: rtcpPort } }
}

const answers: Readonly<Record<SdpDirection, SdpDirection>> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
}

/** The answer: `own` sections as offered, port 0 for everything else. */
export function writeCallAnswer(offer: CallOffer, origin: SdpOrigin, own: readonly OwnSection[]): string {
  const media = offer.session.media.map((offered, index): SdpMedia => {
    const wanted = offer.sections.find((section) => section.index === index)
    const mine = own.find((section) => section.index === index)
    if (wanted === undefined || mine === undefined) return refused(offered)
    return {
      ...{ kind: offered.kind, port: mine.port, portCount: 1, protocol: offered.protocol },
      formats: wanted.codecs.map(({ payloadType }) => String(payloadType)),
      ...{ connections: [], otherLines: [] },
      attributes: attributesOf(wanted, mine),
    }
  })
  const { addressType, address } = origin
  const connection = { addressType, address }
  const { times } = offer.session
  return serializeSdp({ origin, name: '-', connection, times, otherLines: [], attributes: [], media })
}

function refused({ kind, protocol, formats }: SdpMedia): SdpMedia {
  return { kind, port: 0, portCount: 1, protocol, formats, connections: [], otherLines: [], attributes: [] }
}

function attributesOf({ media, codecs }: WantedSection, { zrtpHash, sdes }: OwnSection): SdpAttribute[] {
  const optional = (name: string, value: string | null): SdpAttribute[] => (value === null ? [] : [{ name, value }])
  return [
    ...optional('mid', media.mid),
    ...codecs.flatMap(codecAttributes),
    { name: answers[media.direction], value: null },
    ...(media.rtcpMux ? [{ name: 'rtcp-mux', value: null }] : []),
    ...optional('zrtp-hash', zrtpHash),
    ...optional('crypto', sdes === null ? null : serializeSecurityDescription(sdes)),
  ]
}
