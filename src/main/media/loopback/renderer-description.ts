/** The two descriptions of the loopback leg: what Chromium offers, and our answer with only what the network side negotiated. */
import { parseSdp } from '#protocol/sdp/parse.ts'
import {
  codecAttributes,
  readRtpMedia,
  type MediaFingerprint,
  type RtpCodec,
  type RtpMedia,
} from '#protocol/sdp/rtp-media.ts'
import { serializeSdp } from '#protocol/sdp/serialize.ts'
import type { SdpAttribute, SdpDirection, SdpMedia } from '#protocol/sdp/session.ts'

export interface RendererTransport {
  readonly ufrag: string
  readonly fingerprint: MediaFingerprint
}

/** One section of the renderer's offer. */
export interface RendererMedia {
  readonly kind: 'audio' | 'video'
  readonly mid: string
  readonly codecs: readonly RtpCodec[]
  readonly ssrcs: readonly number[]
}

export interface RendererOffer {
  readonly transport: RendererTransport
  readonly media: readonly RendererMedia[]
}

/** Reads Chromium's offer. @throws ProtocolError when it is no description; null when something we rely on is missing. */
export function readRendererOffer(text: string): RendererOffer | null {
  const session = parseSdp(text)
  const media = session.media.map((section) => readRtpMedia(session, section))
  const [ice, fingerprint] = [media[0]?.ice ?? null, media[0]?.fingerprint ?? null]
  if (ice === null || fingerprint?.hash !== 'sha-256') return null
  if (media.some((section) => section?.mid == null)) return null
  return {
    transport: { ufrag: ice.ufrag, fingerprint },
    media: media.filter((section): section is RtpMedia & { mid: string } => section !== null).map(rendererMediaOf),
  }
}

function rendererMediaOf({ kind, mid, codecs, ssrcs }: RtpMedia & { readonly mid: string }): RendererMedia {
  return { kind, mid, codecs, ssrcs }
}

/** What the answer says of one section; codecs with the renderer's own payload types, none = refused. */
export interface AnswerMedia {
  readonly kind: 'audio' | 'video'
  readonly mid: string
  readonly codecs: readonly RtpCodec[]
  readonly direction: SdpDirection
  /** Start of the bandwidth estimate for pictures, kbit/s. */
  readonly startBitrate?: number
}

export interface AnswerTransport {
  readonly port: number
  readonly ufrag: string
  readonly password: string
  readonly fingerprint: MediaFingerprint
  readonly setup: 'active' | 'passive'
}

const loopback = { addressType: 'IP4', address: '127.0.0.1' } as const

/** Writes the answer; `version` grows by one with each answer of a leg. */
export function writeRendererAnswer(
  media: readonly AnswerMedia[],
  transport: AnswerTransport,
  version: number,
): string {
  return serializeSdp({
    origin: { username: '-', sessionId: '1', sessionVersion: String(version), ...loopback },
    name: '-',
    connection: null,
    times: ['0 0'],
    otherLines: [],
    attributes: [
      { name: 'ice-lite', value: null },
      {
        name: 'group',
        value: `BUNDLE ${media
          .filter(isTaken)
          .map(({ mid }) => mid)
          .join(' ')}`,
      },
    ],
    media: media.map((section) => (isTaken(section) ? taken(section, transport) : refused(section))),
  })
}

function isTaken({ codecs }: AnswerMedia): boolean {
  return codecs.length > 0
}

function refused({ kind, mid }: AnswerMedia): SdpMedia {
  return {
    ...bare(kind, 0, ['0']),
    attributes: [
      { name: 'mid', value: mid },
      { name: 'inactive', value: null },
    ],
  }
}

function bare(kind: 'audio' | 'video', port: number, formats: readonly string[]): SdpMedia {
  const protocol = 'UDP/TLS/RTP/SAVPF'
  return { kind, port, portCount: 1, protocol, formats, connections: [loopback], otherLines: [], attributes: [] }
}

function taken(media: AnswerMedia, transport: AnswerTransport): SdpMedia {
  const { kind, mid, codecs, direction } = media
  const { port, ufrag, password, fingerprint, setup } = transport
  const attributes: SdpAttribute[] = [
    { name: 'mid', value: mid },
    { name: 'ice-ufrag', value: ufrag },
    { name: 'ice-pwd', value: password },
    { name: 'fingerprint', value: `${fingerprint.hash} ${fingerprint.value}` },
    { name: 'setup', value: setup },
    { name: 'candidate', value: `1 1 udp 2130706431 ${loopback.address} ${port} typ host` },
    { name: 'end-of-candidates', value: null },
    { name: direction, value: null },
    { name: 'rtcp-mux', value: null },
    { name: 'msid', value: `sotto ${kind}` },
    ...codecs.flatMap((codec) => codecAttributes(withStartBitrate(codec, media.startBitrate))),
  ]
  return {
    ...bare(
      kind,
      9,
      codecs.map(({ payloadType }) => String(payloadType)),
    ),
    attributes,
  }
}

function withStartBitrate(codec: RtpCodec, startBitrate: number | undefined): RtpCodec {
  if (startBitrate === undefined) return codec
  const parameters = [codec.parameters, `x-google-start-bitrate=${startBitrate}`].filter((part) => part !== null)
  return { ...codec, parameters: parameters.join(';') }
}
