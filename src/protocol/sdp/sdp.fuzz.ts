/** Hostile descriptions: parsed or refused with ProtocolError; what parses survives being written. */
import { ProtocolError } from '#shared/errors.ts'
import { describeSession } from './description.ts'
import { readMessageMedia } from './message-media.ts'
import { parseSdp } from './parse.ts'
import { codecAttributes, readRtpMedia } from './rtp-media.ts'
import { readSecurityDescriptions, serializeSecurityDescription } from './security-descriptions.ts'
import { serializeSdp } from './serialize.ts'

const lines = [
  ...[
    'v=0',
    'v=1',
    'o=- 1 1 IN IP4 h',
    'o=a 99999999999999999999 1 IN IP6 ::1',
    'o=',
    's=-',
    's=',
    't=0 0',
    't=x',
    'c=IN IP4 1.2.3.4/127/3',
  ],
  ...[
    'c=IN IP6 ::',
    'm=audio 1 RTP/AVP 0',
    'm=message 0 TCP/MSRP *',
    'm=x 99999 y z',
    'm=audio 65535/9 RTP/SAVPF 0 0 96 127 128 x',
    'm=video 9 UDP/TLS/RTP/SAVPF 96',
    'a=',
    'a=a:b:c',
    'a=path:msrp://a',
    'a=rtpmap:x',
    'a=rtpmap:96 H264/90000/9',
    'a=rtcp-fb:* nack pli',
    'a=rtcp:65536 IN IP6 fe80::1%eth0',
    'a=zrtp-hash:1.10 00',
    'a=fingerprint:sha-256 AB:CD',
    'a=setup:holdconn',
    'a=ice-ufrag:abcd',
    'a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa',
    'a=ptime:0',
    'b=AS:1',
  ],
  ...[
    'a=fmtp:0 __proto__=1;constructor=2',
    'a=candidate:1 1 UDP 1 x 1 typ y',
    'a=ssrc:1 a:b',
    'a=accept-types:*',
    'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR|2^20|1:32',
    'a=crypto:2 AEAD_AES_128_GCM inline:|2^|: KDR=',
    'i=\0',
    'k=\r',
    '',
    '=',
    'r=1',
    'z=0',
  ],
]

function generator(seed: number): (below: number) => number {
  let state = (seed >>> 0) + 1
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function build(below: (below: number) => number): string {
  const head = below(3) === 0 ? [] : ['v=0', 'o=- 1 1 IN IP4 h', 's=-', 't=0 0']
  for (let count = below(12); count > 0; count -= 1) head.push(lines[below(lines.length)] ?? '')
  const text = head.join(below(4) === 0 ? '\n' : '\r\n')
  if (below(2) === 0) return text
  const at = below(text.length + 1)
  return text.slice(0, at) + String.fromCharCode(below(300)) + text.slice(at + below(3))
}

/** Runs `iterations` random descriptions; throws on the first that does anything but parse or be refused. */
export function fuzz(iterations: number, seed: number): void {
  const below = generator(seed)
  for (let iteration = 0; iteration < iterations; iteration += 1) {
    const text = build(below)
    try {
      const session = parseSdp(text)
      const written = serializeSdp(session)
      if (serializeSdp(parseSdp(written)) !== written) throw new Error('changed when written again')
      if (iteration % 16 === 0) describeSession(session)
      session.media.forEach(readMessageMedia)
      for (const media of session.media) readRtpMedia(session, media)?.codecs.forEach(codecAttributes)
      session.media.flatMap(readSecurityDescriptions).map(serializeSecurityDescription)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
    }
  }
}
