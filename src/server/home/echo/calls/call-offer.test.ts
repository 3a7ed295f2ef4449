import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import type { SdpOrigin } from '#protocol/sdp/session.ts'
import { addressesOf, readCallOffer, writeCallAnswer } from './call-offer.ts'

const head = ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0']
const sdp = (...lines: readonly string[]): string => [...head, ...lines, ''].join('\r\n')
const origin: SdpOrigin = {
  ...{ username: '-', sessionId: '5', sessionVersion: '1' },
  ...{ addressType: 'IP4', address: '127.0.0.1' },
}

describe('an offer to the echo contact', () => {
  it('is answered with the first codec it knows, events of the same clock, and nothing for the rest', () => {
    const offer = readCallOffer(
      sdp(
        'm=audio 4000 RTP/AVPF 18 96 97 98 0',
        ...['a=rtpmap:96 opus/48000/2', 'a=fmtp:96 useinbandfec=1', 'a=rtpmap:97 telephone-event/8000'],
        ...['a=rtpmap:98 telephone-event/48000', 'a=mid:a', 'a=rtcp-mux', 'a=sendonly'],
        'm=audio 4002 RTP/AVP 0',
        'm=video 4004 RTP/AVPF 100 101',
        ...['a=rtpmap:100 rtx/90000', 'a=rtpmap:101 H264/90000', 'a=rtcp-fb:* nack', 'a=rtcp-fb:101 nack pli'],
        'm=application 9 UDP/BFCP *',
      ),
    )!
    const own = [
      { index: 0, port: 6000, zrtpHash: '1.10 aa', sdes: null },
      { index: 2, port: 6002, zrtpHash: null, sdes: null },
    ]
    expect(writeCallAnswer(offer, origin, own).split('\r\n').slice(5)).toEqual([
      'm=audio 6000 RTP/AVPF 96 98',
      ...['a=mid:a', 'a=rtpmap:96 opus/48000/2', 'a=fmtp:96 useinbandfec=1', 'a=rtpmap:98 telephone-event/48000'],
      ...['a=recvonly', 'a=rtcp-mux', 'a=zrtp-hash:1.10 aa'],
      'm=audio 0 RTP/AVP 0',
      ...['m=video 6002 RTP/AVPF 101', 'a=rtpmap:101 H264/90000', 'a=rtcp-fb:101 nack pli', 'a=sendrecv'],
      'm=application 0 UDP/BFCP *',
      '',
    ])
  })

  test.each([
    ['nothing known', sdp('m=audio 4000 RTP/AVP 18 3')],
    ['switched off', sdp('m=audio 0 RTP/AVP 0')],
    ['DTLS', sdp('m=audio 4000 UDP/TLS/RTP/SAVPF 0')],
    ['secure without a usable key', sdp('m=audio 4000 RTP/SAVP 0', 'a=crypto:1 F8_128_HMAC_SHA1_80 inline:AAAA')],
    ['only repair', sdp('m=video 4000 RTP/AVP 100', 'a=rtpmap:100 rtx/90000')],
    ['no description', 'm=audio 4000 RTP/AVP 0'],
  ])('is not taken with %s', (_name, text) => {
    expect(readCallOffer(text)).toBeNull()
  })

  test.each([
    ['192.0.2.1', 4000, 4001],
    ['0.0.0.0', null, null],
    ['239.1.2.3', null, null],
    ['phone.example', null, null],
  ])('at %s: RTP to %s, RTCP to %s', (host, rtp, rtcp) => {
    const offer = readCallOffer(sdp('m=audio 4000 RTP/AVP 0', `c=IN IP4 ${host}`))
    const found = addressesOf(offer!.sections[0]!.media)
    expect([found?.rtp.port ?? null, found?.rtcp.port ?? null]).toEqual([rtp, rtcp])
  })

  it('never throws', () => {
    const line = fc.constantFrom(
      ...[
        'm=audio 4000 RTP/AVP 0 96',
        'm=video 1 RTP/SAVPF 96',
        'a=rtpmap:96 opus/48000/2',
        'a=sendonly',
        'a=crypto:1',
      ],
      ...['a=zrtp-hash:x', 'c=IN IP6 ::1', 'm=message 1 TCP/MSRP *', 'a=rtpmap:96 VP8/0', 'b=AS:1', 'a=mid:'],
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(line, fc.string())), (lines) => {
        const offer = readCallOffer(sdp(...lines))
        if (offer === null) return
        const own = offer.sections.map(({ index, sdes }) => ({ index, port: 6000, zrtpHash: null, sdes }))
        expect(writeCallAnswer(offer, origin, own).match(/^m=/gm)).toHaveLength(offer.session.media.length)
      }),
    )
  })
})
