import { afterEach, describe, expect, it } from 'vitest'
import { readersOf } from '#main/calls/call-state.ts'
import type { MediaPlan } from '#main/media/media-port.ts'
import { typeOf } from '#protocol/zrtp/message.ts'
import { decodePacket, encodePacket } from '#protocol/zrtp/packet.ts'
import { settle } from '#test/fakes/fake-clock.ts'
import { call, GatewayWorld, negotiate, type GatewaySide } from '#test/fakes/gateway-side.ts'

const worlds: GatewayWorld[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close()
})

function newWorld(seed: string): GatewayWorld {
  const world = new GatewayWorld(seed)
  worlds.push(world)
  return world
}

async function pair(
  seed: string,
  plan: Partial<MediaPlan> = {},
): Promise<readonly [GatewayWorld, GatewaySide, GatewaySide]> {
  const world = newWorld(seed)
  const [caller, callee] = [await world.side('10.0.0.1'), await world.side('10.0.0.2')]
  for (const side of [caller, callee]) side.plan = { ...side.plan, ...plan }
  return [world, caller, callee]
}

const keyed = (...sides: readonly GatewaySide[]): boolean => sides.every(({ keys }) => keys !== null)
const stripped = (sdp: string): string =>
  sdp
    .split('\r\n')
    .filter((line) => !/^a=(zrtp-hash|crypto|ice|candidate)/.test(line))
    .join('\r\n')
const isZrtp = (bytes: Uint8Array): boolean => (bytes[0] ?? 0) >> 2 === 4
const zrtpType = (bytes: Uint8Array): string => {
  const packet = decodePacket(bytes)
  return packet === null ? '' : (typeOf(packet.message) ?? '')
}
/** The same packet with one bit of its message turned, and the checksum made anew. */
function altered(bytes: Uint8Array, at: number): Uint8Array {
  const packet = decodePacket(bytes)
  if (packet === null) return bytes
  const message = packet.message.slice()
  message[at] = (message[at] ?? 0) ^ 1
  return encodePacket({ ...packet, message })
}

describe('somebody who relays a call through two of his own', () => {
  /** Alice talks to the left half, Bob to the right one. */
  async function between(
    alice: GatewaySide,
    bob: GatewaySide,
    { left, right }: { readonly left: GatewaySide; readonly right: GatewaySide },
  ): Promise<void> {
    for (const { page } of [alice, bob, left, right]) page.endsDtls = false
    const offered = await alice.offer()
    const answered = await left.answer(offered.ok ? offered.value.networkSdp : '')
    expect(await negotiate(right, bob)).toBe('up')
    await alice.takeAnswer(answered.ok ? (answered.value.networkSdp ?? '') : '')
  }

  it('cannot make both see the same letters, and nobody is told that only the two can hear', async () => {
    const [world, alice, bob] = await pair('relayed')
    const halves = { left: await world.side('10.0.0.8'), right: await world.side('10.0.0.9') }
    await between(alice, bob, halves)
    await world.until(() => keyed(alice, bob))
    expect(alice.keys?.sas?.text).toMatch(/^.{4}$/)
    expect(alice.keys?.sas?.text).not.toBe(bob.keys?.sas?.text)
    for (const { keys } of [alice, bob]) {
      expect(keys?.remembered).toBe(false)
      expect(readersOf(keys, 'compare', true)).toBe('us-unless-middle')
    }
  })

  it('is noticed by those who talked before, though he borrows their ZIDs', async () => {
    const [world, alice, bob] = await pair('borrowed')
    for (const { page } of [alice, bob]) page.endsDtls = false
    for (const remembered of [false, true]) {
      expect(await negotiate(alice, bob)).toBe('up')
      await world.until(() => keyed(alice, bob))
      expect([alice.keys?.remembered, bob.keys?.remembered]).toEqual([remembered, remembered])
      for (const side of [alice, bob]) {
        for (const [zid, kept] of side.secrets) side.secrets.set(zid, { ...kept, verified: true })
        side.events.length = 0
        await side.gateway.close(call)
      }
    }
    const left = await world.side('10.0.0.8', bob.plan.zid)
    const right = await world.side('10.0.0.9', alice.plan.zid)
    const before = [...alice.secrets.values()].map(({ rs1 }) => Buffer.from(rs1 ?? []).toString('hex'))
    await between(alice, bob, { left, right })
    await world.until(() => keyed(alice, bob))
    for (const { keys } of [alice, bob]) {
      expect([keys?.method, keys?.remembered, keys?.warnings]).toEqual(['zrtp', false, ['secrets-differ']])
    }
    // What is kept stays until the letters were compared.
    expect([...alice.secrets.values()].map(({ rs1 }) => Buffer.from(rs1 ?? []).toString('hex'))).toEqual(before)
  })
})

describe('somebody on the path of ZRTP', () => {
  it.each([
    ['that is announced', (sdp: string): string => sdp],
    ['whose announcement was taken away', stripped],
  ])('who alters the Hello %s is noticed', async (_what, change) => {
    const [world, caller, callee] = await pair('hello')
    callee.tap.incoming = (bytes) => (zrtpType(bytes) === 'Hello   ' ? altered(bytes, 20) : bytes)
    await negotiate(caller, callee, { offer: change, answer: change })
    await world.until(() => caller.hasLost('attack-noticed') || callee.hasLost('attack-noticed'))
    expect([caller.keys, callee.keys]).toEqual([null, null])
  })

  it('who repeats, cuts and forges what he sees gets nowhere', async () => {
    const [world, caller, callee] = await pair('echo')
    for (const { tap } of [caller, callee]) {
      const seen: Uint8Array[] = []
      tap.incoming = (bytes, from, at) => {
        if (!isZrtp(bytes)) return bytes
        // Each kind once: what is answered would go on for ever between two who repeat.
        if (seen.some((one) => zrtpType(one) === zrtpType(bytes))) return bytes
        seen.push(bytes.slice())
        for (const one of seen) tap.inject(at, one, from)
        for (let end = 0; end < bytes.length; end += 7) tap.inject(at, bytes.subarray(0, end), from)
        if (zrtpType(bytes).startsWith('Confirm')) tap.inject(at, altered(bytes, 30), from)
        // From elsewhere nothing counts, however well it is made.
        tap.inject(at, altered(bytes, 40), { host: '10.0.0.66', port: 6_666 })
        return bytes
      }
    }
    expect(await negotiate(caller, callee)).toBe('up')
    await world.until(() => keyed(caller, callee) && caller.page.isConnected && callee.page.isConnected)
    await world.clock.advance(500)
    expect(caller.keys?.sas).toEqual(callee.keys?.sas)
    expect(await caller.isHeardBy(callee, 'through')).toBe(true)
    expect([caller.lost, callee.lost]).toEqual([null, null])
  })

  it('who takes the announcements out of the descriptions gains nothing while ZRTP passes', async () => {
    const [world, caller, callee] = await pair('stripped')
    expect(await negotiate(caller, callee, { offer: stripped, answer: stripped })).toBe('up')
    await world.until(() => keyed(caller, callee))
    expect([caller.keys?.method, callee.keys?.method]).toEqual(['zrtp', 'zrtp'])
  })
})

interface Case {
  readonly plan: Pick<MediaPlan, 'policy' | 'verified' | 'signallingSecure'>
  /** ZRTP and every announcement of keys and paths are taken out. */
  readonly isCut: boolean
  /** What the caller is told at last. */
  readonly told: 'zrtp' | 'clear, announced' | 'refuses-encryption'
}

function policyCase(text: string, told: Case['told']): readonly [string, Case] {
  const [policy, ...words] = text.split(' ')
  const has = (word: string): boolean => words.includes(word)
  const plan = { policy: policy as MediaPlan['policy'], verified: has('compared'), signallingSecure: has('tls') }
  return [`under ${text}: ${told}`, { plan, isCut: has('cut'), told }]
}

const cases: readonly (readonly [string, Case])[] = [
  policyCase('zrtp-required tls', 'zrtp'),
  policyCase('zrtp-required tls cut', 'refuses-encryption'),
  policyCase('zrtp-preferred tls', 'zrtp'),
  policyCase('zrtp-preferred tls cut', 'clear, announced'),
  policyCase('zrtp-preferred cut', 'clear, announced'),
  policyCase('zrtp-preferred tls compared', 'zrtp'),
  policyCase('zrtp-preferred tls compared cut', 'refuses-encryption'),
  policyCase('sdes-over-tls tls', 'zrtp'),
  policyCase('sdes-over-tls tls cut', 'refuses-encryption'),
  policyCase('any', 'zrtp'),
  policyCase('any cut', 'clear, announced'),
  policyCase('any compared cut', 'refuses-encryption'),
]

function endOf({ lost, keys }: GatewaySide): string {
  if (lost !== null) return lost
  return keys?.warnings.includes('fell-to-clear') === true ? 'clear, announced' : (keys?.method ?? 'nothing')
}

describe('what was captured leaves in clear only where that may be', () => {
  it.each(cases)('%s', async (_what, { plan, isCut, told }) => {
    const [world, caller, callee] = await pair('policies', plan)
    // The phone at the other end takes everything: what counts is what we send.
    callee.plan = { ...callee.plan, policy: 'any', verified: false }
    if (isCut) for (const { tap } of [caller, callee]) tap.incoming = (bytes) => (isZrtp(bytes) ? null : bytes)
    expect(await negotiate(caller, callee, isCut ? { offer: stripped, answer: stripped } : {})).toBe('up')
    await world.until(() => caller.page.isConnected && callee.page.isConnected)
    const toldAtFirstClear = await talk(world, caller)
    expect(endOf(caller)).toBe(told)
    // Under `any` the words before the keys may be heard; who can hear them is said before they leave.
    const mayHear = told === 'clear, announced' || plan.policy === 'any'
    expect(mayHear ? [null, 'none'] : [null]).toContain(toldAtFirstClear)
    if (told === 'zrtp') expect(await caller.isHeardBy(callee, 'at the end')).toBe(true)
  })

  /** Twelve seconds of words; what was said of the keys when the first of them left in clear. */
  async function talk(world: GatewayWorld, side: GatewaySide): Promise<string | null> {
    let toldAtFirstClear: string | null = null
    for (let turn = 0; turn < 120; turn += 1) {
      const told = side.keys?.method ?? 'nothing'
      side.page.capture(Buffer.from(`word ${turn} of what was said`))
      await settle()
      if (toldAtFirstClear === null && side.sentInClear('of what was said')) toldAtFirstClear = told
      await world.clock.advance(100)
    }
    return toldAtFirstClear
  }
})

describe('a flood after the keys were agreed', () => {
  it('of 20,000 forged, replayed, cut and absurd packets is refused, counted and answered by nothing', async () => {
    const [world, caller, callee] = await pair('flood')
    expect(await negotiate(caller, callee)).toBe('up')
    await world.until(() => keyed(caller, callee) && caller.page.isConnected && callee.page.isConnected)
    await world.clock.advance(3_000)
    expect(await callee.isHeardBy(caller, 'before')).toBe(true)
    const [at, from] = [caller, callee].map(({ tap }) => tap.sentToNetwork.at(-1)?.from)
    if (at === undefined || from === undefined) throw new Error('no sockets')
    const seen = callee.tap.sentToNetwork.map(({ bytes }) => bytes)
    const before = { heard: caller.page.heard.length, sent: caller.tap.sentToNetwork.length, keys: caller.keys }
    let offered = 0
    for (let turn = 0; turn < 20_000; turn += 1) {
      const bytes = noise(world, seen, turn)
      if ((bytes[0] ?? 0) >> 6 === 2) offered += 1
      caller.tap.inject(at, bytes, turn % 4 === 0 ? { host: '10.0.0.66', port: 1 + turn } : from)
    }
    await world.clock.advance(10)
    expect(caller.page.heard).toHaveLength(before.heard)
    const { packetsRefused = 0 } = (await caller.gateway.network(call)) ?? {}
    expect(packetsRefused).toBe(offered)
    expect([caller.lost, caller.keys]).toEqual([null, before.keys])
    // A check said again is answered where it came from, which proves nothing; whatever else comes from elsewhere is not.
    const replies = caller.tap.sentToNetwork.slice(before.sent).filter(({ to }) => to.host === '10.0.0.66')
    expect(replies.filter(({ bytes }) => (bytes[0] ?? 0) > 3)).toEqual([])
    expect(await callee.isHeardBy(caller, 'after')).toBe(true)
  })

  function noise(world: GatewayWorld, seen: readonly Uint8Array[], turn: number): Uint8Array {
    const one = (seen[turn % seen.length] ?? new Uint8Array(0)).slice()
    switch (turn % 5) {
      case 0:
        return one
      case 1:
        return one.subarray(0, turn % (one.length + 1))
      case 2:
        one[turn % Math.max(1, one.length)] = turn & 0xff
        return one
      case 3:
        return Uint8Array.of(0x80 | (turn & 0x3f), turn & 0xff, ...world.random.bytes(30))
      default:
        return world.random.bytes(turn % 60)
    }
  }
})
