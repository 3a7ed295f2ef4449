import { promises as dns } from 'node:dns'

/** Longest wait for one DNS answer. */
const timeoutMs = 4_000

interface NaptrAnswer {
  readonly order: number
  readonly preference: number
  readonly flags: string
  readonly service: string
  readonly replacement: string
}

interface SrvAnswer {
  readonly priority: number
  readonly weight: number
  readonly port: number
  readonly name: string
}

/** NAPTR and SRV through the system's name servers; no answer, an error and no record all give an empty list. */
export function createDnsResolver(): {
  naptr(name: string): Promise<readonly NaptrAnswer[]>
  srv(name: string): Promise<readonly SrvAnswer[]>
} {
  const resolver = new dns.Resolver({ timeout: timeoutMs, tries: 2 })
  return {
    naptr: (name) => resolver.resolveNaptr(name).catch(() => []),
    srv: (name) => resolver.resolveSrv(name).catch(() => []),
  }
}
