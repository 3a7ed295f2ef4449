/** Descriptions read without throwing, and the small facts both sides derive from them. */
import { ProtocolError } from '#shared/errors.ts'
import { parseSdp } from '#protocol/sdp/parse.ts'
import { readRtpMedia, type DtlsSetup, type RtpMedia } from '#protocol/sdp/rtp-media.ts'
import type { SdpSession } from '#protocol/sdp/session.ts'
import type { OfferedKeys } from '../description/keying.ts'
import { readRendererOffer, type RendererOffer } from '../loopback/renderer-description.ts'
import type { MediaPlan } from '../media-port.ts'
import type { OwnKey } from './section.ts'

export function parsed(sdp: string): SdpSession | null {
  try {
    return parseSdp(sdp)
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

/** The sections of a description, by place; null for what is neither sound nor pictures over RTP. */
export function sectionsOf(session: SdpSession): readonly (RtpMedia | null)[] {
  return session.media.map((section) => readRtpMedia(session, section))
}

export function rendererOfferOf(text: string): RendererOffer | null {
  try {
    return readRendererOffer(text)
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

export function offeredProtocol(keys: MediaPlan['offer']): string {
  return { zrtp: 'RTP/AVP', sdes: 'RTP/SAVP', dtls: 'UDP/TLS/RTP/SAVPF' }[keys]
}

export function offeredKeys(kind: MediaPlan['offer'], sdes: OwnKey | null): OfferedKeys {
  return { kind, descriptions: sdes === null ? [] : [sdes.description] }
}

/**
 * What the renderer is told the far end does. Where it leaves the choice it begins: Chromium's ClientHello takes two datagrams, and
 * some DTLS stacks read only one.
 */
export function rendererSetup(theirs: DtlsSetup | null): 'active' | 'passive' {
  return theirs === 'passive' ? 'passive' : 'active'
}
