import { describe, expect, it } from 'vitest'
import type { CertificateProblem } from '#shared/ports/sockets.ts'
import {
  connectionView,
  initialConnection,
  stepConnection,
  type ConnectionEffect,
  type ConnectionEvent,
  type ConnectionState,
} from './connection-machine.ts'

const draw = { nowMs: 1_000_000, backoffMs: (failures: number) => failures * 100, jitterMs: 700 }

function run(...events: ConnectionEvent[]): { state: ConnectionState; effects: readonly ConnectionEffect[] } {
  let step = { state: initialConnection, effects: [] as readonly ConnectionEffect[] }
  for (const event of events) step = stepConnection(step.state, event, draw)
  return step
}

const start: ConnectionEvent = { kind: 'start' }
const opened: ConnectionEvent = { kind: 'opened' }
const registered: ConnectionEvent = { kind: 'registered' }
const refused: ConnectionEvent = { kind: 'open-failed', failure: { kind: 'refused' } }
const retry: ConnectionEvent = { kind: 'timer', purpose: 'retry' }
const rejected = (status: number | null, more = {}): ConnectionEvent => ({
  kind: 'register-failed',
  failure: { status, refusal: null, retryAfterMs: null, ...more },
})
const kinds = (effects: readonly ConnectionEffect[]): string[] => effects.map((effect) => effect.kind)

describe('the way up', () => {
  it('opens, registers, stands', () => {
    expect(kinds(run(start).effects)).toEqual(['stop-timer', 'close-flow', 'open'])
    expect(connectionView(run(start).state)).toEqual({ kind: 'connecting' })
    expect(run(start, opened).effects).toEqual([{ kind: 'start-timer', purpose: 'check', delayMs: 20_000 }])
    expect(connectionView(run(start, opened, registered).state)).toEqual({ kind: 'registered' })
  })

  it('waits longer with each failure, and from the start after a success', () => {
    const third = run(start, refused, retry, refused, retry, refused)
    expect(connectionView(third.state)).toEqual({ kind: 'waiting', retryAt: 1_000_300, reason: 'server-unreachable' })
    const lost = run(start, refused, retry, opened, registered, { kind: 'lost' })
    expect(connectionView(lost.state)).toEqual({ kind: 'waiting', retryAt: 1_000_100, reason: 'server-unreachable' })
    expect(kinds(lost.effects)).toEqual(['close-flow', 'start-timer'])
  })
})

describe('refusals', () => {
  it.each([
    [503, {}, 100, 'server-refused'],
    [503, { retryAfterMs: 90_000 }, 90_000, 'server-refused'],
    [403, {}, 60_000, 'registration-rejected'],
    [null, {}, 100, 'server-unreachable'],
  ])('%s %j: waits %i', (status, more, delayMs, reason) => {
    const { state } = run(start, opened, rejected(status, more))
    expect(connectionView(state)).toEqual({ kind: 'waiting', retryAt: draw.nowMs + delayMs, reason })
  })

  it.each(['wrong-password', 'weaker-digest-refused', 'foreign-realm-refused'] as const)(
    '%s is final: neither time nor another network tries again',
    (refusal) => {
      const events = [start, opened, rejected(401, { refusal })]
      expect(connectionView(run(...events).state)).toEqual({ kind: 'failed', reason: refusal })
      expect(run(...events, retry).effects).toEqual([])
      expect(run(...events, { kind: 'network-changed' }).effects).toEqual([])
      expect(kinds(run(...events, start).effects)).toContain('open')
    },
  )

  it.each([
    ['untrusted', 'certificate-untrusted'],
    ['expired', 'certificate-expired'],
    ['not-yet-valid', 'certificate-expired'],
    ['wrong-name', 'certificate-wrong-name'],
  ] as const)('a certificate that is %s goes to the user, and is not tried again', (reason, code) => {
    const problem = { reason } as CertificateProblem
    const { state, effects } = run(start, { kind: 'open-failed', failure: { kind: 'certificate', problem } })
    expect(connectionView(state)).toEqual({ kind: 'failed', reason: code })
    expect(effects.at(-1)).toEqual({ kind: 'certificate', problem })
  })
})

describe('wake-up and other networks', () => {
  it('a registered account re-registers after a jitter, and opens anew when nothing answers', () => {
    const changed = run(start, opened, registered, { kind: 'network-changed' })
    expect(changed.effects).toEqual([{ kind: 'start-timer', purpose: 'jitter', delayMs: 700 }])
    const asking = stepConnection(changed.state, { kind: 'timer', purpose: 'jitter' }, draw)
    expect(asking.effects).toEqual([{ kind: 'refresh' }, { kind: 'start-timer', purpose: 'check', delayMs: 5_000 }])
    expect(kinds(stepConnection(asking.state, { kind: 'timer', purpose: 'check' }, draw).effects)).toContain('open')
    expect(kinds(stepConnection(asking.state, registered, draw).effects)).toEqual(['stop-timer'])
  })

  it('a waiting account does not wait its time out', () => {
    const { state } = run(start, refused, retry, refused, { kind: 'network-changed' })
    expect(state).toMatchObject({ phase: 'waiting', retryAt: draw.nowMs + 700, failures: 0 })
  })
})

it('nothing happens after a stop', () => {
  const events: ConnectionEvent[] = [start, opened, registered, { kind: 'stop' }]
  for (const late of [opened, registered, refused, retry, { kind: 'lost' }, { kind: 'network-changed' }] as const) {
    expect(run(...events, late)).toEqual({ state: initialConnection, effects: [] })
  }
})
