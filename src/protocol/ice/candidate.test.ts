import { describe, expect, it } from 'vitest'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import {
  candidatePriority,
  defaultCandidate,
  parseCandidate,
  reflexivePriority,
  serializeCandidate,
} from './candidate.ts'
import { fuzz } from './ice.fuzz.ts'
import { areIceCredentials, newIceCredentials } from './ice-types.ts'
import { canPair, newPair, pairPriority } from './pair.ts'

const read = (text: string) => {
  const candidate = parseCandidate(text)
  if (candidate === null) throw new Error(text)
  return candidate
}

describe('candidates', () => {
  it('are read as RFC 8839 writes them, and written again', () => {
    const host = '1 1 UDP 2130706431 203.0.113.141 8998 typ host'
    const reflexive = '2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998'
    for (const text of [host, reflexive]) expect(serializeCandidate(read(text))).toBe(text)
    expect(read(`a=candidate:${reflexive} generation 0 ufrag x`)).toEqual(read(reflexive))
    expect(read(`candidate:${host}`.replace('UDP', 'udp')).address).toEqual({ host: '203.0.113.141', port: 8998 })
    expect(read('x 2 UDP 1 2001:DB8:0::1 9 typ relay').address.host).toBe('2001:db8::1')
  })

  it('are passed over when they are of no use here', () => {
    for (const text of [
      '',
      '1 1 TCP 2105458943 192.0.2.1 9 typ host tcptype active',
      '1 1 UDP 2113937151 0b9f4a9e-7f6f.local 50000 typ host',
      '1 1 UDP 2113937151 example.com 50000 typ host',
      '1 3 UDP 2130706431 192.0.2.1 5000 typ host',
      '1 1 UDP 2130706431 192.0.2.1 0 typ host',
      '1 1 UDP 2130706431 192.0.2.1 65536 typ host',
      '1 1 UDP 0 192.0.2.1 5000 typ host',
      '1 1 UDP 2147483648 192.0.2.1 5000 typ host',
      '1 1 UDP 2130706431 192.0.2.1 5000 typ token',
      '1 1 UDP 2130706431 192.0.2.1 5000 host',
      '1 1 UDP 2130706431 fe80::1%eth0 5000 typ host',
      `${'x'.repeat(33)} 1 UDP 2130706431 192.0.2.1 5000 typ host`,
      `1 1 UDP 2130706431 192.0.2.1 5000 typ host ${'x '.repeat(300)}`,
    ])
      expect(parseCandidate(text)).toBeNull()
  })

  it('say of a relay nothing about whom it stands for', () => {
    const relay = { ...read('1 1 UDP 100 198.51.100.1 5000 typ relay'), related: { host: '192.0.2.1', port: 7 } }
    expect(serializeCandidate(relay)).toBe('1 1 UDP 100 198.51.100.1 5000 typ relay raddr 0.0.0.0 rport 9')
  })

  it('have the priorities of RFC 8445', () => {
    // The first two stand in the examples of RFC 8839 §5.1; the others follow from the formula.
    expect(candidatePriority('host', 65_535, 1)).toBe(2_130_706_431)
    expect(candidatePriority('srflx', 65_535, 1)).toBe(1_694_498_815)
    expect(candidatePriority('relay', 65_535, 2)).toBe(16_777_214)
    expect(reflexivePriority(read('1 1 UDP 2130706431 192.0.2.1 1 typ host'))).toBe(1_862_270_975)
  })

  it('are advertised to peers without ICE by what is most likely to work', () => {
    const texts = [
      '1 1 UDP 9 2001:db8::1 1 typ relay',
      '1 1 UDP 8 192.0.2.1 2 typ host',
      '1 1 UDP 7 192.0.2.9 3 typ srflx',
    ]
    expect(defaultCandidate(texts.map(read), 1)?.address.port).toBe(3)
    expect(defaultCandidate(texts.map(read), 2)).toBeNull()
  })
})

describe('pairs', () => {
  const local = (host: string) => ({ ...read(`1 1 UDP 2130706431 ${host} 5000 typ host`), base: 1 })
  const remote = (host: string) => read(`1 1 UDP 1694498815 ${host} 5000 typ host`)

  it('have the priority of RFC 8445 §6.1.2.3, the same on both sides', () => {
    const pair = newPair(local('192.0.2.1'), remote('192.0.2.2'))
    expect(pairPriority(pair, 'controlling')).toBe(2n ** 32n * 1_694_498_815n + 2n * 2_130_706_431n + 1n)
    const mirrored = newPair({ ...pair.remote, base: 1 }, pair.local)
    expect(pairPriority(mirrored, 'controlled')).toBe(pairPriority(pair, 'controlling'))
  })

  it('are made only where a packet can arrive, and never aim at this computer from outside', () => {
    expect(canPair(local('192.0.2.1'), remote('192.0.2.2'))).toBe(true)
    expect(canPair(local('192.0.2.1'), remote('2001:db8::2'))).toBe(false)
    expect(canPair(local('192.0.2.1'), remote('127.0.0.1'))).toBe(false)
    expect(canPair(local('127.0.0.1'), remote('127.0.0.1'))).toBe(true)
    expect(canPair(local('127.0.0.1'), remote('192.0.2.2'))).toBe(false)
    for (const host of ['0.0.0.0', '224.0.0.1', '255.255.255.255', '169.254.1.1'])
      expect(canPair(local('192.0.2.1'), remote(host))).toBe(false)
  })
})

describe('credentials', () => {
  it('are fresh, long enough, and of the alphabet that SDP allows', () => {
    const random = new SeededRandom('credentials')
    const [one, other] = [newIceCredentials(random), newIceCredentials(random)]
    expect(one).not.toEqual(other)
    expect(areIceCredentials(one)).toBe(true)
    expect(areIceCredentials({ ...one, pwd: 'short' })).toBe(false)
    expect(areIceCredentials({ ...one, ufrag: 'a:bc' })).toBe(false)
  })
})

it('nothing throws, and nobody without the password is answered, for a few thousand odd inputs', () => {
  for (let seed = 0; seed < 10; seed++) fuzz(500, seed)
})
