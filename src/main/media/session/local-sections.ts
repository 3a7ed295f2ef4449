/** What our descriptions say of a section. */
import type { DtlsSetup, MediaFingerprint } from '#protocol/sdp/rtp-media.ts'
import type { SdpConnection, SdpDirection } from '#protocol/sdp/session.ts'
import type { LocalSection } from '../description/network-description.ts'
import type { MediaPlan } from '../media-port.ts'
import type { CallIce } from './call-ice.ts'
import { cryptoLines, type Section } from './section.ts'

export interface DescribeContext {
  readonly role: 'offer' | 'answer'
  readonly ice: CallIce | null
  readonly held: boolean
  /** Keys of our offers. */
  readonly offerKeys: MediaPlan['offer']
  /** Of the renderer's certificate, for DTLS-SRTP. */
  readonly fingerprint: MediaFingerprint | undefined
  /** What the renderer was told the far end does. */
  readonly farSetup: 'active' | 'passive' | null
}

/** Null where there is no address to give. */
export function localSection(section: Section, context: DescribeContext): LocalSection | null {
  const { kind, protocol, codecs, rtcpMux, isOn, sharesWith, place } = section
  const isMuxed = context.role === 'answer' && rtcpMux
  const ice = context.ice?.describe(sharesWith ?? place, isMuxed ? 1 : 2) ?? null
  if (ice === null) return null
  return {
    ...{ kind, protocol, codecs, rtcpMux },
    ...groupOf(section, context),
    address: addressOf(ice.rtp.host),
    port: isOn ? ice.rtp.port : 0,
    rtcpPort: isMuxed ? null : (ice.rtcp?.port ?? ice.rtp.port + 1),
    direction: directionOf(section, context),
    ...localKeys(section, context),
    ice: saysIce(section, context) ? ice : null,
  }
}

/** Of bundled sections the first speaks for all (RFC 9143 §7.1.3). */
function saysIce({ path, sharesWith }: Section, { role }: DescribeContext): boolean {
  return sharesWith === null && (role === 'offer' || path.usesIce)
}

/** DTLS-SRTP alone is bundled: the engine has one association, and phones keyed otherwise expect a port each. */
function groupOf(section: Section, context: DescribeContext): Pick<LocalSection, 'mid' | 'isBundled'> {
  const { mid, place, isOn, isBundled } = section
  if (!usesDtls(section, context)) return { mid, isBundled: false }
  const isGrouped = isOn && (context.role === 'offer' || isBundled)
  return { mid: mid ?? (context.role === 'offer' ? `sotto${place}` : null), isBundled: isGrouped }
}

/** What was agreed stays; before that, what we offer. */
function usesDtls({ keying }: Section, { role, offerKeys }: DescribeContext): boolean {
  return keying === null ? role === 'offer' && offerKeys === 'dtls' : keying.kind === 'dtls'
}

type LocalKeys = Pick<LocalSection, 'zrtpHash' | 'crypto' | 'dtls'>

function localKeys(section: Section, context: DescribeContext): LocalKeys {
  const { role, fingerprint, farSetup } = context
  if (usesDtls(section, context)) {
    const dtls = fingerprint === undefined ? null : { fingerprint, setup: setupOf(role, farSetup) }
    return { zrtpHash: null, crypto: [], dtls }
  }
  const crypto = role === 'offer' || section.keying?.kind === 'sdes' ? cryptoLines(section) : []
  return { zrtpHash: section.zrtp?.helloHash ?? null, crypto, dtls: null }
}

/** The answerer takes the other part than the far end's (RFC 5763 §5). */
function setupOf(role: 'offer' | 'answer', farSetup: DescribeContext['farSetup']): DtlsSetup {
  if (role === 'offer') return 'actpass'
  return farSetup === 'active' ? 'passive' : 'active'
}

function directionOf({ remoteDirection }: Section, { role, held }: DescribeContext): SdpDirection {
  const sends = role === 'offer' || remoteDirection === 'sendrecv' || remoteDirection === 'recvonly'
  const receives = !held && (role === 'offer' || remoteDirection === 'sendrecv' || remoteDirection === 'sendonly')
  if (sends && receives) return 'sendrecv'
  return sends ? 'sendonly' : receives ? 'recvonly' : 'inactive'
}

export function addressOf(host: string): SdpConnection {
  return { addressType: host.includes(':') ? 'IP6' : 'IP4', address: host }
}
