import type { IncomingHttpHeaders } from 'node:http'

/** Why a request on an HTTP or WebSocket listener is refused before anything looks at it. */
export type GuardRefusal = 'browser-refused' | 'host-refused'

/** What only a browser sends: Sotto and other SIP programs send none of these (RFC 6454 §7, Fetch Metadata). */
const browserHeaders = ['origin', 'sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest', 'sec-fetch-user', 'referer']

/**
 * Any web page may open `ws://127.0.0.1` or post to it, and a name of its own may point there (DNS rebinding): requests
 * with a browser's headers, or for a host name that is not ours, are refused.
 */
export function guardRequest(headers: IncomingHttpHeaders, hosts: ReadonlySet<string>): GuardRefusal | null {
  if (browserHeaders.some((name) => headers[name] !== undefined)) return 'browser-refused'
  const host = requestedHost(headers)
  return host === null || !hosts.has(host) ? 'host-refused' : null
}

/** Host name of the `Host` header without its port, lower case; null if it is not one (RFC 9110 §7.2). */
export function requestedHost({ host }: Pick<IncomingHttpHeaders, 'host'>): string | null {
  const match = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9.-]{1,253})(?::\d{1,5})?$/i.exec(host ?? '')
  return match?.[1]?.replace(/^\[|\]$/g, '').toLowerCase() ?? null
}
