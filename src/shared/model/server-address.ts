/** Addresses of servers as people type them. */
export interface ServerAddress {
  readonly host: string
  readonly port: number
}

/** `host:port`, an IPv6 address in brackets; null for anything else. */
export function parseServer(text: string): ServerAddress | null {
  const match = /^(?:\[([0-9a-f:]{2,45})\]|([a-z0-9.-]{1,253})):(\d{1,5})$/i.exec(text.trim())
  const host = (match?.[1] ?? match?.[2] ?? '').toLowerCase()
  const port = Number(match?.[3])
  return host === '' || !(port >= 1 && port <= 65_535) ? null : { host, port }
}

/** The reverse of {@link parseServer}. */
export function showServer({ host, port }: ServerAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Of a `wss:` URL, where the SIP of a home server is, and on the same port its replica and everything else over HTTPS; null for anything else. */
export function serverOfUrl(url: string): ServerAddress | null {
  const { hostname = '', port = '', protocol } = URL.parse(url) ?? {}
  if (protocol !== 'wss:') return null
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 443 : Number(port) }
}
