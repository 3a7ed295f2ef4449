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

/** NAPTR, SRV and addresses through the system's name servers; no answer, an error and no record all give an empty list. */
export function createDnsResolver(): {
  naptr(name: string): Promise<readonly NaptrAnswer[]>
  srv(name: string): Promise<readonly SrvAnswer[]>
  addresses(name: string): Promise<readonly string[]>
} {
  const resolver = new dns.Resolver({ timeout: timeoutMs, tries: 2 })
  return {
    naptr: (name) => resolver.resolveNaptr(name).catch(() => []),
    srv: (name) => resolver.resolveSrv(name).catch(() => []),
    // The system's own look-up, as connections use it: it knows the hosts file.
    addresses: async (name) => {
      const found = await dns.lookup(name, { all: true }).catch(() => [])
      return found.map(({ address }) => address)
    },
  }
}
