import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answererRole, offererRole, readChat, writeChat, type ChatDescription } from './chat-description.ts'

const chat: ChatDescription = {
  path: ['msrps://relay.example:2855/s1;tcp', 'msrps://x.invalid:2855/own;ws'],
  acceptTypes: ['message/cpim', 'text/plain'],
  acceptWrappedTypes: ['*'],
  setup: 'actpass',
}

describe('a chat description', () => {
  it('reads back as written', () => {
    const text = writeChat({ chat, sessionId: '17' })
    expect(readChat(text)).toEqual({ chat, index: 0 })
    expect(text).toContain('\r\nm=message 2855 TCP/TLS/MSRP *\r\n')
    expect(text.endsWith('\r\n')).toBe(true)
  })

  it('answers a chat among other media, refusing those in their places', () => {
    const sdp = `v=0\nm=audio 5000 RTP/AVP 0\na=path:msrp://wrong:1/x;tcp\nm=message 0 TCP/MSRP *\na=path:msrp://off:1/x;tcp\nm=message 9 TCP/MSRP *\na=path:msrp://192.0.2.1:9/abc;tcp\n`
    const found = readChat(sdp)
    expect(found).toMatchObject({ index: 2, chat: { path: ['msrp://192.0.2.1:9/abc;tcp'], setup: null } })
    const answer = writeChat({ chat, sessionId: '1', offer: { sdp, index: 2 } })
    expect(answer.match(/^m=.*$/gm)).toEqual([
      'm=audio 0 RTP/AVP 0',
      'm=message 0 TCP/MSRP *',
      'm=message 2855 TCP/TLS/MSRP *',
    ])
  })

  it.each([
    '',
    'm=message',
    'm=message 1 TCP/MSRP *',
    'm=message 1 UDP/MSRP *\r\na=path:msrp://a:1/b;tcp',
    'm=message 1 TCP/MSRP *\r\na=path:http://a',
  ])('is not found in %j', (sdp) => {
    expect(readChat(`v=0\r\n${sdp}\r\n`)).toBeNull()
  })

  it('no input makes it throw', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => void readChat(`v=0\r\nm=message 1 TCP/MSRP ${text}`)),
    )
    expect(readChat('m=message '.repeat(10_000))).toBeNull()
  })

  it('lets exactly one side bind', () => {
    for (const offer of ['active', 'passive', 'actpass', null] as const) {
      const answerer = answererRole(offer)
      expect([answerer, offererRole(answerer)].sort()).toEqual(['active', 'passive'])
    }
    expect(offererRole(null)).toBe('active')
  })
})
