import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChunkCollector, ChunkParser, serializeBodiless, serializeChunk, type Chunk } from './chunk.ts'
import { fuzz } from './codec.fuzz.ts'
import { MsrpError } from './errors.ts'
import { findHeader, parseByteRange, requestHead, responseTo, serializeByteRange, type RequestHead } from './head.ts'
import { msrpUrisEqual, parseMsrpUri, parsePath, serializeMsrpUri } from './uri.ts'

const vectors = new URL('../../../test/vectors/msrp/', import.meta.url)

function parseAll(parts: Iterable<Uint8Array>): Chunk[] {
  const chunks: Chunk[] = []
  const parser = new ChunkParser(new ChunkCollector((chunk) => chunks.push(chunk)))
  for (const part of parts) parser.push(part)
  return chunks
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'utf8')
}

function* byteByByte(bytes: Uint8Array): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1) yield bytes.slice(at, at + 1)
}

/**
 * RFC print folds long lines with a backslash, sometimes without, and loses the blank line before a body at a page break
 * (rfc4975-09 and -13); MSRP itself does neither.
 */
function unfold(text: string): string {
  const lines = text.replace(/\r?\n/g, '\r\n').replace(/(Content-Type: \S+)\r\n</, '$1\r\n\r\n<')
  return lines.replace(/ *\\\r\n[ \t]+/g, ' ').replace(/(username="Alice",)\r\n[ \t]+/g, '$1 ')
}

describe('frames printed in the RFCs', () => {
  const names = readdirSync(vectors).filter((name) => name.startsWith('rfc'))
  it('are all there', () => expect(names).toHaveLength(79))

  it.each(names)('%s is read whole and byte by byte', (name) => {
    const text = unfold(readFileSync(new URL(name, vectors), 'latin1'))
    const bytes = Buffer.from(text, 'latin1')
    const [chunk, ...others] = parseAll([bytes])
    expect(others).toEqual([])
    expect(chunk).toBeDefined()
    expect(text.startsWith(`MSRP ${chunk!.head.transactionId} `)).toBe(true)
    expect(parseAll(byteByByte(bytes))).toEqual([chunk])
    if (chunk!.head.malformed !== null) return
    for (const hop of [...chunk!.head.toPath, ...chunk!.head.fromPath]) expect(() => parseMsrpUri(hop)).not.toThrow()
  })

  it('come back from our writer with the same meaning', () => {
    let compared = 0
    for (const name of names) {
      const [chunk] = parseAll([Buffer.from(unfold(readFileSync(new URL(name, vectors), 'latin1')), 'latin1')])
      if (chunk?.head.malformed !== null) continue
      const { bytes } = serializeChunk(chunk, () => 'unused-id')
      expect(parseAll([bytes])).toEqual([chunk])
      compared += 1
    }
    expect(compared).toBeGreaterThan(70)
  })
})

describe('URIs', () => {
  it('are read and written', () => {
    const text = 'msrps://alice@[2001:db8::1]:2855/a+b/c=;ws;x=1;y'
    const uri = parseMsrpUri(text)
    expect(uri).toEqual({
      scheme: 'msrps',
      user: 'alice',
      host: '[2001:db8::1]',
      port: 2855,
      sessionId: 'a+b/c=',
      transport: 'ws',
      parameters: ['x=1', 'y'],
    })
    expect(serializeMsrpUri(uri)).toBe(text)
  })

  it.each([
    ['msrp://host:1/s;tcp', 'MSRP://HOST:1/s;TCP', true],
    ['msrp://host:1/s;tcp', 'msrp://bob@host:1/s;tcp;p=1', true],
    ['msrp://host:1/s;tcp', 'msrp://host:1/S;tcp', false],
    ['msrp://host:2855/s;tcp', 'msrp://host/s;tcp', false],
    ['msrp://host:1/s;tcp', 'msrps://host:1/s;tcp', false],
    ['msrp://host:1/s;tcp', 'msrp://host:1/s;ws', false],
    ['msrp://host:1/s;tcp', 'msrp://host:2/s;tcp', false],
  ])('%s and %s: equal %s (RFC 4975 §6.1)', (a, b, equal) => {
    expect(msrpUrisEqual(parseMsrpUri(a), parseMsrpUri(b))).toBe(equal)
  })

  it.each([
    '',
    'http://h/;tcp',
    'msrp://h',
    'msrp://h:0/s;tcp',
    'msrp://h:65536;tcp',
    'msrp://h /s;tcp',
    `msrp://${'h'.repeat(600)};tcp`,
  ])('refuses %s', (text) => expect(() => parseMsrpUri(text)).toThrow(MsrpError))

  it('refuses an endless path', () => {
    expect(() => parsePath(Array(17).fill('msrp://h;tcp').join(' '))).toThrow(MsrpError)
  })
})

describe('byte ranges', () => {
  it.each(['1-5/5', '1-*/*', '9007199254740990-9007199254740991/9007199254740991', '1-0/0', '2048-*/10000000000'])(
    '%s survives',
    (text) => expect(serializeByteRange(parseByteRange(text)!)).toBe(text),
  )
  it.each(['0-5/5', '5-3/9', '1-9007199254740993/*', '-1-2/3', '1-2', '1-2/', '*-2/3', '1-99999999999999999/*'])(
    '%s is refused',
    (text) => expect(parseByteRange(text)).toBeNull(),
  )
})

const from = ['msrp://a.example:1/a;tcp']
const to = ['msrp://relay.example:2/r;tcp', 'msrp://b.example:3/b;ws']

function send(transactionId: string, fields: Partial<RequestHead> = {}): RequestHead {
  return requestHead('SEND', {
    transactionId,
    toPath: to,
    fromPath: from,
    messageId: 'mid12345',
    contentType: 'text/plain',
    ...fields,
  })
}

describe('the parser', () => {
  it('keeps end-line lookalikes in the body', () => {
    for (const body of [
      '-------abcd1',
      '\r\n-------abcd1X\r\n',
      '\r\n-------abcd1$X',
      '\r\n-------abcd',
      '\r\n-------',
      '\r',
      '\r\n',
    ]) {
      const bytes = bytesOf(
        `MSRP abcd1 SEND\r\nTo-Path: ${to[0]}\r\nFrom-Path: ${from[0]}\r\nContent-Type: a/b\r\n\r\n${body}\r\n-------abcd1$\r\n`,
      )
      for (const parts of [[bytes], byteByByte(bytes)]) {
        const [chunk] = parseAll(parts)
        expect(Buffer.from(chunk!.body!).toString()).toBe(body)
      }
    }
  })

  it('tells no body from an empty one, in both spellings', () => {
    const head = `MSRP abcd1 SEND\r\nTo-Path: ${to[0]}\r\nFrom-Path: ${from[0]}\r\n`
    expect(parseAll([bytesOf(`${head}-------abcd1$\r\n`)])[0]!.body).toBeNull()
    expect(parseAll([bytesOf(`${head}Content-Type: a/b\r\n\r\n\r\n-------abcd1$\r\n`)])[0]!.body).toHaveLength(0)
    expect(parseAll([bytesOf(`${head}Content-Type: a/b\r\n\r\n-------abcd1$\r\n`)])[0]!.body).toHaveLength(0)
  })

  it('ends a body at the first end-line whatever Byte-Range claims', () => {
    const smuggled = `MSRP abcd1 SEND\r\nTo-Path: ${to[0]}\r\nFrom-Path: ${from[0]}\r\nByte-Range: 1-500/500\r\nContent-Type: a/b\r\n\r\nx\r\n-------abcd1$\r\nMSRP abcd2 SEND\r\nTo-Path: ${to[0]}\r\nFrom-Path: ${from[0]}\r\n-------abcd2$\r\n`
    expect(parseAll([bytesOf(smuggled)]).map((chunk) => chunk.head.transactionId)).toEqual(['abcd1', 'abcd2'])
  })

  it.each([
    ['a wrong method', 'MSRP abcd1 send\r\nTo-Path: x\r\n\r\n', 'bad-start-line'],
    ['another protocol', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'bad-start-line'],
    ['a folded header', `MSRP abcd1 SEND\r\nTo-Path: ${to[0]}\r\n more\r\n-------abcd1$\r\n`, 'bad-header'],
    ['a foreign end-line', 'MSRP abcd1 SEND\r\n-------abcd2$\r\n', 'bad-end-line'],
    ['an endless end-line', `MSRP abcd1 SEND\r\n-------${'x'.repeat(80)}`, 'bad-end-line'],
    ['an endless head', `MSRP abcd1 SEND\r\n${'X-A: b\r\n'.repeat(5000)}`, 'head-too-large'],
    ['too many headers', `MSRP abcd1 SEND\r\n${'X-A: b\r\n'.repeat(100)}\r\n`, 'head-too-large'],
    ['an endless body', `MSRP abcd1 SEND\r\nX: y\r\n\r\n${'z'.repeat(5_000_000)}`, 'body-too-large'],
  ])('refuses %s', (_name, text, code) => {
    expect(() => parseAll([bytesOf(text)])).toThrow(expect.objectContaining({ code }))
  })

  it('marks a whole frame with a wrong header instead of dropping the connection', () => {
    const bytes = bytesOf(
      `MSRP abcd1 SEND\r\nTo-Path: ${to[0]}\r\nFrom-Path: ${from[0]}\r\nByte-Range: 9-1/x\r\n-------abcd1$\r\n`,
    )
    expect(parseAll([bytes])[0]!.head.malformed).toBe('bad-byte-range')
  })
})

describe('the writer', () => {
  it('never lets the transaction id end the body', () => {
    const ids = ['abcd2', 'abcd3']
    const body = bytesOf('x\r\n-------abcd1$\r\ny-------abcd2')
    const written = serializeChunk({ head: send('abcd1'), body, flag: '$' }, () => ids.shift()!)
    expect(written.transactionId).toBe('abcd3')
    expect(Buffer.from(parseAll([written.bytes])[0]!.body!).equals(body)).toBe(true)
  })

  it.each([
    { messageId: 'a\r\nTo-Path: x' },
    { contentType: 'text/plain\r\n\r\nbody' },
    { headers: [{ name: 'X', value: 'y\nz' }] },
    { headers: [{ name: 'X\r\nY', value: 'z' }] },
    { toPath: ['msrp://x;tcp\r'] },
  ])('refuses line breaks inside values: %j', (fields) => {
    expect(() => serializeBodiless(send('abcd1', fields))).toThrow(expect.objectContaining({ code: 'unsafe-value' }))
  })

  it('answers over one hop, AUTH over the whole path', () => {
    const request = send('abcd1', { fromPath: ['msrp://r;tcp', 'msrp://a;tcp'] })
    expect(responseTo(request, 200, 'OK').toPath).toEqual(['msrp://r;tcp'])
    expect(responseTo({ ...request, method: 'AUTH' }, 401, 'No').toPath).toEqual(['msrp://r;tcp', 'msrp://a;tcp'])
    expect(findHeader(responseTo(request, 200, 'OK', [{ name: 'Use-Path', value: 'x' }]), 'use-path')).toBe('x')
  })
})

describe('properties', () => {
  const bodies = fc.uint8Array({ maxLength: 300 })
  const chunks = fc.record({
    body: fc.option(bodies),
    flag: fc.constantFrom('$', '+', '#'),
    id: fc.stringMatching(/^[A-Za-z0-9]{4,12}$/),
    success: fc.boolean(),
    failure: fc.constantFrom('yes', 'no', 'partial'),
    start: fc.integer({ min: 1 }),
  })

  it('any frames, split anywhere, come out as they went in', () => {
    fc.assert(
      fc.property(fc.array(chunks, { maxLength: 5 }), fc.array(fc.nat(2000), { maxLength: 12 }), (frames, cuts) => {
        const sent = frames.map((frame) => ({
          head: send(frame.id, {
            successReport: frame.success,
            failureReport: frame.failure,
            byteRange: { start: frame.start, end: null, total: null },
            contentType: frame.body === null ? null : 'text/plain',
          }),
          body: frame.body,
          flag: frame.flag,
        }))
        const stream = Buffer.concat(sent.map((chunk) => serializeChunk(chunk, () => 'fresh-id-1').bytes))
        const edges = [0, ...cuts.filter((cut) => cut < stream.length).sort((a, b) => a - b), stream.length]
        const parts = edges.slice(1).map((edge, index) => stream.subarray(edges[index], edge))
        const plain = (list: Chunk[]): unknown[] =>
          list.map((chunk) => ({ ...chunk, body: chunk.body && [...chunk.body] }))
        expect(plain(parseAll(parts))).toEqual(plain(sent))
      }),
      { numRuns: 300 },
    )
  })

  it('garbage throws nothing but MsrpError', () => fuzz(3000, 1))
})
