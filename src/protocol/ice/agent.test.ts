import { beforeEach, describe, expect, it } from 'vitest'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { SimulatedNetwork } from '#test/fakes/simulated-network.ts'
import { describeOf, makePhone, media, type Phone } from '#test/fakes/ice-phone.ts'

const clock = { now: new FakeClock() }
let network: SimulatedNetwork

beforeEach(() => {
  clock.now = new FakeClock()
  network = new SimulatedNetwork({ clock: clock.now, random: new SeededRandom('network') })
})

async function connect(a: Phone, b: Phone, ms = 5_000): Promise<void> {
  await Promise.all([gather(a), gather(b)])
  b.agent.start(describeOf(a))
  a.agent.start(describeOf(b))
  await clock.now.advance(ms)
}

async function gather(phone: Phone): Promise<void> {
  const done = phone.agent.gather(phone.streams)
  await clock.now.advance(3_000)
  await done
}

describe('two agents', () => {
  it('find each other on open addresses, and media flows both ways on validated paths', async () => {
    const a = makePhone(network.node(['192.0.2.1', '2001:db8::1']), clock.now, { role: 'controlling' })
    const b = makePhone(network.node(['192.0.2.2', '2001:db8::2']), clock.now, { role: 'controlled' })
    await connect(a, b)
    expect(a.states.at(-1)).toBe('completed')
    expect(b.states.at(-1)).toBe('completed')
    for (const component of [1, 2] as const) {
      expect(a.agent.pathOf(0, component)).toMatchObject({ nominated: true, localType: 'host', remoteType: 'host' })
      expect(a.agent.send(0, component, media(component))).toBe(true)
      expect(b.agent.send(0, component, media(component))).toBe(true)
    }
    await clock.now.advance(100)
    for (const phone of [a, b]) {
      const arrived = phone.received.toSorted((one, other) => one.component - other.component)
      expect(arrived).toMatchObject([
        { component: 1, validated: true, bytes: media(1) },
        { component: 2, validated: true, bytes: media(2) },
      ])
    }
  })
})
