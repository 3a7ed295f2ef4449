import { MsrpError, type MsrpErrorCode } from './errors.ts'
import { splitPath } from './uri.ts'

/** `{start, end, total}` of RFC 4975 §7.1.1: counted from 1, inclusive; null stands for `*`. */
export interface ByteRange {
  readonly start: number
  readonly end: number | null
  readonly total: number | null
}

export type FailureReport = 'yes' | 'no' | 'partial'

/** Status of a REPORT (RFC 4975 §7.1.2); only namespace `000` has known codes. */
export interface ReportStatus {
  readonly namespace: string
  readonly code: number
  readonly comment: string
}

export interface Header {
  readonly name: string
  readonly value: string
}

interface HeadBase {
  readonly transactionId: string
  /** Hops as written, next hop first; empty when the header is missing. */
  readonly toPath: readonly string[]
  readonly fromPath: readonly string[]
  readonly messageId: string | null
  readonly byteRange: ByteRange | null
  /** Headers without a field of their own, in order. */
  readonly headers: readonly Header[]
  /** Set when the frame is whole but a header is wrong: worth a 400 instead of a lost connection. */
  readonly malformed: MsrpErrorCode | null
}

/** SEND, REPORT, AUTH, NICKNAME and methods we do not know. */
export interface RequestHead extends HeadBase {
  readonly kind: 'request'
  readonly method: string
  readonly successReport: boolean
  /** `yes` where the header is absent (RFC 4975 §7.1.1). */
  readonly failureReport: FailureReport
  readonly status: ReportStatus | null
  readonly contentType: string | null
}

export interface ResponseHead extends HeadBase {
  readonly kind: 'response'
  readonly code: number
  readonly comment: string
}

export type Head = RequestHead | ResponseHead

const startPattern = /^MSRP ([A-Za-z0-9][A-Za-z0-9.\-+%=]{3,31}) (?:([A-Z_]{1,32})|(\d{3})(?: (.*))?)$/
const headerPattern = /^([A-Za-z][!#$%&'*+.^_`|~0-9A-Za-z-]{0,63}):[ \t]*(.*)$/
const rangePattern = /^(\d{1,16})-(\d{1,16}|\*)\/(\d{1,16}|\*)$/
const statusPattern = /^(\d{3}) (\d{3})(?: (.*))?$/
const identPattern = /^[A-Za-z0-9][A-Za-z0-9.\-+%=]{3,31}$/
const lenientIdPattern = /^[!-~]{1,128}$/
const maxHeaders = 64

/** True for what RFC 4975 §9 calls `ident`: transaction and message ids we may write. */
export function isIdent(text: string): boolean {
  return identPattern.test(text)
}

/** Mutable while the lines are read. */
interface Draft {
  toPath: readonly string[]
  fromPath: readonly string[]
  messageId: string | null
  byteRange: ByteRange | null
  successReport: boolean
  failureReport: FailureReport
  status: ReportStatus | null
  contentType: string | null
  headers: Header[]
}

/**
 * Reads a head: start line and headers, without the blank line or end-line.
 * @throws MsrpError `bad-start-line` or `bad-header`: the framing is lost
 */
export function parseHead(text: string): Head {
  const lines = text.split('\r\n', maxHeaders + 2)
  if (lines.length > maxHeaders + 1) throw new MsrpError('head-too-large')
  const start = startPattern.exec(lines[0] ?? '')
  if (start === null) throw new MsrpError('bad-start-line')
  const draft = emptyDraft()
  let malformed: MsrpErrorCode | null = null
  for (const line of lines.slice(1)) malformed = readLine(draft, line) ?? malformed
  if (draft.toPath.length === 0 || draft.fromPath.length === 0) malformed ??= 'bad-path'
  return finishHead(start, draft, malformed)
}

function finishHead(start: RegExpExecArray, draft: Draft, malformed: MsrpErrorCode | null): Head {
  const [, transactionId = '', method, code, comment = ''] = start
  const { successReport, failureReport, status, contentType, ...common } = draft
  const base = { transactionId, ...common, malformed }
  if (method === undefined) return { kind: 'response', ...base, code: Number(code), comment }
  return { kind: 'request', ...base, method, successReport, failureReport, status, contentType }
}

function emptyDraft(): Draft {
  return {
    toPath: [],
    fromPath: [],
    messageId: null,
    byteRange: null,
    successReport: false,
    failureReport: 'yes',
    status: null,
    contentType: null,
    headers: [],
  }
}

function readLine(draft: Draft, line: string): MsrpErrorCode | null {
  const match = headerPattern.exec(line)
  if (match === null) throw new MsrpError('bad-header')
  const [, name = '', value = ''] = match
  const reader = readers.get(name.toLowerCase())
  if (reader !== undefined) return reader(draft, value.trimEnd())
  draft.headers.push({ name, value: value.trimEnd() })
  return null
}

type HeaderReader = (draft: Draft, value: string) => MsrpErrorCode | null

const headerReaders: Record<string, HeaderReader> = {
  'to-path': (draft, value) => readPath(value, (path) => (draft.toPath = path)),
  'from-path': (draft, value) => readPath(value, (path) => (draft.fromPath = path)),
  'message-id': (draft, value) => {
    if (!lenientIdPattern.test(value)) return 'bad-header'
    draft.messageId = value
    return null
  },
  'byte-range': (draft, value) => {
    draft.byteRange = parseByteRange(value)
    return draft.byteRange === null ? 'bad-byte-range' : null
  },
  'success-report': (draft, value) => {
    const flag = value.toLowerCase()
    draft.successReport = flag === 'yes'
    return flag === 'yes' || flag === 'no' ? null : 'bad-report-flag'
  },
  'failure-report': (draft, value) => {
    const flag = value.toLowerCase()
    if (flag !== 'yes' && flag !== 'no' && flag !== 'partial') return 'bad-report-flag'
    draft.failureReport = flag
    return null
  },
  status: (draft, value) => {
    draft.status = parseStatus(value)
    return draft.status === null ? 'bad-status' : null
  },
  'content-type': (draft, value) => {
    draft.contentType = value
    return value === '' ? 'bad-header' : null
  },
}
const readers = new Map(Object.entries(headerReaders))

function readPath(value: string, set: (path: readonly string[]) => void): MsrpErrorCode | null {
  try {
    set(splitPath(value))
    return null
  } catch {
    // splitPath throws `bad-path` only; the frame itself is still whole.
    return 'bad-path'
  }
}

/** Reads `1-10/20`, `1-*\/*`; null when malformed, backwards, from 0, or beyond 2^53 − 1. */
export function parseByteRange(text: string): ByteRange | null {
  const match = rangePattern.exec(text)
  if (match === null) return null
  const start = Number(match[1])
  const end = match[2] === '*' ? null : Number(match[2])
  const total = match[3] === '*' ? null : Number(match[3])
  const safe = [start, end ?? 0, total ?? 0].every(Number.isSafeInteger)
  // `1-0/0` is how an empty message is written: end one before start is allowed.
  return safe && start >= 1 && (end === null || end >= start - 1) ? { start, end, total } : null
}

/** Writes a byte range; null becomes `*`. */
export function serializeByteRange(range: ByteRange): string {
  return `${range.start}-${range.end ?? '*'}/${range.total ?? '*'}`
}

/** Reads `000 200 OK`; null when malformed. */
export function parseStatus(text: string): ReportStatus | null {
  const match = statusPattern.exec(text)
  if (match === null) return null
  const [, namespace = '', code = '', comment = ''] = match
  return { namespace, code: Number(code), comment }
}

/** Value of the first header of that name among {@link Head.headers}, in any case of letters. */
export function findHeader(head: Head, name: string): string | null {
  const wanted = name.toLowerCase()
  return head.headers.find((header) => header.name.toLowerCase() === wanted)?.value ?? null
}

/** Writes start line and headers, each with its CRLF; Content-Type last as RFC 4975 §9 wants. */
export function serializeHead(head: Head): string {
  let text = `MSRP ${head.transactionId} ${startOf(head)}\r\n`
  text += `To-Path: ${head.toPath.join(' ')}\r\nFrom-Path: ${head.fromPath.join(' ')}\r\n`
  if (head.messageId !== null) text += `Message-ID: ${head.messageId}\r\n`
  if (head.kind === 'request') text += reportLines(head)
  if (head.byteRange !== null) text += `Byte-Range: ${serializeByteRange(head.byteRange)}\r\n`
  if (head.kind === 'request' && head.status !== null) {
    const { namespace, code, comment } = head.status
    text += `Status: ${namespace} ${String(code).padStart(3, '0')}${comment === '' ? '' : ` ${comment}`}\r\n`
  }
  for (const { name, value } of head.headers) text += `${name}: ${value}\r\n`
  if (head.kind === 'request' && head.contentType !== null) text += `Content-Type: ${head.contentType}\r\n`
  assertLines(text, head)
  return text
}

function startOf(head: Head): string {
  if (head.kind === 'request') return head.method
  const code = String(head.code).padStart(3, '0')
  return head.comment === '' ? code : `${code} ${head.comment}`
}

function reportLines(head: RequestHead): string {
  const success = head.successReport ? 'Success-Report: yes\r\n' : ''
  return head.failureReport === 'yes' ? success : `${success}Failure-Report: ${head.failureReport}\r\n`
}

/** A line break inside any value would let a peer write our headers: count them once for the whole head. */
function assertLines(text: string, head: Head): void {
  let expected = 3 + head.headers.length
  if (head.messageId !== null) expected += 1
  if (head.byteRange !== null) expected += 1
  if (head.kind === 'request') {
    expected += Number(head.successReport) + Number(head.failureReport !== 'yes')
    expected += Number(head.status !== null) + Number(head.contentType !== null)
  }
  let breaks = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) breaks += 1
  let returns = 0
  for (let at = text.indexOf('\r'); at >= 0; at = text.indexOf('\r', at + 1)) returns += 1
  if (breaks !== expected || returns !== expected) throw new MsrpError('unsafe-value')
}

/** Fields of a request that have a usual value. */
export type RequestFields = Partial<Omit<RequestHead, 'kind' | 'method' | 'malformed'>> &
  Pick<RequestHead, 'transactionId' | 'toPath' | 'fromPath'>

/** A request head with the usual values filled in. */
export function requestHead(method: string, fields: RequestFields): RequestHead {
  return {
    messageId: null,
    byteRange: null,
    headers: [],
    successReport: false,
    failureReport: 'yes',
    status: null,
    contentType: null,
    ...fields,
    kind: 'request',
    method,
    malformed: null,
  }
}

/** The response to a request: back over one hop only, except AUTH, which goes the whole way (RFC 4976 §4). */
export function responseTo(
  request: RequestHead,
  code: number,
  comment: string,
  headers: readonly Header[] = [],
): ResponseHead {
  const whole = request.method === 'AUTH'
  return {
    kind: 'response',
    transactionId: request.transactionId,
    toPath: whole ? request.fromPath : request.fromPath.slice(0, 1),
    fromPath: request.toPath.slice(0, 1),
    messageId: null,
    byteRange: null,
    headers,
    malformed: null,
    code,
    comment,
  }
}
