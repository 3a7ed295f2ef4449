import { describe, expect, it } from 'vitest'
import { parseSdp } from './parse.ts'
import { codecAttributes, isSameCodec, readRtpMedia, type RtpMedia } from './rtp-media.ts'

const head = ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0']

function read(m: string, lines: readonly string[] = [], session: readonly string[] = []): RtpMedia | null {
  const text = [...head, ...session.map((line) => `a=${line}`), `m=${m}`, ...lines.map((line) => `a=${line}`)]
  const parsed = parseSdp(text.join('\r\n'))
  const [section] = parsed.media
  return section === undefined ? null : readRtpMedia(parsed, section)
}
const audio = (...lines: readonly string[]): RtpMedia | null => read('audio 4000 RTP/AVP 0', lines)
const fingerprint = (bytes: number): string => Array(bytes).fill('ab').join(':')

describe('the profile', () => {
  it.each([
    ['RTP/AVP', false, false, false],
    ['RTP/AVPF', false, true, false],
    ['RTP/SAVP', true, false, false],
    ['RTP/SAVPF', true, true, false],
    ['UDP/TLS/RTP/SAVP', true, false, true],
    ['UDP/TLS/RTP/SAVPF', true, true, true],
  ])('%s', (protocol, secure, hasFeedback, overDtls) => {
    expect(read(`audio 4000 ${protocol} 0`)).toMatchObject({ protocol, secure, hasFeedback, overDtls })
  })

  it.each(['RTP/SAVPG', 'udp', 'TCP/TLS/RTP/SAVPF', 'XRTP/AVP', 'RTP/AVP/x'])('%s is none of ours', (protocol) => {
    expect(read(`audio 4000 ${protocol} 0`)).toBeNull()
  })

  it('of other media is none of ours', () => {
    expect(read('message 4000 RTP/AVP 0')).toBeNull()
  })
})

describe('formats', () => {
  const codecs = (formats: string, ...lines: readonly string[]): readonly string[] =>
    read(`audio 4000 RTP/AVP ${formats}`, lines)?.codecs.map(
      ({ payloadType, name, clockRate, channels }) => `${payloadType} ${name}/${clockRate}/${channels}`,
    ) ?? []

  it('have a meaning without a map where RFC 3551 gives one', () => {
    expect(codecs('0 3 8 9 13 18 96 34')).toEqual([
      ...['0 PCMU/8000/1', '3 GSM/8000/1', '8 PCMA/8000/1', '9 G722/8000/1', '13 CN/8000/1', '18 G729/8000/1'],
    ])
  })

  it('are what their map says; the first one counts', () => {
    expect(codecs('96 0', 'rtpmap:96 opus/48000/2', 'rtpmap:96 evil/1', 'rtpmap:0 other/16000')).toEqual([
      ...['96 opus/48000/2', '0 other/16000/1'],
    ])
  })

  it.each(['opus', 'opus/0', 'opus/48000/200', 'opus/99999999', 'o p/8000', `${'x'.repeat(41)}/8000`, '/8000'])(
    'with the map "%s" are left out',
    (map) => {
      expect(codecs('96', `rtpmap:96 ${map}`)).toEqual([])
    },
  )

  it.each(['128', '-1', '1e1', '0x0', '00000000000', '*', 'opus'])('cannot be %s', (format) => {
    expect(codecs(format)).toEqual([])
  })

  it('have parameters and feedback of their own and of all', () => {
    const lines = ['fmtp:96 a=1;b=2', 'fmtp:96 evil', 'rtcp-fb:96 nack', 'rtcp-fb:* ccm fir', 'rtcp-fb:97 nack pli']
    expect(read('video 4000 RTP/AVPF 96', ['rtpmap:96 VP8/90000', ...lines])?.codecs).toEqual([
      {
        ...{ payloadType: 96, name: 'VP8', clockRate: 90_000, channels: 1 },
        ...{ parameters: 'a=1;b=2', feedback: ['nack', 'ccm fir'] },
      },
    ])
  })

  it('count once however often they are written, with 32 feedback messages at most', () => {
    const media = read(`audio 4000 RTP/AVPF${' 0'.repeat(4_000)}`, Array<string>(1_900).fill('rtcp-fb:* nack'))
    expect(media?.codecs).toHaveLength(1)
    expect(media?.codecs[0]?.feedback).toHaveLength(32)
  })

  it('are written as they were read', () => {
    const lines = ['rtpmap:96 opus/48000/2', 'fmtp:96 x=1', 'rtcp-fb:96 nack']
    const [codec] = read('audio 4000 RTP/AVPF 96', lines)?.codecs ?? []
    const written = codec === undefined ? [] : codecAttributes(codec).map(({ name, value }) => `${name}:${value}`)
    expect(written).toEqual(lines)
  })

  it('are the same by name in any case, clock and channels', () => {
    const [a, b, c, d] =
      read('audio 4000 RTP/AVP 96 97 98 99', [
        ...['rtpmap:96 opus/48000/2', 'rtpmap:97 OPUS/48000/2', 'rtpmap:98 opus/48000', 'rtpmap:99 opus/16000/2'],
      ])?.codecs ?? []
    if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error('missing')
    expect([isSameCodec(a, b), isSameCodec(a, c), isSameCodec(a, d)]).toEqual([true, false, false])
  })
})

describe('the transport', () => {
  it.each([
    ['4001', 4_001],
    ['4001 IN IP4 192.0.2.7', 4_001],
    ['0', null],
    ['65536', null],
    ['-1', null],
    ['port', null],
    ['', null],
  ])('of RTCP "%s" (RFC 3605) is %s', (value, port) => {
    expect(audio(`rtcp:${value}`)?.rtcpPort).toBe(port)
  })

  it('shares a port when it says so (RFC 5761)', () => {
    expect([audio()?.rtcpMux, audio('rtcp-mux')?.rtcpMux]).toEqual([false, true])
  })

  it('has an address of its own, or the session’s', () => {
    expect(audio()?.connection).toEqual({ addressType: 'IP4', address: '192.0.2.1' })
  })

  it('of ICE (RFC 8839) is the section’s, or the session’s, and has both halves', () => {
    const password = 'p'.repeat(22)
    const candidates = ['1 1 UDP 1 192.0.2.1 4000 typ host', '2 1 UDP 2 192.0.2.2 4000 typ host']
    const ice = ['ice-ufrag:abcd', `ice-pwd:${password}`]
    expect(audio(...ice, ...candidates.map((one) => `candidate:${one}`))?.ice).toEqual({
      ...{ ufrag: 'abcd', password, candidates, lite: false, ice2: false },
    })
    expect(read('audio 4000 RTP/AVP 0', [], [...ice, 'ice-lite', 'ice-options:trickle ice2'])?.ice).toMatchObject({
      ufrag: 'abcd',
      lite: true,
      ice2: true,
    })
    expect(audio('ice-ufrag:abcd')?.ice).toBeNull()
    expect(audio('ice-ufrag:abc', `ice-pwd:${password}`)?.ice).toBeNull()
    expect(audio('ice-ufrag:ab:d', `ice-pwd:${password}`)?.ice).toBeNull()
    expect(audio('ice-ufrag:abcd', `ice-pwd:${'p'.repeat(21)}`)?.ice).toBeNull()
    expect(audio('ice-ufrag:abcd', `ice-pwd:${'p'.repeat(257)}`)?.ice).toBeNull()
  })

  it('names its senders once, and sixteen at most', () => {
    expect(audio('ssrc:5 cname:a', 'ssrc:5 msid:b', 'ssrc:6')?.ssrcs).toEqual([5, 6])
    expect(audio('ssrc:0', 'ssrc:4294967296', 'ssrc:-1', 'ssrc:x', 'ssrc')?.ssrcs).toEqual([])
    expect(audio(...Array.from({ length: 40 }, (_, at) => `ssrc:${at + 1}`))?.ssrcs).toHaveLength(16)
  })

  it.each([
    ['20', 20],
    ['0', null],
    ['1001', null],
    ['20.5', null],
  ])('packs %s ms', (value, ptime) => {
    expect(audio(`ptime:${value}`)?.ptime).toBe(ptime)
  })
})

describe('keys', () => {
  it('by fingerprint are upper case, of a length that some hash has', () => {
    expect(audio(`fingerprint:SHA-256 ${fingerprint(32)}`)?.fingerprint).toEqual({
      ...{ hash: 'sha-256', value: fingerprint(32).toUpperCase() },
    })
    for (const bad of [
      'sha-256',
      `sha-256 ${fingerprint(15)}`,
      `sha-256 ${fingerprint(65)}`,
      `sha-256 ${fingerprint(32)}:`,
    ])
      expect(audio(`fingerprint:${bad}`)?.fingerprint).toBeNull()
  })

  it('are the section’s before the session’s', () => {
    const session = [`fingerprint:sha-256 ${fingerprint(32)}`, 'setup:actpass', 'zrtp-hash:1.10 of the session']
    const own = ['setup:passive', 'zrtp-hash:1.10 own']
    expect(read('audio 4000 RTP/AVP 0', own, session)).toMatchObject({
      ...{ setup: 'passive', zrtpHash: '1.10 own', fingerprint: { hash: 'sha-256' } },
    })
    expect(read('audio 4000 RTP/AVP 0', [], session)).toMatchObject({
      setup: 'actpass',
      zrtpHash: '1.10 of the session',
    })
  })

  it('take no role that is none', () => {
    for (const role of ['active', 'passive', 'actpass', 'holdconn']) expect(audio(`setup:${role}`)?.setup).toBe(role)
    expect(audio('setup:both')?.setup).toBeNull()
  })
})
