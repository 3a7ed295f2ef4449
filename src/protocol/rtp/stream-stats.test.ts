import { describe, expect, it } from 'vitest'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { StreamStatistics } from './stream-stats.ts'

const clockRate = 8000
/** Packet `at` of a stream of 20 ms, `late` milliseconds after its time. */
const packet = (at: number, late = 0, ssrc = 1) => ({
  ssrc,
  sequenceNumber: (65_500 + at) % 0x10000,
  timestamp: (2 ** 32 - 800 + 160 * at) % 2 ** 32,
  arrivalMs: 20 * at + late,
})

describe('reception', () => {
  it('counts what was lost across a roll-over, as RFC 3550 A.3', () => {
    const statistics = new StreamStatistics()
    for (let at = 0; at < 100; at += 1) if (at % 4 !== 3) statistics.received(packet(at), clockRate)
    // The last was lost too, which nobody can know yet: 24 of 99 expected.
    expect(statistics.totals(1)).toEqual({ received: 75, lost: 24, jitterMs: 0 })
    const [report] = statistics.reports(2000)
    expect(report).toMatchObject({
      ssrc: 1,
      fractionLost: Math.floor((24 * 256) / 99) / 256,
      cumulativeLost: 24,
      highestSequenceNumber: 65_500 + 98,
      jitter: 0,
    })
    expect(statistics.reports(2000)).toEqual([])
    for (let at = 100; at < 110; at += 1) statistics.received(packet(at), clockRate)
    expect(statistics.reports(2200)[0]).toMatchObject({ fractionLost: Math.floor(256 / 11) / 256, cumulativeLost: 25 })
  })

  it('takes reordering for no loss, and duplicates for less than none', () => {
    const statistics = new StreamStatistics()
    for (const at of [0, 2, 1, 4, 3, 4, 4]) statistics.received(packet(at), clockRate)
    expect(statistics.totals(1)).toMatchObject({ received: 7, lost: -2 })
    expect(statistics.reports(0)[0]).toMatchObject({ fractionLost: 0, cumulativeLost: -2 })
  })

  it('begins anew after a restart that a second packet confirms', () => {
    const statistics = new StreamStatistics()
    for (let at = 0; at < 10; at += 1) statistics.received(packet(at), clockRate)
    statistics.received(packet(30_000), clockRate)
    expect(statistics.totals(1)).toMatchObject({ received: 10, lost: 0 })
    for (const at of [20_000, 20_001, 20_002]) statistics.received(packet(at), clockRate)
    expect(statistics.totals(1)).toMatchObject({ received: 2, lost: 0 })
  })

  it('measures jitter as RFC 3550 A.8', () => {
    const statistics = new StreamStatistics()
    const random = new SeededRandom('jitter')
    let [expected, before] = [0, 0]
    for (let at = 0; at < 500; at += 1) {
      const late = at === 0 ? 0 : random.below(30)
      statistics.received(packet(at, late), clockRate)
      if (at > 0) expected += (Math.abs(late - before) * 8 - expected) / 16
      before = late
    }
    expect(expected).toBeGreaterThan(10)
    expect(statistics.totals(1)?.jitterMs).toBeCloseTo(expected / 8, 6)
    expect(statistics.reports(0)[0]?.jitter).toBe(Math.floor(expected))
  })

  it('echoes the last sender report with its age', () => {
    const statistics = new StreamStatistics()
    statistics.senderReport(1, 5, 0)
    statistics.received(packet(0), clockRate)
    expect(statistics.reports(0)[0]).toMatchObject({ lastSenderReport: 0, delaySinceLastSenderReport: 0 })
    statistics.senderReport(1, 0xb705_2000, 1000)
    statistics.received(packet(1), clockRate)
    expect(statistics.reports(6250)[0]).toMatchObject({
      lastSenderReport: 0xb705_2000,
      delaySinceLastSenderReport: 0x0005_4000,
    })
  })

  it('follows 64 senders at most', () => {
    const statistics = new StreamStatistics()
    for (let ssrc = 0; ssrc < 65; ssrc += 1) statistics.received(packet(0, 0, ssrc), clockRate)
    expect(statistics.totals(63)).not.toBeNull()
    expect(statistics.totals(64)).toBeNull()
    statistics.forget(3)
    statistics.received(packet(0, 0, 64), clockRate)
    expect(statistics.totals(64)).not.toBeNull()
  })
})
