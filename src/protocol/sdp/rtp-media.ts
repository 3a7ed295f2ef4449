/** RTP media sections as values: codecs (RFC 8866 §6.6, §6.15), transport of keys and packets (RFC 3605, 5761, 5763, 6189, 8839). */
import { readSecurityDescriptions, type SecurityDescription } from './security-descriptions.ts'
import { attributeOf, attributeValues, connectionOf, directionOf } from './session.ts'
import type { SdpAttribute, SdpConnection, SdpDirection, SdpMedia, SdpSession } from './session.ts'

/** One payload format of a section. */
export interface RtpCodec {
  /** 0–127. */
  readonly payloadType: number
  /** As written; compared without regard to case. */
  readonly name: string
  /** Hz. */
  readonly clockRate: number
  /** Audio channels; 1 where none is said. */
  readonly channels: number
  /** `a=fmtp` parameters as written, or null. */
  readonly parameters: string | null
  /** `a=rtcp-fb` values of this format and of all formats. */
  readonly feedback: readonly string[]
}

/** Where the keys of a section come from. */
export interface MediaFingerprint {
  /** Hash function as in RFC 8122, lower case. */
  readonly hash: string
  /** Colon-separated upper-case hexadecimal. */
  readonly value: string
}

export type DtlsSetup = 'active' | 'passive' | 'actpass' | 'holdconn'

export interface IceParameters {
  readonly ufrag: string
  readonly password: string
  /** `a=candidate` values as written. */
  readonly candidates: readonly string[]
  readonly lite: boolean
  /** `a=ice-options:ice2` (RFC 8445 §10). */
  readonly ice2: boolean
}

export interface RtpMedia {
  readonly kind: 'audio' | 'video'
  readonly mid: string | null
  /** First `mid` of the BUNDLE group the section is in (RFC 9143 §3): that section's transport is for all of them; null = none. */
  readonly bundleTag: string | null
  /** 0 = refused; 9 where the section is to be had in its group only (RFC 9143 §6). */
  readonly port: number
  readonly protocol: string
  /** The profile is a secure one (`SAVP`). */
  readonly secure: boolean
  /** The profile has feedback messages (`AVPF`, RFC 4585). */
  readonly hasFeedback: boolean
  /** Keys come by DTLS (RFC 5764). */
  readonly overDtls: boolean
  readonly direction: SdpDirection
  readonly connection: SdpConnection | null
  /** RFC 3605; null = the next port. */
  readonly rtcpPort: number | null
  readonly rtcpMux: boolean
  readonly codecs: readonly RtpCodec[]
  /** Usable `a=crypto` lines, the offerer's favourite first. */
  readonly crypto: readonly SecurityDescription[]
  /** `a=zrtp-hash` value (RFC 6189 §8), or null. */
  readonly zrtpHash: string | null
  readonly fingerprint: MediaFingerprint | null
  readonly setup: DtlsSetup | null
  readonly ice: IceParameters | null
  /** SSRCs announced by `a=ssrc` (RFC 5576), each once. */
  readonly ssrcs: readonly number[]
  /** `a=ptime`, ms, or null. */
  readonly ptime: number | null
}

/** Static payload types people leave without `a=rtpmap` (RFC 3551 §6). */
const staticCodecs: ReadonlyMap<number, readonly [string, number]> = new Map([
  [0, ['PCMU', 8000]],
  [3, ['GSM', 8000]],
  [8, ['PCMA', 8000]],
  [9, ['G722', 8000]],
  [13, ['CN', 8000]],
  [18, ['G729', 8000]],
])

const maxSsrcs = 16
/** Feedback messages of one format; Chromium names seven. */
const maxFeedback = 32

/** Reads an audio or video section carried by RTP; null for anything else. */
export function readRtpMedia(session: SdpSession, media: SdpMedia): RtpMedia | null {
  const { kind, protocol } = media
  const profile = /^(?:UDP\/TLS\/)?RTP\/(S?)AVP(F?)$/.exec(protocol)
  if ((kind !== 'audio' && kind !== 'video') || profile === null) return null
  const own = (name: string): string | null => attributeOf(media, name) ?? attributeOf(session, name) ?? null
  const mid = attributeOf(media, 'mid') ?? null
  const bundleTag = mid === null ? null : bundleTagOf(session, mid)
  const isBundleOnly = media.port === 0 && bundleTag !== null && attributeOf(media, 'bundle-only') !== undefined
  return {
    ...{ kind, mid, bundleTag },
    port: isBundleOnly ? discardPort : media.port,
    protocol,
    secure: profile[1] === 'S',
    hasFeedback: profile[2] === 'F',
    overDtls: protocol.startsWith('UDP/TLS/'),
    direction: directionOf(session, media),
    connection: connectionOf(session, media),
    rtcpPort: rtcpPortOf(attributeOf(media, 'rtcp')),
    rtcpMux: attributeOf(media, 'rtcp-mux') !== undefined,
    codecs: readCodecs(media),
    crypto: readSecurityDescriptions(media),
    zrtpHash: own('zrtp-hash'),
    fingerprint: fingerprintOf(own('fingerprint')),
    setup: setupOf(own('setup')),
    ice: iceOf(session, media, own),
    ssrcs: ssrcsOf(media),
    ptime: numberOf(attributeOf(media, 'ptime'), 1, 1_000),
  }
}

/** A group of more is nobody's call. */
const maxGroupLength = 1_024
/** RFC 863; stands where there is no port to name. */
const discardPort = 9

function bundleTagOf(session: SdpSession, mid: string): string | null {
  const groups = attributeValues(session, 'group').filter((value) => value.length <= maxGroupLength)
  const mids = groups.map((value) => value.split(' ')).filter(([semantics]) => semantics === 'BUNDLE')
  return mids.find((group) => group.indexOf(mid) > 0)?.[1] ?? null
}

function numberOf(text: string | null | undefined, least: number, most: number): number | null {
  if (typeof text !== 'string' || !/^\d{1,10}$/.test(text)) return null
  const value = Number(text)
  return value >= least && value <= most ? value : null
}

function rtcpPortOf(value: string | null | undefined): number | null {
  return numberOf(value?.split(' ')[0], 1, 65_535)
}

function readCodecs(media: SdpMedia): RtpCodec[] {
  const maps = pairs(media, 'rtpmap')
  const parameters = pairs(media, 'fmtp')
  const feedback = attributeValues(media, 'rtcp-fb')
  // Each format once, however often it is written: a line holds thousands.
  return [...new Set(media.formats)].flatMap((format): RtpCodec[] => {
    const payloadType = numberOf(format, 0, 127)
    const codec = payloadType === null ? null : codecOf(payloadType, maps.get(format))
    if (payloadType === null || codec === null) return []
    const mine = (line: string): boolean => line.startsWith(`${format} `) || line.startsWith('* ')
    return [
      {
        payloadType,
        ...codec,
        parameters: parameters.get(format) ?? null,
        feedback: feedback
          .filter(mine)
          .slice(0, maxFeedback)
          .map((line) => line.slice(line.indexOf(' ') + 1)),
      },
    ]
  })
}

function codecOf(
  payloadType: number,
  map: string | undefined,
): { readonly name: string; readonly clockRate: number; readonly channels: number } | null {
  if (map === undefined) {
    const known = staticCodecs.get(payloadType)
    return known === undefined ? null : { name: known[0], clockRate: known[1], channels: 1 }
  }
  const [, name, rate, channels] = /^([A-Za-z0-9._+-]{1,40})\/(\d{1,7})(?:\/(\d{1,2}))?$/.exec(map) ?? []
  if (name === undefined || Number(rate) === 0) return null
  return { name, clockRate: Number(rate), channels: Number(channels ?? '1') }
}

/** Attributes of the form `<format> <value>`; the first per format counts. */
function pairs(media: SdpMedia, name: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const value of attributeValues(media, name)) {
    const space = value.indexOf(' ')
    const format = value.slice(0, space)
    if (space > 0 && !found.has(format)) found.set(format, value.slice(space + 1).trim())
  }
  return found
}

function fingerprintOf(value: string | null): MediaFingerprint | null {
  const [, hash, bytes] = /^(\S{1,20}) ((?:[0-9A-Fa-f]{2}:){15,63}[0-9A-Fa-f]{2})$/.exec(value ?? '') ?? []
  return hash === undefined || bytes === undefined ? null : { hash: hash.toLowerCase(), value: bytes.toUpperCase() }
}

function setupOf(value: string | null): DtlsSetup | null {
  return value === 'active' || value === 'passive' || value === 'actpass' || value === 'holdconn' ? value : null
}

function iceOf(session: SdpSession, media: SdpMedia, own: (name: string) => string | null): IceParameters | null {
  const [ufrag, password] = [own('ice-ufrag'), own('ice-pwd')]
  if (ufrag === null || password === null) return null
  // RFC 8839 §5.4.
  if (!/^[A-Za-z0-9+/]{4,256}$/.test(ufrag) || !/^[A-Za-z0-9+/]{22,256}$/.test(password)) return null
  const lite = attributeOf(session, 'ice-lite') !== undefined
  const options = [session, media].flatMap((holder) => attributeValues(holder, 'ice-options')).join(' ')
  const ice2 = options.split(' ').includes('ice2')
  return { ufrag, password, lite, ice2, candidates: attributeValues(media, 'candidate') }
}

function ssrcsOf(media: SdpMedia): number[] {
  const numbers = attributeValues(media, 'ssrc').map((value) => numberOf(value.split(' ')[0], 1, 0xffff_ffff))
  return [...new Set(numbers.filter((value) => value !== null))].slice(0, maxSsrcs)
}

/** The lines of a codec, in the order people write them. */
export function codecAttributes(codec: RtpCodec): SdpAttribute[] {
  const { payloadType, name, clockRate, channels, parameters, feedback } = codec
  const map = `${payloadType} ${name}/${clockRate}${channels > 1 ? `/${channels}` : ''}`
  return [
    { name: 'rtpmap', value: map },
    ...(parameters === null ? [] : [{ name: 'fmtp', value: `${payloadType} ${parameters}` }]),
    ...feedback.map((value) => ({ name: 'rtcp-fb', value: `${payloadType} ${value}` })),
  ]
}

/** Whether two formats are the same codec: name, clock and channels (RFC 3264 §6.1). */
export function isSameCodec(a: RtpCodec, b: RtpCodec): boolean {
  return a.name.toLowerCase() === b.name.toLowerCase() && a.clockRate === b.clockRate && a.channels === b.channels
}
