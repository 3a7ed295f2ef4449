import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseCpim } from '#protocol/cpim/cpim.ts'
import { imdnMessageId, parseImdn } from '#protocol/cpim/imdn.ts'
import { parseIsComposing } from '#protocol/cpim/is-composing.ts'
import { answerEcho, helpText, type EchoBody, type EchoContext } from './echo-replies.ts'

const context: EchoContext = {
  echo: 'sip:echo@sotto.home.arpa',
  peer: 'sip:alice@sotto.home.arpa',
  now: Date.UTC(2026, 4, 1),
  isFirstContact: false,
  newMessageId: () => 'new-id',
}

function cpim(options: { headers?: string; type?: string; mime?: string; text?: string } = {}): EchoBody {
  const { headers = '', type = 'text/plain; charset=utf-8', mime = '', text = 'grüße' } = options
  const head =
    'From: <sip:alice@sotto.home.arpa>\r\nTo: <sip:echo@sotto.home.arpa>\r\nNS: imdn <urn:ietf:params:imdn>\r\n'
  const content = `Content-Type: ${type}\r\n${mime}\r\n${text}`
  return { contentType: 'message/cpim', payload: Buffer.from(`${head}${headers}\r\n${content}`) }
}
const textOf = (body: EchoBody): string => Buffer.from(body.payload).toString()

describe('the echo contact', () => {
  test('repeats plain text as plain text', () => {
    const body = { contentType: 'text/plain', payload: Buffer.from('hi') }
    expect(answerEcho(body, context)).toEqual({ atOnce: [], later: [body] })
  })

  test('introduces itself first, and when asked', () => {
    const body = { contentType: 'text/plain', payload: Buffer.from('hi') }
    expect(answerEcho(body, { ...context, isFirstContact: true }).later.map(textOf)).toEqual([helpText, 'hi'])
    expect(answerEcho({ ...body, payload: Buffer.from(' Help? ') }, context).later.map(textOf)).toEqual([helpText])
  })

  test('answers CPIM with receipts that were asked for, a typing notice, and its own message', () => {
    const headers = 'imdn.Message-ID: m1\r\nimdn.Disposition-Notification: positive-delivery, display\r\n'
    const { atOnce, later } = answerEcho(cpim({ headers }), context)
    const [delivered, displayed, composing] = atOnce
    expect(parseImdn(parseCpim(delivered!.payload).content.body)).toMatchObject({
      messageId: 'm1',
      disposition: { kind: 'delivery', status: 'delivered' },
    })
    expect(parseImdn(parseCpim(displayed!.payload).content.body).disposition.status).toBe('displayed')
    expect(parseIsComposing(composing!.payload).state).toBe('active')
    const reply = parseCpim(later[0]!.payload)
    expect(imdnMessageId(reply)).toBe('new-id')
    expect(reply.from?.uri).toBe(context.echo)
    expect(reply.to[0]?.uri).toBe(context.peer)
    expect(Buffer.from(reply.content.body).toString()).toBe('grüße')
  })

  test('sends no receipt that nobody asked for', () => {
    expect(answerEcho(cpim({ headers: 'imdn.Message-ID: m1\r\n' }), context).atOnce).toHaveLength(1)
  })

  test.each([
    ['a receipt', cpim({ type: 'message/imdn+xml', text: '<imdn/>' })],
    ['a typing notice', cpim({ type: 'application/im-iscomposing+xml' })],
    ['a picture', cpim({ type: 'image/png' })],
    ['compressed text', cpim({ mime: 'Content-Encoding: deflate\r\n' })],
    ['a bare receipt', { contentType: 'message/imdn+xml', payload: Buffer.from('<imdn/>') }],
    ['a broken wrapper', { contentType: 'message/cpim', payload: Buffer.from('\r\n\r\n') }],
  ])('stays silent at %s', (_name, body) => {
    expect(answerEcho(body, context)).toEqual({ atOnce: [], later: [] })
  })

  test.each(['Replaces: m0', 'Retracts: m0', 'Own-Copy: outgoing', 'Mark: read'])('does not repeat %s', (mark) => {
    const headers = `imdn.Message-ID: m1\r\nNS: s <urn:x-sotto:chat:1>\r\ns.${mark}\r\n`
    expect(answerEcho(cpim({ headers }), context).later).toEqual([])
  })

  test('its own answers make it silent or are text, so that a loop needs text at least', () => {
    const headers = 'imdn.Message-ID: m1\r\nimdn.Disposition-Notification: positive-delivery, display\r\n'
    for (const body of answerEcho(cpim({ headers }), context).atOnce) {
      expect(answerEcho(body, context)).toEqual({ atOnce: [], later: [] })
    }
  })

  test('garbage never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.constantFrom('message/cpim', 'text/plain', 'x'), (payload, contentType) => {
        answerEcho({ contentType, payload }, context)
      }),
    )
  })
})
