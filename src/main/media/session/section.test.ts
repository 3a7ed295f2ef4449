import { describe, expect, it } from 'vitest'
import { parseSdp } from '#protocol/sdp/parse.ts'
import { readRtpMedia, type RtpMedia } from '#protocol/sdp/rtp-media.ts'
import type { SectionPath } from '../network/section-path.ts'
import { aimAt, wishOf, type Section } from './section.ts'

function media(host: string, more: readonly string[] = []): RtpMedia {
  const family = host.includes(':') ? 'IP6' : 'IP4'
  const head = ['v=0', 'o=- 1 1 IN IP4 192.0.2.9', 's=-', `c=IN ${family} ${host}`, 't=0 0']
  const session = parseSdp([...head, 'm=audio 4000 RTP/AVP 0', ...more, ''].join('\r\n'))
  const read = session.media[0] === undefined ? null : readRtpMedia(session, session.media[0])
  if (read === null) throw new Error('no section')
  return read
}

/** Where packets would go; null where the description is refused. */
function aimed(host: string, own = '192.0.2.1', more: readonly string[] = []): readonly string[] | null {
  const to: string[] = []
  const path = {
    aim: (rtp: { host: string; port: number }, rtcp: { port: number }) =>
      to.push(`${rtp.host} ${rtp.port} ${rtcp.port}`),
  } as unknown as SectionPath
  return aimAt({ path } as unknown as Section, media(host, more), own) ? to : null
}

describe('a description without ICE', () => {
  it('leads to the one host that it names by number', () => {
    expect(aimed('198.51.100.7')).toEqual(['198.51.100.7 4000 4001'])
    expect(aimed('198.51.100.7', '192.0.2.1', ['a=rtcp:5009'])).toEqual(['198.51.100.7 4000 5009'])
    expect(aimed('::ffff:198.51.100.7')).toEqual(['198.51.100.7 4000 4001'])
    expect(aimed('2001:db8::7', '2001:db8::1', ['a=rtcp-mux'])).toEqual(['2001:db8::7 4000 4000'])
  })

  it.each([
    'tracker.example',
    '224.0.0.1',
    '239.1.2.3/1',
    '255.255.255.255',
    '240.0.0.1',
    '0.1.2.3',
    'ff02::1',
    '1.2.3',
  ])('leads nowhere with %s', (host) => {
    expect(aimed(host)).toBeNull()
  })

  it('leads to this computer only where our own address is on it', () => {
    for (const host of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) expect(aimed(host), host).toBeNull()
    expect(aimed('127.0.0.9', '127.0.0.1')).toEqual(['127.0.0.9 4000 4001'])
  })

  it('with no address holds us, and changes no destination', () => {
    for (const host of ['0.0.0.0', '::']) {
      expect(aimed(host)).toEqual([])
      expect(wishOf(media(host))).toBe('sendonly')
      expect(wishOf(media(host, ['a=recvonly']))).toBe('inactive')
    }
    expect(wishOf(media('192.0.2.3', ['a=recvonly']))).toBe('recvonly')
  })
})
