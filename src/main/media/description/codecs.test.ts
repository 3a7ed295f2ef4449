import { describe, expect, it } from 'vitest'
import { parseSdp } from '#protocol/sdp/parse.ts'
import { readRtpMedia, type RtpCodec, type RtpMedia } from '#protocol/sdp/rtp-media.ts'
import { answerCodecs, answeredCodecs, offerCodecs, rendererCodecs, usableCodecs, type CodecChoice } from './codecs.ts'

const dtls = 'UDP/TLS/RTP/SAVPF'

function media(kind: 'audio' | 'video', formats: string, ...lines: readonly string[]): RtpMedia {
  return section('RTP/AVP', kind, formats, ...lines)
}

function section(protocol: string, kind: string, formats: string, ...lines: readonly string[]): RtpMedia {
  const head = [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    `m=${kind} 4000 ${protocol} ${formats}`,
  ]
  const session = parseSdp([...head, ...lines.map((line) => `a=${line}`)].join('\r\n'))
  const [first] = session.media
  const read = first === undefined ? null : readRtpMedia(session, first)
  if (read === null) throw new Error('no section')
  return read
}

const audio = media(
  'audio',
  '111 63 9 0 8 13 110 126',
  ...['rtpmap:111 opus/48000/2', 'fmtp:111 minptime=10;useinbandfec=1', 'rtcp-fb:111 transport-cc'],
  ...['rtpmap:63 red/48000/2', 'rtpmap:9 G722/8000', 'rtpmap:0 PCMU/8000', 'rtpmap:8 PCMA/8000', 'rtpmap:13 CN/8000'],
  ...['rtpmap:110 telephone-event/48000', 'rtpmap:126 telephone-event/8000'],
).codecs

const h264 = (type: number, level: string, mode = 1): string[] => [
  ...[`rtpmap:${type} H264/90000`, `rtcp-fb:${type} nack`, `rtcp-fb:${type} nack pli`, `rtcp-fb:${type} goog-remb`],
  `fmtp:${type} level-asymmetry-allowed=1;packetization-mode=${mode};profile-level-id=${level}`,
]
const video = media(
  'video',
  '96 97 102 104 106 108 98 100 45',
  ...['rtpmap:96 VP8/90000', 'rtcp-fb:96 nack pli', 'rtcp-fb:96 transport-cc', 'rtpmap:97 rtx/90000', 'fmtp:97 apt=96'],
  ...[...h264(102, '42001f'), ...h264(104, '42e01f', 0), ...h264(106, '42e01f'), ...h264(108, '64001f')],
  ...['rtpmap:98 VP9/90000', 'fmtp:98 profile-id=0', 'rtpmap:100 VP9/90000', 'fmtp:100 profile-id=2'],
  ...['rtpmap:45 AV1/90000', 'fmtp:45 level-idx=5;profile=0;tier=0'],
).codecs

const types = (codecs: readonly RtpCodec[]): number[] => codecs.map(({ payloadType }) => payloadType)
const pairsOf = ({ pairs }: CodecChoice): number[][] =>
  pairs.map(({ network, renderer }) => [network.payloadType, renderer.payloadType])

describe('what goes on the wire', () => {
  it('is what phones know, in our order, with our own events', () => {
    const { pairs, events } = offerCodecs('audio', audio)
    expect(types(pairs.map(({ network }) => network))).toEqual([111, 9, 8, 0])
    expect(events).toMatchObject({ payloadType: 101, name: 'telephone-event', clockRate: 8_000, parameters: '0-15' })
    expect(pairs.flatMap(({ network }) => network.feedback)).toEqual([])
  })

  it('of pictures is baseline in fragments, first profiles, and feedback that both ends know', () => {
    const { pairs, events } = offerCodecs('video', video)
    expect(types(pairs.map(({ network }) => network))).toEqual([96, 102, 98, 45])
    expect(pairs.map(({ network }) => network.feedback)).toEqual([['nack pli'], ['nack', 'nack pli'], [], []])
    expect(events).toBeNull()
  })

  it('has no events where the engine took their number', () => {
    const taken = audio.map((codec) => (codec.name === 'PCMA' ? { ...codec, payloadType: 101 } : codec))
    expect(offerCodecs('audio', taken).events).toBeNull()
  })

  it('is nothing of what nobody knows', () => {
    expect(usableCodecs('audio', media('audio', '97 13', 'rtpmap:97 speex/16000').codecs)).toEqual([])
    expect(usableCodecs('audio', video)).toEqual([])
    expect(offerCodecs('audio', []).pairs).toEqual([])
  })
})

describe('an answer', () => {
  it('takes static types without a map, in the offerer’s order and numbers', () => {
    expect(pairsOf(answerCodecs(media('audio', '8 0 9 3 18'), audio))).toEqual([
      ...[
        [8, 8],
        [0, 0],
        [9, 9],
      ],
    ])
  })

  it('pairs the numbers of both sides', () => {
    const choice = answerCodecs(
      media('audio', '96 101', 'rtpmap:96 OPUS/48000/2', 'rtpmap:101 telephone-event/8000'),
      audio,
    )
    expect(pairsOf(choice)).toEqual([[96, 111]])
    expect(choice.events).toMatchObject({ payloadType: 101, clockRate: 8_000 })
  })

  it('takes the events of the clock in use, or those there are, or none', () => {
    const opus = ['rtpmap:96 opus/48000/2', 'rtpmap:100 telephone-event/8000', 'rtpmap:101 telephone-event/48000']
    expect(answerCodecs(media('audio', '96 100 101', ...opus), audio).events?.payloadType).toBe(101)
    expect(answerCodecs(media('audio', '0 100 101', ...opus), audio).events?.payloadType).toBe(100)
    expect(answerCodecs(media('audio', '96 100', ...opus), audio).events?.payloadType).toBe(100)
    expect(answerCodecs(media('audio', '0'), audio).events).toBeNull()
    expect(answerCodecs(media('audio', '101', ...opus), audio)).toEqual({ pairs: [], events: null })
  })

  it('does not take one channel for two', () => {
    expect(answerCodecs(media('audio', '96', 'rtpmap:96 opus/48000'), audio).pairs).toEqual([])
  })

  it.each([
    ['42e01f', [[99, 102]]],
    ['42801e', [[99, 102]]],
    ['4d001f', []],
    ['64001f', []],
  ])('to H.264 of profile %s', (level, pairs) => {
    expect(pairsOf(answerCodecs(media('video', '99', ...h264(99, level)), video))).toEqual(pairs)
  })

  it('to H.264 that names no profile is baseline', () => {
    expect(pairsOf(answerCodecs(media('video', '99', 'rtpmap:99 H264/90000'), video))).toEqual([[99, 102]])
  })
})

describe('an answer to us', () => {
  it('uses the answerer’s numbers', () => {
    const offered = offerCodecs('audio', audio)
    const answer = media(
      'audio',
      '120 8 121',
      'rtpmap:120 opus/48000/2',
      'fmtp:120 stereo=0',
      'rtpmap:121 telephone-event/8000',
    )
    const choice = answeredCodecs(offered, answer)
    expect(pairsOf(choice)).toEqual([
      ...[
        [120, 111],
        [8, 8],
      ],
    ])
    expect(choice.events?.payloadType).toBe(121)
    expect(choice.pairs[0]).toMatchObject({ network: { parameters: 'minptime=10;useinbandfec=1' }, theirs: 'stereo=0' })
  })

  it('with what was not offered is nothing', () => {
    expect(
      answeredCodecs(offerCodecs('audio', audio), media('audio', '18 101', 'rtpmap:101 telephone-event/8000')),
    ).toEqual({ pairs: [], events: null })
  })
})

describe('digits under DTLS-SRTP', () => {
  const phone = ['rtpmap:96 opus/48000/2', 'rtpmap:101 telephone-event/8000']

  it('are the engine’s: offered under its numbers, and none are ours to write', () => {
    const { pairs, events } = offerCodecs('audio', audio, true)
    expect(types(pairs.map(({ network }) => network))).toEqual([111, 9, 8, 0, 110, 126])
    expect(events).toBeNull()
  })

  it('are named to each side by the number the other takes them under', () => {
    const offered = answerCodecs(section(dtls, 'audio', '96 101', ...phone), audio)
    const taken = answeredCodecs(offerCodecs('audio', audio, true), section(dtls, 'audio', '96 101', ...phone))
    for (const choice of [offered, taken]) {
      expect(pairsOf(choice)).toEqual([
        ...[
          [111, 96],
          [126, 101],
        ],
      ])
      expect(choice.events).toBeNull()
      expect(types(rendererCodecs('audio', choice))).toEqual([96, 101])
    }
  })

  it('alone are no sound', () => {
    const digits = section(dtls, 'audio', '101', 'rtpmap:101 telephone-event/8000')
    expect(answerCodecs(digits, audio).pairs).toEqual([])
    expect(answeredCodecs(offerCodecs('audio', audio, true), digits).pairs).toEqual([])
  })
})

describe('the renderer is told', () => {
  it('what the other side wants of Opus, and nothing else of its parameters', () => {
    const answer = media(
      ...(['audio', '96 8', 'rtpmap:96 opus/48000/2', 'fmtp:96 maxaveragebitrate=20000;stereo=1'] as const),
      'fmtp:8 evil=1',
    )
    const told = rendererCodecs('audio', answerCodecs(answer, audio))
    expect(told).toMatchObject([
      { payloadType: 111, parameters: 'maxaveragebitrate=20000;stereo=1', feedback: [] },
      { payloadType: 8, parameters: null },
    ])
  })

  it('of feedback what the other side has of ours, and that the gateway asks by itself', () => {
    const answer = media(
      'video',
      '99',
      'rtpmap:99 VP8/90000',
      'rtcp-fb:* ccm tmmbr',
      'rtcp-fb:99 nack pli',
      'rtcp-fb:99 transport-cc',
    )
    const told = rendererCodecs('video', answerCodecs(answer, video))
    expect(told).toMatchObject([{ payloadType: 96, feedback: ['nack pli', 'goog-remb'] }])
  })
})
