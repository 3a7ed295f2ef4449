import { expect, it } from 'vitest'
import { parseSdp } from '#protocol/sdp/parse.ts'
import { readRtpMedia, type RtpCodec, type RtpMedia } from '#protocol/sdp/rtp-media.ts'
import { answerCodecs, answeredCodecs, offerCodecs, rendererCodecs, type CodecChoice } from './codecs.ts'

const plain = { channels: 1, parameters: null, feedback: [] }
const renderer: readonly RtpCodec[] = [
  { ...plain, payloadType: 111, name: 'opus', clockRate: 48_000, channels: 2 },
  { ...plain, payloadType: 0, name: 'PCMU', clockRate: 8_000 },
]

function audio(protocol: string): RtpMedia {
  const lines = ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0']
  const section = [`m=audio 4000 ${protocol} 96 0`, 'a=rtpmap:96 opus/48000/2', '']
  const session = parseSdp([...lines, ...section].join('\r\n'))
  return readRtpMedia(session, session.media[0]!)!
}

function numbers(choice: CodecChoice): { readonly network: number[]; readonly renderer: number[] } {
  return {
    network: choice.pairs.map(({ network }) => network.payloadType),
    renderer: rendererCodecs('audio', choice).map(({ payloadType }) => payloadType),
  }
}

it('numbers codecs for each leg by itself where the gateway writes the packets', () => {
  const separate = { network: [96, 0], renderer: [111, 0] }
  expect(numbers(answerCodecs(audio('RTP/AVP'), renderer))).toEqual(separate)
  expect(numbers(answeredCodecs(offerCodecs('audio', renderer), audio('RTP/AVP')))).toEqual(separate)
})

it('names under DTLS-SRTP what each end receives, in answers, for answers, and after another round', () => {
  const crossed = { network: [111, 0], renderer: [96, 0] }
  expect(numbers(answerCodecs(audio('UDP/TLS/RTP/SAVP'), renderer))).toEqual(crossed)
  const answered = answeredCodecs(offerCodecs('audio', renderer), audio('UDP/TLS/RTP/SAVPF'))
  expect(numbers(answered)).toEqual(crossed)
  expect(numbers(answeredCodecs(answered, audio('UDP/TLS/RTP/SAVPF')))).toEqual(crossed)
})
