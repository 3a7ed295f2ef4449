import { describe, expect, it } from 'vitest'
import { inspectOffer } from './inspect-offer.ts'

const head = ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0']
const offer = (...lines: readonly string[]): string => [...head, ...lines].join('\r\n')

describe('an offer', () => {
  it.each([
    ['of sound', offer('m=audio 4000 RTP/AVP 0'), false],
    ['of sound and pictures', offer('m=audio 4000 RTP/SAVP 0', 'm=video 4002 RTP/SAVP 96'), true],
    ['of pictures that are off', offer('m=audio 4000 RTP/AVP 0', 'm=video 0 RTP/AVP 96'), false],
    ['of codecs that nobody has', offer('m=audio 4000 RTP/AVP 97', 'a=rtpmap:97 nobody/1'), false],
    ['without an address', offer('m=audio 4000 RTP/AVP 0').replace('c=IN IP4 192.0.2.1\r\n', ''), false],
    ['yet to come', null, false],
  ])('%s is a call', (_what, sdp, video) => {
    expect(inspectOffer(sdp)).toEqual({ video })
  })

  it.each([
    ['nothing', ''],
    ['something else', 'hello'],
    ['no section', offer()],
    ['sound that is off', offer('m=audio 0 RTP/AVP 0')],
    ['pictures alone', offer('m=video 4000 RTP/AVP 96')],
    ['a chat', offer('m=message 9 TCP/MSRP *')],
    ['an unknown profile', offer('m=audio 4000 RTP/NOPE 0')],
    ['no origin', offer('m=audio 4000 RTP/AVP 0').replace(/o=.*\r\n/, '')],
    ['a port past the end', offer('m=audio 70000 RTP/AVP 0')],
    ['too many sections', offer(...Array<string>(65).fill('m=audio 4000 RTP/AVP 0'))],
    ['too many lines', offer('m=audio 4000 RTP/AVP 0', ...Array<string>(2_000).fill('a=x'))],
    ['too long a line', offer('m=audio 4000 RTP/AVP 0', `a=${'x'.repeat(8_200)}`)],
    ['too much', offer('m=audio 4000 RTP/AVP 0', ...Array<string>(20).fill(`a=${'x'.repeat(4_000)}`))],
  ])('of %s is none', (_what, sdp) => {
    expect(inspectOffer(sdp)).toBeNull()
  })
})
