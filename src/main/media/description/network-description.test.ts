import { describe, expect, it } from 'vitest'
import { parseSdp } from '#protocol/sdp/parse.ts'
import { readRtpMedia, type RtpCodec, type RtpMedia } from '#protocol/sdp/rtp-media.ts'
import { attributeOf } from '#protocol/sdp/session.ts'
import type { CodecChoice } from './codecs.ts'
import { writeNetworkDescription, type LocalSection } from './network-description.ts'

const codec = (payloadType: number, name: string, more: Partial<RtpCodec> = {}): RtpCodec => ({
  ...{ payloadType, name, clockRate: 8_000, channels: 1, parameters: null, feedback: [] },
  ...more,
})
const opus = codec(111, 'opus', { clockRate: 48_000, channels: 2, parameters: 'useinbandfec=1' })
const events = codec(101, 'telephone-event', { parameters: '0-15' })
const choice = (...codecs: readonly RtpCodec[]): CodecChoice => ({
  pairs: codecs.map((network) => ({ network, renderer: network, theirs: null })),
  events: null,
})
const address = { addressType: 'IP4', address: '127.0.0.1' } as const
const origin = { username: '-', sessionId: '7', sessionVersion: '1', ...address }
const section = (more: Partial<LocalSection> = {}): LocalSection => ({
  ...{
    kind: 'audio',
    mid: null,
    isBundled: false,
    protocol: 'RTP/AVP',
    address,
    port: 4_000,
    rtcpPort: 4_001,
    rtcpMux: true,
  },
  ...{ direction: 'sendrecv', codecs: { ...choice(opus), events } },
  ...{ zrtpHash: null, crypto: [], dtls: null, ice: null },
  ...more,
})
function roundTrip(...sections: Parameters<typeof writeNetworkDescription>[1]): (RtpMedia | null)[] {
  const session = parseSdp(writeNetworkDescription(origin, sections))
  return session.media.map((media) => readRtpMedia(session, media))
}

describe('a bundle', () => {
  const over = (mid: string, more: Partial<LocalSection> = {}): LocalSection =>
    section({ mid, protocol: 'UDP/TLS/RTP/SAVPF', isBundled: true, ...more })

  it('names its sections, the first for all of them', () => {
    const video = over('b', { kind: 'video', isBundled: false })
    expect(roundTrip(over('a'), over('b', { kind: 'video' })).map((one) => one?.bundleTag)).toEqual(['a', 'a'])
    expect(roundTrip(over('a'), video).map((one) => one?.bundleTag)).toEqual(['a', null])
    expect(writeNetworkDescription(origin, [over('a'), video])).toContain('a=group:BUNDLE a\r\n')
    expect(writeNetworkDescription(origin, [section()])).not.toContain('a=group')
  })

  it('that nobody’s call has is none; a section to be had in it only is not refused', () => {
    const two = writeNetworkDescription(origin, [over('a'), over('b', { kind: 'video', port: 0 })])
    const read = (sdp: string): (RtpMedia | null)[] => {
      const session = parseSdp(sdp)
      return session.media.map((media) => readRtpMedia(session, media))
    }
    expect(read(two)[1]?.port).toBe(0)
    expect(read(two.replace('a=mid:b', 'a=mid:b\r\na=bundle-only'))[1]?.port).toBe(9)
    const long = two.replace('BUNDLE a b', `BUNDLE a b${' x'.repeat(600)}`)
    expect(read(long).map((one) => one?.bundleTag)).toEqual([null, null])
    expect(read(two.replace('BUNDLE a b', 'LS a b')).map((one) => one?.bundleTag)).toEqual([null, null])
  })
})

describe('a description', () => {
  it('of ZRTP says everything that reading it gives again', () => {
    const zrtpHash = `1.10 ${'ab'.repeat(32)}`
    const [media] = roundTrip(section({ zrtpHash, mid: '0', direction: 'recvonly' }))
    expect(media).toMatchObject({
      ...{ kind: 'audio', mid: '0', port: 4_000, protocol: 'RTP/AVP', secure: false, overDtls: false },
      ...{ direction: 'recvonly', connection: address, rtcpPort: 4_001, rtcpMux: true, codecs: [opus, events] },
      ...{ crypto: [], zrtpHash, fingerprint: null, setup: null, ice: null, ssrcs: [] },
    })
  })

  it('of SDES and of DTLS carries their keys', () => {
    const key = '1 AES_CM_128_HMAC_SHA1_80 inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd'
    const fingerprint = { hash: 'sha-256', value: Array(32).fill('AB').join(':') }
    const [sdes, dtls] = roundTrip(
      section({ protocol: 'RTP/SAVP', crypto: [key] }),
      section({ protocol: 'UDP/TLS/RTP/SAVPF', dtls: { fingerprint, setup: 'actpass' } }),
    )
    expect(sdes).toMatchObject({ secure: true, overDtls: false, fingerprint: null })
    expect(sdes?.crypto).toMatchObject([{ tag: 1, suite: 'AES_CM_128_HMAC_SHA1_80' }])
    expect(dtls).toMatchObject({ secure: true, overDtls: true, hasFeedback: true, fingerprint, setup: 'actpass' })
  })

  it('carries ICE, and no RTCP port where there is none', () => {
    const ice = { ufrag: 'abcd', password: 'p'.repeat(22), candidates: ['1 1 UDP 1 127.0.0.1 4000 typ host'] }
    expect(roundTrip(section({ ice, rtcpPort: null }))).toMatchObject([
      { ice: { ...ice, lite: false }, rtcpPort: null },
    ])
  })

  it('has no bundle, and an address of its own only where it differs', () => {
    const other = { addressType: 'IP6', address: '::1' } as const
    const text = writeNetworkDescription(origin, [section(), section({ kind: 'video', address: other })])
    expect(attributeOf(parseSdp(text), 'group')).toBeUndefined()
    expect(text.match(/^c=.*$/gm)).toEqual(['c=IN IP4 127.0.0.1', 'c=IN IP6 ::1'])
    expect(roundTrip(section(), section({ kind: 'video', address: other }))[1]).toMatchObject({ connection: other })
  })

  it('keeps the places of what is refused', () => {
    const refused = { refused: { kind: 'image', protocol: 'udptl', formats: ['t38'] } }
    const session = parseSdp(writeNetworkDescription(origin, [refused, section()]))
    expect(session.media.map(({ kind, port, formats }) => [kind, port, formats[0]])).toEqual([
      ...[
        ['image', 0, 't38'],
        ['audio', 4_000, '111'],
      ],
    ])
  })

  it('of nothing that we take still is one', () => {
    const refused = { refused: { kind: 'audio', protocol: 'RTP/AVP', formats: ['18'] } }
    expect(roundTrip(refused)).toMatchObject([{ kind: 'audio', port: 0 }])
  })

  it.each([
    ['mid', { mid: '0\r\na=evil' }],
    ['protocol', { protocol: 'RTP/AVP 0\r\na=evil' }],
    ['parameters', { codecs: choice({ ...opus, parameters: 'x\na=evil' }) }],
    ['hash', { zrtpHash: '1.10 x\ra=evil' }],
  ])('with a line break in its %s is not written', (_what, more) => {
    expect(() => writeNetworkDescription(origin, [section(more)])).toThrow(RangeError)
  })
})
