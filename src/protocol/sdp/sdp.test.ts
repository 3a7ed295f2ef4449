import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProtocolError } from '#shared/errors.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { describeSession, sessionOf } from './description.ts'
import { buildMessageMedia, readMessageMedia } from './message-media.ts'
import { parseSdp } from './parse.ts'
import { fuzz } from './sdp.fuzz.ts'
import { newOrigin, nextVersion, serializeSdp } from './serialize.ts'
import { attributeOf, attributeValues, connectionOf, directionOf } from './session.ts'

const folder = new URL('../../../test/vectors/rfc-sdp/', import.meta.url)
const names = readdirSync(folder).filter((name) => name.endsWith('.sdp'))
const textOf = (name: string) => readFileSync(new URL(name, folder), 'utf8')

const code = (text: string): string => {
  try {
    parseSdp(text)
    return 'accepted'
  } catch (error) {
    if (error instanceof ProtocolError) return String(error.code)
    throw error
  }
}

const base = 'v=0\r\no=- 1 2 IN IP4 host.example\r\ns=-\r\n'

describe('RFC examples', () => {
  /** Fragments and templates in the RFCs: no o=, or placeholders for values. */
  const fragments = ['rfc8839-02-L1770.sdp', 'rfc8839-04-L1810.sdp', 'rfc8859-07-L480.sdp', 'rfc8859-09-L2896.sdp']

  it('parse, but for fragments', () => {
    expect(names).toHaveLength(194)
    expect(names.filter((name) => code(textOf(name)) !== 'accepted')).toEqual(fragments)
  })

  it('come back the same when written', () => {
    for (const name of names) {
      if (fragments.includes(name)) continue
      const session = parseSdp(textOf(name))
      expect(parseSdp(serializeSdp(session)), name).toEqual(session)
      expect(parseSdp(textOf(name).replaceAll('\r\n', '\n')), name).toEqual(session)
      expect(sessionOf(describeSession(session)).media.length, name).toBe(session.media.length)
    }
  })
})

describe('parseSdp', () => {
  it('reads what chat and calls need', () => {
    const session = parseSdp(
      `${base}c=IN IP4 192.0.2.1\r\nt=0 0\r\na=recvonly\r\nm=audio 4000/2 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\nm=video 0 RTP/AVP 31\r\nc=IN IP6 2001:db8::1\r\na=sendonly\r\n`,
    )
    const [audio, video] = session.media
    expect(audio).toMatchObject({ kind: 'audio', port: 4000, portCount: 2, formats: ['0', '101'] })
    expect(attributeValues(audio!, 'rtpmap')).toEqual(['0 PCMU/8000', '101 telephone-event/8000'])
    expect([attributeOf(video!, 'sendonly'), attributeOf(video!, 'mid')]).toEqual([null, undefined])
    expect([directionOf(session, audio!), directionOf(session, video!)]).toEqual(['recvonly', 'sendonly'])
    expect([connectionOf(session, audio!)?.address, connectionOf(session, video!)?.address]).toEqual([
      '192.0.2.1',
      '2001:db8::1',
    ])
    expect(describeSession(session).media[0]?.rtp.map(({ codec }) => codec)).toEqual(['PCMU', 'telephone-event'])
  })

  it.each([
    ['', 'sdp-line'],
    ['v=1\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\n', 'sdp-missing'],
    ['v=0\r\ns=-\r\nt=0 0\r\n', 'sdp-missing'],
    [`s=-\r\n${base}t=0 0\r\n`, 'sdp-missing'],
    [`${base}t=0 0\r\nx=1\r\n`, 'sdp-line'],
    [`${base}t=0 0\r\n\r\na=x\r\n`, 'sdp-line'],
    [`${base}t=0 0\r\nm=audio 1 RTP/AVP 0\r\nt=0 0\r\n`, 'sdp-order'],
    [`${base}s=again\r\nt=0 0\r\n`, 'sdp-order'],
    [`${base}t=0 0\r\nm=audio 70000 RTP/AVP 0\r\n`, 'sdp-value'],
    [`${base}t=0 0\r\nm=audio 1 RTP/AVP\r\n`, 'sdp-value'],
    [`${base}c=IN IP4 h h\r\nt=0 0\r\n`, 'sdp-value'],
    [base.replace('- 1 2', '- one 2') + 't=0 0\r\n', 'sdp-value'],
    [`${base}t=0 0\r\n${'a=x\r\n'.repeat(2_001)}`, 'sdp-too-large'],
    [`${base}t=0 0\r\na=${'x'.repeat(9_000)}\r\n`, 'sdp-too-large'],
    [`${base}t=0 0\r\n${'m=audio 1 RTP/AVP 0\r\n'.repeat(65)}`, 'sdp-too-large'],
    ['x'.repeat(70_000), 'sdp-too-large'],
  ])('refuses %#', (text, expected) => expect(code(text)).toBe(expected))

  it('refuses bad UTF-8, and garbage only with ProtocolError', () => {
    expect(() => parseSdp(Buffer.from(`${base}t=0 0\r\na=\xff\r\n`, 'latin1'))).toThrow(
      expect.objectContaining({ code: 'sdp-encoding' }),
    )
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        expect(code(`${base}${text}`)).not.toBe('')
      }),
    )
    fuzz(20_000, 8866)
  })

  it.each(['\n', '\r\n'])('counts empty lines (%j) once, however many come', (end) => {
    const many = end.repeat(Math.floor(60_000 / end.length))
    expect([code(`v=0${many}x`), code(`v=0${many}`)]).toEqual(['sdp-too-large', 'sdp-too-large'])
    expect(parseSdp(`${base}t=0 0${end.repeat(1_000)}`).times).toEqual(['0 0'])
  })

  it('never writes a line break that a value smuggled in', () => {
    const session = parseSdp(`${base}t=0 0\r\n`)
    expect(() => serializeSdp({ ...session, name: 'x\r\na=evil' })).toThrow(RangeError)
  })
})

describe('building', () => {
  it('makes origins that grow', () => {
    const origin = newOrigin(new SeededRandom('sdp'), { addressType: 'IP4', address: '127.0.0.1' })
    expect(BigInt(origin.sessionId) < 2n ** 62n).toBe(true)
    expect(nextVersion({ ...origin, sessionVersion: '9007199254740993' }).sessionVersion).toBe('9007199254740994')
  })

  it('writes and reads MSRP media', () => {
    const message = {
      path: ['msrps://relay.example:2855/x;tcp', 'msrp://a.invalid/y;ws'],
      acceptTypes: ['message/cpim', 'text/plain'],
      acceptWrappedTypes: ['*'],
      maxSize: 1_000_000,
      setup: 'active',
      secure: true,
    } as const
    const session = parseSdp(
      serializeSdp({ ...parseSdp(`${base}t=0 0\r\n`), media: [buildMessageMedia(message, 2855)] }),
    )
    expect(readMessageMedia(session.media[0]!)).toEqual(message)
    expect(readMessageMedia({ ...session.media[0]!, attributes: [] })).toBeNull()
    expect(readMessageMedia({ ...session.media[0]!, kind: 'audio' })).toBeNull()
  })
})
