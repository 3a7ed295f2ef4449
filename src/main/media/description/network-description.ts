/** The descriptions that go over SIP: sections of RTP with the keys and addresses of this device. */
import { codecAttributes, type DtlsSetup, type MediaFingerprint } from '#protocol/sdp/rtp-media.ts'
import { serializeSdp } from '#protocol/sdp/serialize.ts'
import type { SdpAttribute, SdpConnection, SdpDirection, SdpMedia, SdpOrigin } from '#protocol/sdp/session.ts'
import type { CodecChoice } from './codecs.ts'

/** ICE of one section as it is written; absent where the other side has none. */
export interface LocalIce {
  readonly ufrag: string
  readonly password: string
  /** Values of `a=candidate`. */
  readonly candidates: readonly string[]
}

/** One section of ours. */
export interface LocalSection {
  readonly kind: 'audio' | 'video'
  readonly mid: string | null
  /** In the BUNDLE group (RFC 9143). */
  readonly isBundled: boolean
  /** `RTP/AVP` … ; an answer repeats the offer's. */
  readonly protocol: string
  readonly address: SdpConnection
  readonly port: number
  /** Port of RTCP, or null where it shares the port for good (RFC 5761). */
  readonly rtcpPort: number | null
  readonly rtcpMux: boolean
  readonly direction: SdpDirection
  readonly codecs: CodecChoice
  readonly zrtpHash: string | null
  /** Values of `a=crypto`. */
  readonly crypto: readonly string[]
  readonly dtls: { readonly fingerprint: MediaFingerprint; readonly setup: DtlsSetup } | null
  readonly ice: LocalIce | null
}

/** A section of an offer that is refused: it keeps its place (RFC 3264 §6). */
export interface RefusedSection {
  readonly refused: Pick<SdpMedia, 'kind' | 'protocol' | 'formats'>
}

/** Writes an offer or answer. @throws RangeError when a value holds a line break. */
export function writeNetworkDescription(
  origin: SdpOrigin,
  sections: readonly (LocalSection | RefusedSection)[],
): string {
  const first = sections.find((section): section is LocalSection => 'address' in section)
  return serializeSdp({
    origin,
    name: '-',
    connection: first?.address ?? { addressType: origin.addressType, address: origin.address },
    times: ['0 0'],
    otherLines: [],
    attributes: [
      ...groupAttribute(sections),
      ...(sections.some((section) => 'ice' in section && section.ice !== null)
        ? [{ name: 'ice-options', value: 'ice2' }]
        : []),
    ],
    media: sections.map((section) =>
      'refused' in section ? refusedMedia(section) : localMedia(section, first?.address),
    ),
  })
}

function groupAttribute(sections: readonly (LocalSection | RefusedSection)[]): SdpAttribute[] {
  const mids = sections.flatMap((section) => ('isBundled' in section && section.isBundled ? [section.mid] : []))
  return mids.length === 0 ? [] : [{ name: 'group', value: ['BUNDLE', ...mids].join(' ') }]
}

function refusedMedia({ refused }: RefusedSection): SdpMedia {
  return { ...refused, port: 0, portCount: 1, connections: [], otherLines: [], attributes: [] }
}

function localMedia(section: LocalSection, common: SdpConnection | undefined): SdpMedia {
  const { kind, port, protocol, address, codecs } = section
  const formats = [...codecs.pairs.map(({ network }) => network), ...(codecs.events === null ? [] : [codecs.events])]
  return {
    kind,
    port,
    portCount: 1,
    protocol,
    formats: formats.map(({ payloadType }) => String(payloadType)),
    connections: common?.address === address.address ? [] : [address],
    otherLines: [],
    attributes: [
      ...flag('mid', section.mid),
      ...formats.flatMap(codecAttributes),
      ...transportAttributes(section),
      ...keyAttributes(section),
      { name: section.direction, value: null },
    ],
  }
}

function flag(name: string, value: string | null): SdpAttribute[] {
  return value === null ? [] : [{ name, value }]
}

function transportAttributes({ rtcpPort, rtcpMux, ice, address }: LocalSection): SdpAttribute[] {
  const { addressType, address: host } = address
  return [
    ...flag('rtcp', rtcpPort === null ? null : `${rtcpPort} IN ${addressType} ${host}`),
    ...(rtcpMux ? [{ name: 'rtcp-mux', value: null }] : []),
    ...(ice === null ? [] : iceAttributes(ice)),
  ]
}

function iceAttributes({ ufrag, password, candidates }: LocalIce): SdpAttribute[] {
  return [
    { name: 'ice-ufrag', value: ufrag },
    { name: 'ice-pwd', value: password },
    ...candidates.map((value) => ({ name: 'candidate', value })),
  ]
}

function keyAttributes({ zrtpHash, crypto, dtls }: LocalSection): SdpAttribute[] {
  const fingerprint = dtls === null ? null : `${dtls.fingerprint.hash} ${dtls.fingerprint.value}`
  return [
    ...crypto.map((value) => ({ name: 'crypto', value })),
    ...flag('zrtp-hash', zrtpHash),
    ...flag('fingerprint', fingerprint),
    ...flag('setup', dtls?.setup ?? null),
  ]
}
