/** Finds the servers of a domain for one fixed transport (RFC 3263 §4): NAPTR, SRV, then the plain host. */
import type { RandomPort } from '#shared/ports/random.ts'
import { uniform } from './backoff.ts'

export interface NaptrRecord {
  readonly order: number
  readonly preference: number
  readonly flags: string
  readonly service: string
  readonly replacement: string
}

export interface SrvRecord {
  readonly priority: number
  readonly weight: number
  readonly port: number
  readonly name: string
}

/** DNS as the locator needs it; a name without such records gives an empty list, any other failure too. */
export interface ResolverPort {
  naptr(name: string): Promise<readonly NaptrRecord[]>
  srv(name: string): Promise<readonly SrvRecord[]>
  /** Numeric addresses of a host name, as the system would connect to them. */
  addresses(name: string): Promise<readonly string[]>
}

export interface ServerAddress {
  readonly host: string
  readonly port: number
}

type Located = 'tls' | 'tcp' | 'udp'

const services: Readonly<Record<Located, string>> = { tls: 'SIPS+D2T', tcp: 'SIP+D2T', udp: 'SIP+D2U' }
const srvPrefixes: Readonly<Record<Located, string>> = {
  tls: '_sips._tcp.',
  tcp: '_sip._tcp.',
  udp: '_sip._udp.',
}
const defaultPorts: Readonly<Record<Located, number>> = { tls: 5061, tcp: 5060, udp: 5060 }
/** DNS decides where to go, never how many servers we try. */
const maxServers = 8

/**
 * Addresses to try in order. DNS is asked for `transport` only: it can never move an account from TLS to TCP or UDP (design §10).
 */
export async function locateServers(
  domain: string,
  transport: Located,
  resolver: ResolverPort,
  random: RandomPort,
): Promise<ServerAddress[]> {
  const pointers = (await resolver.naptr(domain))
    .filter((record) => record.flags.toLowerCase() === 's' && record.service.toUpperCase() === services[transport])
    .sort((a, b) => a.order - b.order || a.preference - b.preference)
  const names = pointers.length > 0 ? pointers.map((record) => record.replacement) : [srvPrefixes[transport] + domain]
  for (const name of names.slice(0, maxServers)) {
    const records = await resolver.srv(name)
    // RFC 2782: a single root target says that the service is not offered here.
    if (records.length === 1 && (records[0]?.name === '' || records[0]?.name === '.')) return []
    const servers = orderSrv(records, random)
    if (servers.length > 0) return servers.slice(0, maxServers).map(({ name: host, port }) => ({ host, port }))
  }
  return [{ host: domain, port: defaultPorts[transport] }]
}

/** By priority, then drawn by weight (RFC 2782). */
function orderSrv(records: readonly SrvRecord[], random: RandomPort): SrvRecord[] {
  const rest = [...records].sort((a, b) => a.priority - b.priority)
  const ordered: SrvRecord[] = []
  while (rest.length > 0) {
    const same = rest.filter((record) => record.priority === rest[0]?.priority)
    const total = same.reduce((sum, record) => sum + record.weight, 0)
    let draw = uniform(random) * total
    const picked = same.find((record) => (draw -= record.weight) < 0) ?? same[0]
    if (picked === undefined) break
    ordered.push(picked)
    rest.splice(rest.indexOf(picked), 1)
  }
  return ordered
}
