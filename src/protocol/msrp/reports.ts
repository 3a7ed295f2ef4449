import { requestHead, responseTo, type ByteRange, type RequestHead, type ResponseHead } from './head.ts'

/** Codes of RFC 4975 §10, 4976 §6 and 7701 §9 with their phrases. */
const phrases: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  408: 'Timeout',
  413: 'Message Too Large',
  415: 'Unsupported Media Type',
  423: 'Interval Out-of-Bounds',
  425: 'Nickname Taken',
  481: 'Session Does Not Exist',
  500: 'Server Error',
  501: 'Unknown Method',
  506: 'Session In Use',
}

/** The usual comment of a status code, or an empty text. */
export function phraseOf(code: number): string {
  return phrases[code] ?? ''
}

/** Whether a request may be answered with this code (RFC 4975 §7.2): `no` never, `partial` only failures, REPORT never. */
export function mayRespond(request: RequestHead, code: number): boolean {
  if (request.method === 'REPORT' || request.fromPath.length === 0 || request.toPath.length === 0) return false
  if (request.method !== 'SEND') return true
  return request.failureReport === 'yes' || (request.failureReport === 'partial' && code >= 300)
}

/** The response to send, or null when the request forbids it. */
export function responseFor(request: RequestHead, code: number): ResponseHead | null {
  return mayRespond(request, code) ? responseTo(request, code, phraseOf(code)) : null
}

/** A success or failure REPORT back along the whole path of a SEND (RFC 4975 §7.1.2–7.1.4). */
export function reportFor(send: RequestHead, code: number, range: ByteRange, transactionId: string): RequestHead {
  return requestHead('REPORT', {
    transactionId,
    toPath: send.fromPath,
    fromPath: send.toPath.slice(0, 1),
    messageId: send.messageId,
    byteRange: range,
    status: { namespace: '000', code, comment: phraseOf(code) },
  })
}

/** Whether a REPORT of this code is due for a SEND: successes only when asked, failures unless refused. */
export function wantsReport(send: RequestHead, code: number): boolean {
  if (send.method !== 'SEND' || send.messageId === null) return false
  return code < 300 ? send.successReport : send.failureReport !== 'no'
}
