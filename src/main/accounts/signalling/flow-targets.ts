/** Where an account's signalling and its MSRP relay are. Transport security is the account's, never DNS's (design §10). */
import { isIP } from 'node:net'
import type { ErrorCode } from '#shared/errors.ts'
import { aorDomain } from '#shared/model/aor.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { TlsIdentity } from '#shared/ports/sockets.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { locateServers, type ResolverPort, type ServerAddress } from '#protocol/sip/user-agent/locate-server.ts'
import type { FlowTarget } from '#protocol/sip/user-agent/open-flow.ts'
import type { SignallingAccount } from '../signalling-port.ts'

/** RFC 5922: whatever host DNS or the user named, the certificate is the domain's. */
export function tlsIdentityOf(account: SignallingAccount): TlsIdentity {
  const { aor, extraAuthorities, spkiPins } = account
  return { serverName: aorDomain(aor), extraAuthorities, spkiPins }
}

/** Targets to try in order. */
export async function flowTargets(
  account: SignallingAccount,
  resolver: ResolverPort,
  random: RandomPort,
): Promise<Result<readonly FlowTarget[], ErrorCode>> {
  const { transport, server } = account
  if (transport === 'ws' || transport === 'wss') return webSocketTargets(account)
  const tls = transport === 'tls' ? { tls: tlsIdentityOf(account) } : {}
  if (server !== null) {
    const address = parseServer(server, transport)
    if (address === null) return err('address-invalid')
    return ok(await targetsOf(transport, [address], resolver, tls))
  }
  const servers = await locateServers(aorDomain(account.aor), transport, resolver, random)
  return ok(await targetsOf(transport, servers, resolver, tls))
}

/** Addresses of all hosts at most: DNS decides where to go, never how often we try. */
const maxTargets = 16

/** A connection tries the addresses of its host by itself; a datagram only goes to one, so each is a target of its own. */
async function targetsOf(
  transport: 'tls' | 'tcp' | 'udp',
  servers: readonly ServerAddress[],
  resolver: ResolverPort,
  tls: { readonly tls?: TlsIdentity },
): Promise<FlowTarget[]> {
  if (transport !== 'udp') return servers.map((server) => targetOf(transport, server, tls))
  const all = await Promise.all(servers.map(async (server) => datagramTargets(server, resolver)))
  return all.flat().slice(0, maxTargets)
}

async function datagramTargets({ host, port }: ServerAddress, resolver: ResolverPort): Promise<FlowTarget[]> {
  const addresses = isIP(host) === 0 ? await resolver.addresses(host) : []
  // A name without addresses stays: that it has none is the failure to tell of.
  return (addresses.length === 0 ? [host] : addresses).map((address) => ({ kind: 'datagram', host: address, port }))
}

function targetOf(
  transport: 'tls' | 'tcp' | 'udp',
  address: { readonly host: string; readonly port: number },
  tls: { readonly tls?: TlsIdentity },
): FlowTarget {
  return transport === 'udp' ? { kind: 'datagram', ...address } : { kind: 'stream', ...address, ...tls }
}

function webSocketTargets(account: SignallingAccount): Result<readonly FlowTarget[], ErrorCode> {
  const url = account.server ?? `${account.transport}://${aorDomain(account.aor)}/`
  if (!URL.canParse(url)) return err('address-invalid')
  const { protocol } = new URL(url)
  if (account.transport === 'wss') {
    if (protocol !== 'wss:') return err('insecure-transport-refused')
    return ok([{ kind: 'web-socket', url, tls: tlsIdentityOf(account) }])
  }
  return protocol === 'ws:' ? ok([{ kind: 'web-socket', url }]) : err('address-invalid')
}

/** `host`, `host:port`, `[v6]:port`, or a sip URI with them. */
function parseServer(server: string, transport: 'tls' | 'tcp' | 'udp'): { host: string; port: number } | null {
  const match = /^(?:sips?:)?(\[[0-9a-f:.]+\]|[^\s:;?@/]+)(?::(\d{1,5}))?(?:;.*)?$/i.exec(server.trim())
  const host = match?.[1]?.replace(/^\[|\]$/g, '')
  const port = Number(match?.[2] ?? (transport === 'tls' ? 5061 : 5060))
  return host === undefined || port === 0 || port > 65_535 ? null : { host, port }
}

/** A relay as the MSRP client connects to it. */
export interface RelayAddress {
  readonly url: string
  readonly tls?: TlsIdentity
  /** To-Path of AUTH where it differs from the URL's. */
  readonly relayPath?: readonly string[]
}

const defaultRelayPort = 2855

/**
 * The account's relay: the configured one, else for WebSockets the same URL (RFC 7977), else the server's host on the
 * usual port. An account with TLS has no relay without.
 */
export function relayAddressOf(account: SignallingAccount): RelayAddress | null {
  const url = account.msrpRelay ?? derivedRelay(account)
  if (url === null || !/^(?:wss?|msrps?):\/\//i.test(url)) return null
  const isSecureUrl = /^(?:wss|msrps):/i.test(url)
  if (!isSecureUrl && (account.transport === 'wss' || account.transport === 'tls')) return null
  const tls = isSecureUrl ? { tls: tlsIdentityOf(account) } : {}
  return { ...webSocketRelay(url, account), ...tls }
}

/** An MSRP URI with `;ws` becomes the URL to connect to and the path to authenticate for (RFC 7977 §5.3). */
function webSocketRelay(url: string, account: SignallingAccount): RelayAddress {
  const [, scheme, host] = /^(msrps?):\/\/(?:[^/@;]*@)?([^/;]+)(?:\/[^;]*)?;ws$/i.exec(url) ?? []
  if (scheme === undefined || host === undefined) return { url }
  const user = encodeURIComponent(account.credentials.username)
  const isSecure = scheme.toLowerCase() === 'msrps'
  return { url: `${isSecure ? 'wss' : 'ws'}://${host}/`, relayPath: [`${scheme.toLowerCase()}://${user}@${host};ws`] }
}

function derivedRelay({ transport, server, aor }: SignallingAccount): string | null {
  if (transport === 'ws' || transport === 'wss') return server ?? `${transport}://${aorDomain(aor)}/`
  const host = server === null ? aorDomain(aor) : parseServer(server, transport)?.host
  if (host === undefined) return null
  const bracketed = host.includes(':') ? `[${host}]` : host
  return `${transport === 'tls' ? 'msrps' : 'msrp'}://${bracketed}:${defaultRelayPort};tcp`
}
