/** Loss, jitter and round trip of one stream, out of what passes by: packets that came, and the reports of both sides. */
import type { ClockPort } from '#shared/ports/clock.ts'
import { sequenceNumberOf, ssrcOf } from '#protocol/rtp/header.ts'
import { timestampOf } from '#protocol/rtp/packet.ts'
import { readReport, rtcpPackets, type ReceptionReport } from '#protocol/rtp/rtcp.ts'
import { StreamStatistics } from '#protocol/rtp/stream-stats.ts'

export interface Quality {
  readonly lossReceivedPercent: number | null
  readonly lossSentPercent: number | null
  readonly jitterMs: number | null
  readonly roundTripMs: number | null
}

/** Sender reports of ours whose answers may still come. */
const maxReports = 16
/** Of RFC 3550 §6.4.1's delay since last SR: 1/65536 s. */
const delayUnitsPerMs = 65.536

export class LinkQuality {
  readonly #clock: ClockPort
  readonly #statistics = new StreamStatistics()
  /** When sender reports of ours left, by the middle 32 bits of their NTP time. */
  readonly #sentReports = new Map<number, number>()
  #ssrc: number | null = null
  #lossSent: number | null = null
  #roundTrip: number | null = null

  constructor(clock: ClockPort) {
    this.#clock = clock
  }

  /** A packet of the other side, let in; `clockRate` of its format, Hz. */
  received(packet: Uint8Array, clockRate: number): void {
    this.#ssrc = ssrcOf(packet)
    this.#statistics.received(
      {
        ssrc: this.#ssrc,
        sequenceNumber: sequenceNumberOf(packet),
        timestamp: timestampOf(packet),
        arrivalMs: this.#clock.monotonic(),
      },
      clockRate,
    )
  }

  /** A compound of ours, before it is protected. */
  sentReports(compound: Uint8Array): void {
    for (const packet of rtcpPackets(compound) ?? []) {
      const sender = readReport(packet)?.sender
      if (sender === null || sender === undefined) continue
      const middle = (((sender.ntpSeconds & 0xffff) << 16) | (sender.ntpFraction >>> 16)) >>> 0
      this.#sentReports.set(middle, this.#clock.monotonic())
      const [oldest] = this.#sentReports.keys()
      if (this.#sentReports.size > maxReports && oldest !== undefined) this.#sentReports.delete(oldest)
    }
  }

  /** A compound of the other side, let in. */
  heardReports(compound: Uint8Array): void {
    for (const packet of rtcpPackets(compound) ?? [])
      for (const block of readReport(packet)?.blocks ?? []) this.#heard(block)
  }

  /** Now; the loss of what we receive is since the last question. */
  now(): Quality {
    const ssrc = this.#ssrc
    const report = this.#statistics.reports(this.#clock.monotonic()).find((block) => block.ssrc === ssrc)
    const totals = ssrc === null ? null : this.#statistics.totals(ssrc)
    return {
      lossReceivedPercent: report === undefined ? null : report.fractionLost * 100,
      lossSentPercent: this.#lossSent,
      jitterMs: totals?.jitterMs ?? null,
      roundTripMs: this.#roundTrip,
    }
  }

  /** Share of our packets that the other side misses, 0–1; null before it told. */
  get lossSent(): number | null {
    return this.#lossSent === null ? null : this.#lossSent / 100
  }

  #heard({ fractionLost, lastSenderReport, delaySinceLastSenderReport }: ReceptionReport): void {
    this.#lossSent = fractionLost * 100
    const sentAt = this.#sentReports.get(lastSenderReport)
    if (sentAt === undefined) return
    const delayMs = delaySinceLastSenderReport / delayUnitsPerMs
    this.#roundTrip = Math.max(0, this.#clock.monotonic() - sentAt - delayMs)
  }
}
