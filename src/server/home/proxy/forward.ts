/** Messages as they leave the proxy (RFC 3261 §16.6, §16.7). */
import { parseAuthorization } from '#protocol/sip/digest.ts'
import {
  headerValue,
  maxForwardsOf,
  parseVia,
  serializeNameAddress,
  serializeVia,
  type NameAddress,
} from '#protocol/sip/headers.ts'
import { splitList } from '#protocol/sip/scan.ts'
import type { SipHeader, SipRequest, SipResponse } from '#protocol/sip/message.ts'
import type { Connection } from './connection.ts'

export interface ForwardPlan {
  readonly uri: string
  readonly branch: string
  readonly connection: Connection
  /** Whole Route values, in order. */
  readonly routes: readonly string[]
  /** Whole Record-Route values to put on top, in order. */
  readonly recordRoutes: readonly string[]
  /** Realm whose credentials end here. */
  readonly realm: string
}

/** Host and port as they stand in Via and Route. */
function hostPort(connection: Connection): string {
  const { host, port } = connection.flow.local
  return `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`
}

/** Record-Route URI by which the far end of this flow reaches us again. */
export function routeUri(connection: Connection, token: string): string {
  return `<sip:${token}@${hostPort(connection)};transport=${connection.flow.transport};lr>`
}

/** RFC 5658: one entry per side where the sides differ, the one facing the target on top. */
export function recordRoutesFor(from: Connection, to: Connection, token: string): string[] {
  const [facingCallee, facingCaller] = [routeUri(to, token), routeUri(from, token)]
  return facingCallee === facingCaller ? [facingCallee] : [facingCallee, facingCaller]
}

// The identity headers only a trusted proxy may write (RFC 3325 §5).
const dropped: ReadonlySet<string> = new Set(['route', 'max-forwards', 'p-asserted-identity', 'p-preferred-identity'])

export function forwardRequest(request: SipRequest, plan: ForwardPlan): SipRequest {
  const via = `SIP/2.0/${plan.connection.flow.transport.toUpperCase()} ${hostPort(plan.connection)};branch=${plan.branch}`
  const hops = maxForwardsOf(request)
  const headers: SipHeader[] = [{ name: 'via', value: via }]
  const recordRoutes = plan.recordRoutes.map((value) => ({ name: 'record-route', value }))
  let isPlaced = false
  for (const header of request.headers) {
    if (dropped.has(header.name) || isOwnCredential(header, plan.realm)) continue
    if (!isPlaced && header.name === 'record-route') {
      headers.push(...recordRoutes)
      isPlaced = true
    }
    headers.push(header)
  }
  if (!isPlaced) headers.push(...recordRoutes)
  headers.push({ name: 'max-forwards', value: String(hops === null ? 70 : hops - 1) })
  for (const value of plan.routes) headers.push({ name: 'route', value })
  return { ...request, uri: plan.uri, headers }
}

/** Digests made for us are nobody else's business (RFC 3261 §22.3). */
function isOwnCredential({ name, value }: SipHeader, realm: string): boolean {
  if (name !== 'proxy-authorization' && name !== 'authorization') return false
  return parseAuthorization(value)?.realm === realm
}

/** Route values of name-addrs left over from a request. */
export function routeValues(routes: readonly NameAddress[]): string[] {
  return routes.map(serializeNameAddress)
}

/**
 * CANCEL for a request we sent (RFC 3261 §9.1): same Request-URI, top Via, Routes, From, To, Call-ID and number; with values of
 * Reason (RFC 3326).
 */
export function cancelFor(sent: SipRequest, reasons: readonly string[]): SipRequest {
  const headers: SipHeader[] = [{ name: 'via', value: headerValue(sent, 'via') ?? '' }]
  for (const header of sent.headers) {
    if (['route', 'from', 'to', 'call-id'].includes(header.name)) headers.push(header)
    if (header.name === 'cseq') headers.push({ name: 'cseq', value: header.value.replace(/\S+$/, 'CANCEL') })
  }
  headers.push({ name: 'max-forwards', value: '70' })
  for (const value of reasons) headers.push({ name: 'reason', value })
  return { kind: 'request', method: 'CANCEL', uri: sent.uri, headers, body: new Uint8Array(0) }
}

/** A response on its way back: the Vias are those the request came with, whatever the far end made of them. */
export function relayResponse(response: SipResponse, request: SipRequest): SipResponse {
  const vias = request.headers.filter((header) => header.name === 'via')
  const rest = response.headers.filter((header) => header.name !== 'via' && header.name !== 'p-asserted-identity')
  return { ...response, headers: [...vias, ...rest] }
}

/**
 * Marks the top Via with where the request really came from (RFC 3261 §18.2.1, RFC 3581 §4). Only answers show it: what
 * is forwarded carries the Via as it came, so that nobody learns the sender's address.
 */
export function stampVia(request: SipRequest, connection: Connection): SipRequest {
  const at = request.headers.findIndex((header) => header.name === 'via')
  const items = splitList(request.headers[at]?.value ?? '')
  const via = parseVia(items[0] ?? '')
  const { host, port } = connection.flow.remote
  const wantsPort = via.parameters.has('rport')
  if (via.host === host && !wantsPort) return request
  const parameters = new Map(via.parameters)
  if (wantsPort) parameters.set('rport', String(port))
  parameters.set('received', host)
  const value = [serializeVia({ ...via, parameters }), ...items.slice(1)].join(', ')
  return { ...request, headers: request.headers.with(at, { name: 'via', value }) }
}
