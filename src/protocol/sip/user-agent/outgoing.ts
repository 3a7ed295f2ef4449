/** What the library wrote, made fit for the wire: Via, Contact, routes, bodies. Pure functions on messages. */
import { headerLines, headerValue, parseVia, serializeVia, tagOf, toOf, withHeader, withoutHeader } from '../headers.ts'
import type { SipHeader, SipMessage, SipRequest } from '../message.ts'
import type { SipFlow } from './user-agent.ts'

type FlowAddress = Pick<SipFlow, 'transport' | 'local'>

/** Via of our own: the flow's transport and address, `rport` where there is an address (RFC 3581). */
export function withVia(request: SipRequest, flow: FlowAddress, branch: string): SipRequest {
  const written = parseVia(headerValue(request, 'via') ?? '')
  const address = flow.local === null ? { host: written.host, port: null } : viaAddress(flow.local)
  const parameters = new Map<string, string | null>([['branch', branch]])
  if (flow.local !== null) parameters.set('rport', null)
  return withHeader(request, 'via', serializeVia({ transport: flow.transport, ...address, parameters }))
}

function viaAddress({ host, port }: { host: string; port: number }): { host: string; port: number } {
  return { host: bracketed(host), port }
}

/** IPv6 addresses stand in brackets; mapped IPv4 stands as IPv4. */
export function bracketed(host: string): string {
  const plain = host.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
  return plain.includes(':') ? `[${plain}]` : plain
}

/** Puts the flow's address where the library wrote `placeholder`; drops the ICE tag that it always claims. */
export function withContact<M extends SipMessage>(message: M, flow: FlowAddress, placeholder: string): M {
  const headers = message.headers.map((header): SipHeader => {
    if (header.name !== 'contact') return header
    const value = header.value.replace(/;\+sip\.ice(?=;|$)/, '')
    if (flow.local === null) return { name: 'contact', value }
    const address = `${bracketed(flow.local.host)}:${flow.local.port}`
    return { name: 'contact', value: value.replace(`@${placeholder}`, `@${address}`) }
  })
  return { ...message, headers }
}

/** True for requests that start something: no To tag, and neither CANCEL, ACK nor REGISTER. */
export function startsSomething(request: SipRequest): boolean {
  return !['CANCEL', 'ACK', 'REGISTER'].includes(request.method) && tagOf(toOf(request)) === null
}

/** Adds the registrar's Service-Route to requests that start something (RFC 3608 §5). */
export function withServiceRoute(request: SipRequest, route: readonly string[]): SipRequest {
  if (route.length === 0 || headerLines(request, 'route').length > 0) return request
  const headers = route.map((value) => ({ name: 'route', value }))
  return { ...request, headers: [...headers, ...request.headers] }
}

/** Header by which we hand the library a body that is no text. */
export const bodyTicketHeader = 'x-body-ticket'

/** What a ticket stands for. */
export interface TicketedBody {
  readonly body: Uint8Array
  /** Takes the place of the library's Call-ID; null leaves that. */
  readonly callId: string | null
}

/** Swaps a ticket for the bytes it stands for. */
export function withTicketedBody(request: SipRequest, take: (ticket: string) => TicketedBody | undefined): SipRequest {
  const ticket = headerValue(request, bodyTicketHeader)
  if (ticket === undefined) return request
  const { body = new Uint8Array(0), callId = null } = take(ticket) ?? {}
  const bare = { ...withoutHeader(request, bodyTicketHeader), body }
  return callId === null ? bare : withHeader(bare, 'call-id', callId)
}

/** True for a Call-ID without quotes and brackets, which some stacks mistake (RFC 3261 §25.1 `word`). */
export function isCallId(text: string): boolean {
  return /^[A-Za-z0-9.!%*_+`'~-]{1,128}$/.test(text)
}

const methods = 'INVITE, ACK, CANCEL, BYE, UPDATE, PRACK, MESSAGE, OPTIONS, REFER, INFO, NOTIFY'

/** Names what we take beside the library, and names it at all in what sets up a session (RFC 3261 §13.2.1, §13.3.1.4). */
export function withAbilities<M extends SipMessage>(message: M, method: string): M {
  if (method === 'ACK' || method === 'CANCEL') return message
  const isSetUp = message.kind === 'response' && method === 'INVITE' && message.status > 100 && message.status < 300
  const named = isSetUp || headerLines(message, 'allow').length > 0 ? withHeader(message, 'allow', methods) : message
  if (method !== 'INVITE' && method !== 'UPDATE') return named
  const supported = headerLines(named, 'supported')
  return supported.length === 0 ? named : withHeader(named, 'supported', [...supported, 'timer', '100rel'].join(', '))
}
