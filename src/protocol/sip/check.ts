/** Holds a parsed message to what every element must be able to rely on (RFC 3261 §8.1.1, §8.2.2, §16.3 step 1). */
import { SipParseError } from './errors.ts'
import {
  expiresOf,
  headerLines,
  headerValue,
  maxForwardsOf,
  parseContacts,
  parseCSeq,
  parseNameAddress,
  parseRoutes,
  parseVia,
} from './headers.ts'
import { readPartial } from './parse.ts'
import { splitList } from './scan.ts'
import { serializeHead } from './serialize.ts'
import { parseUri } from './uri.ts'
import type { SipMessage } from './message.ts'

const mandatory = ['via', 'from', 'to', 'call-id', 'cseq'] as const

/** Headers that may stand in a message once only (RFC 3261 §20, table 2). */
const single: ReadonlySet<string> = new Set([
  ...['from', 'to', 'call-id', 'cseq', 'max-forwards', 'content-length', 'content-type', 'expires', 'date', 'event'],
  ...['min-expires', 'subject', 'organization', 'mime-version', 'refer-to', 'replaces', 'content-disposition'],
])

const callIdPattern =
  /^[\x21\x23-\x2b\x2d-\x3b\x3d\x3f-\x7e]+$|^[A-Za-z0-9\-.!%*_+`'~()<>:\\"/[\]?{}]+(?:@[A-Za-z0-9\-.!%*_+`'~()<>:\\"/[\]?{}]+)?$/

/**
 * Returns the message when its mandatory headers are there once, well formed and in agreement.
 * @throws SipParseError; `partial` lets a request be answered.
 */
export function checkSip<M extends SipMessage>(message: M): M {
  try {
    checkOccurrences(message)
    checkValues(message)
    if (message.kind === 'request') checkRequestUri(message.uri)
    return message
  } catch (error) {
    if (!(error instanceof SipParseError)) throw error
    const partial = message.kind === 'request' ? readPartial(serializeHead(message)) : null
    throw new SipParseError(error.code, error.message, partial)
  }
}

function checkOccurrences(message: SipMessage): void {
  const seen = new Set<string>()
  for (const { name } of message.headers) {
    if (seen.has(name) && single.has(name)) throw new SipParseError('sip-header-repeated', name)
    seen.add(name)
  }
  for (const name of mandatory) {
    if (!seen.has(name)) throw new SipParseError('sip-header-missing', name)
  }
}

function checkValues(message: SipMessage): void {
  const cseq = parseCSeq(headerValue(message, 'cseq') ?? '')
  if (message.kind === 'request' && cseq.method !== message.method) throw new SipParseError('sip-cseq', 'method')
  // Line by line: an empty Via counts, and is wrong.
  for (const line of headerLines(message, 'via')) splitList(line).forEach(parseVia)
  for (const name of ['from', 'to'] as const) parseUri(parseNameAddress(headerValue(message, name) ?? '').uri)
  if (!callIdPattern.test(headerValue(message, 'call-id') ?? '')) throw new SipParseError('sip-header', 'call-id')
  maxForwardsOf(message)
  expiresOf(message)
  const contacts = parseContacts(message)
  if (contacts !== '*') for (const contact of contacts) parseUri(contact.uri)
  for (const name of ['route', 'record-route', 'path'] as const) parseRoutes(message, name)
}

function checkRequestUri(text: string): void {
  const uri = parseUri(text)
  // RFC 3261 §19.1.1: a Request-URI carries no headers.
  if (uri.scheme !== 'other' && uri.scheme !== 'tel' && uri.headers !== null)
    throw new SipParseError('sip-uri', 'headers')
}
