import { describe, expect, it } from 'vitest'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import type { SignallingAccount } from '../signalling-port.ts'
import { flowTargets, relayAddressOf } from './flow-targets.ts'

const account = (changes: Partial<SignallingAccount>): SignallingAccount => ({
  id: 'a' as AccountId,
  aor: 'sip:alice@example.org' as Aor,
  displayName: '',
  transport: 'tls',
  server: null,
  credentials: { username: 'al/ice', realm: 'r', ha1Md5: 'x', ha1Sha256: null, password: null, strongest: null },
  instanceId: 'urn:uuid:x',
  extraAuthorities: [],
  spkiPins: ['pin'],
  ...changes,
})
const tls = { serverName: 'example.org', extraAuthorities: [], spkiPins: ['pin'] }
const dns = {
  naptr: () => Promise.resolve([]),
  addresses: () => Promise.resolve([]),
  srv: (name: string) =>
    Promise.resolve(
      name === '_sips._tcp.example.org' ? [{ priority: 1, weight: 1, port: 5555, name: 'edge.isp.example' }] : [],
    ),
}
const targets = (changes: Partial<SignallingAccount>): ReturnType<typeof flowTargets> =>
  flowTargets(account(changes), dns, new SeededRandom(1))

describe('signalling', () => {
  it('checks the certificate for the domain, whatever host DNS or the user names', async () => {
    const stream = { kind: 'stream', tls }
    expect(await targets({})).toEqual({ ok: true, value: [{ ...stream, host: 'edge.isp.example', port: 5555 }] })
    expect(await targets({ server: 'host.example:5070' })).toEqual({
      ok: true,
      value: [{ ...stream, host: 'host.example', port: 5070 }],
    })
    expect(await targets({ server: '[::1]' })).toEqual({ ok: true, value: [{ ...stream, host: '::1', port: 5061 }] })
    expect(await targets({ transport: 'wss', server: 'wss://host.example/ws' })).toEqual({
      ok: true,
      value: [{ kind: 'web-socket', url: 'wss://host.example/ws', tls }],
    })
  })

  it('goes by datagrams only where the account says so, whatever DNS offers', async () => {
    const asked: string[] = []
    const generous = {
      naptr: () =>
        Promise.resolve(
          ['SIP+D2U', 'SIP+D2T', 'SIPS+D2T'].map((service, order) => ({
            ...{ order, preference: 1, flags: 's', service, replacement: service },
          })),
        ),
      srv: (name: string) => {
        asked.push(name)
        return Promise.resolve([{ priority: 1, weight: 1, port: 7, name: 'edge' }])
      },
      addresses: () => Promise.resolve([]),
    }
    const found = async (transport: 'tls' | 'tcp' | 'udp'): Promise<string | undefined> => {
      const result = await flowTargets(account({ transport }), generous, new SeededRandom(1))
      return result.ok ? result.value[0]?.kind : undefined
    }
    expect([await found('tls'), await found('tcp'), await found('udp')]).toEqual(['stream', 'stream', 'datagram'])
    expect(asked).toEqual(['SIPS+D2T', 'SIP+D2T', 'SIP+D2U'])
  })

  it.each([
    [{ transport: 'wss', server: 'ws://host.example/' }, 'insecure-transport-refused'],
    [{ transport: 'wss', server: 'http://host.example/' }, 'insecure-transport-refused'],
    [{ transport: 'ws', server: 'nonsense' }, 'address-invalid'],
    [{ transport: 'tls', server: 'a b' }, 'address-invalid'],
    [{ transport: 'tcp', server: 'host:99999' }, 'address-invalid'],
  ] as const)('refuses %j as %s', async (changes, error) => {
    expect(await targets(changes)).toEqual({ ok: false, error })
  })
})

describe('the relay', () => {
  it.each([
    [
      { transport: 'wss', server: 'wss://h/ws' },
      { url: 'wss://h/ws', tls },
    ],
    [{ transport: 'ws', server: 'ws://h:1/ws' }, { url: 'ws://h:1/ws' }],
    [{ server: 'h:5061' }, { url: 'msrps://h:2855;tcp', tls }],
    [{ transport: 'tcp' }, { url: 'msrp://example.org:2855;tcp' }],
    [{ msrpRelay: 'msrps://r:1;tcp' }, { url: 'msrps://r:1;tcp', tls }],
    [{ msrpRelay: 'msrps://r:1;ws' }, { url: 'wss://r:1/', relayPath: ['msrps://al%2Fice@r:1;ws'], tls }],
    [{ msrpRelay: 'msrp://r:1;tcp' }, null],
    [{ msrpRelay: 'none' }, null],
  ] as const)('%j → %j', (changes, expected) => {
    expect(relayAddressOf(account(changes))).toEqual(expected)
  })
})
