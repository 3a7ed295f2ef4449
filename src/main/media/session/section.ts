/** One audio or video section of a call: its sockets, its codecs, the keys it was given, and the stream they make. */
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { canonicalIp, scopeOf } from '#protocol/ice/ip-address.ts'
import type { RtpMedia } from '#protocol/sdp/rtp-media.ts'
import { serializeSecurityDescription, type SecurityDescription } from '#protocol/sdp/security-descriptions.ts'
import type { SdpDirection } from '#protocol/sdp/session.ts'
import { profiles } from '#protocol/srtp/profiles.ts'
import { SrtpSender } from '#protocol/srtp/sender.ts'
import type { MasterKey } from '#protocol/srtp/session.ts'
import type { CodecChoice } from '../description/codecs.ts'
import type { Keying } from '../description/keying.ts'
import type { ZrtpState } from '../network/gate.ts'
import { NetworkStream, type StreamHandlers } from '../network/network-stream.ts'
import { PacketGuard } from '../network/packet-guard.ts'
import type { SectionPath } from '../network/section-path.ts'
import { speaksIce } from './branch-ice.ts'
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
  /** The other side's description has it in a BUNDLE group. */
  isBundled: boolean
  /** Place of the section whose transport it uses: under DTLS-SRTP the engine has one for all; null = its own. */
  sharesWith: number | null
  protocol: string
  codecs: CodecChoice
  keying: Keying | null
  zrtpState: ZrtpState
  sdes: OwnKey | null
  /** The one of them that is in use. */
  protecting: OwnKey | null
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
    ...{ mid: null, isBundled: false, sharesWith: null, protocol: 'RTP/AVP', codecs: { pairs: [], events: null } },
    ...{
      keying: null,
      zrtpState: 'off',
      sdes: null,
      protecting: null,
      rtcpMux: true,
      remoteDirection: 'sendrecv',
      isOn: true,
    },
  }
}

/**
 * Our own SDES key: one per section of the call, so that a repeated offer is the same offer. Whatever leaves under it, on any branch,
 * leaves through one sender: no keystream is used twice (RFC 3711 §9.1), not even where engines draw the same SSRC.
 */
export interface OwnKey {
  readonly description: SecurityDescription
  readonly sender: SrtpSender
}

const sdesSuite = 'AES_CM_128_HMAC_SHA1_80'

/** A fresh key of ours, under the tag and suite of `like` where we answer. */
export function newSdesKey(random: RandomPort, like: SecurityDescription | null): OwnKey {
  const suite = like?.suite ?? sdesSuite
  const { keyBytes, saltBytes } = profiles[suite]
  const description: SecurityDescription = {
    ...{ tag: like?.tag ?? 1, suite, lifetime: null, mki: null },
    key: random.bytes(keyBytes),
    salt: random.bytes(saltBytes),
  }
  return { description, sender: new SrtpSender(masterKeyOf(description)) }
}

/** Our key for an answer: the one we have, under the tag we are asked under (RFC 4568 §5.1.2); another for another suite. */
export function answeringKey(own: OwnKey | null, asked: SecurityDescription, random: RandomPort): OwnKey {
  if (own?.description.suite !== asked.suite) return newSdesKey(random, asked)
  return { ...own, description: { ...own.description, tag: asked.tag } }
}

/** Lines for a description. */
export function cryptoLines({ sdes }: Section): string[] {
  return sdes === null ? [] : [serializeSecurityDescription(sdes.description)]
}

/** Master key of a line. */
export function masterKeyOf({ suite, key, salt, lifetime, mki }: SecurityDescription): MasterKey {
  return {
    ...{ profile: profiles[suite], key, salt },
    ...(mki === null ? {} : { mki }),
    ...(lifetime === null ? {} : { lifetime }),
  }
}

/** Whether a section names an address that one other host can have, or takes none for now. */
export function isReachable(media: RtpMedia): boolean {
  if (speaksIce(media) || isHeldOfOld(media)) return true
  const host = hostOf(media)
  return host !== null && scopeOf(host) !== 'none'
}

/** RFC 2543's hold, which RFC 3264 §8.4 still reads: no address, so nothing is sent. */
function isHeldOfOld(media: RtpMedia): boolean {
  const host = hostOf(media)
  return !speaksIce(media) && (host === '0.0.0.0' || host === '::')
}

function hostOf({ connection }: RtpMedia): string | null {
  return connection === null ? null : canonicalIp(connection.address.split('/')[0] ?? '')
}

/** What the other side wants to do: its direction, or hold us without saying so. */
export function wishOf(media: RtpMedia): SdpDirection {
  const { direction } = media
  if (!isHeldOfOld(media)) return direction
  return direction === 'sendrecv' || direction === 'sendonly' ? 'sendonly' : 'inactive'
}

/**
 * Sets the addresses of a description without ICE; false where it gave none that we can reach. Our own computer is only theirs where
 * `own`, our address, is on it, too.
 */
export function aimAt({ path }: Section, media: RtpMedia, own = ''): boolean {
  const { port, rtcpPort, rtcpMux } = media
  const host = hostOf(media)
  if (isHeldOfOld(media)) return true
  if (host === null || port === 0 || !isReachable(media)) return false
  if (scopeOf(host) === 'loopback' && scopeOf(own) !== 'loopback') return false
  return path.aim({ host, port }, { host, port: rtcpMux ? port : (rtcpPort ?? port + 1) })
}
