/**
 * Bytes to `SipMessage` (RFC 3261 §7): start line, header lines with folding and compact forms, body by Content-Length.
 * Header *values* are only unfolded and trimmed here; `check.ts` holds them to their grammar.
 */
import { isUtf8 } from 'node:buffer'
import { SipParseError } from './errors.ts'
import { canonicalHeaderName, isToken } from './names.ts'
import type { SipHeader, SipMessage, SipRequest } from './message.ts'

/** Bounds of one message, in bytes unless named otherwise. */
export interface ParseLimits {
  readonly startLine: number
  readonly headerLine: number
  readonly headerCount: number
  readonly head: number
  readonly message: number
}

export const defaultParseLimits: ParseLimits = {
  startLine: 8_192,
  headerLine: 16_384,
  headerCount: 256,
  head: 65_536,
  message: 1_114_112,
}

/**
 * How far a message reaches: `datagram` = UDP or WebSocket, Content-Length optional, surplus octets dropped
 * (RFC 3261 §18.3); `stream` = exactly one framed message, Content-Length required.
 */
export type SipFraming = 'datagram' | 'stream'

const blankLine = Buffer.from('\r\n\r\n')
const noBody = new Uint8Array(0)

/**
 * Parses one message. The body is a view into `bytes`: copy what you keep.
 * @throws SipParseError with the status it deserves and, for requests, what could be read.
 */
export function parseSip(
  bytes: Uint8Array,
  framing: SipFraming = 'datagram',
  limits: ParseLimits = defaultParseLimits,
): SipMessage {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const start = skipLeadingCrlf(buffer)
  const headEnd = buffer.indexOf(blankLine, start)
  if (headEnd < 0 || headEnd - start > limits.head) {
    const code = headEnd < 0 && buffer.length - start <= limits.head ? 'sip-incomplete' : 'sip-head-too-large'
    throw new SipParseError(
      code,
      undefined,
      readPartial(buffer.toString('latin1', start, Math.min(start + limits.head, buffer.length))),
    )
  }
  const head = buffer.subarray(start, headEnd)
  const text = head.toString('utf8')
  try {
    if (!isUtf8(head)) throw new SipParseError('sip-encoding')
    if (bytes.length > limits.message) throw new SipParseError('sip-too-large')
    return parseHead(text, limits, (headers) => takeBody(headers, buffer, headEnd + blankLine.length, framing))
  } catch (error) {
    if (error instanceof SipParseError) throw new SipParseError(error.code, error.message, readPartial(text))
    throw error
  }
}

function skipLeadingCrlf(buffer: Buffer): number {
  let start = 0
  while (buffer[start] === 0x0d && buffer[start + 1] === 0x0a) start += 2
  return start
}

function parseHead(
  text: string,
  limits: ParseLimits,
  bodyOf: (headers: readonly SipHeader[]) => Uint8Array,
): SipMessage {
  const lineEnd = text.indexOf('\r\n')
  const line = lineEnd < 0 ? text : text.slice(0, lineEnd)
  const headersFrom = lineEnd < 0 ? text.length : lineEnd + 2
  if (line.startsWith('SIP/')) {
    const { status, reason } = parseStatusLine(line, limits)
    const headers = parseHeaderLines(text, headersFrom, limits)
    return { kind: 'response', status, reason, headers, body: bodyOf(headers) }
  }
  const { method, uri } = parseRequestLine(line, limits)
  const headers = parseHeaderLines(text, headersFrom, limits)
  return { kind: 'request', method, uri, headers, body: bodyOf(headers) }
}

const versionPattern = /^SIP\/\d+\.\d+$/i
// Anything a URI can never hold: controls, space, delimiters, non-ASCII (RFC 3261 §25.1).
const uriForbidden = /[^\x21\x23-\x3b\x3d\x3f-\x7e]/
// Controls may stand in a quoted-pair only (RFC 3261 §25.1); a bare CR or LF never.
const lineForbidden = /[\r\n]|(?:^|[^\\])[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/

function parseRequestLine(line: string, limits: ParseLimits): { method: string; uri: string } {
  const first = line.indexOf(' ')
  const last = line.lastIndexOf(' ')
  if (first <= 0 || last === first) throw new SipParseError('sip-start-line')
  const method = line.slice(0, first)
  const uri = line.slice(first + 1, last)
  const version = line.slice(last + 1)
  if (!isToken(method) || method.length > 64) throw new SipParseError('sip-start-line', 'method')
  if (version !== 'SIP/2.0' && version.toUpperCase() !== 'SIP/2.0')
    throw new SipParseError(versionPattern.test(version) ? 'sip-version' : 'sip-start-line')
  if (line.length > limits.startLine) throw new SipParseError('sip-uri-too-long')
  if (uri.length === 0 || uriForbidden.test(uri)) throw new SipParseError('sip-uri')
  return { method, uri }
}

const statusPattern = /^SIP\/(\d+\.\d+) ([1-6]\d\d)(?: (.*))?$/

function parseStatusLine(line: string, limits: ParseLimits): { status: number; reason: string } {
  const match = line.length > limits.startLine ? null : statusPattern.exec(line)
  if (match === null || lineForbidden.test(line)) throw new SipParseError('sip-start-line')
  if (match[1] !== '2.0') throw new SipParseError('sip-version')
  return { status: Number(match[2]), reason: match[3] ?? '' }
}

function parseHeaderLines(text: string, from: number, limits: ParseLimits): SipHeader[] {
  const headers: SipHeader[] = []
  let position = from
  while (position < text.length) {
    let end = text.indexOf('\r\n', position)
    if (end < 0) end = text.length
    let next = end + 2
    let folded = false
    while (isBlank(text.charCodeAt(next)) && next < text.length) {
      const lineEnd = text.indexOf('\r\n', next)
      end = lineEnd < 0 ? text.length : lineEnd
      next = end + 2
      folded = true
    }
    if (end - position > limits.headerLine) throw new SipParseError('sip-head-too-large')
    if (headers.length >= limits.headerCount) throw new SipParseError('sip-head-too-large', 'count')
    headers.push(parseHeaderLine(folded ? unfold(text.slice(position, end)) : text.slice(position, end)))
    position = next
  }
  return headers
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

function unfold(lines: string): string {
  // Not one regular expression: runs of blanks would make it quadratic.
  return lines
    .split('\r\n')
    .map((line) => line.trim())
    .join(' ')
}

function parseHeaderLine(line: string): SipHeader {
  const colon = line.indexOf(':')
  if (colon <= 0) throw new SipParseError('sip-header', 'no colon')
  let nameEnd = colon
  while (nameEnd > 0 && isBlank(line.charCodeAt(nameEnd - 1))) nameEnd -= 1
  const name = canonicalHeaderName(line.slice(0, nameEnd))
  if (name === null) throw new SipParseError('sip-header', 'name')
  // Bare CR and LF end here: they are how headers get smuggled past another parser.
  if (lineForbidden.test(line)) throw new SipParseError('sip-header', 'control character')
  return { name, value: line.slice(colon + 1).trim() }
}

const lengthPattern = /^\d{1,10}$/

/** The declared body length, or null if there is none. @throws SipParseError when it is no number or contradicts itself. */
export function contentLengthOf(headers: readonly SipHeader[]): number | null {
  let length: number | null = null
  for (const header of headers) {
    if (header.name !== 'content-length') continue
    if (!lengthPattern.test(header.value)) throw new SipParseError('sip-content-length')
    if (length !== null && length !== Number(header.value)) throw new SipParseError('sip-content-length', 'two values')
    length = Number(header.value)
  }
  return length
}

function takeBody(headers: readonly SipHeader[], buffer: Buffer, from: number, framing: SipFraming): Uint8Array {
  const length = contentLengthOf(headers)
  const present = buffer.length - from
  if (length === null && framing === 'stream') throw new SipParseError('sip-length-required')
  if (length === null) return present === 0 ? noBody : asBytes(buffer, from, present)
  if (length > present) throw new SipParseError('sip-content-length', 'body is shorter')
  return length === 0 ? noBody : asBytes(buffer, from, length)
}

function asBytes(buffer: Buffer, from: number, length: number): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset + from, length)
}

const answerable: ReadonlySet<string> = new Set([
  'via',
  'from',
  'to',
  'call-id',
  'cseq',
  'max-forwards',
  'record-route',
])

/** What an error response needs (RFC 3261 §8.2.6), read as leniently as possible; null if the input is no request. */
export function readPartial(text: string): SipRequest | null {
  const lines = text
    .slice(0, defaultParseLimits.head)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
  const words = (lines[0] ?? '').slice(0, defaultParseLimits.startLine).trim().split(/ +/)
  const [method = '', version = ''] = [words[0], words.at(-1)]
  if (words.length < 2 || method.length > 64 || !isToken(method) || !versionPattern.test(version)) return null
  const headers: SipHeader[] = []
  for (const line of lines.slice(1, defaultParseLimits.headerCount)) {
    const header = readHeaderOrNull(line)
    if (header !== null && answerable.has(header.name)) headers.push(header)
  }
  return { kind: 'request', method, uri: words.slice(1, -1).join(' '), headers, body: noBody }
}

function readHeaderOrNull(line: string): SipHeader | null {
  try {
    return parseHeaderLine(line)
  } catch (error) {
    if (error instanceof SipParseError) return null
    throw error
  }
}
