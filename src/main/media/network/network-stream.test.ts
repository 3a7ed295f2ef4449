import { FakeClock } from '#test/fakes/fake-clock.ts'
import { beforeEach, describe, expect, it } from 'vitest'
import type { RtpCodec } from '#protocol/sdp/rtp-media.ts'
import { profiles } from '#protocol/srtp/profiles.ts'
import type { CodecChoice } from '../description/codecs.ts'
import { NetworkStream } from './network-stream.ts'
import { PacketGuard } from './packet-guard.ts'

const codec = (payloadType: number, name: string): RtpCodec => ({
  ...{ payloadType, name, clockRate: 8_000, channels: 1, parameters: null, feedback: [] },
})
const choice: CodecChoice = {
  pairs: [{ network: codec(96, 'opus'), renderer: codec(111, 'opus'), theirs: null }],
  events: codec(101, 'telephone-event'),
}
const from = { host: '127.0.0.2', port: 4_000 }
const open = { mayLeave: true, mayPlay: true, end: null, announceClear: false }
const packet = (type: number, marker = false): Uint8Array =>
  Uint8Array.from([0x80, type | (marker ? 0x80 : 0), 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 42])
const report = (): Uint8Array => Uint8Array.from([0x80, 200, 0, 1, 0, 0, 0, 9])

let log: string[]
let guard: PacketGuard
let stream: NetworkStream
let clock: FakeClock

beforeEach(() => {
  log = []
  guard = new PacketGuard(false)
  clock = new FakeClock()
  stream = new NetworkStream({
    kind: 'audio',
    path: {
      send: (component, bytes) => log.push(`send ${component} ${bytes[1]}`),
      heardFrom: (component, { port }) => log.push(`heard ${component} ${port}`),
    },
    guard,
    clock,
    handlers: {
      toRendererRtp: (bytes) => log.push(`rtp ${bytes[1]}`),
      toRendererRtcp: (bytes) => log.push(`rtcp ${bytes[1]}`),
      onEvent: (bytes) => log.push(`event ${bytes[1]}`),
      onHeard: () => log.push('first'),
    },
  })
  stream.negotiated(choice, { rtcpMux: true, sends: true })
})

describe('before the gate opens', () => {
  it('nothing leaves and nothing plays', () => {
    stream.sendRtp(packet(111))
    stream.sendDigit('5')
    stream.sendRtcp(report())
    stream.receive(1, packet(96), from)
    stream.receive(1, report(), from)
    expect(log).toEqual(['heard 1 4000', 'first', 'heard 1 4000'])
    expect(stream.counters).toMatchObject({ packetsSent: 0, packetsReceived: 2 })
  })

  it('heard media may play while captured media waits', () => {
    stream.obey({ ...open, mayLeave: false })
    stream.sendRtp(packet(111))
    stream.receive(1, packet(96), from)
    expect(log).toEqual(['heard 1 4000', 'first', 'rtp 111'])
  })
})

describe('through the open gate', () => {
  beforeEach(() => stream.obey(open))

  it('payload types are the network’s outside and the renderer’s inside, the marker stays', () => {
    stream.sendRtp(packet(111, true))
    stream.receive(1, packet(96, true), from)
    expect(log).toEqual([`send 1 ${96 | 0x80}`, 'heard 1 4000', 'first', `rtp ${111 | 0x80}`])
  })

  it('formats that were not agreed go nowhere', () => {
    for (const type of [0, 96, 127]) stream.sendRtp(packet(type))
    for (const type of [0, 111, 127]) stream.receive(1, packet(type), from)
    expect(log.filter((line) => !line.startsWith('heard'))).toEqual(['first'])
    expect([stream.carries(111), stream.carries(96)]).toEqual([true, false])
  })

  it('events are ours on both ways', () => {
    stream.sendRtp(packet(111))
    stream.sendDigit('5')
    stream.sendRtp(packet(111))
    stream.receive(1, packet(101), from)
    expect(log).toEqual(['send 1 96', `send 1 ${101 | 0x80}`, 'heard 1 4000', 'first', 'event 101'])
  })

  it('reports go with the media, or to their own component', () => {
    stream.sendRtcp(report())
    stream.negotiated(choice, { rtcpMux: false, sends: true })
    stream.sendRtcp(report())
    stream.receive(2, report(), from)
    stream.receive(1, report(), from)
    expect(log).toEqual(['send 1 200', 'send 2 200', 'heard 2 4000', 'first', 'rtcp 200', 'heard 1 4000', 'rtcp 200'])
  })

  it('a held stream sends reports and no media', () => {
    stream.negotiated(choice, { rtcpMux: true, sends: false })
    stream.sendRtp(packet(111))
    stream.sendDigit('5')
    stream.sendRtcp(report())
    expect(log).toEqual(['send 1 200'])
  })

  it('a format agreed on earlier is forgotten with the next agreement', () => {
    stream.negotiated(
      { pairs: [{ network: codec(8, 'PCMA'), renderer: codec(8, 'PCMA'), theirs: null }], events: null },
      {
        ...{ rtcpMux: true, sends: true },
      },
    )
    stream.sendRtp(packet(111))
    stream.receive(1, packet(101), from)
    expect(log.filter((line) => !line.startsWith('heard'))).toEqual(['first'])
  })

  it.each([
    ['nothing', []],
    ['a header cut off', [0x80, 96, 0, 1]],
    ['more contributors than bytes', [0x8f, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 42]],
    ['an extension without end', [0x90, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0xff, 0xff]],
    ['another version', [0x40, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 42]],
    ['a report cut off', [0x80, 200, 0]],
  ])('%s is let in nowhere', (_what, bytes) => {
    expect(stream.receive(1, Uint8Array.from(bytes), from)).toBe(false)
    expect(stream.receive(2, Uint8Array.from(bytes), from)).toBe(false)
    expect(log).toEqual([])
  })

  it('what keys do not vouch for moves no address and is counted', () => {
    guard.acceptOnly({
      profile: profiles.AES_CM_128_HMAC_SHA1_80,
      key: new Uint8Array(16),
      salt: new Uint8Array(14),
    })
    expect(stream.receive(1, packet(96), from)).toBe(false)
    expect(stream.receive(2, report(), from)).toBe(false)
    expect(log).toEqual([])
    expect(stream.counters).toMatchObject({ packetsReceived: 0, packetsRefused: 2 })
  })

  it('bytes and packets are counted', () => {
    stream.sendRtp(packet(111))
    stream.receive(1, packet(96), from)
    expect(stream.counters).toEqual({
      ...{ packetsSent: 1, packetsReceived: 1, bytesSent: 13, bytesReceived: 13, packetsRefused: 0 },
    })
  })
})
