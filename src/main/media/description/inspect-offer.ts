import { ProtocolError } from '#shared/errors.ts'
import { parseSdp } from '#protocol/sdp/parse.ts'
import { readRtpMedia } from '#protocol/sdp/rtp-media.ts'
import { wipeUntaken } from '../session/their-keys.ts'

/** Whether an offer asks for a call, and for pictures; null for anything else. An offer yet to come is one of sound. */
export function inspectOffer(sdp: string | null): { readonly video: boolean } | null {
  if (sdp === null) return { video: false }
  try {
    const session = parseSdp(sdp)
    const media = session.media.map((section) => readRtpMedia(session, section))
    wipeUntaken(media, [])
    const offers = (kind: 'audio' | 'video'): boolean => media.some((one) => one?.kind === kind && one.port !== 0)
    return offers('audio') ? { video: offers('video') } : null
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}
