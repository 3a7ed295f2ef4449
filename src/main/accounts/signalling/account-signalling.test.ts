import { expect, it } from 'vitest'
import { failureOf } from './account-signalling.ts'

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
