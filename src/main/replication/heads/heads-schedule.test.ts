import { describe, expect, it } from 'vitest'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import type { Aor } from '#shared/model/ids.ts'
import { HeadsLine } from './heads-line.ts'
import { leastGapMs, noHeadsSent, settleMs, stepHeads, type HeadsSchedule } from './heads-schedule.ts'

const at = (now: number, share = 0) => ({ now, share })
const hourMs = 3_600_000

describe('the times of heads', () => {
  it('are soon after a registration, spread, and about every hour from then on', () => {
    const soon = stepHeads(noHeadsSent, 'registered', at(0, 1))
    expect(soon).toMatchObject({ kind: 'waiting', dueAt: settleMs.least + settleMs.spread })
    expect(stepHeads(soon, 'registered', at(1))).toBe(soon)
    const dues = [0, 1].map((share) => stepHeads(soon, 'sent', at(100, share)))
    expect(dues).toMatchObject([{ dueAt: 100 + 0.9 * hourMs }, { dueAt: 100 + 1.1 * hourMs }])
  })

  it('are not before a minute has passed, however often the registration comes and goes', () => {
    let state: HeadsSchedule = stepHeads(stepHeads(noHeadsSent, 'registered', at(0)), 'sent', at(5000))
    for (let now = 6000; now < 12_000; now += 1000)
      state = stepHeads(stepHeads(state, 'lost', at(now)), 'registered', at(now))
    expect(state).toMatchObject({ kind: 'waiting', dueAt: 5000 + leastGapMs })
  })

  it('are soon when another device is back, but not twice in a minute', () => {
    const state = stepHeads(stepHeads(noHeadsSent, 'registered', at(0)), 'sent', at(5000))
    expect(stepHeads(state, 'returned', at(10_000))).toMatchObject({ dueAt: 5000 + leastGapMs })
    expect(stepHeads(state, 'returned', at(200_000))).toMatchObject({ dueAt: 200_000 + settleMs.least })
    const due = stepHeads(state, 'returned', at(200_000))
    expect(stepHeads(due, 'returned', at(201_000))).toEqual(due)
    expect(stepHeads(noHeadsSent, 'returned', at(0))).toBe(noHeadsSent)
  })

  it('are none while the account is not registered', () => {
    const lost = stepHeads(stepHeads(noHeadsSent, 'registered', at(0)), 'lost', at(1))
    expect(lost).toEqual({ kind: 'away', sentAt: null })
    expect(stepHeads(lost, 'sent', at(2))).toEqual({ kind: 'away', sentAt: 2 })
  })
})

describe('a line of heads', () => {
  const alice = 'sip:alice@example.org' as Aor
  const world = () => {
    const clock = new FakeClock()
    const sent: number[] = []
    const heard: { readonly bytes: Uint8Array; readonly returned: () => void }[] = []
    const ready = { heads: true, replicates: true }
    const line = new HeadsLine({
      ...{ clock, random: new SeededRandom('line') },
      headsOf: () =>
        ready.replicates
          ? {
              write: () => (ready.heads ? Uint8Array.of(7) : null),
              hear: (bytes: Uint8Array, returned: () => void) => heard.push({ bytes, returned }),
            }
          : null,
      send: (_account, bytes) => {
        sent.push(clock.monotonic())
        return bytes[0] === 7 ? Promise.reject(new Error('offline')) : Promise.resolve()
      },
    })
    return { clock, sent, heard, ready, line }
  }

  it('sends after a registration and hourly, whatever becomes of it, until the registration is lost', async () => {
    const { clock, sent, line } = world()
    line.setRegistered(alice, true)
    await clock.advance(20_000)
    expect(sent).toHaveLength(1)
    await clock.advance(24 * hourMs)
    expect(sent.length).toBeGreaterThanOrEqual(22)
    expect(sent.length).toBeLessThanOrEqual(28)
    line.setRegistered(alice, false)
    const before = sent.length
    await clock.advance(24 * hourMs)
    expect(sent).toHaveLength(before)
  })

  it('sends nothing while there is nothing to say, and soon after there is', async () => {
    const { clock, sent, ready, line } = world()
    ready.heads = false
    line.setRegistered(alice, true)
    await clock.advance(hourMs)
    expect(sent).toEqual([])
    ready.heads = true
    await clock.advance(2 * leastGapMs)
    expect(sent).toHaveLength(1)
  })

  it('sends soon once it is found that another device was away', async () => {
    const { clock, sent, heard, line } = world()
    line.setRegistered(alice, true)
    await clock.advance(20_000)
    line.hear(alice, Uint8Array.of(1))
    await clock.advance(2 * leastGapMs)
    expect(sent).toHaveLength(1)
    heard[0]?.returned()
    await clock.advance(settleMs.least + settleMs.spread)
    expect(sent).toHaveLength(2)
  })

  it('neither sends nor hears for an account that does not replicate', async () => {
    const { clock, sent, heard, ready, line } = world()
    ready.replicates = false
    line.setRegistered(alice, true)
    line.hear(alice, Uint8Array.of(1))
    await clock.advance(2 * hourMs)
    expect([sent, heard]).toEqual([[], []])
    ready.replicates = true
    line.hear(alice, Uint8Array.of(1))
    expect(heard).toHaveLength(1)
    line.stop()
    await clock.advance(2 * hourMs)
    expect(sent).toEqual([])
  })
})
