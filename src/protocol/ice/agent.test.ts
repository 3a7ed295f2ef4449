import { beforeEach, describe, expect, it } from 'vitest'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { describeOf, makePhone, media, type Phone } from '#test/fakes/ice-phone.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { SimulatedNetwork, type NatKind } from '#test/fakes/simulated-network.ts'
import { FakeTurnServer, turnUser } from '#test/fakes/turn-server.ts'
import { LiteResponder } from './lite-responder.ts'
import type { RemoteDescription } from './ice-types.ts'

let clock: FakeClock
let network: SimulatedNetwork

function world(seed: string | number, loss = 0): void {
  clock = new FakeClock()
  network = new SimulatedNetwork({ clock, random: new SeededRandom(`network ${seed}`), loss, delay: [5, 60] })
}

beforeEach(() => world('plain'))

async function gather(...phones: Phone[]): Promise<void> {
  const done = phones.map((phone) => phone.agent.gather(phone.streams))
  await clock.advance(3_000)
  await Promise.all(done)
}

function startBoth(a: Phone, b: Phone, changes: { components?: 1 | 2 } = {}): void {
  const [ofA, ofB] = [describeOf(a, changes), describeOf(b, changes)]
  b.agent.start(ofA)
  a.agent.start(ofB)
}

async function connect(a: Phone, b: Phone, ms = 5_000): Promise<void> {
  await gather(a, b)
  startBoth(a, b)
  await clock.advance(ms)
}

const openA = (): ReturnType<SimulatedNetwork['node']> => network.node(['192.0.2.1', '2001:db8::1'])
const openB = (): ReturnType<SimulatedNetwork['node']> => network.node(['192.0.2.2', '2001:db8::2'])

function pair(seed = 'plain'): [Phone, Phone] {
  return [
    makePhone(openA(), clock, { role: 'controlling', seed: `a ${seed}` }),
    makePhone(openB(), clock, { role: 'controlled', seed: `b ${seed}` }),
  ]
}

/** Both sides hear what the other one sends, on every component, from a validated address. */
async function expectMedia(a: Phone, b: Phone, components: readonly (1 | 2)[] = [1, 2]): Promise<void> {
  for (const phone of [a, b]) phone.received.length = 0
  // With loss, some of it has to arrive.
  for (let round = 0; round < 20; round++) {
    for (const component of components) {
      expect(a.agent.send(0, component, media(component))).toBe(true)
      expect(b.agent.send(0, component, media(component))).toBe(true)
    }
    await clock.advance(20)
  }
  await clock.advance(300)
  for (const phone of [a, b]) {
    const heard = new Set(phone.received.map(({ component }) => component))
    expect([...heard].sort()).toEqual(components)
    for (const { validated, component, bytes } of phone.received) {
      expect(validated).toBe(true)
      expect(bytes).toEqual(media(component))
    }
  }
}

function expectCompleted(...phones: Phone[]): void {
  for (const phone of phones) expect(phone.states.at(-1)).toBe('completed')
}

describe('two agents', () => {
  it('find each other on open addresses, and media flows both ways', async () => {
    const [a, b] = pair()
    await connect(a, b)
    expectCompleted(a, b)
    for (const component of [1, 2] as const)
      expect(a.agent.pathOf(0, component)).toMatchObject({ nominated: true, localType: 'host', remoteType: 'host' })
    await expectMedia(a, b)
    expect(a.states).toEqual(['checking', 'connected', 'completed'])
  })

  it('agree on the path that both would prefer', async () => {
    const [a, b] = pair()
    await connect(a, b)
    for (const component of [1, 2] as const) {
      const [ofA, ofB] = [a.agent.pathOf(0, component), b.agent.pathOf(0, component)]
      expect(ofA?.remote.host).toBe('2001:db8::2')
      expect(ofB?.remote.host).toBe('2001:db8::1')
    }
  })

  it('send nothing to each other before a description is accepted, whatever the other one sends', async () => {
    const [a, b] = pair()
    await gather(a, b)
    a.agent.start(describeOf(b))
    await clock.advance(2_000)
    expect(network.packets.length).toBeGreaterThan(0)
    expect(network.packets.filter(({ from }) => from.host.endsWith('.2') || from.host.endsWith('::2'))).toEqual([])
    expect(b.agent.send(0, 1, media(1))).toBe(false)
    b.agent.start(describeOf(a))
    await clock.advance(3_000)
    expectCompleted(a, b)
  })

  it('need one socket where RTP and RTCP share it', async () => {
    const [a, b] = pair()
    await gather(a, b)
    startBoth(a, b, { components: 1 })
    await clock.advance(5_000)
    expectCompleted(a, b)
    expect(a.agent.pathOf(0, 2)).toBeNull()
    await expectMedia(a, b, [1])
    expect(a.agent.local.streams[0]?.rtcp).toBeNull()
  })

  it('carry several streams', async () => {
    const streams = [0, 1, 2].map((stream) => ({ stream, components: 1 }) as const)
    const a = makePhone(openA(), clock, { role: 'controlling', streams })
    const b = makePhone(openB(), clock, { role: 'controlled', streams })
    await connect(a, b)
    for (const { stream } of streams) {
      expect(a.agent.pathOf(stream, 1)?.nominated).toBe(true)
      a.agent.send(stream, 1, media(stream))
    }
    await clock.advance(200)
    expect(b.received.map(({ stream, bytes }) => [stream, bytes[3]]).sort()).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
    ])
  })

  it('drop a stream that was refused, and add one later', async () => {
    const streams = [0, 1].map((stream) => ({ stream, components: 1 }) as const)
    const a = makePhone(openA(), clock, { role: 'controlling', streams })
    const b = makePhone(openB(), clock, { role: 'controlled', streams })
    await gather(a, b)
    const only = (phone: Phone, wanted: number): RemoteDescription => {
      const { streams: all, ...rest } = describeOf(phone)
      return { ...rest, streams: all.filter(({ stream }) => stream <= wanted) }
    }
    const [ofA, ofB] = [only(a, 0), only(b, 0)]
    b.agent.start(ofA)
    a.agent.start(ofB)
    await clock.advance(3_000)
    expect(a.agent.local.streams.map(({ stream }) => stream)).toEqual([0])
    const before = a.agent.pathOf(0, 1)
    await gather(a, b)
    startBoth(a, b)
    await clock.advance(3_000)
    expect(a.agent.pathOf(0, 1)).toEqual(before)
    expect(a.agent.pathOf(1, 1)?.nominated).toBe(true)
  })

  it.each(['controlling', 'controlled'] as const)('settle who controls when both are %s', async (role) => {
    const a = makePhone(openA(), clock, { role, seed: 'one' })
    const b = makePhone(openB(), clock, { role, seed: 'other' })
    await connect(a, b)
    expectCompleted(a, b)
    expect(new Set([a.agent.role, b.agent.role])).toEqual(new Set(['controlling', 'controlled']))
    await expectMedia(a, b)
  })

  it('fail when nothing works, not before late candidates had their time', async () => {
    const [a, b] = pair()
    await gather(a, b)
    network.blocks = () => true
    startBoth(a, b)
    await clock.advance(39_000)
    expect(a.states).toEqual(['checking'])
    await clock.advance(10_000)
    expect(a.states).toEqual(['checking', 'failed'])
    expect(a.agent.send(0, 1, media(1))).toBe(false)
    const { length } = network.packets
    await clock.advance(60_000)
    expect(network.packets).toHaveLength(length)
  })

  it('bound the candidates of a hostile peer, and never aim at this computer or at many', async () => {
    const [a, b] = pair()
    await gather(a, b)
    const honest = describeOf(b)
    const candidates = Array.from({ length: 5_000 }, (_, at) => ({
      ...({ foundation: `x${at}`, component: 1, priority: 2_000_000_000 - at, type: 'host' } as const),
      address: {
        host: at % 50 === 0 ? ['127.0.0.1', '224.0.0.1', '0.0.0.0', '::1'][(at / 50) % 4]! : '198.18.0.1',
        port: 1024 + at,
      },
    }))
    a.agent.start({ ...honest, streams: honest.streams.map((stream) => ({ ...stream, candidates })) })
    network.packets.length = 0
    await clock.advance(100_000)
    const targets = new Set(network.packets.map(({ to }) => `${to.host} ${to.port}`))
    expect(targets.size).toBeLessThanOrEqual(100)
    expect(network.packets.length).toBeLessThanOrEqual(700)
    expect(new Set(network.packets.map(({ to }) => to.host))).toEqual(new Set(['198.18.0.1']))
  })

  it('learn addresses that were not signalled', async () => {
    const [a, b] = pair()
    await gather(a, b)
    const silent = describeOf(b)
    a.agent.start({ ...silent, streams: silent.streams.map((stream) => ({ ...stream, candidates: [] })) })
    b.agent.start(describeOf(a))
    await clock.advance(5_000)
    expectCompleted(a, b)
    expect(a.agent.pathOf(0, 1)?.remoteType).toBe('prflx')
    await expectMedia(a, b)
  })

  it('take candidates one by one', async () => {
    const [a, b] = pair()
    await gather(a, b)
    const [ofA, ofB] = [describeOf(a), describeOf(b)]
    const empty = ({ streams, ...rest }: RemoteDescription): RemoteDescription => ({
      ...rest,
      streams: streams.map((stream) => ({ ...stream, candidates: [] })),
    })
    a.agent.start(empty(ofB))
    b.agent.start(empty(ofA))
    await clock.advance(10_000)
    for (const candidate of ofB.streams[0]?.candidates ?? []) a.agent.addRemoteCandidate(0, candidate)
    await clock.advance(5_000)
    expectCompleted(a, b)
  })
})

describe('a lite peer', () => {
  it('is checked and nominated by us, whatever our role was', async () => {
    const phone = makePhone(openA(), clock, { role: 'controlled', streams: [{ stream: 0, components: 1 }] })
    await gather(phone)
    const gateway = await network.node(['192.0.2.7']).bind({ host: '192.0.2.7', port: 9_000 })
    if (!gateway.ok) throw new Error('no gateway')
    const credentials = { ufrag: 'lite', pwd: 'lite-password-of-enough'.replaceAll('-', '+') }
    const responder = new LiteResponder(credentials, phone.agent.local.credentials.ufrag)
    const nominated: unknown[] = []
    gateway.value.onDatagram((bytes, from) => {
      const answer = responder.receive(bytes, from)
      if (answer === null) return
      gateway.value.send(answer.reply, from)
      if (answer.nominated !== null) nominated.push(answer.nominated)
    })
    const address = { host: '192.0.2.7', port: 9_000 }
    const candidates = [{ foundation: '1', component: 1, priority: 1_000, address, type: 'host' }] as const
    phone.agent.start({ lite: true, ice2: true, streams: [{ stream: 0, credentials, components: 1, candidates }] })
    await clock.advance(2_000)
    expectCompleted(phone)
    expect(phone.roles).toEqual(['controlling'])
    expect(nominated).toEqual([{ host: '192.0.2.1', port: expect.any(Number) as number }])
  })
})

describe('a peer without ICE', () => {
  it('gets media from the advertised socket without any check', async () => {
    const phone = makePhone(openA(), clock, { role: 'controlling' })
    await gather(phone)
    const peer = await network.node(['192.0.2.8']).bind({ host: '192.0.2.8', port: 4_000 })
    if (!peer.ok) throw new Error('no peer')
    const heard: unknown[] = []
    peer.value.onDatagram((bytes, from) => {
      heard.push(from)
      peer.value.send(bytes, from)
    })
    const advertised = phone.agent.local.streams[0]
    expect(advertised?.rtp?.port).toBe((advertised?.rtcp?.port ?? 0) - 1)
    expect(phone.agent.setPlainRemote(0, 1, { host: '192.0.2.8', port: 4_000 })).toBe(true)
    expect(phone.agent.isPlainRelayed(0, 1)).toBe(false)
    expect(phone.agent.send(0, 1, media(7))).toBe(true)
    await clock.advance(1_000)
    expect(heard).toEqual([advertised?.rtp])
    expect(phone.received).toMatchObject([{ component: 1, validated: false, bytes: media(7) }])
    expect(network.packets.every(({ bytes }) => bytes[0] === 0x80)).toBe(true)
    phone.agent.setPlainRemote(0, 1, null)
    expect(phone.agent.send(0, 1, media(7))).toBe(false)
  })
})

const natKinds: readonly NatKind[] = ['endpoint-independent', 'address-restricted', 'port-restricted', 'symmetric']

describe('behind NATs', () => {
  const behind = (kind: NatKind, side: 1 | 2): ReturnType<SimulatedNetwork['node']> =>
    network.node([`10.0.0.${side}`], { host: `203.0.113.${side}`, kind })

  it.each(natKinds.flatMap((one) => natKinds.map((other) => [one, other] as const)))(
    '%s and %s',
    async (one, other) => {
      const server = await FakeTurnServer.open(network.node(['198.51.100.1']), '198.51.100.1', clock)
      const servers = { turnServers: [{ address: server.address, credentials: turnUser }] }
      const a = makePhone(behind(one, 1), clock, { role: 'controlling', ...servers })
      const b = makePhone(behind(other, 2), clock, { role: 'controlled', ...servers })
      await connect(a, b, 12_000)
      expectCompleted(a, b)
      await expectMedia(a, b)
      // Only where a symmetric NAT meets one that looks at ports is the relay needed.
      const isHard = (kind: NatKind): boolean => kind === 'symmetric' || kind === 'port-restricted'
      const needsRelay = (one === 'symmetric' && isHard(other)) || (other === 'symmetric' && isHard(one))
      const types = [a.agent.pathOf(0, 1)?.localType, a.agent.pathOf(0, 1)?.remoteType]
      expect(types.includes('relay')).toBe(needsRelay)
      // The relays that carry nothing were given back.
      if (!needsRelay) expect(server.allocations).toBe(0)
    },
  )

  it('keeps the bindings alive while the other side thinks', async () => {
    const server = await FakeTurnServer.open(network.node(['198.51.100.1']), '198.51.100.1', clock)
    const phone = makePhone(behind('port-restricted', 1), clock, { role: 'controlling', stunServers: [server.address] })
    await gather(phone)
    expect(phone.agent.local.streams[0]?.candidates.map(({ type }) => type)).toEqual(['host', 'host', 'srflx', 'srflx'])
    expect(phone.agent.local.streams[0]?.rtp?.host).toBe('203.0.113.1')
    network.packets.length = 0
    await clock.advance(60_000)
    expect(network.packets.length).toBe(8)
    phone.agent.close()
    network.packets.length = 0
    await clock.advance(60_000)
    expect(network.packets).toEqual([])
  })
})

describe('hiding the address', () => {
  it('sends to nobody but the relay, and offers nothing else', async () => {
    const server = await FakeTurnServer.open(network.node(['198.51.100.1']), '198.51.100.1', clock)
    const hidden = makePhone(openA(), clock, {
      ...{ role: 'controlling', policy: 'relay', stunServers: [{ host: '198.51.100.1', port: 3478 }] },
      turnServers: [{ address: server.address, credentials: turnUser }],
    })
    const b = makePhone(openB(), clock, { role: 'controlled' })
    await connect(hidden, b, 8_000)
    expectCompleted(hidden, b)
    await expectMedia(hidden, b)
    const own = network.packets.filter(({ from }) => from.host === '192.0.2.1' || from.host === '2001:db8::1')
    expect(new Set(own.map(({ to }) => to.host))).toEqual(new Set(['198.51.100.1']))
    const said = JSON.stringify(describeOf(hidden))
    expect(said).toContain('198.51.100.1')
    expect(said).not.toContain('192.0.2.1')
    expect(said).not.toContain('2001:db8::1')
    hidden.agent.close()
    await clock.advance(5_000)
    expect(server.allocations).toBe(0)
  })

  it('knows that a peer without ICE is reached through the relay', async () => {
    const server = await FakeTurnServer.open(network.node(['198.51.100.1']), '198.51.100.1', clock)
    const turnServers = [{ address: server.address, credentials: turnUser }]
    const hidden = makePhone(openA(), clock, { role: 'controlling', policy: 'relay', turnServers })
    await gather(hidden)
    expect(hidden.agent.isPlainRelayed(0, 1)).toBe(false)
    expect(hidden.agent.setPlainRemote(0, 1, { host: '192.0.2.2', port: 4_000 })).toBe(true)
    expect(hidden.agent.isPlainRelayed(0, 1)).toBe(true)
  })

  it('goes nowhere without a relay', async () => {
    const hidden = makePhone(openA(), clock, { role: 'controlling', policy: 'relay' })
    const b = makePhone(openB(), clock, { role: 'controlled' })
    await connect(hidden, b, 50_000)
    expect(hidden.states.at(-1)).toBe('failed')
    expect(hidden.agent.setPlainRemote(0, 1, { host: '192.0.2.2', port: 4_000 })).toBe(false)
    expect(network.packets.filter(({ from }) => from.host === '192.0.2.1' || from.host === '2001:db8::1')).toEqual([])
  })
})

describe('consent', () => {
  it('is asked for as long as media may flow, and ends 30 s after the last answer', async () => {
    const [a, b] = pair()
    await connect(a, b)
    await clock.advance(300_000)
    expect(a.lost).toEqual([])
    network.packets.length = 0
    await clock.advance(60_000)
    // Two components, each side every 4 to 6 s, with as many answers.
    expect(network.packets.length).toBeGreaterThanOrEqual(2 * 2 * 2 * 10)
    expect(network.packets.length).toBeLessThanOrEqual(2 * 2 * 2 * 15)
    network.blocks = () => true
    await clock.advance(24_000)
    expect(a.lost).toEqual([])
    await clock.advance(7_000)
    expect([...a.lost].sort()).toEqual([1, 2])
    expect(a.agent.send(0, 1, media(1))).toBe(false)
    network.blocks = () => false
    network.packets.length = 0
    await clock.advance(60_000)
    expect(network.packets).toEqual([])
    expect(a.agent.send(0, 1, media(1))).toBe(false)
  })
})

describe('an ICE restart', () => {
  async function restart(a: Phone, b: Phone): Promise<void> {
    const done = [a.agent.restart('controlling'), b.agent.restart('controlled')]
    await clock.advance(3_000)
    await Promise.all(done)
  }

  it('moves to new credentials while media flows on', async () => {
    const [a, b] = pair()
    await connect(a, b)
    const former = a.agent.local.credentials
    await restart(a, b)
    expect(a.agent.local.credentials).not.toEqual(former)
    await expectMedia(a, b)
    startBoth(a, b)
    await expectMedia(a, b)
    await clock.advance(5_000)
    expectCompleted(a, b)
    await expectMedia(a, b)
    await clock.advance(120_000)
    expect(a.lost).toEqual([])
    expect(b.lost).toEqual([])
    await expectMedia(a, b)
  })

  it('finds the way again after the address has changed', async () => {
    const node = openA()
    const a = makePhone(node, clock, { role: 'controlling' })
    const b = makePhone(openB(), clock, { role: 'controlled' })
    await connect(a, b)
    node.addresses = ['192.0.2.77']
    await clock.advance(40_000)
    expect([...a.lost].sort()).toEqual([1, 2])
    await restart(a, b)
    startBoth(a, b)
    await clock.advance(5_000)
    expectCompleted(a, b)
    expect(b.agent.pathOf(0, 1)?.remote.host).toBe('192.0.2.77')
    await expectMedia(a, b)
  })

  it('may be called off', async () => {
    const [a, b] = pair()
    await connect(a, b)
    const former = a.agent.local.credentials
    const done = a.agent.restart('controlling')
    await clock.advance(3_000)
    await done
    a.agent.abandonRestart()
    expect(a.agent.local.credentials).toEqual(former)
    await clock.advance(100_000)
    expect(a.lost).toEqual([])
    expect(b.lost).toEqual([])
    await expectMedia(a, b)
  })

  it('gets new relays, and keeps the old one while it carries media', async () => {
    const server = await FakeTurnServer.open(network.node(['198.51.100.1']), '198.51.100.1', clock)
    const turnServers = [{ address: server.address, credentials: turnUser }]
    const a = makePhone(openA(), clock, { role: 'controlling', policy: 'relay', turnServers })
    const b = makePhone(openB(), clock, { role: 'controlled', policy: 'relay', turnServers })
    await connect(a, b, 8_000)
    expectCompleted(a, b)
    const before = a.agent.pathOf(0, 1)
    await restart(a, b)
    expect(server.allocations).toBe(8)
    await expectMedia(a, b)
    startBoth(a, b)
    await clock.advance(10_000)
    expect(a.agent.pathOf(0, 1)?.base).not.toBe(before?.base)
    await expectMedia(a, b)
    expect(server.allocations).toBe(4)
  })
})

describe('with loss and packets overtaking each other', () => {
  it.each(Array.from({ length: 40 }, (_, seed) => seed))('seed %i still leads to media both ways', async (seed) => {
    world(seed, 0.3)
    const dice = new SeededRandom(`shape ${seed}`)
    const nat = natKinds[dice.below(4)] ?? 'symmetric'
    const server = await FakeTurnServer.open(network.node(['198.51.100.1']), '198.51.100.1', clock)
    const turnServers = [{ address: server.address, credentials: turnUser }]
    const nodeA = dice.below(2) === 0 ? openA() : network.node(['10.0.0.1'], { host: '203.0.113.1', kind: nat })
    const role = dice.below(3) === 0 ? 'controlling' : 'controlled'
    const policy = dice.below(4) === 0 ? 'relay' : 'all'
    // Twice the way, twice the loss.
    if (policy === 'relay') network.loss = 0.15
    const a = makePhone(nodeA, clock, { role: 'controlling', turnServers, policy, seed: `a ${seed}` })
    const b = makePhone(openB(), clock, { role, turnServers, seed: `b ${seed}` })
    const gathering = [a, b].map((phone) => phone.agent.gather(phone.streams, 70_000))
    await clock.advance(80_000)
    await Promise.all(gathering)
    startBoth(a, b)
    const isDone = (): boolean => [a, b].every(({ states }) => states.at(-1) === 'completed')
    for (let second = 0; second < 60 && !isDone(); second++) await clock.advance(1_000)
    expectCompleted(a, b)
    await expectMedia(a, b)
    for (const component of [1, 2] as const) {
      const [one, other] = [a.agent.pathOf(0, component), b.agent.pathOf(0, component)]
      expect([one?.nominated, other?.nominated]).toEqual([true, true])
    }
  })
})

describe('an agent under attack', () => {
  it('neither throws nor answers anybody when every packet is damaged', async () => {
    const [a, b] = pair()
    await connect(a, b)
    const recorded = network.packets.filter(({ bytes }) => (bytes[0] ?? 255) < 4).slice(0, 40)
    const stranger = await network.node(['192.0.2.66']).bind({ host: '192.0.2.66', port: 6_666 })
    if (!stranger.ok) throw new Error('no stranger')
    let answers = 0
    stranger.value.onDatagram(() => answers++)
    for (const { bytes, to } of recorded) {
      // The last eight bytes are FINGERPRINT, without which a message is as good.
      for (let bit = 0; bit < (bytes.length - 8) * 8; bit += 7) {
        const damaged = Uint8Array.from(bytes)
        damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        stranger.value.send(damaged, to)
      }
      for (let length = 0; length < bytes.length; length += 3) stranger.value.send(bytes.subarray(0, length), to)
    }
    await clock.advance(2_000)
    expect(answers).toBe(0)
    const paths = [a, b].map(({ agent }) => agent.pathOf(0, 1)?.remote.host)
    expect(paths).toEqual(['2001:db8::2', '2001:db8::1'])
    await expectMedia(a, b)
  })

  it('passes on media of strangers as not validated', async () => {
    const [a, b] = pair()
    await connect(a, b)
    const stranger = await network.node(['192.0.2.66']).bind({ host: '192.0.2.66', port: 6_666 })
    const target = a.agent.local.streams[0]?.rtp
    if (!stranger.ok || target === null || target === undefined) throw new Error('no way')
    stranger.value.send(media(9), target)
    await clock.advance(200)
    expect(a.received).toMatchObject([{ validated: false, from: { host: '192.0.2.66', port: 6_666 } }])
  })
})
