/** Where a request goes (RFC 3261 §16.3–16.5): a decision from the message alone, plus who we are. */
import {
  headerValue,
  maxForwardsOf,
  optionTags,
  parseRoutes,
  tagOf,
  toOf,
  type NameAddress,
} from '#protocol/sip/headers.ts'
import { parseUri, unescapeUri, type SipUri } from '#protocol/sip/uri.ts'
import type { SipHeader, SipRequest } from '#protocol/sip/message.ts'
import { registrarExtensions } from './registrar.ts'
import type { RouteToken } from './route-token.ts'

export type RouteDecision =
  | { readonly kind: 'register'; readonly user: string }
  /** Addressed to the server itself. */
  | { readonly kind: 'self' }
  /** To a user of the domain; `instance` when a GRUU names one device; `secure` for sips. */
  | { readonly kind: 'user'; readonly user: string; readonly instance: string | null; readonly secure: boolean }
  /** Inside a dialog that this proxy record-routed; `routes` are those left after ours. */
  | { readonly kind: 'dialog'; readonly token: RouteToken; readonly routes: readonly NameAddress[] }
  | { readonly kind: 'refuse'; readonly status: number; readonly headers?: readonly SipHeader[] }

export interface RouteFacts {
  /** True for host names and addresses that mean this server. */
  isOwnHost(host: string): boolean
  openToken(text: string, request: SipRequest): RouteToken | null
}

export function decideRoute(request: SipRequest, facts: RouteFacts): RouteDecision {
  const uri = parseUri(request.uri)
  if (uri.scheme === 'tel' || uri.scheme === 'other') return { kind: 'refuse', status: 416 }
  const unsupported = optionTags(request, 'proxy-require')
  if (unsupported.length > 0) return badExtension(unsupported)
  const isOwn = facts.isOwnHost(uri.host)
  if (maxForwardsOf(request) === 0 && !(isOwn && uri.user === null)) return { kind: 'refuse', status: 483 }
  const { token, routes } = takeOwnRoutes(request, facts)
  if (token !== null) return { kind: 'dialog', token, routes }
  // A preloaded Route to somewhere else, or a domain that is not ours: no open relay.
  if (routes.length > 0 || !isOwn) return { kind: 'refuse', status: hasToTag(request) ? 481 : 403 }
  return decideInDomain(request, uri, facts)
}

function decideInDomain(request: SipRequest, uri: SipUri, facts: RouteFacts): RouteDecision {
  if (request.method === 'REGISTER') return decideRegister(request, facts)
  if (uri.user === null) return { kind: 'self' }
  return hasToTag(request) ? { kind: 'refuse', status: 481 } : toUser(uri)
}

function toUser(uri: SipUri): RouteDecision {
  const gr = uri.parameters.get('gr')
  const instance = gr === undefined || gr === null ? null : unescapeUri(gr).toLowerCase()
  return { kind: 'user', user: userOf(uri), instance, secure: uri.scheme === 'sips' }
}

/** User part as accounts know it: unescaped, lower case. */
export function userOf(uri: SipUri): string {
  return unescapeUri(uri.user ?? '').toLowerCase()
}

function hasToTag(request: SipRequest): boolean {
  return tagOf(toOf(request)) !== null
}

function badExtension(tags: readonly string[]): RouteDecision {
  return { kind: 'refuse', status: 420, headers: [{ name: 'unsupported', value: tags.join(', ') }] }
}

function decideRegister(request: SipRequest, facts: RouteFacts): RouteDecision {
  const unsupported = optionTags(request, 'require').filter((tag) => !registrarExtensions.has(tag))
  if (unsupported.length > 0) return badExtension(unsupported)
  const uri = parseUri(toOf(request).uri)
  if (uri.scheme === 'tel' || uri.scheme === 'other') return { kind: 'refuse', status: 400 }
  // RFC 3261 §10.3 step 5: an address-of-record that is not valid in the domain.
  if (!facts.isOwnHost(uri.host) || uri.user === null) return { kind: 'refuse', status: 404 }
  return { kind: 'register', user: userOf(uri) }
}

/** Removes Routes that point at us, from the top; a sealed token among them makes it a dialog of ours. */
function takeOwnRoutes(request: SipRequest, facts: RouteFacts): { token: RouteToken | null; routes: NameAddress[] } {
  if (headerValue(request, 'route') === undefined) return { token: null, routes: [] }
  const routes = parseRoutes(request, 'route')
  let token: RouteToken | null = null
  while (routes[0] !== undefined) {
    const uri = parseUri(routes[0].uri)
    if (uri.scheme === 'tel' || uri.scheme === 'other') break
    const opened = uri.user === null ? null : facts.openToken(uri.user, request)
    if (opened === null && !(token === null && facts.isOwnHost(uri.host))) break
    token ??= opened
    routes.shift()
  }
  return { token, routes }
}
