import { createHash } from 'node:crypto'
import { ChunkCollector, ChunkParser, serializeChunk, type Chunk } from './chunk.ts'
import { MsrpError } from './errors.ts'
import { requestHead } from './head.ts'
import { parseMsrpUri, parsePath } from './uri.ts'

/** Deterministic stream of numbers in [0, bound) from a seed. */
export function seededNumbers(seed: number): (bound: number) => number {
  let pool = Buffer.alloc(0)
  let at = 0
  let block = 0
  return (bound) => {
    if (at + 4 > pool.length) {
      pool = createHash('sha512')
        .update(`${seed}:${(block += 1)}`)
        .digest()
      at = 0
    }
    at += 4
    return pool.readUInt32BE(at - 4) % bound
  }
}

const grains = [
  ...[
    '\r\n',
    '\r',
    '\n',
    ' ',
    ':',
    '-------',
    '-------abcd1',
    '$',
    '+',
    '#',
    '\r\n\r\n',
    'MSRP ',
    'abcd1',
    ' SEND',
    ' REPORT',
  ],
  ...[
    ' AUTH',
    ' 200 OK',
    'To-Path: ',
    'From-Path: ',
    'msrp://a:1/s;tcp',
    'msrps://u@[::1]:9/x;ws',
    'Byte-Range: 1-*/*',
  ],
  ...[
    'Message-ID: m1234',
    'Status: 000 200 OK',
    'Failure-Report: partial',
    'Success-Report: yes',
    'Content-Type: a/b',
    '\0',
    'é',
    '9',
  ],
]

/**
 * Feeds the parser, the URI reader and the writer inputs made from pieces of MSRP.
 * @throws whatever is not an MsrpError, or a frame that does not survive being written and read
 */
export function fuzz(iterations: number, seed: number): void {
  const pick = seededNumbers(seed)
  const newId = (): string => `f${pick(1e9)}x1`
  for (let run = 0; run < iterations; run += 1) {
    const frames: Chunk[] = []
    const parser = new ChunkParser(new ChunkCollector((chunk) => frames.push(chunk)), {
      maxHeadBytes: 400,
      maxBodyBytes: 400,
    })
    const input = Buffer.from(makeInput(pick), 'utf8')
    attempt(() => {
      for (let at = 0; at < input.length;) at = pushSome(parser, input, at, 1 + pick(input.length))
    })
    for (const frame of frames) checkRoundTrip(frame, newId)
    attempt(() => parseMsrpUri(input.toString('latin1')))
    attempt(() => parsePath(input.toString('latin1')))
  }
}

function pushSome(parser: ChunkParser, input: Buffer, at: number, length: number): number {
  parser.push(input.subarray(at, at + length))
  return at + length
}

function makeInput(pick: (bound: number) => number): string {
  const opening = pick(3) === 0 ? '' : 'MSRP abcd1 SEND\r\nTo-Path: msrp://a:1/s;tcp\r\nFrom-Path: msrp://b:1/s;tcp\r\n'
  let text = opening
  for (let count = pick(12); count >= 0; count -= 1) text += grains[pick(grains.length)] ?? ''
  return pick(2) === 0 ? text : `${text}\r\n-------abcd1$\r\n`
}

function attempt(run: () => unknown): void {
  try {
    run()
  } catch (error) {
    if (!(error instanceof MsrpError)) throw error
  }
}

function checkRoundTrip(frame: Chunk, newId: () => string): void {
  // The body of any frame, wrapped again, must come out untouched and alone.
  const head = requestHead('SEND', {
    transactionId: frame.head.transactionId,
    toPath: ['msrp://a;tcp'],
    fromPath: ['msrp://b;tcp'],
  })
  const { bytes } = serializeChunk({ head, body: frame.body, flag: frame.flag }, newId)
  const back: Chunk[] = []
  new ChunkParser(new ChunkCollector((chunk) => back.push(chunk))).push(bytes)
  const [only] = back
  const same = only !== undefined && Buffer.compare(only.body ?? Buffer.alloc(0), frame.body ?? Buffer.alloc(0)) === 0
  if (back.length !== 1 || !same) throw new Error('a written frame did not read back')
}
