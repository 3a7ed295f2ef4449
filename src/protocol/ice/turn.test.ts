import { beforeEach, describe, expect, it } from 'vitest'
import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { SimulatedNetwork, type SimulatedNode } from '#test/fakes/simulated-network.ts'
import { FakeTurnServer, turnUser } from '#test/fakes/turn-server.ts'
import { methods } from './stun-message.ts'
import { openRelay, type RelaySocket } from './turn-socket.ts'

let clock: FakeClock
let network: SimulatedNetwork
let server: FakeTurnServer
let home: SimulatedNode
let peer: {
  readonly address: DatagramAddress
  readonly heard: Uint8Array[]
  send: (bytes: Uint8Array, to: DatagramAddress) => void
}

beforeEach(async () => {
  clock = new FakeClock()
  network = new SimulatedNetwork({ clock, random: new SeededRandom('turn') })
  server = await FakeTurnServer.open(network.node(['198.51.100.1']), '198.51.100.1', clock)
  home = network.node(['10.0.0.2'], { host: '203.0.113.1', kind: 'symmetric' })
  const bound = await network.node(['192.0.2.9']).bind({ host: '192.0.2.9', port: 7000 })
  if (!bound.ok) throw new Error('no peer')
  const heard: Uint8Array[] = []
  bound.value.onDatagram((bytes) => heard.push(bytes))
  peer = { address: bound.value.local, heard, send: (bytes, to) => bound.value.send(bytes, to) }
})

const ports = () => ({ datagrams: home, clock, random: new SeededRandom('client') })

async function open(credentials = turnUser): Promise<RelaySocket> {
  const attempt = openRelay({ address: server.address, credentials }, 'ipv4', ports())
  await clock.advance(1_000)
  const relay = await attempt.relay
  if (!relay.ok) throw new Error(relay.error.kind)
  return relay.value
}

async function refusal(credentials = turnUser, ms = 1_000): Promise<unknown> {
  const attempt = openRelay({ address: server.address, credentials }, 'ipv4', ports())
  await clock.advance(ms)
  const relay = await attempt.relay
  return relay.ok ? null : relay.error
}

describe('a TURN relay', () => {
  it('is allocated with credentials after the challenge, and says both addresses', async () => {
    const relay = await open()
    expect(server.seen).toEqual(['allocate 401', 'allocate ok'])
    expect(relay.local.host).toBe('198.51.100.1')
    expect(relay.mapped.host).toBe('203.0.113.1')
  })

  it('carries datagrams both ways, the first ones once the permission is there', async () => {
    const relay = await open()
    const back: { bytes: Uint8Array; from: DatagramAddress }[] = []
    relay.onDatagram((bytes, from) => back.push({ bytes, from }))
    peer.send(Uint8Array.of(66), relay.local)
    await clock.advance(200)
    expect(back).toEqual([])
    relay.send(Uint8Array.of(1), peer.address)
    relay.send(Uint8Array.of(2), peer.address)
    await clock.advance(500)
    expect(peer.heard.map((bytes) => bytes[0]).sort()).toEqual([1, 2])
    expect(server.seen.filter((one) => one.startsWith('createPermission'))).toEqual(['createPermission ok'])
    peer.send(Uint8Array.of(3), relay.local)
    await clock.advance(200)
    expect(back).toEqual([{ bytes: Uint8Array.of(3), from: peer.address }])
  })

  it('uses a channel once it is bound', async () => {
    const relay = await open()
    const back: number[] = []
    relay.onDatagram((bytes) => back.push(bytes[0] ?? -1))
    relay.bindChannel(peer.address)
    await clock.advance(500)
    network.packets.length = 0
    relay.send(Uint8Array.of(9), peer.address)
    await clock.advance(500)
    expect(network.packets[0]?.bytes).toEqual(Uint8Array.of(0x40, 0, 0, 1, 9))
    expect(peer.heard).toEqual([Uint8Array.of(9)])
    peer.send(Uint8Array.of(8), relay.local)
    await clock.advance(500)
    expect(back).toEqual([8])
  })

  it('lives on through refreshes, stale nonces, and renewed permissions and channels', async () => {
    const relay = await open()
    relay.bindChannel(peer.address)
    const back: number[] = []
    relay.onDatagram((bytes) => back.push(bytes[0] ?? -1))
    for (let minute = 0; minute < 60; minute++) {
      if (minute % 7 === 0) server.renewNonce()
      relay.send(Uint8Array.of(minute), peer.address)
      await clock.advance(30_000)
      peer.send(Uint8Array.of(minute), relay.local)
      await clock.advance(30_000)
    }
    expect(peer.heard).toHaveLength(60)
    expect(back).toHaveLength(60)
    expect(server.seen).toContain('refresh 438')
    expect(server.allocations).toBe(1)
  })

  it('is given back when closed, and its socket with it', async () => {
    const relay = await open()
    relay.close()
    await clock.advance(1_000)
    expect(server.allocations).toBe(0)
    expect(server.seen.at(-1)).toBe('refresh ok')
    network.packets.length = 0
    relay.send(Uint8Array.of(1), peer.address)
    await clock.advance(600_000)
    expect(network.packets).toEqual([])
  })

  it('survives a way that loses a third of all packets', async () => {
    network.loss = 0.3
    const attempt = openRelay({ address: server.address, credentials: turnUser }, 'ipv4', ports())
    await clock.advance(80_000)
    expect((await attempt.relay).ok).toBe(true)
  })

  it('says that it is lost when the server has forgotten it', async () => {
    const relay = await open()
    const lost: unknown[] = []
    relay.onLost((failure) => lost.push(failure))
    server.refusals.set(methods.refresh, 437)
    await clock.advance(600_000)
    expect(lost).toEqual([{ kind: 'refused', code: 437 }])
  })
})

describe('a TURN server that refuses', () => {
  it('a wrong password: asked twice, never more', async () => {
    expect(await refusal({ ...turnUser, password: 'guess' })).toEqual({ kind: 'unauthorized' })
    expect(server.seen).toEqual(['allocate 401', 'allocate 401'])
  })

  it.each([
    [486, { kind: 'quota' }],
    [508, { kind: 'refused', code: 508 }],
    [300, { kind: 'refused', code: 300 }],
  ])('with %i', async (code, failure) => {
    server.refusals.set(methods.allocate, code)
    expect(await refusal()).toEqual(failure)
  })

  it('by silence: seven requests, then time is up', async () => {
    network.blocks = ({ to }) => to.port === 3478
    expect(await refusal(turnUser, 40_000)).toEqual({ kind: 'timed-out' })
    expect(network.packets).toHaveLength(7)
  })

  it('a permission: nothing is sent, and the server is not asked with every packet', async () => {
    const relay = await open()
    server.refusals.set(methods.createPermission, 403)
    for (let packet = 0; packet < 50; packet++) {
      relay.send(Uint8Array.of(packet), peer.address)
      await clock.advance(20)
    }
    expect(peer.heard).toEqual([])
    expect(server.seen.filter((one) => one.startsWith('createPermission'))).toHaveLength(1)
  })
})

describe('the password', () => {
  it('never leaves in clear', async () => {
    const relay = await open()
    relay.send(Uint8Array.of(1), peer.address)
    await clock.advance(1_000)
    const secret = Buffer.from(turnUser.password)
    for (const { bytes } of network.packets) expect(Buffer.from(bytes).includes(secret)).toBe(false)
  })

  it('is what answers must be signed with', async () => {
    server.answerKey = Uint8Array.of(1, 2, 3)
    expect(await refusal(turnUser, 80_000)).toEqual({ kind: 'timed-out' })
    expect(server.seen).toContain('allocate ok')
  })
})
