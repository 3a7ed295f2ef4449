import type { IncomingMessage } from 'node:http'
import { isLoopback } from '../../home/net/host-names.ts'
import { guardRequest, requestedHost } from '../../home/net/origin-guard.ts'
import type { Arrival, RequestUse } from '../access/judge-request.ts'
import { channelOf } from '../access/tls-channel.ts'
import type { ReplicaProblem } from '#shared/replication/api.ts'

/** IP address of the other end. */
export function addressOf(request: IncomingMessage): string {
  return request.socket.remoteAddress ?? ''
}

/** Whether the other end is this computer; IPv4 may come in IPv6 (RFC 4291 §2.5.5.2). */
export function isFromLoopback(request: IncomingMessage): boolean {
  return isLoopback(addressOf(request).replace(/^::ffff:/, ''))
}

/** What a request says and how it came, for the gate; `hosts` were checked by {@link refuseBrowser}. */
export function arrivalOf(request: IncomingMessage, use: RequestUse): Arrival {
  return {
    authorization: request.headers.authorization,
    method: request.method ?? '',
    target: request.url ?? '',
    host: requestedHost(request.headers) ?? '',
    channel: channelOf(request.socket),
    loopback: isFromLoopback(request),
    address: addressOf(request),
    use,
  }
}

/** Requests of web pages, and for names that are not ours. */
export function refuseBrowser(request: IncomingMessage, hosts: ReadonlySet<string>): ReplicaProblem | null {
  const refusal = guardRequest(request.headers, hosts)
  return refusal === 'host-refused' ? 'wrong-host' : refusal
}
