import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededNumbers } from './codec.fuzz.ts'
import { requestHead, type ByteRange, type RequestHead } from './head.ts'
import { MessageAssembler, defaultAssemblerLimits, type Assembly, type MessageSink } from './message-assembler.ts'
import { pieceAt, splitMessage, streamedPiece } from './message-splitter.ts'
import { addRange, coversAll, type Ranges } from './range-set.ts'
import { SparseBytes } from './sparse-bytes.ts'
import type { ContinuationFlag } from './chunk.ts'

const utf8 = (text: string): Uint8Array => Buffer.from(text)

function headOf(
  messageId: string,
  byteRange: ByteRange | null,
  contentType: string | null = 'text/plain',
): RequestHead {
  return requestHead('SEND', {
    transactionId: 'tid1',
    toPath: ['msrp://a;tcp'],
    fromPath: ['msrp://b;tcp'],
    messageId,
    byteRange,
    contentType,
  })
}

type FedChunk = readonly [messageId: string, start: number | null, body: Uint8Array, flag: ContinuationFlag]

function feed(assembler: MessageAssembler, ...[messageId, start, body, flag]: FedChunk): Assembly {
  assembler.begin(headOf(messageId, start === null ? null : { start, end: null, total: null }), 0)
  assembler.write(body)
  return assembler.end(flag)
}

const textOf = (assembly: Assembly): string | null =>
  assembly.kind === 'message' ? Buffer.from(assembly.message.body).toString() : null

describe('the assembler', () => {
  it('takes one chunk, with and without a range', () => {
    const assembler = new MessageAssembler()
    expect(textOf(feed(assembler, 'm001', 1, utf8('hello'), '$'))).toBe('hello')
    expect(textOf(feed(assembler, 'm002', null, utf8('hello'), '$'))).toBe('hello')
    expect(textOf(feed(assembler, 'm003', 1, utf8(''), '$'))).toBe('')
    expect(assembler.bufferedBytes).toBe(0)
  })

  it('takes the last chunk first, interleaved messages and gaps', () => {
    const assembler = new MessageAssembler()
    expect(feed(assembler, 'm001', 6, utf8('world'), '$').kind).toBe('more')
    expect(feed(assembler, 'm002', 1, utf8('ab'), '+').kind).toBe('more')
    expect(feed(assembler, 'm001', 1, utf8('hel'), '+').kind).toBe('more')
    expect(textOf(feed(assembler, 'm002', 3, utf8('c'), '$'))).toBe('abc')
    expect(textOf(feed(assembler, 'm001', 4, utf8('lo'), '+'))).toBe('helloworld')
  })

  it('gives precedence to the last chunk where chunks overlap (RFC 4975 §7.3.1)', () => {
    const assembler = new MessageAssembler()
    feed(assembler, 'm001', 1, utf8('aaaaa'), '+')
    feed(assembler, 'm001', 8, utf8('ccc'), '+')
    expect(textOf(feed(assembler, 'm001', 4, utf8('bbbbbbb'), '$'))).toBe('aaabbbbbbb')
  })

  it('lets go of an aborted message', () => {
    const assembler = new MessageAssembler()
    feed(assembler, 'm001', 1, utf8('hello'), '+')
    expect(feed(assembler, 'm001', 6, utf8(''), '#')).toEqual({ kind: 'aborted', messageId: 'm001' })
    expect(assembler.bufferedBytes).toBe(0)
    expect(assembler.has('m001')).toBe(false)
  })

  it.each([
    [
      'bytes behind the end',
      [
        [6, 'world', '+'],
        [1, 'hello', '$'],
      ],
      400,
    ],
    [
      'two ends',
      [
        [3, 'x', '$'],
        [5, 'y', '$'],
      ],
      400,
    ],
    ['a start beyond all memory', [[2 ** 52, 'x', '+']], 413],
    [
      'more than one message may have',
      [
        [1, 'x'.repeat(70), '+'],
        [71, 'x'.repeat(70), '+'],
      ],
      413,
    ],
  ] as const)('refuses %s', (_name, chunks, status) => {
    const assembler = new MessageAssembler({ ...defaultAssemblerLimits, maxMessageBytes: 100 })
    let last: Assembly = { kind: 'more' }
    for (const [start, text, flag] of chunks) {
      const refused = assembler.begin(headOf('m001', { start, end: null, total: null }), 0)
      assembler.write(utf8(text))
      last = refused === null ? assembler.end(flag) : { kind: 'refused', status: refused }
    }
    expect(last).toEqual({ kind: 'refused', status })
    expect(assembler.bufferedBytes).toBe(0)
  })

  it('bounds messages, gaps and memory, and forgets what stands still', () => {
    const assembler = new MessageAssembler({
      maxMessageBytes: 10_000,
      maxBufferedBytes: 100,
      maxOpenMessages: 3,
      maxGaps: 4,
    })
    for (const id of ['m001', 'm002', 'm003'])
      expect(feed(assembler, id, 1, utf8('x'.repeat(20)), '+').kind).toBe('more')
    expect(assembler.begin(headOf('m004', null), 0)).toBe(413)
    expect(feed(assembler, 'm001', 21, utf8('x'.repeat(90)), '+')).toEqual({ kind: 'refused', status: 413 })
    const gaps = [1, 3, 5, 7, 9].map((start) => feed(assembler, 'm005', start, utf8('x'), '+').kind)
    expect(gaps).toEqual(['more', 'more', 'more', 'more', 'refused'])
    expect(assembler.dropIdle(1000, 500)).toBe(2)
    expect(assembler.bufferedBytes).toBe(0)
  })

  it('refuses a chunk without id or type, unless its message has begun', () => {
    const assembler = new MessageAssembler()
    expect(assembler.begin(headOf('m001', null, null), 0)).toBe(400)
    feed(assembler, 'm001', 1, utf8('a'), '+')
    expect(assembler.begin(headOf('m001', { start: 2, end: null, total: null }, null), 0)).toBeNull()
    assembler.write(utf8('b'))
    expect(textOf(assembler.end('$'))).toBe('ab')
  })

  it('streams to a sink what is too large to hold', () => {
    const file = Buffer.alloc(50_000)
    const closed: string[] = []
    const sink: MessageSink = {
      write: (offset, bytes) => file.set(bytes, offset),
      close: (outcome) => closed.push(outcome),
    }
    const limits = { ...defaultAssemblerLimits, maxMessageBytes: 1000 }
    const assembler = new MessageAssembler(limits, (head) => (head.messageId === 'file1' ? sink : null))
    const source = Buffer.from(Array.from({ length: 50_000 }, (_, index) => index % 251))
    const pieces = [...splitMessage(source, 3000)].reverse()
    const results = pieces.map((piece) => feed(assembler, 'file1', piece.byteRange.start, piece.body, piece.flag))
    expect(results.at(-1)).toMatchObject({ kind: 'message', message: { totalBytes: 50_000, streamed: true } })
    expect(file.equals(source)).toBe(true)
    feed(assembler, 'file1', 1, utf8('again'), '+')
    assembler.clear()
    expect(closed).toEqual(['complete', 'aborted'])
  })

  it('any message, cut, shuffled and partly repeated, comes out whole', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 400 }),
        fc.integer({ min: 1, max: 50 }),
        fc.nat(),
        (body, size, seed) => {
          const pick = seededNumbers(seed)
          const pieces = [...splitMessage(body, size)]
          // Repeats of anything but the end may come at any time before the last missing piece.
          const shuffled = pieces.map((piece) => ({ piece, at: pick(1e6) })).sort((a, b) => a.at - b.at)
          const again = shuffled.slice(0, -1).filter(() => pick(4) === 0)
          const order = [...shuffled.slice(0, -1), ...again, ...shuffled.slice(-1)].map(({ piece }) => piece)
          const assembler = new MessageAssembler({ ...defaultAssemblerLimits, maxGaps: 500 })
          const results = order.map((piece) => feed(assembler, 'm001', piece.byteRange.start, piece.body, piece.flag))
          const done = results.filter((result) => result.kind === 'message')
          expect(done).toHaveLength(1)
          expect([...done[0]!.message.body]).toEqual([...body])
          expect(assembler.bufferedBytes).toBe(0)
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('the splitter', () => {
  it('says * for the end above 2048 bytes only, and the total always', () => {
    const message = new Uint8Array(5000)
    expect(pieceAt(message, 0, 4096).byteRange).toEqual({ start: 1, end: null, total: 5000 })
    expect(pieceAt(message, 4096, 4096)).toMatchObject({
      byteRange: { start: 4097, end: 5000, total: 5000 },
      flag: '$',
    })
    expect([...splitMessage(new Uint8Array(0), 10)]).toMatchObject([
      { byteRange: { start: 1, end: 0, total: 0 }, flag: '$' },
    ])
  })

  it('counts beyond 32 bits', () => {
    const piece = streamedPiece(new Uint8Array(10), 2 ** 40, null, false)
    expect(piece).toMatchObject({ byteRange: { start: 2 ** 40 + 1, end: 2 ** 40 + 10, total: null }, flag: '+' })
  })
})

describe('sparse bytes and ranges', () => {
  it('agree with a plain array', () => {
    const writes = fc.array(fc.tuple(fc.nat(60), fc.uint8Array({ maxLength: 20 })), { maxLength: 30 })
    fc.assert(
      fc.property(writes, (list) => {
        const sparse = new SparseBytes()
        const plain: (number | undefined)[] = []
        let ranges: Ranges = []
        for (const [offset, bytes] of list) {
          expect(sparse.write(offset, bytes)).toBe(true)
          bytes.forEach((byte, index) => (plain[offset + index] = byte))
          ranges = addRange(ranges, offset, offset + bytes.length)!
        }
        const known = plain.filter((byte) => byte !== undefined).length
        expect(sparse.size).toBe(known)
        expect(ranges.reduce((sum, [start, end]) => sum + end - start, 0)).toBe(known)
        const gap = plain.findIndex((byte) => byte === undefined)
        const whole = gap < 0 ? plain.length : plain.includes(undefined) ? gap : plain.length
        expect(sparse.covers(whole)).toBe(true)
        expect(coversAll(ranges, whole)).toBe(true)
        expect(sparse.covers(whole + 1)).toBe(false)
        expect([...sparse.take(whole)]).toEqual(plain.slice(0, whole))
      }),
      { numRuns: 300 },
    )
  })

  it('many one-byte writes backwards are refused early, not slowly', () => {
    const sparse = new SparseBytes(100)
    let written = 0
    for (let at = 20_000; at > 0; at -= 1) if (sparse.write(at, utf8('x'))) written += 1
    expect(written).toBe(100)
  })
})
