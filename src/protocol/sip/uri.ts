/** SIP and SIPS URIs (RFC 3261 §19.1) and tel URIs (RFC 3966), read from and written to text. */
import { SipParseError } from './errors.ts'

/** Parameters by lower-case name, raw (escaped) values, in order. */
export type UriParameters = ReadonlyMap<string, string | null>

export interface SipUri {
  readonly scheme: 'sip' | 'sips'
  /** Raw, escapes kept; null when there is none. `unescapeUser` makes it readable. */
  readonly user: string | null
  readonly password: string | null
  /** Lower case; IPv6 with brackets. */
  readonly host: string
  readonly port: number | null
  readonly parameters: UriParameters
  /** Raw text after `?`, or null. */
  readonly headers: string | null
}

export interface TelUri {
  readonly scheme: 'tel'
  /** As written, visual separators included. */
  readonly number: string
  readonly parameters: UriParameters
}

/** Any other absolute URI: kept, not understood. */
export interface OtherUri {
  readonly scheme: 'other'
  readonly name: string
  readonly text: string
}

export type AnyUri = SipUri | TelUri | OtherUri

const userPattern = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/#]|%[0-9A-Fa-f]{2})+$/
const passwordPattern = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,]|%[0-9A-Fa-f]{2})*$/
const hostPattern = /^(?:\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9\-_.]{0,251}[a-z0-9.])?)$/
const parameterPattern =
  /^((?:[A-Za-z0-9\-_.!~*'()[\]/:&+$]|%[0-9A-Fa-f]{2})+)(?:=((?:[A-Za-z0-9\-_.!~*'()[\]/:&+$]|%[0-9A-Fa-f]{2})+))?$/
const headersPattern = /^(?:[A-Za-z0-9\-_.!~*'()[\]/?:+$&=;@]|%[0-9A-Fa-f]{2})*$/
const telPattern = /^(?:\+[0-9().-]+|[0-9A-Fa-f*#().-]+)$/
const schemePattern = /^([A-Za-z][A-Za-z0-9+.-]*):[\x21-\x7e]+$/
const noParameters: UriParameters = new Map()

/** @throws SipParseError `sip-uri` when malformed; unknown schemes come back as `other`. */
export function parseUri(text: string): AnyUri {
  const colon = text.indexOf(':')
  const scheme = text.slice(0, Math.max(colon, 0)).toLowerCase()
  if (scheme === 'sip' || scheme === 'sips') return parseSipUri(scheme, text.slice(colon + 1))
  if (scheme === 'tel') return parseTelUri(text.slice(colon + 1))
  if (!schemePattern.test(text)) throw malformed('scheme')
  return { scheme: 'other', name: scheme, text }
}

function malformed(what: string): SipParseError {
  return new SipParseError('sip-uri', what)
}

function parseSipUri(scheme: 'sip' | 'sips', rest: string): SipUri {
  // `@` is escaped in user and headers, so the first one ends the userinfo; parameters of a user stay in the user.
  const at = rest.indexOf('@')
  const { user, password } = at < 0 ? { user: null, password: null } : parseUserInfo(rest.slice(0, at))
  const question = rest.indexOf('?', at + 1)
  const headers = question < 0 ? null : rest.slice(question + 1)
  if (headers !== null && !headersPattern.test(headers)) throw malformed('headers')
  const beforeHeaders = question < 0 ? rest.slice(at + 1) : rest.slice(at + 1, question)
  const semicolon = beforeHeaders.indexOf(';')
  const hostPort = semicolon < 0 ? beforeHeaders : beforeHeaders.slice(0, semicolon)
  const parameters = semicolon < 0 ? noParameters : parseUriParameters(beforeHeaders.slice(semicolon + 1))
  return { scheme, user, password, ...parseHostPort(hostPort), parameters, headers }
}

function parseUserInfo(text: string): { user: string; password: string | null } {
  const colon = text.indexOf(':')
  const user = colon < 0 ? text : text.slice(0, colon)
  const password = colon < 0 ? null : text.slice(colon + 1)
  if (!userPattern.test(user)) throw malformed('user')
  if (password !== null && !passwordPattern.test(password)) throw malformed('password')
  return { user, password }
}

/** Reads `host[:port]`, also as in Via. @throws SipParseError */
export function parseHostPort(text: string): { host: string; port: number | null } {
  const bracket = text.lastIndexOf(']')
  const colon = text.indexOf(':', bracket + 1)
  const host = (colon < 0 ? text : text.slice(0, colon)).toLowerCase()
  if (!hostPattern.test(host)) throw malformed('host')
  if (colon < 0) return { host, port: null }
  const digits = text.slice(colon + 1)
  const port = Number(digits)
  if (!/^\d{1,5}$/.test(digits) || port > 65_535) throw malformed('port')
  return { host, port }
}

function parseUriParameters(text: string): UriParameters {
  const parameters = new Map<string, string | null>()
  for (const item of text.split(';')) {
    const match = parameterPattern.exec(item)
    if (match?.[1] === undefined) throw malformed('parameter')
    const name = match[1].toLowerCase()
    if (parameters.has(name)) throw malformed('parameter repeated')
    parameters.set(name, match[2] ?? null)
  }
  return parameters
}

function parseTelUri(rest: string): TelUri {
  const semicolon = rest.indexOf(';')
  const number = semicolon < 0 ? rest : rest.slice(0, semicolon)
  if (!telPattern.test(number) || !/[0-9*#A-Fa-f]/.test(number)) throw malformed('number')
  return {
    scheme: 'tel',
    number,
    parameters: semicolon < 0 ? noParameters : parseUriParameters(rest.slice(semicolon + 1)),
  }
}

/** The URI as text; `parseUri(serializeUri(uri))` equals `uri`. */
export function serializeUri(uri: AnyUri): string {
  if (uri.scheme === 'other') return uri.text
  if (uri.scheme === 'tel') return `tel:${uri.number}${serializeUriParameters(uri.parameters)}`
  const password = uri.password === null ? '' : `:${uri.password}`
  const user = uri.user === null ? '' : `${uri.user}${password}@`
  const port = uri.port === null ? '' : `:${uri.port}`
  const headers = uri.headers === null ? '' : `?${uri.headers}`
  return `${uri.scheme}:${user}${uri.host}${port}${serializeUriParameters(uri.parameters)}${headers}`
}

function serializeUriParameters(parameters: UriParameters): string {
  let text = ''
  for (const [name, value] of parameters) text += value === null ? `;${name}` : `;${name}=${value}`
  return text
}

/** Replaces %HH where the octets are valid UTF-8; anything else stays as it stands (it only ever gets compared). */
export function unescapeUri(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return text
    throw error
  }
}

/** Escapes everything that may not stand bare in the user part. */
export function escapeUser(text: string): string {
  return text.replace(/[^A-Za-z0-9\-_.!~*'()&=+$,;?/]/gu, (character) => encodeURIComponent(character))
}
