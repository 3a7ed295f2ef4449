import { describe, expect, it } from 'vitest'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { backoffMs } from './backoff.ts'
import { locateServers, type NaptrRecord, type ResolverPort, type SrvRecord } from './locate-server.ts'

function resolver(
  naptr: readonly NaptrRecord[],
  srv: Readonly<Record<string, readonly SrvRecord[]>>,
): ResolverPort & {
  readonly asked: string[]
} {
  const asked: string[] = []
  return {
    asked,
    naptr: () => Promise.resolve(naptr),
    addresses: () => Promise.resolve([]),
    srv: (name) => {
      asked.push(name)
      return Promise.resolve(srv[name] ?? [])
    },
  }
}
const naptr = (service: string, replacement: string, order = 1): NaptrRecord => ({
  ...{ order, preference: 1, flags: 's', service, replacement },
})
const srv = (name: string, port: number, priority = 1, weight = 1): SrvRecord => ({ name, port, priority, weight })
const random = new SeededRandom(2)

describe('where a domain is (RFC 3263)', () => {
  it('follows NAPTR of the own transport only: DNS cannot take TLS away', async () => {
    const dns = resolver([naptr('SIP+D2U', 'udp'), naptr('SIP+D2T', 'tcp', 0), naptr('SIPS+D2T', 'tls', 9)], {
      tls: [srv('a', 1, 2), srv('b', 2, 1)],
      tcp: [srv('plain', 5060)],
    })
    expect(await locateServers('example.org', 'tls', dns, random)).toEqual([
      { host: 'b', port: 2 },
      { host: 'a', port: 1 },
    ])
    expect(dns.asked).toEqual(['tls'])
  })

  it('asks for SRV where there is no NAPTR, else takes the domain itself', async () => {
    const dns = resolver([naptr('SIP+D2T', 'tcp')], { '_sips._tcp.example.org': [srv('edge', 5555)] })
    expect(await locateServers('example.org', 'tls', dns, random)).toEqual([{ host: 'edge', port: 5555 }])
    expect(await locateServers('other.org', 'tls', resolver([], {}), random)).toEqual([
      { host: 'other.org', port: 5061 },
    ])
    expect(await locateServers('other.org', 'tcp', resolver([], {}), random)).toEqual([
      { host: 'other.org', port: 5060 },
    ])
  })

  it('believes a domain that says it has no such service', async () => {
    const dns = resolver([], { '_sips._tcp.example.org': [srv('.', 0)] })
    expect(await locateServers('example.org', 'tls', dns, random)).toEqual([])
  })

  it('draws by weight, and tries a bounded number', async () => {
    const many = Array.from({ length: 40 }, (_, index) => srv(`h${index}`, 1, 1, index === 7 ? 10_000 : 1))
    const first = new Map<string, number>()
    for (let round = 0; round < 100; round += 1) {
      const servers = await locateServers(
        'example.org',
        'tls',
        resolver([], { '_sips._tcp.example.org': many }),
        random,
      )
      expect(servers).toHaveLength(8)
      first.set(servers[0]!.host, (first.get(servers[0]!.host) ?? 0) + 1)
    }
    expect(first.get('h7')).toBeGreaterThan(90)
  })
})

it('back-off doubles to five minutes and never comes at one moment (RFC 5626 §4.5)', () => {
  for (let failures = 1; failures < 60; failures += 1) {
    const bound = Math.min(300_000, 2_000 * 2 ** (failures - 1))
    const drawn = Array.from({ length: 50 }, () => backoffMs(failures, random))
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(bound / 2)
    expect(Math.max(...drawn)).toBeLessThanOrEqual(bound)
    expect(new Set(drawn).size).toBeGreaterThan(20)
  }
})
