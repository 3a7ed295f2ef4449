/** Our TURN client and ICE agent against Debian's coturn, over real sockets on loopback. */
import { createSocket } from 'node:dgram'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { createDatagrams } from '#main/platform/sockets/datagrams.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import type { DatagramAddress, DatagramsPort } from '#shared/ports/datagrams.ts'
import { ok } from '#shared/result.ts'
import { IceAgent, type MediaArrival } from '#protocol/ice/agent.ts'
import { openRelay, type RelaySocket, type TurnServer } from '#protocol/ice/turn-socket.ts'
import type { RemoteDescription, StreamState } from '#protocol/ice/ice-types.ts'
import { call, connectedPair, GatewayEnd, GatewayPair } from '#test/fakes/gateway-pair.ts'
import { MovingHost } from '#test/fakes/moving-host.ts'
import { coturnPrograms, startCoturn } from './coturn.ts'
import { describeWithPeers, waitUntil, type RunningPeer } from './peers.ts'

/** Datagrams that left as ChannelData. */
let channelData = 0
const real = createDatagrams()
const datagrams: DatagramsPort = {
  localAddresses: () => real.localAddresses(),
  bind: async (at) => {
    const bound = await real.bind(at)
    if (!bound.ok) return bound
    const send = (bytes: Uint8Array, to: DatagramAddress): void => {
      if (bytes[0] === 0x40) channelData++
      bound.value.send(bytes, to)
    }
    return ok({ ...bound.value, send })
  },
}
const ports = { datagrams, clock: systemClock, random: systemRandom }

let peer: RunningPeer
let server: TurnServer

const closers: (() => void)[] = []

async function open(): Promise<RelaySocket> {
  const relay = await openRelay(server, 'ipv4', ports).relay
  if (!relay.ok) throw new Error(`no relay: ${relay.error.kind}\n${peer.output().slice(-2000)}`)
  closers.push(() => relay.value.close())
  return relay.value
}

interface Heard {
  readonly text: string
  readonly from: DatagramAddress
}

function hear(relay: RelaySocket): Heard[] {
  const heard: Heard[] = []
  relay.onDatagram((bytes, from) => heard.push({ text: Buffer.from(bytes).toString(), from }))
  return heard
}

const say = (relay: RelaySocket, text: string, to: DatagramAddress): void => relay.send(Buffer.from(text), to)

describeWithPeers('TURN with coturn', coturnPrograms, () => {
  beforeAll(async () => {
    const started = await startCoturn()
    peer = started.peer
    server = started.server
  })
  afterEach(() => closers.splice(0).forEach((close) => close()))
  afterAll(() => peer.stop())

  it('carries datagrams both ways between two allocations, by indications and then by channels', async () => {
    const [a, b] = [await open(), await open()]
    const [heardByA, heardByB] = [hear(a), hear(b)]
    // Each lets the other in by sending; what comes before that is refused by the server.
    await waitUntil(() => {
      say(a, 'ping', b.local)
      say(b, 'pong', a.local)
      return heardByA.length > 0 && heardByB.length > 0
    }, 'indications')
    expect(heardByA[0]).toEqual({ text: 'pong', from: b.local })
    expect(heardByB[0]).toEqual({ text: 'ping', from: a.local })
    a.bindChannel(b.local)
    b.bindChannel(a.local)
    await waitUntil(() => {
      say(a, 'by channel', b.local)
      return channelData > 0 && heardByB.some(({ text }) => text === 'by channel')
    }, 'channels')
    const large = 'x'.repeat(1200)
    say(b, large, a.local)
    await waitUntil(() => heardByA.some(({ text }) => text === large), 'a large datagram over the channel')
  })

  it('reaches a peer that knows nothing of TURN', async () => {
    const relay = await open()
    const heard = hear(relay)
    const plain = createSocket('udp4')
    closers.push(() => plain.close())
    plain.on('message', (bytes, from) => plain.send(`echo ${bytes.toString()}`, from.port, from.address))
    await new Promise<void>((resolve) => plain.bind(0, '127.0.0.1', resolve))
    const to = { host: '127.0.0.1', port: plain.address().port }
    say(relay, 'hello', to)
    await waitUntil(() => heard.length > 0, 'the echo')
    expect(heard).toEqual([{ text: 'echo hello', from: to }])
  })

  it('is told a wrong password and an unknown user', async () => {
    for (const wrong of [
      { ...server.credentials, password: 'battery staple' },
      { ...server.credentials, username: 'mallory' },
    ]) {
      const refused = await openRelay({ ...server, credentials: wrong }, 'ipv4', ports).relay
      expect(refused).toEqual({ ok: false, error: { kind: 'unauthorized' } })
    }
  })

  it('is told when the quota is used up, and gets a relay again after giving one back', async () => {
    const narrow = { ...server, credentials: { username: 'narrow', password: 'narrow' } }
    const relays: RelaySocket[] = []
    for (let count = 0; count < 8; count++) {
      const relay = await openRelay(narrow, 'ipv4', ports).relay
      if (!relay.ok) throw new Error(`relay ${count}: ${relay.error.kind}`)
      relays.push(relay.value)
      closers.push(() => relay.value.close())
    }
    expect(await openRelay(narrow, 'ipv4', ports).relay).toEqual({ ok: false, error: { kind: 'quota' } })
    relays[0]?.close()
    let again: RelaySocket | null = null
    let isAsking = false
    await waitUntil(() => {
      if (!isAsking && again === null) {
        isAsking = true
        void openRelay(narrow, 'ipv4', ports).relay.then((relay) => {
          isAsking = false
          if (relay.ok) again = relay.value
        })
      }
      return again !== null
    }, 'a relay in place of the one given back')
    closers.push(() => again?.close())
  })

  it('carries the media of two agents that hide their addresses', async () => {
    const phones = (['controlling', 'controlled'] as const).map((role) => {
      const states: StreamState[] = []
      const heard: MediaArrival[] = []
      const agent = new IceAgent(
        { ...ports, role, policy: 'relay', loopback: true, turnServers: [server] },
        { onMedia: (arrival) => heard.push(arrival), onState: (_stream, state) => states.push(state) },
      )
      closers.push(() => agent.close())
      return { agent, states, heard }
    })
    const [a, b] = phones
    if (a === undefined || b === undefined) throw new Error('two phones')
    const [ofA, ofB] = await Promise.all([a, b].map(({ agent }) => agent.gather([{ stream: 0, components: 1 }])))
    const description = (of: typeof ofA): RemoteDescription => ({
      ...{ lite: false, ice2: true },
      streams: (of?.streams ?? []).map(({ stream, candidates }) => ({
        ...{ stream, candidates, components: 1, credentials: of?.credentials ?? { ufrag: '', pwd: '' } },
      })),
    })
    for (const of of [ofA, ofB]) expect(of?.streams[0]?.candidates.map(({ type }) => type)).toEqual(['relay'])
    a.agent.start(description(ofB))
    b.agent.start(description(ofA))
    await waitUntil(() => phones.every(({ states }) => states.at(-1) === 'completed'), 'both to complete')
    for (const { agent } of phones)
      expect(agent.pathOf(0, 1)).toMatchObject({ localType: 'relay', remoteType: 'relay', nominated: true })
    await waitUntil(() => {
      for (const { agent } of phones) agent.send(0, 1, Uint8Array.of(0x80, 1, 2, 3))
      return phones.every(({ heard }) => heard.length > 20)
    }, 'media both ways')
    for (const { heard } of phones) expect(heard.every(({ validated }) => validated)).toBe(true)
  })

  it('carries a whole call of two people who hide their addresses, and nothing goes past it', async () => {
    const { host, port } = server.address
    const relay = { host, port, ...server.credentials }
    const hosts = [new MovingHost(['127.0.0.31']), new MovingHost(['127.0.0.41'])] as const
    const hidden = { hideAddress: true, relay, localHost: '127.0.0.31' }
    const pair = await connectedPair(async () => {
      for (const { destinations } of hosts) destinations.clear()
      const caller = await GatewayEnd.open(hosts[0], hidden)
      return new GatewayPair(caller, await GatewayEnd.open(hosts[1], { ...hidden, localHost: '127.0.0.41' }))
    })
    closers.push(() => pair.close())
    const { caller, callee } = pair
    await waitUntil(() => caller.keys?.method === 'zrtp' && callee.keys?.method === 'zrtp', 'keys over the relay')
    await waitUntil(() => {
      caller.say(1)
      callee.say(2)
      return caller.heard.includes(2) && callee.heard.includes(1)
    }, 'sound over the relay')
    expect(await caller.gateway.network(call)).toMatchObject({ path: 'relayed' })
    for (const text of pair.descriptions) {
      expect(text).not.toMatch(/127\.0\.0\.[34]1|typ (host|srflx)/)
      expect(text).toMatch(/^a=candidate:.* typ relay/m)
    }
    const pages = [caller, callee].map(({ page }) => `${page.address.host}:${page.address.port}`)
    for (const [at, { destinations }] of hosts.entries())
      expect([...destinations].sort()).toEqual([`${host}:${port}`, pages[at]].sort())
  })
})
