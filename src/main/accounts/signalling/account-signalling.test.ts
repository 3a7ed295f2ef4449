import { describe, expect, it } from 'vitest'
import { failureOf, routeOf } from './account-signalling.ts'

it.each([
  [415, 'send-refused', false],
  [488, 'send-refused', false],
  [606, 'send-refused', false],
  [603, 'send-refused', false],
  [404, 'recipient-unknown', false],
  [513, 'message-too-large', false],
  [408, 'send-timed-out', true],
  [480, 'server-refused', true],
  [500, 'server-refused', true],
  [503, 'server-refused', true],
] as const)('%i means %s, tried again: %s', (status, code, retry) => {
  expect(failureOf({ status, refusal: null })).toEqual({ code, retry, status })
})

it('no answer at all, and a login that fails, are tried again', () => {
  expect(failureOf({ status: null, refusal: null })).toEqual({ code: 'send-timed-out', retry: true })
  expect(failureOf({ status: 401, refusal: 'wrong-password' })).toEqual({ code: 'wrong-password', retry: true })
})

describe('an INVITE', () => {
  const chat = 'v=0\nm=message 9 TCP/MSRP *\na=path:msrp://192.0.2.1:9/abc;tcp\n'
  const route = (offer: string | null, replaces: string | null = null) =>
    routeOf({ offer, facts: { userAgent: null, requiresReliable: false, replaces } })

  it('is a chat or a call by what it describes', () => {
    expect(route(chat)).toBe('chat')
    expect(route('v=0\nm=audio 5000 RTP/AVP 0\n')).toBe('call')
    expect(route(null)).toBe('call')
  })

  it('that wants the place of a call is no chat: that one would be taken unasked, and end the call', () => {
    expect(route(chat, 'some call')).toBeNull()
    expect(route(null, 'some call')).toBe('call')
  })
})
