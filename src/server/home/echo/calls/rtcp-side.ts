/** RTCP of one echoed section: reports every few seconds, and a key frame asked for when the other side asks us for one. */
import { concatBytes } from '#shared/bytes/bytes.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import { buildCname, buildPli, buildReceiverReport } from '#protocol/rtp/rtcp-build.ts'
import { readFeedback, type RtcpFeedback } from '#protocol/rtp/rtcp-feedback.ts'
import { readReport, rtcpPackets, type RtcpReport } from '#protocol/rtp/rtcp.ts'
import { StreamStatistics, type ReceivedPacket } from '#protocol/rtp/stream-stats.ts'

export interface RtcpSideOptions {
  readonly clock: ClockPort
  readonly ssrc: number
  readonly cname: string
  readonly send: (compound: Uint8Array) => void
}

const reportMs = 5_000
/** A key frame is large: nobody gets them faster than this. */
const pliMs = 300

export class RtcpSide {
  readonly #options: RtcpSideOptions
  readonly #statistics = new StreamStatistics()
  #timer: Timer | null = null
  #source: number | null = null
  #pliAt = -Infinity

  constructor(options: RtcpSideOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = this.#options.clock.after(reportMs, () => {
      this.#options.send(this.#report())
      this.start()
    })
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  /** Counts an acceptable RTP packet. */
  received(packet: Omit<ReceivedPacket, 'arrivalMs'>, clockRate: number): void {
    this.#source = packet.ssrc
    this.#statistics.received({ ...packet, arrivalMs: this.#options.clock.monotonic() }, clockRate)
  }

  /** Takes a compound in clear. */
  receive(compound: Uint8Array): void {
    for (const packet of rtcpPackets(compound) ?? []) {
      const report = readReport(packet)
      if (report !== null) this.#note(report)
      const feedback = readFeedback(packet)
      if (feedback !== null && this.#wantsKeyFrame(feedback)) this.#askForKeyFrame()
    }
  }

  #note({ ssrc, sender }: RtcpReport): void {
    if (sender === null) return
    const middle = (((sender.ntpSeconds & 0xffff) << 16) | (sender.ntpFraction >>> 16)) >>> 0
    this.#statistics.senderReport(ssrc, middle, this.#options.clock.monotonic())
  }

  #wantsKeyFrame(feedback: RtcpFeedback): boolean {
    const { ssrc } = this.#options
    if (feedback.kind === 'pli') return feedback.media === ssrc
    return feedback.kind === 'fir' && feedback.requests.some((request) => request.ssrc === ssrc)
  }

  #askForKeyFrame(): void {
    const now = this.#options.clock.monotonic()
    if (this.#source === null || now - this.#pliAt < pliMs) return
    this.#pliAt = now
    this.#options.send(concatBytes(this.#report(), buildPli(this.#options.ssrc, this.#source)))
  }

  #report(): Uint8Array {
    const { clock, cname, ssrc } = this.#options
    const blocks = this.#statistics.reports(clock.monotonic())
    return concatBytes(buildReceiverReport(ssrc, blocks), buildCname(ssrc, cname))
  }
}
