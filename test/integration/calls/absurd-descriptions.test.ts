import { afterEach, describe, expect, it } from 'vitest'
import { GatewayWorld, negotiate } from '#test/fakes/gateway-side.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'

const worlds: GatewayWorld[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close()
})

function newWorld(): GatewayWorld {
  const world = new GatewayWorld('absurd')
  worlds.push(world)
  return world
}

const head = ['v=0', 'o=- 1 1 IN IP4 10.0.0.2', 's=-', 'c=IN IP4 10.0.0.2', 't=0 0']
const described = (...lines: readonly string[]): string => [...head, ...lines, ''].join('\r\n')
const at = (address: string, ...lines: readonly string[]): string =>
  [...head.with(3, `c=IN ${address}`), 'm=audio 9 RTP/AVP 0', ...lines, ''].join('\r\n')
const ice = ['a=ice-ufrag:abcd', `a=ice-pwd:${'p'.repeat(22)}`]
const candidate = (n: number): string => `a=candidate:${n} 1 UDP ${n + 1} 10.9.${n >> 8}.${n & 255} 9 typ host`

/** What each gets: a refusal with a name, or an answer. */
const offers: readonly (readonly [string, string, string])[] = [
  ['of a megabyte', described(`a=${'x'.repeat(1_000_000)}`), 'malformed'],
  ['of 10,000 sections', described(...Array<string>(10_000).fill('m=audio 9 RTP/AVP 0')), 'malformed'],
  ['of 100,000 attributes', described('m=audio 9 RTP/AVP 0', ...Array<string>(100_000).fill('a=x')), 'malformed'],
  [
    'of 1,000 candidates',
    at('IP4 10.0.0.2', ...ice, ...Array.from({ length: 1_000 }, (_, n) => candidate(n))),
    'taken',
  ],
  ['of 64 sections of sound', described(...Array<string>(64).fill('m=audio 9 RTP/AVP 0')), 'taken'],
  [
    'with one name for two sections',
    described('m=audio 9 RTP/AVP 0', 'a=mid:x', 'm=audio 9 RTP/AVP 0', 'a=mid:x'),
    'taken',
  ],
  ['at port 0', described('m=audio 0 RTP/AVP 0'), 'no-common-codec'],
  ['at a negative port', described('m=audio -1 RTP/AVP 0'), 'malformed'],
  ['at a huge port', described('m=audio 65536 RTP/AVP 0'), 'malformed'],
  ['at the last port, with another for RTCP', described('m=audio 65535 RTP/AVP 0'), 'taken'],
  ['with an absurd ptime', described('m=audio 9 RTP/AVP 0', 'a=ptime:99999999'), 'taken'],
  ['of codecs nobody has', described('m=audio 9 RTP/AVP 96', 'a=rtpmap:96 telepathy/8000'), 'no-common-codec'],
  [
    'of events at an absurd rate',
    described('m=audio 9 RTP/AVP 0 101', 'a=rtpmap:101 telephone-event/9999999'),
    'taken',
  ],
  ['over an unknown transport', described('m=audio 9 QUIC/RTP/AVP 0'), 'no-common-codec'],
  ['to everybody', at('IP4 224.0.0.1/127'), 'no-path'],
  ['to the whole network', at('IP4 255.255.255.255'), 'no-path'],
  ['to a name', at('IP4 tracker.example.org'), 'no-path'],
  ['to a scoped address', at('IP6 fe80::1%eth0'), 'malformed'],
  ['to everybody by IPv6', at('IP6 ff02::1'), 'no-path'],
  ['without an address', described('m=audio 9 RTP/AVP 0').replace('c=IN IP4 10.0.0.2\r\n', ''), 'no-path'],
  ['of keys for some and none for others', described('m=audio 9 RTP/SAVP 0', 'a=crypto:x'), 'needs-encryption'],
  ['of nothing', described(), 'no-common-codec'],
  ['that is none', '\0', 'malformed'],
]

describe('an offer that the user took', () => {
  it.each(offers)('%s: a refusal with a name, or an answer', async (_what, sdp, expected) => {
    const world = newWorld()
    const side = await world.side('10.0.0.1')
    const answered = await side.answer(sdp)
    expect(answered.ok ? 'taken' : answered.error).toBe(expected)
    await world.clock.advance(1_000)
    const isOdd = (host: string): boolean => !host.startsWith('10.')
    expect(side.tap.sentToNetwork.filter(({ to }) => isOdd(to.host) || to.port > 65_535 || to.port < 1)).toEqual([])
  })

  it('and was damaged at random: never an exception', async () => {
    const world = newWorld()
    const [caller, callee] = [await world.side('10.0.0.1'), await world.side('10.0.0.2')]
    callee.page.endsDtls = false
    const random = new SeededRandom('damage')
    const offered = await caller.offer()
    const whole = offered.ok ? offered.value.networkSdp : ''
    for (let turn = 0; turn < 150; turn += 1) {
      const [place, end] = [random.below(whole.length), random.below(12)]
      const noise = Buffer.from(random.bytes(random.below(6))).toString('latin1')
      const answered = await callee.answer(whole.slice(0, place) + noise + whole.slice(place + end))
      if (!answered.ok) expect(answered.error).toMatch(/^[a-z-]+$/)
    }
  })
})

describe('what leaves for the network', () => {
  it('is for the other side alone, and no handshake of ours: DTLS ends on loopback', async () => {
    const world = newWorld()
    const [caller, callee] = [await world.side('10.0.0.1'), await world.side('10.0.0.2')]
    expect(await negotiate(caller, callee)).toBe('up')
    await world.until(() => caller.page.isConnected && callee.page.isConnected && caller.keys !== null)
    await world.clock.advance(10_000)
    const isDtls = (bytes: Uint8Array): boolean => (bytes[0] ?? 0) >= 20 && (bytes[0] ?? 0) < 64
    for (const { tap } of [caller, callee]) {
      expect(new Set(tap.sentToNetwork.map(({ to }) => to.host)).size).toBe(1)
      expect(tap.sentToNetwork.filter(({ bytes }) => isDtls(bytes))).toEqual([])
      // The handshakes did take place, where they belong.
      expect(tap.sent.some(({ from, bytes }) => from.host === '127.0.0.1' && isDtls(bytes))).toBe(true)
    }
    expect(new Set(caller.tap.sentToNetwork.map(({ to }) => to.host))).toEqual(new Set(['10.0.0.2']))
  })
})
