import { expect, it } from 'vitest'
import { concatBytes } from '#shared/bytes/bytes.ts'
import { writeUint32 } from '#protocol/rtp/header.ts'
import { buildRtpPacket } from '#protocol/rtp/packet.ts'
import { buildReceiverReport } from '#protocol/rtp/rtcp-build.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { LinkQuality } from './link-quality.ts'

/** A sender report without blocks (RFC 3550 §6.4.1). */
function senderReport(ntpSeconds: number, ntpFraction: number): Uint8Array {
  const report = new Uint8Array(28)
  report.set([0x80, 200, 0, 6])
  writeUint32(report, 4, 7)
  writeUint32(report, 8, ntpSeconds)
  writeUint32(report, 12, ntpFraction)
  return report
}

it('measures the round trip from a report of ours to its echo, less the time it lay there', async () => {
  const clock = new FakeClock()
  const quality = new LinkQuality(clock)
  quality.sentReports(senderReport(0x1234_5678, 0x9abc_def0))
  await clock.advance(150)
  const block = {
    ...{ ssrc: 7, fractionLost: 0.25, cumulativeLost: 3, highestSequenceNumber: 9, jitter: 0 },
    ...{ lastSenderReport: 0x5678_9abc, delaySinceLastSenderReport: Math.round(0.1 * 65_536) },
  }
  quality.heardReports(buildReceiverReport(9, [block]))
  const { roundTripMs, lossSentPercent } = quality.now()
  expect(roundTripMs).toBeCloseTo(50, 0)
  expect(lossSentPercent).toBe(25)
  expect(quality.lossSent).toBe(0.25)
})

it('knows nothing of an echo of no report of ours', () => {
  const quality = new LinkQuality(new FakeClock())
  const block = { ssrc: 7, fractionLost: 0, cumulativeLost: 0, highestSequenceNumber: 9, jitter: 0 }
  quality.heardReports(buildReceiverReport(9, [{ ...block, lastSenderReport: 5, delaySinceLastSenderReport: 0 }]))
  expect(quality.now().roundTripMs).toBeNull()
})

it('counts what is missing of what comes, since it was last asked', async () => {
  const clock = new FakeClock()
  const quality = new LinkQuality(clock)
  for (let sequenceNumber = 0; sequenceNumber < 100; sequenceNumber += 1) {
    await clock.advance(20)
    if (sequenceNumber % 4 === 1) continue
    const fields = { payloadType: 0, sequenceNumber, timestamp: sequenceNumber * 160, ssrc: 5 }
    quality.received(buildRtpPacket(fields, new Uint8Array(160)), 8_000)
  }
  const { lossReceivedPercent, jitterMs } = quality.now()
  expect(lossReceivedPercent).toBeGreaterThan(24)
  expect(lossReceivedPercent).toBeLessThan(26)
  expect(jitterMs).toBeCloseTo(0)
  expect(quality.now().lossReceivedPercent).toBeNull()
})

it('takes hostile reports for nothing', () => {
  const quality = new LinkQuality(new FakeClock())
  const report = senderReport(1, 1)
  for (let bytes = 0; bytes <= report.length; bytes += 1) {
    quality.heardReports(report.subarray(0, bytes))
    quality.sentReports(concatBytes(report.subarray(0, bytes), new Uint8Array([1, 2, 3])))
  }
  expect(quality.now()).toEqual({ lossReceivedPercent: null, lossSentPercent: null, jitterMs: null, roundTripMs: null })
})
