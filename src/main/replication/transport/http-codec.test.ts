import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AnswerReader, serializeRequest, type HttpAnswer } from './http-codec.ts'
import { concatBytes, utf8 } from '#shared/bytes/bytes.ts'
import { ProtocolError } from '#shared/errors.ts'

const answer = utf8('HTTP/1.1 200 OK\r\nContent-Type: application/cbor\r\ncontent-length: 5\r\n\r\nhello')
const readWhole = (bytes: Uint8Array, most = 100): HttpAnswer | null => new AnswerReader(most).push(bytes)
const read = (bytes: Uint8Array, cuts: readonly number[]): HttpAnswer | null => {
  const reader = new AnswerReader(100)
  const ends = [...cuts, bytes.length]
  const answers = ends.map((end, i) => reader.push(bytes.subarray(ends[i - 1] ?? 0, end)))
  return answers.at(-1) ?? null
}
const codeOf = (bytes: Uint8Array, most?: number): string => {
  try {
    return readWhole(bytes, most) === null ? 'waits' : 'whole'
  } catch (error) {
    if (error instanceof ProtocolError) return error.code
    throw error
  }
}

describe('an answer', () => {
  test('is the same whole, split anywhere, and byte by byte', () => {
    const whole = readWhole(answer)
    expect(whole).toMatchObject({ status: 200, isKept: true, body: utf8('hello') })
    for (let at = 1; at < answer.length; at += 1) expect(read(answer, [at])).toEqual(whole)
    const everywhere = [...answer.keys()]
    expect(read(answer, everywhere)).toEqual(whole)
  })

  test('without a body is whole with its head', () => {
    expect(readWhole(utf8('HTTP/1.1 204 No Content\r\n\r\n'))?.body).toEqual(new Uint8Array())
    expect(readWhole(utf8('HTTP/1.1 200 \r\ncontent-length: 0\r\nconnection: close\r\n\r\n'))?.isKept).toBe(false)
  })

  test.each([
    ['another version', 'HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n'],
    ['an interim status', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['no length', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\nContent-Length: 2\r\n\r\n'],
    ['a length that is none', 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n'],
    ['chunks', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n'],
    ['a folded header', 'HTTP/1.1 200 OK\r\nx: y\r\n z\r\ncontent-length: 0\r\n\r\n'],
    ['more than its length', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
  ])('with %s is refused', (_name, text) => {
    expect(codeOf(utf8(text))).toBe('malformed')
  })

  test('longer than asked for is refused by its head alone', () => {
    expect(codeOf(utf8('HTTP/1.1 200 OK\r\ncontent-length: 101\r\n\r\n'))).toBe('too-large')
    expect(codeOf(utf8('HTTP/1.1 200 OK\r\ncontent-length: 9999999999\r\n\r\n'))).toBe('too-large')
    expect(codeOf(utf8(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}`))).toBe('too-large')
  })

  test('of any bytes is an answer, waits, or is refused', () => {
    const start = utf8('HTTP/1.1 200 OK\r\n')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, begins) => {
        expect(['whole', 'waits', 'malformed', 'too-large']).toContain(
          codeOf(begins ? concatBytes(start, bytes) : bytes),
        )
      }),
    )
  })
})

describe('a request', () => {
  test('names its length, and who asks', () => {
    const head = { method: 'POST', target: '/replica/page', host: 'a.example:5443', authorization: 'Sotto abc' }
    expect(Buffer.from(serializeRequest(head, utf8('body'))).toString()).toBe(
      'POST /replica/page HTTP/1.1\r\nhost: a.example:5443\r\ncontent-length: 4\r\n' +
        'content-type: application/octet-stream\r\nauthorization: Sotto abc\r\n\r\nbody',
    )
  })

  test('has no line that somebody else wrote', () => {
    const head = { method: 'GET', target: '/', host: 'a.example\r\nx: y', authorization: null }
    expect(() => serializeRequest(head, utf8(''))).toThrow('one line')
  })
})
