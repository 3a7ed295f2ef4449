import { beforeEach, describe, expect, it } from 'vitest'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { describeOf, makePhone, media, type Phone } from '#test/fakes/ice-phone.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { SimulatedNetwork } from '#test/fakes/simulated-network.ts'
import { FakeTurnServer, turnUser } from '#test/fakes/turn-server.ts'
import type { IceBranch } from './ice-branch.ts'
import type { StreamState } from './ice-types.ts'

let clock: FakeClock
let network: SimulatedNetwork

beforeEach(() => {
  clock = new FakeClock()
  network = new SimulatedNetwork({ clock, random: new SeededRandom('network'), delay: [5, 60] })
})

interface Fork {
  readonly caller: Phone
  readonly answers: readonly Phone[]
  readonly branches: readonly IceBranch[]
  readonly states: readonly StreamState[][]
}

async function gather(...phones: readonly Phone[]): Promise<void> {
  const done = phones.map((phone) => phone.agent.gather(phone.streams))
  await clock.advance(3_000)
  await Promise.all(done)
}

/** One offer, and so many that answer it; `mend` changes what an answer says. */
async function fork(count: number, more: Partial<Parameters<typeof makePhone>[2]> = {}): Promise<Fork> {
  const caller = makePhone(network.node(['192.0.2.1']), clock, { role: 'controlling', mayFork: true, ...more })
  const answers = Array.from({ length: count }, (_, n) =>
    makePhone(network.node([`198.51.100.${n + 1}`]), clock, { role: 'controlled', seed: `answer ${n}` }),
  )
  await gather(caller, ...answers)
  const states = answers.map((): StreamState[] => [])
  const branches = answers.map((_, n) =>
    n === 0 ? caller.agent.main : caller.agent.fork({ onState: (_stream, state) => states[n]?.push(state) }),
  )
  return { caller, answers, branches, states: [caller.states, ...states.slice(1)] }
}

/** Whoever of the branches proves that a datagram is its own, for each that came. */
function owners({ caller, branches }: Fork): readonly (readonly [number, readonly number[]])[] {
  return caller.received.map(({ base, from, bytes }) => [
    bytes[3] ?? 0,
    branches.flatMap((branch, n) => (branch.isValidated(base, from) ? [n] : [])),
  ])
}

describe('the branches of a fork', () => {
  it('each find their own peer over the same sockets, and tell its media', async () => {
    const world = await fork(3)
    for (const [n, answer] of world.answers.entries()) {
      answer.agent.start(describeOf(world.caller))
      world.branches[n]?.start(describeOf(answer))
    }
    await clock.advance(5_000)
    for (const states of world.states) expect(states.at(-1)).toBe('completed')
    for (const [n, answer] of world.answers.entries()) {
      expect(world.branches[n]?.pathOf(0, 1)?.remote.host).toBe(`198.51.100.${n + 1}`)
      answer.agent.send(0, 1, media(n))
      world.branches[n]?.send(0, 1, media(10 + n))
    }
    await clock.advance(200)
    expect([...owners(world)].sort()).toEqual([
      [0, [0]],
      [1, [1]],
      [2, [2]],
    ])
    expect(world.answers.map(({ received }) => received.map(({ bytes }) => bytes[3]))).toEqual([[10], [11], [12]])
  })

  it('do not lead to whom another has named, nor to whom only another knows', async () => {
    const world = await fork(2)
    const [honest, hostile] = world.answers
    if (honest === undefined || hostile === undefined) throw new Error('no answers')
    const copied = describeOf(honest)
    const forged = {
      ...copied,
      streams: copied.streams.map((stream) => ({
        ...stream,
        credentials: { ...stream.credentials, pwd: 'x'.repeat(24) },
      })),
    }
    world.branches[0]?.start(forged)
    world.branches[1]?.start(copied)
    honest.agent.start(describeOf(world.caller))
    hostile.agent.start(describeOf(world.caller))
    await clock.advance(8_000)
    expect(world.branches[0]?.pathOf(0, 1)).toBeNull()
    expect(world.branches[1]?.pathOf(0, 1)?.remote.host).toBe('198.51.100.1')
    honest.agent.send(0, 1, media(1))
    await clock.advance(200)
    expect(owners(world)).toEqual([[1, [1]]])
  })

  it('end when one is settled on, which keeps its path and may restart', async () => {
    const world = await fork(2)
    const [loser, winner] = world.answers
    if (loser === undefined || winner === undefined) throw new Error('no answers')
    for (const [n, answer] of world.answers.entries()) {
      answer.agent.start(describeOf(world.caller))
      world.branches[n]?.start(describeOf(answer, { components: n === 0 ? 2 : 1 }))
    }
    await clock.advance(5_000)
    const [, branch] = world.branches
    if (branch === undefined) throw new Error('no branch')
    world.caller.agent.settle(branch)
    expect(world.caller.agent.main).toBe(branch)
    // RTCP has no socket of its own any more.
    expect(world.caller.agent.local.streams[0]?.rtcp).toBeNull()
    network.packets.length = 0
    await clock.advance(20_000)
    expect(network.packets.filter(({ to }) => to.host === '198.51.100.1')).toEqual([])
    expect(world.caller.agent.send(0, 1, media(7))).toBe(true)
    const again = world.caller.agent.restart('controlling')
    await clock.advance(3_000)
    await again
    await winner.agent.restart('controlled', 0)
    winner.agent.start(describeOf(world.caller, { components: 1 }))
    branch.start(describeOf(winner, { components: 1 }))
    await clock.advance(5_000)
    expect(branch.pathOf(0, 1)).toMatchObject({ nominated: true, remote: { host: '198.51.100.2' } })
    expect(world.caller.states.length).toBeGreaterThan(0)
  })

  it('share the relays, which stay until one is settled on', async () => {
    const { address } = await FakeTurnServer.open(network.node(['203.0.113.5']), '203.0.113.5', clock)
    const world = await fork(2, { policy: 'relay', turnServers: [{ address, credentials: turnUser }] })
    for (const [n, answer] of world.answers.entries()) {
      answer.agent.start(describeOf(world.caller))
      world.branches[n]?.start(describeOf(answer))
    }
    await clock.advance(20_000)
    for (const [n, branch] of world.branches.entries()) {
      expect(branch.pathOf(0, 1)).toMatchObject({ localType: 'relay', remote: { host: `198.51.100.${n + 1}` } })
      branch.send(0, 1, media(n))
    }
    await clock.advance(500)
    expect(world.answers.map(({ received }) => received.at(-1)?.bytes[3])).toEqual([0, 1])
  })

  it('are no more once one has left, or all is closed', async () => {
    const world = await fork(3)
    const [, second, third] = world.branches
    if (second === undefined || third === undefined) throw new Error('no branches')
    world.caller.agent.leave(second)
    world.caller.agent.close()
    const late = world.caller.agent.fork({})
    network.packets.length = 0
    for (const branch of [second, third, late]) branch.start(describeOf(world.answers[0] ?? world.caller))
    await clock.advance(5_000)
    expect(network.packets.filter(({ from }) => from.host === '192.0.2.1')).toEqual([])
  })
})
