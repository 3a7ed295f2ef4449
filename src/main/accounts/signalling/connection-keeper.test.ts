import { expect, it } from 'vitest'
import { FakeClock, settle } from '#test/fakes/fake-clock.ts'
import { noDatagrams } from '#test/fakes/datagram-network.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import type { ConnectionView } from '#shared/model/views.ts'
import type { ByteStream, ConnectorPort, SocketFailure } from '#shared/ports/sockets.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import type { SipFlow, UserAgent } from '#protocol/sip/user-agent/user-agent.ts'
import { ConnectionKeeper } from './connection-keeper.ts'

function setup({ srv = [] }: { readonly srv?: readonly string[] } = {}): {
  readonly keeper: ConnectionKeeper
  readonly clock: FakeClock
  readonly views: ConnectionView[]
  readonly flows: SipFlow[]
  readonly closed: () => number
  readonly refreshed: () => number
  /** Hosts that were connected to. */
  readonly asked: readonly string[]
  outcome: SocketFailure | 'open' | 'hang' | 'throw'
  attach: (flow: SipFlow) => void
  addresses: readonly string[]
} {
  const clock = new FakeClock()
  const views: ConnectionView[] = []
  const flows: SipFlow[] = []
  const asked: string[] = []
  let closed = 0
  let refreshed = 0
  const stream = {
    secure: true,
    local: { host: '192.0.2.7', port: 1 },
    close: () => (closed += 1),
    write: () => true,
    onClose: () => undefined,
    onData: () => undefined,
  } as unknown as ByteStream
  const connector: ConnectorPort = {
    stream: (target, signal) => {
      asked.push(target.host)
      if (result.outcome === 'open') return Promise.resolve({ ok: true, value: stream })
      if (result.outcome === 'throw') return Promise.reject(new Error('no such thing'))
      if (result.outcome !== 'hang') return Promise.resolve({ ok: false, error: result.outcome })
      return new Promise((resolve) => {
        signal?.addEventListener('abort', () => resolve({ ok: false, error: { kind: 'closed' } }))
      })
    },
    webSocket: () => Promise.resolve({ ok: false, error: { kind: 'refused' } }),
  }
  const agent = {
    attach: (flow: SipFlow) => result.attach(flow),
    refresh: () => (refreshed += 1),
  } as unknown as UserAgent
  const account = {
    ...{ id: 'a' as AccountId, aor: 'sip:alice@example.org' as Aor, displayName: '', transport: 'tls' as const },
    ...{ server: srv.length > 0 ? null : 'host:1', instanceId: '', extraAuthorities: [], spkiPins: [] },
    credentials: { username: 'alice', realm: 'r', ha1Md5: null, ha1Sha256: 'x', password: null, strongest: null },
  }
  const resolver = {
    naptr: () => Promise.resolve([]),
    srv: () => Promise.resolve(srv.map((name, at) => ({ name, port: 5061, priority: at, weight: 0 }))),
    addresses: () => Promise.resolve([]),
  }
  const datagrams = { ...noDatagrams, localAddresses: () => result.addresses }
  const ports = { connector, datagrams, resolver, clock, random: new SeededRandom(9) }
  const keeper = new ConnectionKeeper(account, agent, ports, {
    onView: (view) => views.push(view),
    onCertificate: () => undefined,
    onLocalAddress: () => undefined,
  })
  const result = {
    ...{ keeper, clock, views, flows, asked, closed: () => closed, refreshed: () => refreshed },
    outcome: 'open' as SocketFailure | 'open' | 'hang' | 'throw',
    attach: (flow: SipFlow): void => void flows.push(flow),
    addresses: ['192.0.2.7'] as readonly string[],
  }
  return result
}

it('tries again after each failure, later every time, and says until when', async () => {
  const test = setup()
  test.outcome = { kind: 'refused' }
  test.keeper.start()
  const delays: number[] = []
  for (let round = 0; round < 6; round += 1) {
    await settle()
    const view = test.views.at(-1)
    if (view?.kind !== 'waiting') throw new Error(view?.kind)
    delays.push(view.retryAt - test.clock.now())
    await test.clock.advance(view.retryAt - test.clock.now())
  }
  delays.forEach((delay, index) => {
    expect(delay).toBeGreaterThanOrEqual(1_000 * 2 ** index)
    expect(delay).toBeLessThanOrEqual(2_000 * 2 ** index)
  })
})

it('gives a new flow to the user agent after one was lost', async () => {
  const test = setup()
  test.keeper.start()
  await settle()
  test.keeper.handle({ kind: 'registered' })
  expect(test.keeper.isRegistered).toBe(true)
  test.keeper.handle({ kind: 'flow-lost', failure: null })
  expect(test.views.at(-1)).toMatchObject({ kind: 'waiting', reason: 'server-unreachable' })
  await test.clock.advance(2_000)
  expect(test.flows).toHaveLength(2)
})

it('after a wake-up it re-registers, and replaces a flow on which nothing comes back', async () => {
  const test = setup()
  test.keeper.start()
  await settle()
  test.keeper.handle({ kind: 'registered' })
  test.keeper.networkChanged()
  await test.clock.advance(2_000)
  expect(test.refreshed()).toBe(1)
  expect(test.flows).toHaveLength(1)
  await test.clock.advance(5_000)
  expect(test.closed()).toBe(1)
  expect(test.flows).toHaveLength(2)
})

it('a flow from an address that is gone is replaced at once', async () => {
  const test = setup()
  test.keeper.start()
  await settle()
  test.keeper.handle({ kind: 'registered' })
  test.addresses = ['198.51.100.4']
  test.keeper.networkChanged()
  await settle()
  expect(test.closed()).toBe(1)
  expect(test.flows).toHaveLength(2)
  expect(test.refreshed()).toBe(0)
})

it('an attempt that was overtaken leaves nothing behind', async () => {
  const test = setup()
  test.outcome = 'hang'
  test.keeper.start()
  await settle()
  test.outcome = 'open'
  test.keeper.start()
  await settle()
  expect(test.flows).toHaveLength(1)
  test.keeper.stop()
  expect(test.views.at(-1)).toEqual({ kind: 'offline' })
  await test.clock.advance(600_000)
  expect(test.flows).toHaveLength(1)
})

it('an attempt that throws is one that failed: it is tried again', async () => {
  const test = setup()
  test.outcome = 'throw'
  test.keeper.start()
  await settle()
  expect(test.views.at(-1)).toMatchObject({ kind: 'waiting', reason: 'server-unreachable' })
  test.outcome = 'open'
  await test.clock.advance(2_000)
  expect(test.flows).toHaveLength(1)
})

it('a flow that the user agent cannot take is closed, and another one follows', async () => {
  const test = setup()
  const { attach } = test
  test.attach = () => {
    throw new Error('no')
  }
  test.keeper.start()
  await settle()
  expect(test.closed()).toBe(1)
  expect(test.views.at(-1)).toMatchObject({ kind: 'waiting', reason: 'server-unreachable' })
  test.attach = attach
  await test.clock.advance(2_000)
  expect(test.flows).toHaveLength(1)
})

it('an attempt that throws after it was overtaken changes nothing', async () => {
  const test = setup()
  test.outcome = 'throw'
  test.keeper.start()
  test.outcome = 'open'
  test.keeper.start()
  await settle()
  expect(test.flows).toHaveLength(1)
  expect(test.views.at(-1)).toEqual({ kind: 'connecting' })
})

it('goes to the next server when one says 503 or nothing at all, and back to the first when all were tried', async () => {
  const test = setup({ srv: ['one', 'two', 'three'] })
  test.keeper.start()
  await settle()
  expect(test.asked).toEqual(['one'])
  test.keeper.handle({ kind: 'registration-failed', failure: { status: 503, refusal: null, retryAfterMs: 600_000 } })
  await test.clock.advance(2_000)
  expect(test.asked).toEqual(['one', 'two'])
  // Silence: the REGISTER is given up with its flow.
  await test.clock.advance(22_000)
  expect(test.asked).toEqual(['one', 'two', 'three'])
  test.keeper.handle({ kind: 'registration-failed', failure: { status: 408, refusal: null, retryAfterMs: null } })
  const view = test.views.at(-1)
  if (view?.kind !== 'waiting') throw new Error(view?.kind)
  // Nobody is left: now it waits, longer each time.
  expect(view.retryAt - test.clock.now()).toBeGreaterThanOrEqual(4_000)
  await test.clock.advance(view.retryAt - test.clock.now())
  expect(test.asked).toEqual(['one', 'two', 'three', 'one'])
  test.keeper.handle({ kind: 'registered' })
  // A registrar that says no is right wherever it is asked.
  test.keeper.handle({ kind: 'registration-failed', failure: { status: 403, refusal: null, retryAfterMs: null } })
  await test.clock.advance(59_000)
  expect(test.asked).toHaveLength(4)
})
