import { describe, expect, it } from 'vitest'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import {
  decodeTelephoneEvents,
  encodeTelephoneEvent,
  eventOfDigit,
  TelephoneEventReceiver,
  telephoneEventPackets,
  type EventTiming,
} from './telephone-event.ts'

const usual: EventTiming = { durationMs: 100, clockRate: 8000, intervalMs: 50 }
/** What is sent, as rows: time, marker, timestamp offset, duration, E bit. */
const rows = (digit: string, timing: EventTiming) =>
  telephoneEventPackets(digit, timing).map(({ atMs, marker, timestampOffset, payload }) => {
    const [event] = decodeTelephoneEvents(payload) ?? []
    return [atMs, marker, timestampOffset, event?.duration, event?.end]
  })

describe('the payload', () => {
  it('is as RFC 4733 §2.3 draws it', () => {
    const event = { event: 11, end: true, volume: 63, duration: 0x1234 }
    expect([...encodeTelephoneEvent(event)]).toEqual([11, 0xbf, 0x12, 0x34])
    expect(decodeTelephoneEvents(encodeTelephoneEvent(event))).toEqual([event])
    for (const length of [0, 1, 3, 5]) expect(decodeTelephoneEvents(new Uint8Array(length))).toBeNull()
    // The R bit is ignored.
    expect(decodeTelephoneEvents(Uint8Array.of(1, 0x4a, 0, 1))).toEqual([
      { event: 1, end: false, volume: 10, duration: 1 },
    ])
  })

  it('numbers the digits', () => {
    expect(Array.from('0123456789*#ABCDabcd', eventOfDigit)).toEqual([
      ...Array.from({ length: 16 }, (_, event) => event),
      ...[12, 13, 14, 15],
    ])
    for (const text of ['', 'E', '12', ' ']) expect(eventOfDigit(text)).toBeNull()
  })
})

describe('what is sent', () => {
  it('is the third digit of RFC 4733 table 5', () => {
    expect(rows('1', { ...usual, durationMs: 220 })).toEqual([
      [50, true, 0, 400, false],
      [100, false, 0, 800, false],
      [150, false, 0, 1200, false],
      [200, false, 0, 1600, false],
      [250, false, 0, 1760, true],
      [300, false, 0, 1760, true],
      [350, false, 0, 1760, true],
    ])
  })

  it('ends at once where the last update says all', () => {
    expect(rows('9', { ...usual, durationMs: 40, intervalMs: 20 })).toEqual([
      [20, true, 0, 160, false],
      [40, false, 0, 320, true],
      [60, false, 0, 320, true],
      [80, false, 0, 320, true],
    ])
    expect(rows('9', { ...usual, durationMs: 10 })[0]).toEqual([50, true, 0, 80, true])
  })

  it('goes on in segments where 16 bits do not hold the duration (§2.5.1.3)', () => {
    const sent = rows('5', { durationMs: 3000, clockRate: 48_000, intervalMs: 20 })
    expect(sent.filter(([, marker]) => marker)).toHaveLength(1)
    expect(sent.filter(([, , , duration, end]) => duration === 0xffff && end === false).map((row) => row[2])).toEqual([
      0, 0xffff,
    ])
    const [, , offset = 0, duration = 0] = sent.at(-1) as number[]
    expect(offset + duration).toBe(144_000)
    expect(sent.filter(([, , , , end]) => end)).toHaveLength(3)
  })

  it.each([
    ['x', usual],
    ['1', { ...usual, durationMs: 0 }],
    ['1', { ...usual, durationMs: Number.NaN }],
    ['1', { ...usual, intervalMs: 0 }],
    ['1', { ...usual, clockRate: -1 }],
  ])('refuses %s, %o', (digit, timing) => {
    expect(() => telephoneEventPackets(digit, timing)).toThrow(RangeError)
  })
})

describe('the receiver', () => {
  it('hears each digit once, whatever is lost, doubled or late', () => {
    const random = new SeededRandom('digits')
    for (let round = 0; round < 100; round += 1) {
      const receiver = new TelephoneEventReceiver()
      const timing = {
        durationMs: 40 + random.below(4000),
        clockRate: [8000, 48_000][random.below(2)] ?? 0,
        intervalMs: 20,
      }
      let [timestamp, heard] = [random.below(2 ** 32), '']
      const dialled = Array.from({ length: 5 }, () => '0123456789*#ABCD'.charAt(random.below(16))).join('')
      for (const digit of dialled) {
        const packets = telephoneEventPackets(digit, timing)
        const kept = packets.filter(({ atMs }, at) => at === 0 || atMs % 1000 === 0 || random.below(3) > 0)
        for (const { timestampOffset, payload } of kept) {
          const origin = { ssrc: 1, timestamp: (timestamp + timestampOffset) >>> 0 }
          heard += receiver.receive(origin, payload)
          heard += receiver.receive(origin, random.below(3) === 0 ? payload : new Uint8Array())
        }
        const late = packets[random.below(packets.length)]
        timestamp = (timestamp + 400_000) >>> 0
        if (late !== undefined)
          heard += receiver.receive({ ssrc: 1, timestamp: (timestamp - 400_000) >>> 0 }, late.payload)
      }
      expect(heard).toBe(dialled)
    }
  })

  it('tells packed events apart and ignores what is no digit', () => {
    const receiver = new TelephoneEventReceiver()
    const event = (code: number, duration: number) =>
      encodeTelephoneEvent({ event: code, end: true, volume: 0, duration })
    const packed = Buffer.concat([event(1, 400), event(1, 500), event(2, 600)])
    expect(receiver.receive({ ssrc: 1, timestamp: 0xffff_ff00 }, packed)).toBe('112')
    expect(receiver.receive({ ssrc: 1, timestamp: 0xffff_ff00 }, packed)).toBe('')
    expect(receiver.receive({ ssrc: 1, timestamp: 5000 }, event(16, 400))).toBe('')
    expect(receiver.receive({ ssrc: 1, timestamp: 9000 }, event(3, 0))).toBe('')
    expect(receiver.receive({ ssrc: 1, timestamp: 9000 }, new Uint8Array(3))).toBe('')
    expect(receiver.receive({ ssrc: 2, timestamp: 10 }, event(3, 400))).toBe('3')
  })
})
