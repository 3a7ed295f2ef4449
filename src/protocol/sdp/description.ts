/** The same session in `sdp-transform`'s shape: codecs, ICE, SSRC and the rest already taken apart. */
import { parse, write, type SessionDescription } from 'sdp-transform'
import { parseSdp } from './parse.ts'
import { serializeSdp } from './serialize.ts'
import type { SdpSession } from './session.ts'

/** Detailed view of a checked session. Lines the library does not know stand under `invalid`. */
export function describeSession(session: SdpSession): SessionDescription {
  return parse(serializeSdp(session))
}

/** Back to the lossless form, checked like anything from outside. @throws ProtocolError */
export function sessionOf(description: SessionDescription): SdpSession {
  return parseSdp(write(description))
}
