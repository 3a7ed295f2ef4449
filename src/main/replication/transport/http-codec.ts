/** The part of HTTP/1.1 (RFC 9112) that a replica speaks: requests with a length, answers with a length, one after the other. */
import { concatBytes, copyOf, utf8 } from '#shared/bytes/bytes.ts'
import { ProtocolError } from '#shared/errors.ts'

/** Why bytes are not an answer. */
export type HttpErrorCode = 'malformed' | 'too-large'

export interface RequestHead {
  readonly method: string
  readonly target: string
  /** As `Host` has it. */
  readonly host: string
  readonly authorization: string | null
}

export interface HttpAnswer {
  readonly status: number
  /** Names in lower case; no name comes twice. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Uint8Array
  /** The connection may carry another request. */
  readonly isKept: boolean
}

const maxHeadBytes = 16_384
const [carriageReturn, lineFeed] = [13, 10]

/** Bytes of a request; its parts must be free of line breaks, which its callers' alphabets see to. */
export function serializeRequest({ method, target, host, authorization }: RequestHead, body: Uint8Array): Uint8Array {
  const lines = [
    `${method} ${target} HTTP/1.1`,
    `host: ${host}`,
    `content-length: ${body.length}`,
    'content-type: application/octet-stream',
    ...(authorization === null ? [] : [`authorization: ${authorization}`]),
  ]
  if (lines.some((line) => /[^\x20-\x7e]/.test(line))) throw new Error('broken invariant: a header of one line')
  return concatBytes(utf8(`${lines.join('\r\n')}\r\n\r\n`), body)
}

interface AnswerHead extends Omit<HttpAnswer, 'body'> {
  readonly length: number
}

/** Reads one answer as it comes; keeps no more than it was told to. */
export class AnswerReader {
  readonly #maxBodyBytes: number
  #head: AnswerHead | null = null
  /** Of the head, until it is whole. */
  #text = new Uint8Array()
  #body = new Uint8Array()
  #filled = 0

  constructor(maxBodyBytes: number) {
    this.#maxBodyBytes = maxBodyBytes
  }

  /**
   * The answer once it is whole; null before.
   * @throws ProtocolError a {@link HttpErrorCode}: this connection says nothing more that can be believed.
   */
  push(bytes: Uint8Array): HttpAnswer | null {
    return this.#head === null ? this.#readHead(bytes) : this.#readBody(this.#head, bytes)
  }

  #readHead(bytes: Uint8Array): HttpAnswer | null {
    const from = Math.max(0, this.#text.length - 3)
    this.#text = concatBytes(this.#text, bytes.subarray(0, maxHeadBytes))
    const end = endOfHead(this.#text, from)
    if (end < 0) return this.#text.length >= maxHeadBytes ? fail('too-large') : null
    const used = end - (this.#text.length - Math.min(bytes.length, maxHeadBytes))
    const head = parseHead(new TextDecoder('latin1').decode(this.#text.subarray(0, end - 4)))
    if (head.length > this.#maxBodyBytes) fail('too-large')
    this.#head = head
    this.#body = new Uint8Array(head.length)
    return this.#readBody(head, bytes.subarray(used))
  }

  #readBody(head: AnswerHead, bytes: Uint8Array): HttpAnswer | null {
    // Nothing was asked that could be answered by more.
    if (this.#filled + bytes.length > head.length) fail('malformed')
    this.#body.set(bytes, this.#filled)
    this.#filled += bytes.length
    const { status, headers, isKept } = head
    return this.#filled === head.length ? { status, headers, isKept, body: copyOf(this.#body) } : null
  }
}

/** Where the body begins; -1 when the head is not whole. */
function endOfHead(bytes: Uint8Array, from: number): number {
  for (let at = from; at + 3 < bytes.length; at += 1) {
    const isEnd =
      bytes[at] === carriageReturn &&
      bytes[at + 1] === lineFeed &&
      bytes[at + 2] === carriageReturn &&
      bytes[at + 3] === lineFeed
    if (isEnd) return at + 4
  }
  return -1
}

function parseHead(text: string): AnswerHead {
  const [statusLine = '', ...lines] = text.split('\r\n')
  const status = Number(/^HTTP\/1\.1 ([2-5]\d\d)(?: |$)/.exec(statusLine)?.[1] ?? fail('malformed'))
  const headers = parseHeaders(lines)
  if (headers.has('transfer-encoding')) fail('malformed')
  const isKept = (headers.get('connection') ?? 'keep-alive').toLowerCase() === 'keep-alive'
  return { status, headers, isKept, length: status === 204 ? 0 : lengthOf(headers.get('content-length')) }
}

function parseHeaders(lines: readonly string[]): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  for (const line of lines) {
    const [, name = fail('malformed'), value = ''] =
      /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? []
    // Two lengths, or two of anything, can be read in two ways.
    if (headers.has(name.toLowerCase())) fail('malformed')
    headers.set(name.toLowerCase(), value)
  }
  return headers
}

function lengthOf(value: string | undefined): number {
  return value !== undefined && /^\d{1,10}$/.test(value) ? Number(value) : fail('malformed')
}

function fail(code: HttpErrorCode): never {
  throw new ProtocolError<HttpErrorCode>(code)
}
