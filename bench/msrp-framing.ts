/**
 * MSRP framing, serialize and parse, against a naive Node writer and reader in the same run.
 * Run: node bench/msrp-framing.ts [seconds per figure, default 0.5]. Target: at least 0.5 of naive.
 */
import { randomBytes } from 'node:crypto'
import { pathToFileURL } from 'node:url'
import { ChunkCollector, ChunkParser, safeTransactionId, serializeChunk } from '../src/protocol/msrp/chunk.ts'
import { requestHead } from '../src/protocol/msrp/head.ts'

export interface FramingFigure {
  readonly chunkKib: number
  readonly oursMbPerSecond: number
  readonly naiveMbPerSecond: number
  readonly ratio: number
}

/** Socket reads come in pieces of this size. */
const readBytes = 65_536
const toPath = ['msrps://relay.example:2855/s8f3a09b1c2d3e4f5;tcp', 'msrps://bob.invalid:2855/5c1e8a3b9d7f2046;ws']
const fromPath = ['msrps://alice.invalid:2855/0a1b2c3d4e5f6071;ws']
const newId = (): string => randomBytes(8).toString('hex')

type Frame = (body: Buffer, id: string) => Uint8Array
type Read = (stream: Buffer) => number

const ours: Frame = (body, id) => {
  const head = requestHead('SEND', {
    transactionId: safeTransactionId(body, () => id),
    toPath,
    fromPath,
    messageId: '0123456789abcdef',
    byteRange: { start: 1, end: null, total: body.length },
    contentType: 'text/plain',
  })
  return serializeChunk({ head, body, flag: '$' }, newId).bytes
}

/** No checks at all: concatenates. */
const naive: Frame = (body, id) => {
  const head =
    `MSRP ${id} SEND\r\nTo-Path: ${toPath.join(' ')}\r\nFrom-Path: ${fromPath.join(' ')}\r\n` +
    `Message-ID: 0123456789abcdef\r\nByte-Range: 1-*/${body.length}\r\nContent-Type: text/plain\r\n\r\n`
  return Buffer.concat([Buffer.from(head), body, Buffer.from(`\r\n-------${id}$\r\n`)])
}

const readOurs: Read = (stream) => {
  let bytes = 0
  const parser = new ChunkParser(new ChunkCollector((chunk) => (bytes += chunk.body?.length ?? 0)))
  for (let at = 0; at < stream.length; at += readBytes) parser.push(stream.subarray(at, at + readBytes))
  return bytes
}

/** Trusts everything it reads: headers by split, body by the first end-line. */
const readNaive: Read = (stream) => {
  let bytes = 0
  let rest: Buffer = Buffer.alloc(0)
  for (let at = 0; at < stream.length; at += readBytes) {
    rest = Buffer.concat([rest, stream.subarray(at, at + readBytes)])
    for (;;) {
      const headEnd = rest.indexOf('\r\n\r\n')
      if (headEnd < 0) break
      const lines = rest.toString('latin1', 0, headEnd).split('\r\n')
      const end = `\r\n-------${lines[0]!.split(' ')[1]!}`
      const bodyEnd = rest.indexOf(end, headEnd)
      if (bodyEnd < 0 || rest.length < bodyEnd + end.length + 3) break
      const headers = new Map(lines.slice(1).map((line) => line.split(': ') as [string, string]))
      if (headers.has('To-Path')) bytes += Buffer.from(rest.subarray(headEnd + 4, bodyEnd)).length
      rest = rest.subarray(bodyEnd + end.length + 3)
    }
  }
  return bytes
}

function megabytesPerSecond(frame: Frame, read: Read, { body, seconds }: { body: Buffer; seconds: number }): number {
  const frames = Math.max(16, Math.ceil(4_000_000 / body.length))
  const ids = Array.from({ length: frames }, newId)
  let bytes = 0
  let elapsed = 0
  // The first round warms up.
  for (let round = 0; round === 0 || elapsed < seconds * 1000; round += 1) {
    const start = performance.now()
    const stream = Buffer.concat(ids.map((id) => frame(body, id)))
    const received = read(stream)
    if (received !== frames * body.length) throw new Error('bytes were lost')
    if (round > 0) {
      elapsed += performance.now() - start
      bytes += received
    }
  }
  return bytes / 1e6 / (elapsed / 1000)
}

/** Measures both at 2, 8 and 64 KiB, taking turns so that a noisy machine hits both. */
export function measureMsrpFraming(secondsPerFigure: number): FramingFigure[] {
  return [2, 8, 64].map((chunkKib) => {
    const body = randomBytes(chunkKib * 1024)
    const runs = Array.from({ length: 3 }, () => ({
      our: megabytesPerSecond(ours, readOurs, { body, seconds: secondsPerFigure / 3 }),
      simple: megabytesPerSecond(naive, readNaive, { body, seconds: secondsPerFigure / 3 }),
    }))
    const oursMbPerSecond = Math.max(...runs.map((run) => run.our))
    const naiveMbPerSecond = Math.max(...runs.map((run) => run.simple))
    return { chunkKib, oursMbPerSecond, naiveMbPerSecond, ratio: oursMbPerSecond / naiveMbPerSecond }
  })
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const smoke = process.argv.includes('--smoke')
  const figures = measureMsrpFraming(Number(process.argv.find((word) => /^\d/.test(word)) ?? (smoke ? '0.1' : '0.5')))
  console.log('MSRP framing, serialize + parse   ours MB/s   naive MB/s   ratio (target ≥ 0.50)')
  for (const { chunkKib, oursMbPerSecond, naiveMbPerSecond, ratio } of figures) {
    const cells = [oursMbPerSecond.toFixed(0).padStart(11), naiveMbPerSecond.toFixed(0).padStart(12)]
    console.log(`${`${chunkKib} KiB`.padEnd(32)}${cells.join(' ')}   ${ratio.toFixed(2)} ${ratio >= 0.5 ? '✓' : '✗'}`)
  }
  // A smoke run is too short to judge.
  if (!smoke && figures.some(({ ratio }) => ratio < 0.5)) process.exitCode = 1
}
