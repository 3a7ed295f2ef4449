/** Typed reading of header values (RFC 3261 §20). Each parser throws SipParseError on a value that breaks its grammar. */
import { SipParseError } from './errors.ts'
import { isToken } from './names.ts'
import { parseParameters, quote, serializeParameters, skipQuoted, splitList, type Parameters } from './scan.ts'
import { parseHostPort, parseUri, type AnyUri } from './uri.ts'
import type { SipHeader, SipMessage } from './message.ts'

/** First value of a header by canonical name, or undefined. */
export function headerValue(message: { readonly headers: readonly SipHeader[] }, name: string): string | undefined {
  for (const header of message.headers) if (header.name === name) return header.value
  return undefined
}

/** All values of a header, one per line, commas untouched (right for authentication headers and Date). */
export function headerLines(message: { readonly headers: readonly SipHeader[] }, name: string): string[] {
  const values: string[] = []
  for (const header of message.headers) if (header.name === name) values.push(header.value)
  return values
}

/** All items of a comma-separated header over all its lines, in order; empty lines hold none. */
export function headerItems(message: { readonly headers: readonly SipHeader[] }, name: string): string[] {
  const items: string[] = []
  for (const header of message.headers) {
    if (header.name === name && header.value !== '') items.push(...splitList(header.value))
  }
  return items
}

/** A name-addr or addr-spec with its header parameters (From, To, Contact, Route, …; RFC 3261 §20.10). */
export interface NameAddress {
  /** Unquoted and as hostile as it came: clean it before showing. Empty when there is none. */
  readonly displayName: string
  /** The URI as written; `parseUri` reads it. */
  readonly uri: string
  readonly parameters: Parameters
}

const tokenNames = /^[A-Za-z0-9\-.!%*_+`'~ \t]*$/

/** Reads one name-addr or addr-spec; its URI is not parsed. */
export function parseNameAddress(value: string): NameAddress {
  if (value.charCodeAt(0) === 0x22) {
    const end = skipQuoted(value, 0)
    if (end < 0) throw new SipParseError('sip-header', 'open quote')
    return parseBracketed(value.slice(1, end - 1).replace(/\\(.)/gs, '$1'), value.slice(end).trimStart())
  }
  const less = value.indexOf('<')
  if (less < 0) return parseAddrSpec(value)
  const displayName = value.slice(0, less).trim()
  if (!tokenNames.test(displayName)) throw new SipParseError('sip-header', 'display name')
  return parseBracketed(displayName, value.slice(less))
}

function parseBracketed(displayName: string, rest: string): NameAddress {
  const close = rest.indexOf('>')
  if (!rest.startsWith('<') || close < 0) throw new SipParseError('sip-header', 'angle brackets')
  return { displayName, uri: checkUriText(rest.slice(1, close)), parameters: parseParameters(rest.slice(close + 1)) }
}

/** Without angle brackets everything after `;` belongs to the header, and `?` and `,` may not occur (RFC 3261 §20). */
function parseAddrSpec(value: string): NameAddress {
  const semicolon = value.indexOf(';')
  const uri = (semicolon < 0 ? value : value.slice(0, semicolon)).trim()
  if (/[?,]/.test(uri)) throw new SipParseError('sip-header', 'URI needs <>')
  return {
    displayName: '',
    uri: checkUriText(uri),
    parameters: semicolon < 0 ? new Map() : parseParameters(value.slice(semicolon)),
  }
}

function checkUriText(uri: string): string {
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:[\x21\x23-\x3b\x3d\x3f-\x7e]+$/.test(uri)) throw new SipParseError('sip-header', 'URI')
  return uri
}

/** The URI of a name-addr, parsed. */
export function uriOf(address: NameAddress): AnyUri {
  return parseUri(address.uri)
}

/** Writes a name-addr; always with angle brackets, the display name always quoted. */
export function serializeNameAddress(address: NameAddress): string {
  const name = address.displayName === '' ? '' : `${quote(address.displayName)} `
  return `${name}<${address.uri}>${serializeParameters(address.parameters)}`
}

/** Contact: `*` (only in REGISTER) or a list (RFC 3261 §20.10). */
export function parseContacts(message: SipMessage): '*' | NameAddress[] {
  const items = headerItems(message, 'contact')
  if (items.includes('*')) {
    if (items.length > 1) throw new SipParseError('sip-header', 'contact * with others')
    return '*'
  }
  return items.map(parseNameAddress)
}

/** Route, Record-Route, Path or Service-Route as a list (RFC 3261 §20.30, §20.34, RFC 3327, RFC 3608). */
export function parseRoutes(
  message: SipMessage,
  name: 'route' | 'record-route' | 'path' | 'service-route',
): NameAddress[] {
  return headerItems(message, name).map(parseNameAddress)
}

/** One Via value (RFC 3261 §20.42). */
export interface Via {
  /** Upper case: UDP, TCP, TLS, WS, WSS, … */
  readonly transport: string
  readonly host: string
  readonly port: number | null
  readonly parameters: Parameters
}

const viaPattern =
  /^SIP[ \t]*\/[ \t]*2\.0[ \t]*\/[ \t]*([A-Za-z0-9\-.!%*_+`'~]+)[ \t]+([^;\s]+|\[[^\]]+\](?:[ \t]*:[ \t]*\d+)?)[ \t]*(?:(:)[ \t]*(\d+)[ \t]*)?(;.*)?$/i

/** Reads one Via item. */
export function parseVia(item: string): Via {
  const match = viaPattern.exec(item)
  if (match?.[1] === undefined || match[2] === undefined) throw new SipParseError('sip-header', 'via')
  const hostPort = match[3] === undefined ? match[2] : `${match[2]}:${match[4] ?? ''}`
  return { transport: match[1].toUpperCase(), ...parseHostPort(hostPort), parameters: parseParameters(match[5] ?? '') }
}

/** Writes a Via item. */
export function serializeVia(via: Via): string {
  const port = via.port === null ? '' : `:${via.port}`
  return `SIP/2.0/${via.transport} ${via.host}${port}${serializeParameters(via.parameters)}`
}

/** The topmost Via, or null when there is none. */
export function topVia(message: SipMessage): Via | null {
  const value = headerValue(message, 'via')
  if (value === undefined) return null
  const first = value.includes(',') ? splitList(value)[0] : value
  return first === undefined ? null : parseVia(first)
}

export interface CSeq {
  readonly sequence: number
  readonly method: string
}

/** CSeq with a number below 2³¹ (RFC 3261 §8.1.1.5). */
export function parseCSeq(value: string): CSeq {
  const match = /^(\d{1,10})[ \t]+(\S+)$/.exec(value)
  const sequence = Number(match?.[1])
  if (match?.[2] === undefined || !isToken(match[2]) || sequence >= 2 ** 31) throw new SipParseError('sip-cseq')
  return { sequence, method: match[2] }
}

/** The CSeq of a checked message. */
export function cseqOf(message: SipMessage): CSeq {
  return parseCSeq(headerValue(message, 'cseq') ?? '')
}

/** Max-Forwards 0–255, or null when there is none (RFC 3261 §20.22). */
export function maxForwardsOf(message: SipMessage): number | null {
  return integerHeader(message, 'max-forwards', 255)
}

/** Expires in seconds below 2³², or null when there is none (RFC 3261 §20.19). */
export function expiresOf(message: SipMessage): number | null {
  return integerHeader(message, 'expires', 2 ** 32 - 1)
}

function integerHeader(message: SipMessage, name: string, maximum: number): number | null {
  const value = headerValue(message, name)
  if (value === undefined) return null
  if (!/^\d{1,10}$/.test(value) || Number(value) > maximum) throw new SipParseError('sip-header', name)
  return Number(value)
}

const datePattern =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/i

/** Date in milliseconds since 1970, or null when absent or in any zone but GMT (RFC 3261 §20.17). */
export function dateOf(message: SipMessage): number | null {
  const value = headerValue(message, 'date')
  if (value === undefined || !datePattern.test(value)) return null
  const milliseconds = Date.parse(value)
  return Number.isNaN(milliseconds) ? null : milliseconds
}

/** Value for a Date header. */
export function serializeDate(milliseconds: number): string {
  return new Date(milliseconds).toUTCString()
}

/** From of a message, parsed; `tagOf` gives its tag. */
export function fromOf(message: SipMessage): NameAddress {
  return parseNameAddress(headerValue(message, 'from') ?? '')
}

/** To of a message, parsed. */
export function toOf(message: SipMessage): NameAddress {
  return parseNameAddress(headerValue(message, 'to') ?? '')
}

/** The tag parameter, or null. */
export function tagOf(address: NameAddress): string | null {
  return address.parameters.get('tag') ?? null
}

/** Option tags of Supported, Require, Proxy-Require or Unsupported, in lower case. */
export function optionTags(
  message: SipMessage,
  name: 'supported' | 'require' | 'proxy-require' | 'unsupported',
): string[] {
  return headerItems(message, name).map((tag) => tag.toLowerCase())
}

/** Media type of the body in lower case without parameters, or null (RFC 3261 §20.15). */
export function mediaTypeOf(message: SipMessage): string | null {
  const value = headerValue(message, 'content-type')
  if (value === undefined) return null
  const semicolon = value.indexOf(';')
  return (semicolon < 0 ? value : value.slice(0, semicolon)).replace(/[ \t]/g, '').toLowerCase()
}

/** Copy of the message with every `name` header removed. */
export function withoutHeader<M extends SipMessage>(message: M, name: string): M {
  return { ...message, headers: message.headers.filter((header) => header.name !== name) }
}

/** Copy with exactly one `name` header, at the place of the first old one or at the end. */
export function withHeader<M extends SipMessage>(message: M, name: string, value: string): M {
  const at = message.headers.findIndex((header) => header.name === name)
  const headers = message.headers.filter((header) => header.name !== name)
  headers.splice(at < 0 ? headers.length : at, 0, { name, value })
  return { ...message, headers }
}
