import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { headerValue } from '../headers.ts'
import type { SipResponse } from '../message.ts'
import { maxPagerBytes, Pager } from './pager.ts'
import { farRequest } from '#test/fakes/sip-flow-server.ts'
import type { IncomingMessage } from './user-agent.ts'

interface Setup {
  readonly pager: Pager
  readonly clock: FakeClock
  readonly sent: SipResponse[]
  readonly delivered: IncomingMessage[]
}

function setup(): Setup {
  const clock = new FakeClock()
  const sent: SipResponse[] = []
  const delivered: IncomingMessage[] = []
  const pager = new Pager({
    domain: 'example.org',
    clock,
    random: new SeededRandom(3),
    send: (response) => sent.push(response),
    deliver: (message) => delivered.push(message),
  })
  return { pager, clock, sent, delivered }
}

const text = (
  headers: Record<string, string> = {},
  body: Uint8Array = Buffer.from('hi'),
): ReturnType<typeof farRequest> => farRequest('MESSAGE', { 'content-type': 'text/plain', ...headers }, { body })

describe('bodies', () => {
  const imdn = Buffer.from('<imdn>ä</imdn>')
  it.each([
    ['deflate', deflateSync(imdn)],
    ['deflate', deflateRawSync(imdn)],
    ['gzip', gzipSync(imdn)],
    ['Identity', imdn],
  ])('%s comes out as it went in', (encoding, body) => {
    const { pager, delivered } = setup()
    pager.handle(text({ 'content-encoding': encoding, 'content-type': 'message/imdn+xml' }, body))
    expect(Buffer.from(delivered[0]!.payload)).toEqual(imdn)
  })

  it.each([
    ['a bomb', { 'content-encoding': 'deflate' }, deflateSync(Buffer.alloc(50 * 1024 * 1024)), 513],
    ['broken data', { 'content-encoding': 'deflate' }, Buffer.from([1, 2, 3]), 400],
    ['an unknown encoding', { 'content-encoding': 'br' }, Buffer.from('x'), 415],
    ['too much', {}, Buffer.alloc(maxPagerBytes + 1), 513],
  ])('refuses %s', (_name, headers, body, status) => {
    const { pager, sent, delivered } = setup()
    pager.handle(text(headers, body))
    expect(sent.map((response) => response.status)).toEqual([status])
    expect(delivered).toEqual([])
  })

  it('takes any type, with sender, time of storing and Call-ID', () => {
    const { pager, delivered, sent } = setup()
    const headers = {
      'content-type': 'application/x-nobody-knows; a=b',
      date: 'Sat, 13 Nov 2010 23:29:00 GMT',
      'call-id': 'abc',
    }
    pager.handle(text({ ...headers, from: '"B\\"ob" <sip:bob@EXAMPLE.org;user=phone>;tag=1' }))
    expect(delivered[0]).toMatchObject({
      from: 'sip:bob@example.org',
      fromName: 'B"ob',
      to: 'sip:alice@example.org',
      callId: 'abc',
      contentType: 'application/x-nobody-knows; a=b',
      date: Date.UTC(2010, 10, 13, 23, 29),
    })
    delivered[0]!.answer(200)
    delivered[0]!.answer(500)
    expect(sent.map((response) => response.status)).toEqual([200])
    expect(headerValue(sent[0]!, 'to')).toMatch(/^<sip:alice@example\.org>;tag=[0-9a-f]{16}$/)
  })
})

describe('answers', () => {
  it('come as 480 when nobody decides in time, so that the sender tries again', async () => {
    const { pager, clock, sent, delivered } = setup()
    pager.handle(text())
    await clock.advance(24_999)
    expect(sent).toEqual([])
    await clock.advance(1)
    expect(sent.map((response) => response.status)).toEqual([480])
    delivered[0]!.answer(200)
    expect(sent).toHaveLength(1)
  })

  it('are bounded: the sixty-fifth sender is asked to come back', () => {
    const { pager, sent, delivered } = setup()
    for (let index = 0; index < 65; index += 1) pager.handle(text())
    expect(delivered).toHaveLength(64)
    expect(sent.map((response) => response.status)).toEqual([480])
    expect(headerValue(sent[0]!, 'retry-after')).toBe('10')
  })

  it('are forgotten with the flow; the same message is new on the next', () => {
    const { pager, sent, delivered } = setup()
    const request = text()
    pager.handle(request)
    pager.reset()
    delivered[0]!.answer(200)
    expect(sent).toEqual([])
    pager.handle(request)
    expect(delivered).toHaveLength(2)
  })
})
