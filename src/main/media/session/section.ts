/** One audio or video section of a call: its sockets, its codecs, the keys it was given, and the stream they make. */
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { RtpMedia } from '#protocol/sdp/rtp-media.ts'
import { serializeSecurityDescription, type SecurityDescription } from '#protocol/sdp/security-descriptions.ts'
import type { SdpDirection } from '#protocol/sdp/session.ts'
import { canonicalIp, scopeOf } from '#protocol/ice/ip-address.ts'
import { profiles } from '#protocol/srtp/profiles.ts'
import type { MasterKey } from '#protocol/srtp/session.ts'
import type { CodecChoice } from '../description/codecs.ts'
import type { Keying } from '../description/keying.ts'
import type { ZrtpState } from '../network/gate.ts'
import { NetworkStream, type StreamHandlers } from '../network/network-stream.ts'
import { PacketGuard } from '../network/packet-guard.ts'
import type { SectionPath } from '../network/section-path.ts'
import type { ZrtpChannel } from './zrtp-channel.ts'

/** What a section is made of; the fields that are not read-only change as descriptions come and go. */
export interface Section {
  readonly kind: 'audio' | 'video'
  readonly path: SectionPath
  readonly stream: NetworkStream
  /** Absent for DTLS-SRTP, which is not ours to end. */
  readonly zrtp: ZrtpChannel | null
  /** Place among the sections of the description; its stream has the same number. */
  readonly place: number
  mid: string | null
  protocol: string
  codecs: CodecChoice
  keying: Keying | null
  zrtpState: ZrtpState
  /** Our own SDES key: one per call, so that a repeated offer is the same offer. */
  sdes: SecurityDescription | null
  rtcpMux: boolean
  remoteDirection: SdpDirection
  isOn: boolean
}

interface SectionOptions {
  readonly place: number
  readonly path: SectionPath
  readonly clock: ClockPort
  readonly handlers: StreamHandlers
  readonly channelFor: (path: SectionPath, guard: PacketGuard) => ZrtpChannel | null
}

/** A new section with its stream, nothing negotiated yet. */
export function newSection(
  kind: 'audio' | 'video',
  { place, path, clock, handlers, channelFor }: SectionOptions,
): Section {
  const guard = new PacketGuard(kind === 'video')
  return {
    ...{ kind, place, path },
    stream: new NetworkStream({ kind, path, guard, clock, handlers }),
    zrtp: channelFor(path, guard),
    ...{ mid: null, protocol: 'RTP/AVP', codecs: { pairs: [], events: null } },
    ...{ keying: null, zrtpState: 'off', sdes: null, rtcpMux: true, remoteDirection: 'sendrecv', isOn: true },
  }
}

const sdesSuite = 'AES_CM_128_HMAC_SHA1_80'

/** A fresh key of ours, under the tag and suite of `like` where we answer. */
export function newSdesKey(random: RandomPort, like: SecurityDescription | null): SecurityDescription {
  const suite = like?.suite ?? sdesSuite
  const { keyBytes, saltBytes } = profiles[suite]
  return {
    tag: like?.tag ?? 1,
    suite,
    key: random.bytes(keyBytes),
    salt: random.bytes(saltBytes),
    lifetime: null,
    mki: null,
  }
}

/** Lines for a description. */
export function cryptoLines({ sdes }: Section): string[] {
  return sdes === null ? [] : [serializeSecurityDescription(sdes)]
}

/** Master key of a line. */
export function masterKeyOf({ suite, key, salt, mki }: SecurityDescription): MasterKey {
  return { profile: profiles[suite], key, salt, ...(mki === null ? {} : { mki }) }
}

/** RFC 2543's hold, an address that is none; RFC 3264 §8.4 still reads it. ICE has its own meaning for it (RFC 8840 §4.1). */
function isHeldByAddress({ connection, ice }: RtpMedia): boolean {
  return ice === null && (connection?.address === '0.0.0.0' || connection?.address === '::')
}

/** The direction that a section asks for, its own view. */
export function askedDirection(media: RtpMedia): SdpDirection {
  if (!isHeldByAddress(media)) return media.direction
  return media.direction === 'sendrecv' || media.direction === 'sendonly' ? 'sendonly' : 'inactive'
}

/**
 * Sets the addresses of a description without ICE; false where it gave none that one other host can have: a name would be looked up,
 * a group would get what is for one, and our own computer is only theirs where `own`, our address, is on it, too.
 */
export function aimAt({ path }: Section, media: RtpMedia, own = ''): boolean {
  const { connection, port, rtcpPort, rtcpMux } = media
  if (connection === null || port === 0) return false
  if (isHeldByAddress(media)) return true
  const host = canonicalIp(connection.address)
  const scope = host === null ? 'none' : scopeOf(host)
  if (host === null || scope === 'none' || (scope === 'loopback' && scopeOf(own) !== 'loopback')) return false
  return path.aim({ host, port }, { host, port: rtcpMux ? port : (rtcpPort ?? port + 1) })
}
