/** One audio or video section of a call: its sockets, its codecs, the keys it was given, and the stream they make. */
import type { DatagramAddress, DatagramsPort } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { RtpMedia } from '#protocol/sdp/rtp-media.ts'
import { serializeSecurityDescription, type SecurityDescription } from '#protocol/sdp/security-descriptions.ts'
import type { SdpDirection } from '#protocol/sdp/session.ts'
import { profiles } from '#protocol/srtp/profiles.ts'
import type { MasterKey } from '#protocol/srtp/session.ts'
import type { CodecChoice } from '../description/codecs.ts'
import type { Keying } from '../description/keying.ts'
import type { ZrtpState } from '../network/gate.ts'
import type { Component } from '../network/media-path.ts'
import { NetworkStream, type StreamHandlers } from '../network/network-stream.ts'
import { PacketGuard } from '../network/packet-guard.ts'
import { SectionPath } from '../network/section-path.ts'
import type { ZrtpChannel } from './zrtp-channel.ts'

/** What a section is made of; the fields that are not read-only change as descriptions come and go. */
export interface Section {
  readonly kind: 'audio' | 'video'
  readonly path: SectionPath
  readonly stream: NetworkStream
  /** Absent for DTLS-SRTP, which is not ours to end. */
  readonly zrtp: ZrtpChannel | null
  /** Place among the sections of the description. */
  place: number
  mid: string | null
  protocol: string
  rendererMid: string
  codecs: CodecChoice
  keying: Keying | null
  zrtpState: ZrtpState
  /** Our own SDES key: one per call, so that a repeated offer is the same offer. */
  sdes: SecurityDescription | null
  rtcpMux: boolean
  remoteDirection: SdpDirection
  isOn: boolean
}

interface OpenOptions {
  readonly datagrams: DatagramsPort
  readonly host: string
  readonly place: number
  readonly handlers: StreamHandlers
  readonly channelFor: (path: SectionPath, guard: PacketGuard) => ZrtpChannel | null
  readonly onDatagram: (section: Section, component: Component, bytes: Uint8Array, from: DatagramAddress) => void
}

/** Binds the sockets of a new section; null where no pair of ports is free. */
export async function openSection(kind: 'audio' | 'video', options: OpenOptions): Promise<Section | null> {
  let section: Section | null = null
  const path = await SectionPath.open(options.datagrams, options.host, (component, bytes, from) => {
    if (section !== null) options.onDatagram(section, component, bytes, from)
  })
  if (!path.ok) return null
  const guard = new PacketGuard(kind === 'video')
  section = {
    kind,
    path: path.value,
    stream: new NetworkStream({ kind, path: path.value, guard, handlers: options.handlers }),
    zrtp: options.channelFor(path.value, guard),
    place: options.place,
    ...{ mid: null, protocol: 'RTP/AVP', rendererMid: '', codecs: { pairs: [], events: null } },
    ...{ keying: null, zrtpState: 'off', sdes: null, rtcpMux: true, remoteDirection: 'sendrecv', isOn: true },
  }
  return section
}

const sdesSuite = 'AES_CM_128_HMAC_SHA1_80'

/** A fresh key of ours, under the tag and suite of `like` where we answer. */
export function newSdesKey(random: RandomPort, like: SecurityDescription | null): SecurityDescription {
  const suite = like?.suite ?? sdesSuite
  const { keyBytes, saltBytes } = profiles[suite]
  return { tag: like?.tag ?? 1, suite, key: random.bytes(keyBytes), salt: random.bytes(saltBytes), lifetime: null, mki: null }
}

/** Lines for a description. */
export function cryptoLines({ sdes }: Section): string[] {
  return sdes === null ? [] : [serializeSecurityDescription(sdes)]
}

/** Master key of a line. */
export function masterKeyOf({ suite, key, salt, mki }: SecurityDescription): MasterKey {
  return { profile: profiles[suite], key, salt, ...(mki === null ? {} : { mki }) }
}

/** Sets the addresses of the other side; false where it gave none. */
export function aimAt({ path }: Section, { connection, port, rtcpPort, rtcpMux }: RtpMedia): boolean {
  if (connection === null || port === 0) return false
  const host = (connection.address.split('/')[0] ?? '').replace(/^::ffff:/i, '')
  path.aim({ host, port }, { host, port: rtcpMux ? port : (rtcpPort ?? port + 1) })
  return true
}
