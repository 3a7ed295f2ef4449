import { ProtocolError } from '#shared/errors.ts'

/** A whole HTTP/1.1 response with a body of known length (RFC 9112). */
export interface HttpResponse {
  readonly status: number
  /** Names in lower case; of a repeated field the first counts. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Uint8Array
}

export type HttpProblem = 'malformed' | 'too-large' | 'truncated'

const maxHeadBytes = 16_384

/** Reads a response that the server ended by closing the connection; it must be complete. */
export function parseHttpResponse(bytes: Uint8Array): HttpResponse {
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, maxHeadBytes))
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd < 0) {
    throw new ProtocolError<HttpProblem>(bytes.length >= maxHeadBytes ? 'too-large' : 'truncated')
  }
  const [statusLine = '', ...lines] = text.slice(0, headEnd).split('\r\n')
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine)?.[1]
  if (status === undefined) throw new ProtocolError<HttpProblem>('malformed', 'status line')
  const headers = parseHeaders(lines)
  const body = bytes.subarray(headEnd + 4)
  const length = contentLength(headers, Number(status))
  if (body.length < length) throw new ProtocolError<HttpProblem>('truncated')
  return { status: Number(status), headers, body: body.slice(0, length) }
}

function parseHeaders(lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>()
  for (const line of lines) {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line)
    if (match?.[1] === undefined) throw new ProtocolError<HttpProblem>('malformed', 'header')
    const name = match[1].toLowerCase()
    if (!headers.has(name)) headers.set(name, match[2] ?? '')
  }
  return headers
}

function contentLength(headers: ReadonlyMap<string, string>, status: number): number {
  if (status === 204 || status === 304) return 0
  const value = headers.get('content-length')
  // The home server always names a length.
  if (value === undefined || !/^\d{1,10}$/.test(value)) throw new ProtocolError<HttpProblem>('malformed', 'length')
  return Number(value)
}
