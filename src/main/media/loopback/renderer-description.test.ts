import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ProtocolError } from '#shared/errors.ts'
import { parseSdp } from '#protocol/sdp/parse.ts'
import { readRtpMedia } from '#protocol/sdp/rtp-media.ts'
import { attributeOf, attributeValues } from '#protocol/sdp/session.ts'
import { offerCodecs, rendererCodecs } from '../description/codecs.ts'
import { readRendererOffer, writeRendererAnswer, type AnswerTransport } from './renderer-description.ts'

const read = (name: string): string =>
  readFileSync(new URL(`../../../../test/fixtures/chromium/${name}.sdp`, import.meta.url), 'utf8')
const sound = read('offer-audio')
const pictures = read('offer-audio-video')
const transport: AnswerTransport = {
  ...{ port: 5_000, ufrag: 'abcd', password: 'p'.repeat(24), setup: 'active' },
  fingerprint: { hash: 'sha-256', value: Array(32).fill('CD').join(':') },
}

describe('the offer of Chromium', () => {
  it('has what the leg relies on', () => {
    const offer = readRendererOffer(sound)
    expect(offer?.transport).toMatchObject({ fingerprint: { hash: 'sha-256', value: Array(32).fill('AB').join(':') } })
    expect(offer?.transport.ufrag).toMatch(/^[A-Za-z0-9+/]{4,}$/)
    expect(offer?.media.map(({ kind, mid }) => [kind, mid])).toEqual([['audio', '0']])
    expect(readRendererOffer(pictures)?.media.map(({ kind, mid }) => [kind, mid])).toEqual([
      ...[
        ['audio', '1'],
        ['video', '2'],
      ],
    ])
  })

  it('names its senders and codecs that can go on the wire', () => {
    for (const { kind, ssrcs, codecs } of readRendererOffer(pictures)?.media ?? []) {
      expect(ssrcs.length).toBeGreaterThan(0)
      const names = offerCodecs(kind, codecs).pairs.map(({ network }) => network.name.toLowerCase())
      expect(names.slice(0, 1)).toEqual([kind === 'audio' ? 'opus' : 'vp8'])
    }
    const [audio] = readRendererOffer(sound)?.media ?? []
    expect(offerCodecs('audio', audio?.codecs ?? []).events).not.toBeNull()
  })

  it.each([
    ['ICE', /a=ice-ufrag:.*\r\n/g],
    ['a fingerprint', /a=fingerprint:.*\r\n/g],
    ['a fingerprint of SHA-256', /a=fingerprint:sha-256/g, 'a=fingerprint:sha-1'],
    ['names of its sections', /a=mid:.*\r\n/g],
    ['sections', /m=[^]*$/g],
    ['RTP', /UDP\/TLS\/RTP\/SAVPF/g, 'UDP/DTLS/SCTP'],
  ])('without %s is none', (_what, missing, instead = '') => {
    expect(readRendererOffer(pictures.replace(missing, instead))).toBeNull()
  })

  it('that is no description at all is refused by name', () => {
    expect(() => readRendererOffer('hello')).toThrow(ProtocolError)
  })
})

describe('our answer', () => {
  const offer = readRendererOffer(pictures)
  const answer = (kinds: readonly ('audio' | 'video')[]): string =>
    writeRendererAnswer(
      (offer?.media ?? []).map(({ kind, mid, codecs }) => ({
        ...{ kind, mid, direction: 'sendrecv', startBitrate: 800 },
        codecs: kinds.includes(kind) ? rendererCodecs(kind, offerCodecs(kind, codecs)) : [],
      })),
      transport,
      3,
    )

  it('names one loopback address and the codecs by the renderer’s numbers', () => {
    const session = parseSdp(answer(['audio', 'video']))
    expect(attributeOf(session, 'group')).toBe('BUNDLE 1 2')
    expect(attributeOf(session, 'ice-lite')).toBeNull()
    expect(session.origin.sessionVersion).toBe('3')
    for (const section of session.media) {
      const media = readRtpMedia(session, section)
      const offered = offer?.media.find(({ kind }) => kind === media?.kind)
      expect(attributeValues(section, 'candidate')).toEqual(['1 1 udp 2130706431 127.0.0.1 5000 typ host'])
      expect(media).toMatchObject({ rtcpMux: true, setup: 'active', fingerprint: transport.fingerprint })
      expect(media?.ice).toMatchObject({ ufrag: 'abcd', lite: true })
      for (const { payloadType, name } of media?.codecs ?? [])
        expect(offered?.codecs).toContainEqual(expect.objectContaining({ payloadType, name }))
      expect(media?.codecs.every(({ parameters }) => parameters?.includes('x-google-start-bitrate=800'))).toBe(true)
    }
  })

  it('refuses a section in its place, and leaves it out of the bundle', () => {
    const session = parseSdp(answer(['audio']))
    expect(attributeOf(session, 'group')).toBe('BUNDLE 1')
    expect(session.media.map(({ kind, port }) => [kind, port])).toEqual([
      ...[
        ['audio', 9],
        ['video', 0],
      ],
    ])
    expect(session.media[1]?.attributes).toEqual([
      ...[
        { name: 'mid', value: '2' },
        { name: 'inactive', value: null },
      ],
    ])
  })
})
