/**
 * Rewrites what the library below would mistake: session descriptions with parameters or inside multipart, tel and sips
 * URIs, Request-URIs it does not know as its own. Pure functions on messages.
 */
import { headerValue, mediaTypeOf, parseNameAddress, serializeNameAddress, withHeader } from '../headers.ts'
import type { SipMessage, SipRequest } from '../message.ts'
import { parseParameters } from '../scan.ts'
import { parseUri, type TelUri } from '../uri.ts'

/** Option tags we can honour (RFC 3261 §8.2.2.3); any other in Require gets 420. */
const understood: ReadonlySet<string> = new Set(['timer', 'replaces', '100rel', 'outbound', 'gruu', 'path'])

/** Option tags of Require that must be refused, joined for Unsupported; null when there are none. */
export function unsupportedOptions(required: readonly string[]): string | null {
  const unknown = required.filter((tag) => !understood.has(tag))
  return unknown.length === 0 ? null : unknown.join(', ')
}

/** Reduces the body to a bare session description where there is one (RFC 3261 §7.4, RFC 5621). */
export function bareDescription<M extends SipMessage>(message: M): M {
  const type = mediaTypeOf(message)
  if (message.body.length === 0 || type === null) return message
  if (type === 'application/sdp') return withHeader(message, 'content-type', 'application/sdp')
  if (!type.startsWith('multipart/')) return message
  const description = findDescription(message)
  if (description === null) return message
  return withHeader({ ...message, body: description }, 'content-type', 'application/sdp')
}

const maxParts = 16
const sdpPart = /^content-type[ \t]*:[ \t]*application\/sdp[ \t]*(?:;|$)/im
const encodedPart = /^content-(?:transfer-)?encoding[ \t]*:[ \t]*(?!(?:7bit|8bit|binary|identity)[ \t]*$)/im

function findDescription(message: SipMessage): Uint8Array | null {
  const boundary = boundaryOf(headerValue(message, 'content-type') ?? '')
  if (boundary === null) return null
  const text = Buffer.from(message.body).toString('latin1')
  for (const part of `\r\n${text}`.split(`\r\n--${boundary}`).slice(1, maxParts)) {
    if (part.startsWith('--')) return null
    const blank = part.indexOf('\r\n\r\n')
    const head = blank < 0 ? '' : part.slice(0, blank).replace(/\r\n/g, '\n')
    if (sdpPart.test(head) && !encodedPart.test(head)) return Buffer.from(`${part.slice(blank + 4)}\r\n`, 'latin1')
  }
  return null
}

function boundaryOf(contentType: string): string | null {
  const semicolon = contentType.indexOf(';')
  const boundary = semicolon < 0 ? null : parseParameters(contentType.slice(semicolon)).get('boundary')
  return boundary === null || boundary === undefined || boundary.length > 70 ? null : boundary
}

/** The From and To a request came with, to be restored in everything that goes back. */
export interface Identities {
  readonly from: string
  readonly to: string
}

/** Gives From and To SIP URIs under `domain`; `original` is null when nothing had to change. */
export function withSipIdentities(
  request: SipRequest,
  domain: string,
): { readonly request: SipRequest; readonly original: Identities | null } {
  const from = headerValue(request, 'from') ?? ''
  const to = headerValue(request, 'to') ?? ''
  const [newFrom, newTo] = [sipIdentity(from, domain), sipIdentity(to, domain)]
  if (newFrom === from && newTo === to) return { request, original: null }
  return { request: withHeader(withHeader(request, 'from', newFrom), 'to', newTo), original: { from, to } }
}

function sipIdentity(value: string, domain: string): string {
  const address = parseNameAddress(value)
  const uri = parseUri(address.uri)
  if (uri.scheme === 'sip') return value
  return serializeNameAddress({ ...address, uri: sipUriText(uri, address.uri, domain) })
}

function sipUriText(uri: ReturnType<typeof parseUri>, text: string, domain: string): string {
  if (uri.scheme === 'sips') return text.replace(/^sips:/i, 'sip:')
  return uri.scheme === 'tel' ? `sip:${telUser(uri)}@${domain}` : `sip:anonymous@${domain}`
}

/** Digits of a tel URI without visual separators (RFC 3966 §3). */
export function telUser(uri: TelUri): string {
  return uri.number.replace(/[().-]/g, '')
}

/** Puts the tag of `current` on the identity as it originally came. */
export function restoreIdentity(original: string, current: string): string {
  const tag = parseNameAddress(current).parameters.get('tag')
  const address = parseNameAddress(original)
  if (tag === undefined || tag === null || address.parameters.has('tag')) return original
  return serializeNameAddress({ ...address, parameters: new Map([...address.parameters, ['tag', tag]]) })
}
