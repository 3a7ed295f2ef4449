import { beforeEach, describe, expect, it } from 'vitest'
import { sequenceNumberOf } from '#protocol/rtp/header.ts'
import { buildRtpPacket, hasMarker, payloadOf, payloadTypeOf, timestampOf } from '#protocol/rtp/packet.ts'
import { decodeTelephoneEvents, TelephoneEventReceiver } from '#protocol/rtp/telephone-event.ts'
import type { RtpCodec } from '#protocol/sdp/rtp-media.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { DigitSender } from './digit-sender.ts'

const format: RtpCodec = {
  ...{ payloadType: 101, name: 'telephone-event', clockRate: 8_000, channels: 1, parameters: '0-15', feedback: [] },
}
const audio = (sequenceNumber: number): Uint8Array =>
  buildRtpPacket({ payloadType: 8, sequenceNumber, timestamp: sequenceNumber * 160, ssrc: 7 }, new Uint8Array(160))

let clock: FakeClock
let wire: Uint8Array[]
let sender: DigitSender

beforeEach(() => {
  clock = new FakeClock()
  wire = []
  sender = new DigitSender(clock, (packet) => wire.push(packet))
})

/** Captured audio, a packet every 20 ms. */
async function talk(from: number, packets: number): Promise<void> {
  for (let at = 0; at < packets; at += 1) {
    const packet = audio((from + at) & 0xffff)
    if (sender.pass(packet)) wire.push(packet)
    await clock.advance(20)
  }
}

function digitsHeard(): string {
  const receiver = new TelephoneEventReceiver()
  return wire
    .filter((packet) => payloadTypeOf(packet) === 101)
    .map((packet) =>
      receiver.receive({ ssrc: 7, timestamp: timestampOf(packet) }, payloadOf(packet) ?? new Uint8Array()),
    )
    .join('')
}

describe('digits', () => {
  it('take the place of audio in one unbroken row of numbers, each heard once', async () => {
    await talk(65_530, 10)
    for (const digit of '12#') sender.digit(digit, format)
    await talk(4, 60)
    const numbers = wire.map(sequenceNumberOf)
    expect(numbers).toEqual(numbers.map((_, at) => (65_530 + at) & 0xffff))
    expect(digitsHeard()).toBe('12#')
    const events = wire.filter((packet) => payloadTypeOf(packet) === 101)
    expect(events.filter(hasMarker)).toHaveLength(3)
    const ends = events.filter(
      (packet) => decodeTelephoneEvents(payloadOf(packet) ?? new Uint8Array())?.[0]?.end === true,
    )
    expect(ends).toHaveLength(9)
    expect(payloadTypeOf(wire.at(-1) ?? new Uint8Array())).toBe(8)
  })

  it('begin where audio is in time', async () => {
    await talk(100, 5)
    sender.digit('5', format)
    // The last packet of audio left 20 ms ago.
    expect(timestampOf(wire.at(-1) ?? new Uint8Array())).toBe(104 * 160 + 160)
  })

  it('have no stream to go into before audio flows', async () => {
    sender.digit('5', format)
    await clock.advance(1_000)
    expect(wire).toEqual([])
  })

  it('end with the call', async () => {
    await talk(1, 2)
    sender.digit('5', format)
    const sent = wire.length
    sender.stop()
    await clock.advance(1_000)
    expect(wire).toHaveLength(sent)
  })

  it('are digits', () => {
    expect(() => sender.digit('x', format)).toThrow(RangeError)
  })
})
