import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { BridgeReply } from '#shared/bridge/api.ts'
import type { CallEnd, CallId, CallNetworkView, CallPhase, CallView } from '#shared/model/calls.ts'
import type { AccountId } from '#shared/model/ids.ts'
import type { StatsSample } from '#renderer/media/stats.ts'
import { EchoTest, type EchoTestPorts } from './echo-test.ts'

const target = { accountId: 'a' as AccountId, peer: 'echo@home.example' }
const id = 'call' as CallId

/** A main that does what a test says. */
class World {
  calls: readonly CallView[] = []
  reply: BridgeReply<CallId> = { ok: true, value: id }
  packetsPerSecond = 50
  packets = 0
  roundTripMs: number | null = 40
  readonly done: string[] = []
  readonly tested: (CallId | null)[] = []
  readonly #listeners = new Set<(calls: readonly CallView[]) => void>()
  readonly test: EchoTest

  constructor() {
    const ports: EchoTestPorts = {
      place: (_target, showAddress) => {
        this.done.push(showAddress ? 'place anyway' : 'place')
        return Promise.resolve(this.reply)
      },
      finish: () => {
        this.done.push('finish')
        return Promise.resolve()
      },
      calls: () => this.calls,
      onCalls: (changed) => {
        this.#listeners.add(changed)
        return () => this.#listeners.delete(changed)
      },
      network: () => {
        this.packets += this.packetsPerSecond
        const { packets: packetsReceived, roundTripMs } = this
        return Promise.resolve({ packetsReceived, roundTripMs, jitterMs: 2 } as CallNetworkView)
      },
      watch: () => {
        this.done.push('watch')
        return () => this.done.push('unwatch')
      },
      newest: () => ({ roundTripMs: null, bufferMs: 30, outputMs: 10, lossPercent: 0, levelSent: 0.2 }) as StatsSample,
      tested: (call) => this.tested.push(call),
      changed: () => undefined,
    }
    this.test = new EchoTest(ports)
  }

  is(phase: CallPhase, end: CallEnd | null = null): void {
    this.calls = [{ id, phase, end } as CallView]
    for (const changed of this.#listeners) changed(this.calls)
  }

  get listeners(): number {
    return this.#listeners.size
  }
}

let world: World
const seconds = (count: number): Promise<unknown> => vi.advanceTimersByTimeAsync(count * 1000)
beforeEach(() => {
  vi.useFakeTimers()
  world = new World()
})
afterEach(() => {
  expect(vi.getTimerCount(), 'timers left').toBe(0)
  vi.useRealTimers()
})

describe('a test call', () => {
  it('is placed, measured for ten seconds of sound, and ended', async () => {
    await world.test.start(target)
    expect(world.test.state).toEqual({ kind: 'calling' })
    world.is('ringing')
    world.is('active')
    await seconds(9)
    expect(world.test.state).toMatchObject({ kind: 'measuring' })
    world.is('active')
    await seconds(1)
    expect(world.test.state).toMatchObject({ kind: 'done', result: { delayMs: 100, lossPercent: 0, verdict: 'good' } })
    expect(world.done).toEqual(['place', 'watch', 'unwatch', 'finish'])
    expect(world.tested).toEqual([id, null])
    expect(world.listeners).toBe(0)
  })

  it('waits for the first report of the round trip, but not for ever', async () => {
    world.roundTripMs = null
    await world.test.start(target)
    world.is('active')
    await seconds(12)
    world.roundTripMs = 60
    await seconds(1)
    expect(world.test.state).toMatchObject({ kind: 'done', result: { networkMs: 60 } })
    world.roundTripMs = null
    await world.test.start(target)
    world.is('active')
    await seconds(20)
    expect(world.test.state).toMatchObject({ kind: 'done', result: { delayMs: null, verdict: 'unknown' } })
  })

  it('counts a second without any packet as lost', async () => {
    await world.test.start(target)
    world.is('active')
    await seconds(5)
    world.packetsPerSecond = 0
    await seconds(5)
    expect(world.test.state).toMatchObject({ kind: 'done', result: { lossPercent: 50, verdict: 'bad' } })
  })

  it('says that nothing came back', async () => {
    world.packetsPerSecond = 0
    await world.test.start(target)
    world.is('active')
    await seconds(10)
    expect(world.test.state).toEqual({ kind: 'failed', why: { kind: 'nothing-heard' } })
    expect(world.done.at(-1)).toBe('finish')
  })

  it('gives up where nobody answers', async () => {
    await world.test.start(target)
    world.is('ringing')
    await seconds(30)
    expect(world.test.state).toEqual({ kind: 'failed', why: { kind: 'no-answer' } })
    expect(world.done).toEqual(['place', 'finish'])
  })

  it('tells why its call ended, also before main’s answer was here', async () => {
    await world.test.start(target)
    world.is('ended', 'unknown-recipient')
    expect(world.test.state).toMatchObject({
      kind: 'failed',
      why: { kind: 'ended', view: { end: 'unknown-recipient' } },
    })
    world.is('ended', 'no-path')
    await world.test.start(target)
    expect(world.test.state).toMatchObject({ kind: 'failed', why: { view: { end: 'no-path' } } })
  })

  it('tells why it could not be placed', async () => {
    world.reply = { ok: false, code: 'recipient-blocked', params: {} }
    await world.test.start(target)
    expect(world.test.state).toMatchObject({ kind: 'failed', why: { kind: 'error', code: 'recipient-blocked' } })
  })

  it('asks before it shows the address', async () => {
    world.reply = { ok: false, code: 'address-would-show', params: {} }
    await world.test.start(target)
    expect(world.test.state).toEqual({ kind: 'asking', target })
    world.reply = { ok: true, value: id }
    await world.test.start(target, true)
    expect(world.done).toEqual(['place', 'place anyway'])
    world.test.cancel()
    await seconds(0)
  })
})

describe('cancelling a test call', () => {
  it('hangs up while it is measured, and shows nothing', async () => {
    await world.test.start(target)
    world.is('active')
    await seconds(3)
    world.test.cancel()
    expect(world.test.state).toEqual({ kind: 'idle' })
    expect(world.done.at(-1)).toBe('finish')
  })

  it('hangs up what main places afterwards', async () => {
    const started = world.test.start(target)
    world.test.cancel()
    await started
    expect(world.done).toEqual(['place', 'finish'])
    expect(world.test.state).toEqual({ kind: 'idle' })
  })

  it('is also hanging up elsewhere', async () => {
    await world.test.start(target)
    world.is('active')
    world.is('ended', 'hung-up')
    expect(world.test.state).toEqual({ kind: 'idle' })
  })

  it('leaves a result where it is', async () => {
    await world.test.start(target)
    world.is('active')
    await seconds(10)
    world.test.cancel()
    expect(world.test.state.kind).toBe('done')
  })
})
