import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseHttpResponse } from './http-response.ts'
import { ProtocolError } from '#shared/errors.ts'

const whole = 'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}'

test('reads status, headers and body', () => {
  const { status, headers, body } = parseHttpResponse(Buffer.from(whole))
  expect([status, headers.get('content-type'), Buffer.from(body).toString()]).toEqual([
    201,
    'application/json',
    '{"a":1}',
  ])
  expect(parseHttpResponse(Buffer.from('HTTP/1.1 204 No Content\r\n\r\n')).body.length).toBe(0)
})

test('refuses every cut', () => {
  for (let end = 0; end < whole.length; end += 1) {
    expect(() => parseHttpResponse(Buffer.from(whole.slice(0, end)))).toThrow(ProtocolError)
  }
})

test('garbage throws nothing but ProtocolError', () => {
  const check = (bytes: Uint8Array): void => {
    try {
      parseHttpResponse(bytes)
    } catch (cause) {
      if (!(cause instanceof ProtocolError)) throw cause
    }
  }
  fc.assert(fc.property(fc.uint8Array(), check))
  fc.assert(fc.property(fc.string(), (text) => check(Buffer.from(`HTTP/1.1 200 OK\r\n${text}\r\n\r\n`))))
})
