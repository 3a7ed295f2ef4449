/** Hostile RTP and RTCP: every reader gives a value or null, and what it gives lies inside the packet. */
import { rtpFixedAndCsrcBytes, rtpHeaderBytes } from './header.ts'
import { payloadOf, payloadTypeOf, rewritePayloadType } from './packet.ts'
import { readFeedback } from './rtcp-feedback.ts'
import { readBye, readCnames, readReport, rtcpPackets, type RtcpPacket } from './rtcp.ts'
import { StreamStatistics } from './stream-stats.ts'
import { TelephoneEventReceiver } from './telephone-event.ts'

type Below = (below: number) => number

function generator(seed: number): Below {
  let state = (seed >>> 0) + 1
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** Random bytes, mostly with a head that looks right. */
function build(below: Below): Uint8Array {
  const bytes = Uint8Array.from({ length: below(80) }, () => (below(3) === 0 ? 0xff * below(2) : below(256)))
  if (below(8) === 0 || bytes.length < 4) return bytes
  bytes[0] = 0x80 | below(64)
  if (below(2) === 0) return bytes
  bytes[1] = 200 + below(8)
  bytes[2] = 0
  bytes[3] = below(3) === 0 ? below(24) : (bytes.length >> 2) - 1
  return bytes
}

function readRtp(packet: Uint8Array, receiver: TelephoneEventReceiver): void {
  const header = rtpHeaderBytes(packet)
  if (header > packet.length || header < rtpFixedAndCsrcBytes(packet) * Math.sign(header)) throw new Error('header')
  const payload = payloadOf(packet)
  if (payload === null) return
  if (header === 0 || header + payload.length > packet.length) throw new Error('payload')
  if (receiver.receive({ ssrc: 1, timestamp: payload.length }, payload).length > payload.length / 4)
    throw new Error('digits')
  rewritePayloadType(packet, 5)
  if (payloadTypeOf(packet) !== 5) throw new Error('payload type')
}

function readRtcp(packet: RtcpPacket, statistics: StreamStatistics): void {
  const report = readReport(packet)
  if (report !== null && report.blocks.length !== packet.count) throw new Error('blocks')
  const bye = readBye(packet)
  for (const ssrc of bye?.ssrcs ?? []) statistics.forget(ssrc)
  readCnames(packet)
  const feedback = readFeedback(packet)
  if (feedback?.kind === 'nack' && feedback.lost.length > 17 * 64) throw new Error('nack')
}

function countPacket(below: Below, statistics: StreamStatistics): void {
  const packet = { ssrc: below(100), sequenceNumber: below(0x10000), timestamp: below(2 ** 32), arrivalMs: below(1e6) }
  statistics.received(packet, 8000)
  if (below(50) > 0) return
  for (const { fractionLost, jitter } of statistics.reports(below(1e6)))
    if (!(fractionLost >= 0 && fractionLost < 1 && Number.isInteger(jitter))) throw new Error('report')
}

/** Runs `iterations` random packets; throws on the first that does anything but be read or refused. */
export function fuzz(iterations: number, seed: number): void {
  const below = generator(seed)
  const [statistics, receiver] = [new StreamStatistics(), new TelephoneEventReceiver()]
  for (let iteration = 0; iteration < iterations; iteration += 1) {
    const bytes = build(below)
    for (const packet of rtcpPackets(bytes) ?? []) readRtcp(packet, statistics)
    readRtp(bytes, receiver)
    countPacket(below, statistics)
  }
}
