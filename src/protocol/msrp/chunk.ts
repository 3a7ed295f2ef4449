import { MsrpError } from './errors.ts'
import { isIdent, parseHead, serializeHead, type Head } from './head.ts'

/** `$` = last chunk of its message, `+` = more follow, `#` = the sender gave the message up (RFC 4975 §7.1). */
export type ContinuationFlag = '$' | '+' | '#'

/** One whole MSRP frame. */
export interface Chunk {
  readonly head: Head
  /** Null when the frame has no body at all, which differs from an empty one. */
  readonly body: Uint8Array | null
  readonly flag: ContinuationFlag
}

/** Receives the parts of frames as they become certain; body views are valid only during the call. */
export interface ChunkHandler {
  onHead(head: Head): void
  onBody(bytes: Uint8Array): void
  onEnd(flag: ContinuationFlag): void
}

export interface ParserLimits {
  /** Start line and headers, bytes. */
  readonly maxHeadBytes: number
  /** Body of one frame, bytes. */
  readonly maxBodyBytes: number
}

export const defaultParserLimits: ParserLimits = { maxHeadBytes: 16_384, maxBodyBytes: 4_194_304 }

const blankLine = Buffer.from('\r\n\r\n')
const endLineStart = Buffer.from('\r\n-------')
const [cr, lf] = [13, 10]
const none = Buffer.alloc(0)

/**
 * Streaming reader of MSRP frames (RFC 4975 §7.1): takes bytes however they are split. The body always ends at the first
 * end-line, never at what Byte-Range claims, so that two readers of one stream cannot disagree about its frames.
 */
export class ChunkParser {
  readonly #handler: ChunkHandler
  readonly #limits: ParserLimits
  #state: 'head' | 'body' = 'head'
  #pending: Buffer = none
  /** Bytes of `#pending` that surely hold no end of head. */
  #scanned = 0
  #endLine: Buffer = none
  #bodyBytes = 0
  /** The CRLF of the blank line: part of the search (an empty body may end right there), not of the body. */
  #skip = 0

  constructor(handler: ChunkHandler, limits: ParserLimits = defaultParserLimits) {
    this.#handler = handler
    this.#limits = limits
  }

  /** True between two frames. */
  get idle(): boolean {
    return this.#state === 'head' && this.#pending.length === 0
  }

  /**
   * Reads on.
   * @throws MsrpError when the framing is lost; the parser is then of no more use
   */
  push(bytes: Uint8Array): void {
    const fresh = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const buffer = this.#pending.length === 0 ? fresh : Buffer.concat([this.#pending, fresh])
    this.#pending = none
    let at = 0
    while (at >= 0 && at < buffer.length)
      at = this.#state === 'head' ? this.#readHead(buffer, at) : this.#readBody(buffer, at)
  }

  /** Returns the position after what was used, or -1 when more bytes are needed. */
  #readHead(buffer: Buffer, from: number): number {
    let start = from
    // CRLF between frames is a keep-alive of some peers.
    if (this.#scanned === 0) while (buffer[start] === cr && buffer[start + 1] === lf) start += 2
    if (start === buffer.length) return start
    const search = start + this.#scanned
    const blank = buffer.indexOf(blankLine, search)
    const bound = blank < 0 ? buffer.length : blank
    const end = buffer.subarray(search, bound).indexOf(endLineStart)
    if (end >= 0) return this.#readBodiless(buffer, start, search + end)
    if (bound - start > this.#limits.maxHeadBytes) throw new MsrpError('head-too-large')
    if (blank < 0) return this.#keep(buffer, start, Math.max(0, buffer.length - start - endLineStart.length))
    this.#beginFrame(buffer, start, blank)
    this.#state = 'body'
    this.#skip = 2
    this.#bodyBytes = 0
    return blank + 2
  }

  #readBodiless(buffer: Buffer, start: number, end: number): number {
    if (end - start > this.#limits.maxHeadBytes) throw new MsrpError('head-too-large')
    const close = buffer.indexOf('\r\n', end + 2)
    const lineBytes = (close < 0 ? buffer.length : close) - end - 2
    if (lineBytes > 7 + 32 + 1 + 1) throw new MsrpError('bad-end-line')
    if (close < 0) return this.#keep(buffer, start, end - start)
    // The head is checked before it is handed out: a wrong end-line must not leave half a frame behind.
    const expected = `-------${transactionIdIn(buffer, start)}`
    const line = buffer.toString('latin1', end + 2, close)
    const flag = line.slice(expected.length)
    if (!line.startsWith(expected) || !isFlag(flag)) throw new MsrpError('bad-end-line')
    this.#beginFrame(buffer, start, end)
    this.#handler.onEnd(flag)
    return close + 2
  }

  #beginFrame(buffer: Buffer, start: number, end: number): void {
    const head = parseHead(buffer.toString('utf8', start, end))
    this.#scanned = 0
    this.#endLine = Buffer.from(`\r\n-------${head.transactionId}`, 'latin1')
    this.#handler.onHead(head)
  }

  #readBody(buffer: Buffer, from: number): number {
    const endLine = this.#endLine
    let at = buffer.indexOf(endLine, from)
    while (at >= 0) {
      const after = at + endLine.length
      if (after + 3 > buffer.length && maybeEnd(buffer, after)) break
      const flag = String.fromCharCode(buffer[after] ?? 0)
      if (isFlag(flag) && buffer[after + 1] === cr && buffer[after + 2] === lf) return this.#endBody(buffer, from, at)
      at = buffer.indexOf(endLine, at + 1)
    }
    const hold = at >= 0 ? at : partialStart(buffer, from, endLine)
    this.#emit(buffer, from, hold)
    return hold === buffer.length ? hold : this.#keep(buffer, hold, 0)
  }

  #endBody(buffer: Buffer, from: number, at: number): number {
    this.#emit(buffer, from, at)
    this.#skip = 0
    const after = at + this.#endLine.length
    this.#state = 'head'
    this.#handler.onEnd(String.fromCharCode(buffer[after] ?? 0) as ContinuationFlag)
    return after + 3
  }

  #emit(buffer: Buffer, from: number, to: number): void {
    const skipped = Math.min(this.#skip, to - from)
    this.#skip -= skipped
    const length = to - from - skipped
    if (length === 0) {
      // A body that is there but empty is told apart from none.
      if (this.#bodyBytes === 0) this.#handler.onBody(none)
      return
    }
    this.#bodyBytes += length
    if (this.#bodyBytes > this.#limits.maxBodyBytes) throw new MsrpError('body-too-large')
    this.#handler.onBody(buffer.subarray(from + skipped, to))
  }

  #keep(buffer: Buffer, from: number, scanned: number): number {
    // Copied: a view would keep the socket's buffer alive.
    this.#pending = Buffer.from(buffer.subarray(from))
    this.#scanned = scanned
    return -1
  }
}

function isFlag(text: string): text is ContinuationFlag {
  return text === '$' || text === '+' || text === '#'
}

/** Whether the bytes after an end-line's transaction id can still become `flag CRLF`. */
function maybeEnd(buffer: Buffer, after: number): boolean {
  if (after === buffer.length) return true
  if (!isFlag(String.fromCharCode(buffer[after] ?? 0))) return false
  return after + 1 === buffer.length || buffer[after + 1] === cr
}

/** Where a suffix of the buffer could be the beginning of `endLine`; the buffer's length if nowhere. */
function partialStart(buffer: Buffer, from: number, endLine: Buffer): number {
  let at = buffer.indexOf(cr, Math.max(from, buffer.length - endLine.length + 1))
  while (at >= 0) {
    if (buffer.compare(endLine, 0, buffer.length - at, at) === 0) return at
    at = buffer.indexOf(cr, at + 1)
  }
  return buffer.length
}

function transactionIdIn(buffer: Buffer, start: number): string {
  const line = buffer.toString('latin1', start, start + 64)
  return line.split(' ', 2)[1] ?? ''
}

/** Puts frames together whole, for readers that do not stream; copies each body once. */
export class ChunkCollector implements ChunkHandler {
  readonly #onChunk: (chunk: Chunk) => void
  #head: Head | null = null
  #pieces: Uint8Array[] | null = null

  constructor(onChunk: (chunk: Chunk) => void) {
    this.#onChunk = onChunk
  }

  onHead(head: Head): void {
    this.#head = head
    this.#pieces = null
  }

  onBody(bytes: Uint8Array): void {
    this.#pieces ??= []
    this.#pieces.push(Uint8Array.prototype.slice.call(bytes))
  }

  onEnd(flag: ContinuationFlag): void {
    const head = this.#head
    if (head === null) return
    const pieces = this.#pieces
    this.#head = null
    this.#pieces = null
    const body = pieces === null ? null : pieces.length === 1 ? (pieces[0] ?? none) : Buffer.concat(pieces)
    this.#onChunk({ head, body, flag })
  }
}

/**
 * Writes one frame. The transaction id is checked against the body and replaced by `newId()` until it cannot be taken for
 * an end-line there (RFC 4975 §7.1); the id used is in the result.
 * @throws MsrpError `unsafe-value` when a header would break the line structure
 */
export function serializeChunk(chunk: Chunk, newId: () => string): { bytes: Uint8Array; transactionId: string } {
  const body = chunk.body === null ? null : asBuffer(chunk.body)
  let { transactionId } = chunk.head
  while (!isIdent(transactionId) || body?.includes(`-------${transactionId}`, 0, 'latin1') === true)
    transactionId = newId()
  const head = serializeHead(transactionId === chunk.head.transactionId ? chunk.head : { ...chunk.head, transactionId })
  const opening = body === null ? head : `${head}\r\n`
  const tail = `${body === null ? '' : '\r\n'}-------${transactionId}${chunk.flag}\r\n`
  const openingBytes = Buffer.byteLength(opening)
  const bytes = Buffer.allocUnsafe(openingBytes + (body?.length ?? 0) + tail.length)
  bytes.write(opening, 0, 'utf8')
  if (body !== null) body.copy(bytes, openingBytes)
  bytes.write(tail, bytes.length - tail.length, 'latin1')
  return { bytes, transactionId }
}

/** A fresh transaction id that cannot be taken for the end of this body (RFC 4975 §7.1). */
export function safeTransactionId(body: Uint8Array, newId: () => string): string {
  const bytes = asBuffer(body)
  let id = newId()
  while (bytes.includes(`-------${id}`, 0, 'latin1')) id = newId()
  return id
}

/** Writes a frame without a body: a response, a REPORT, an AUTH. */
export function serializeBodiless(head: Head): Uint8Array {
  return serializeChunk({ head, body: null, flag: '$' }, () => {
    throw new MsrpError('unsafe-value')
  }).bytes
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
