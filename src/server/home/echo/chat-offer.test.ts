import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readChatOffer, writeChatAnswer } from './chat-offer.ts'

const offer = [
  'v=0',
  'o=alice 1 1 IN IP4 127.0.0.1',
  's=-',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=audio 4000 RTP/AVP 0',
  'a=rtpmap:0 PCMU/8000',
  'm=message 2855 TCP/TLS/MSRP *',
  'a=accept-types:message/cpim text/plain',
  'a=path:msrps://relay.example:2855/x;tcp msrps://abc.invalid:2855/y;ws',
  'a=setup:active',
  '',
].join('\r\n')

test('reads the chat of an offer and refuses everything else in the answer', () => {
  const read = readChatOffer(offer)
  expect(read).toMatchObject({
    path: ['msrps://relay.example:2855/x;tcp', 'msrps://abc.invalid:2855/y;ws'],
    acceptTypes: ['message/cpim', 'text/plain'],
    role: 'passive',
    index: 1,
  })
  const answer = writeChatAnswer(read!, { path: ['msrp://a;tcp', 'msrp://b;ws'], id: '7' })
  expect(answer).toContain('m=audio 0 RTP/AVP 0\r\n')
  expect(answer).toContain('m=message 2855 TCP/TLS/MSRP *\r\n')
  expect(answer).toContain('a=path:msrp://a;tcp msrp://b;ws\r\n')
  expect(readChatOffer(offer.replace('setup:active', 'setup:passive'))?.role).toBe('active')
})

test.each([
  ['no chat', offer.replace('m=message', 'm=application')],
  ['a refused chat', offer.replace('m=message 2855', 'm=message 0')],
  ['no path', offer.replace('a=path', 'a=other')],
  ['another scheme in the path', offer.replace('msrps://relay', 'http://relay')],
  ['too much', offer + 'a=x\r\n'.repeat(10_000)],
])('takes no offer with %s', (_name, sdp) => {
  expect(readChatOffer(sdp)).toBeNull()
})

test('garbage never throws', () => {
  fc.assert(fc.property(fc.string(), (text) => void readChatOffer(`v=0\r\nm=message 1 TCP/MSRP *\r\n${text}`)))
})
