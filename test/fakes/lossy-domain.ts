/** Our user agents over UDP at the home server's proxy; the link of one host loses packets both ways. In simulated time. */
import { expect, vi } from 'vitest'
import { systemClock } from '#main/platform/system-clock.ts'
import { serializeSip } from '#protocol/sip/serialize.ts'
import { createUserAgent } from '#protocol/sip/user-agent/jssip-user-agent.ts'
import { openUdpFlow } from '#protocol/sip/user-agent/udp-flow.ts'
import type { UserAgent, UserAgentEvent } from '#protocol/sip/user-agent/user-agent.ts'
import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import { err } from '#shared/result.ts'
import { silentLog } from './silent-log.ts'
import { DatagramNetwork } from './datagram-network.ts'
import { SeededRandom } from './seeded-random.ts'
import { domain, FakeDomain, FakeFlow } from './sip-domain.ts'

const server: DatagramAddress = { host: '192.0.2.1', port: 5060 }
/** The host whose packets get lost, to it and from it. */
export const lossyHost = '198.51.100.1'
/** One whose packets do not. */
export const goodHost = '198.51.100.2'

/** Timers of everything in a lossy domain stand still until they are told to run. */
export function useSimulatedTime(): void {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
  })
}

export interface DomainAgent {
  readonly agent: UserAgent
  readonly events: UserAgentEvent[]
}

export class LossyDomain {
  readonly network: DatagramNetwork
  readonly #random: SeededRandom
  readonly #world: FakeDomain
  /** Share of the packets of {@link lossyHost}. */
  loss = 0.3

  constructor(seed: string) {
    this.#random = new SeededRandom(seed)
    this.network = new DatagramNetwork({
      clock: systemClock,
      random: this.#random,
      loss: (from, to) => ([from, to].includes(lossyHost) ? this.loss : 0),
    })
    this.#world = new FakeDomain({ clock: systemClock }, seed)
  }

  async start(): Promise<void> {
    const bound = await this.network.host(server.host).bind(server)
    if (!bound.ok) throw new Error('not bound')
    const flows = new Map<string, FakeFlow>()
    bound.value.onDatagram((bytes, from) => {
      const name = `${from.host} ${from.port}`
      const flow = flows.get(name) ?? new FakeFlow('udp')
      if (!flows.has(name)) {
        flows.set(name, flow)
        flow.onSent = (message) => bound.value.send(serializeSip(message), from)
        this.#world.proxy.acceptFlow(flow)
      }
      flow.input(bytes)
    })
  }

  async agent(user: 'alice' | 'bob', address: string): Promise<DomainAgent> {
    const password = Buffer.from(this.#world.passwords.get(user) ?? '')
    const agent = createUserAgent(
      {
        aor: `sip:${user}@${domain}`,
        displayName: user,
        instanceId: `urn:uuid:00000000-0000-4000-8000-00000000000${address.slice(-1)}`,
        transport: 'udp',
        secrets: { username: user, realm: null, ha1Md5: null, ha1Sha256: null, password, strongest: null },
      },
      { clock: systemClock, random: this.#random, log: silentLog },
    )
    const events: UserAgentEvent[] = []
    agent.onEvent((event) => events.push(event))
    const flow = await openUdpFlow(server, {
      datagrams: this.network.host(address),
      clock: systemClock,
      random: this.#random,
      openStream: () => Promise.resolve(err({ kind: 'refused' as const })),
    })
    if (!flow.ok) throw new Error(flow.error.kind)
    agent.attach(flow.value)
    for (let turn = 0; turn < 100 && events.every(({ kind }) => kind !== 'registered'); turn += 1)
      await vi.advanceTimersByTimeAsync(500)
    expect(events.map(({ kind }) => kind)).toContain('registered')
    return { agent, events }
  }
}
