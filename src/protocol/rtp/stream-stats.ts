/** What is received of each sender: loss and jitter for receiver reports (RFC 3550 §6.4.1, A.1, A.3, A.8). */
import type { ReceptionReport } from './rtcp.ts'

const cycle = 0x10000
/** RFC 3550 A.1: farther ahead is a restart, this little behind is only late. */
const maxDropout = 3000
const maxMisorder = 100
/** Senders followed at most; those that come later are not counted. */
const maxSources = 64

/** A packet that has come: header fields and a monotonic time. */
export interface ReceivedPacket {
  readonly ssrc: number
  readonly sequenceNumber: number
  readonly timestamp: number
  readonly arrivalMs: number
}

/** Totals of one sender. */
export interface StreamTotals {
  readonly received: number
  /** Negative where duplicates came. */
  readonly lost: number
  readonly jitterMs: number
}

interface Source {
  readonly clockRate: number
  /** Sequence numbers with cycles: the first, and the highest. */
  base: number
  highest: number
  received: number
  /** Of the report before: what should have come, and what came. */
  expectedBefore: number
  receivedBefore: number
  /** After a great leap, the number that would confirm a restart. */
  restart: number | null
  jitter: number
  last: { readonly timestamp: number; readonly arrivalMs: number }
  senderReport: { readonly ntpMiddle: number; readonly arrivalMs: number } | null
}

/** Feed it authenticated packets only: a forged one would pass for a restart. */
export class StreamStatistics {
  readonly #sources = new Map<number, Source>()

  /** Counts a packet whose payload type has this clock rate, Hz. */
  received(packet: ReceivedPacket, clockRate: number): void {
    const source = this.#sources.get(packet.ssrc)
    if (source === undefined) {
      if (this.#sources.size < maxSources) this.#sources.set(packet.ssrc, newSource(packet, clockRate))
      return
    }
    if (!count(source, packet.sequenceNumber)) return
    measureJitter(source, packet)
  }

  /** Notes a sender report: the middle 32 bits of its NTP time. */
  senderReport(ssrc: number, ntpMiddle: number, arrivalMs: number): void {
    const source = this.#sources.get(ssrc)
    if (source !== undefined) source.senderReport = { ntpMiddle, arrivalMs }
  }

  /** Forgets a sender that said BYE or was silent too long. */
  forget(ssrc: number): void {
    this.#sources.delete(ssrc)
  }

  totals(ssrc: number): StreamTotals | null {
    const source = this.#sources.get(ssrc)
    if (source === undefined) return null
    const jitterMs = (source.jitter * 1000) / source.clockRate
    return { received: source.received, lost: expectedOf(source) - source.received, jitterMs }
  }

  /** A report block for each sender heard since the reports before; the fraction lost starts anew. */
  reports(nowMs: number): ReceptionReport[] {
    return [...this.#sources]
      .filter(([, source]) => source.received > source.receivedBefore)
      .map(([ssrc, source]) => reportOn(ssrc, source, nowMs))
  }
}

function newSource({ sequenceNumber, timestamp, arrivalMs }: ReceivedPacket, clockRate: number): Source {
  return {
    clockRate,
    base: sequenceNumber,
    highest: sequenceNumber,
    received: 1,
    expectedBefore: 0,
    receivedBefore: 0,
    restart: null,
    jitter: 0,
    last: { timestamp, arrivalMs },
    senderReport: null,
  }
}

function expectedOf({ base, highest }: Source): number {
  return highest - base + 1
}

/** RFC 3550 A.1 without its probation, which authentication makes needless; false for a leap that nothing confirms yet. */
function count(source: Source, sequenceNumber: number): boolean {
  const ahead = (sequenceNumber - source.highest) & 0xffff
  if (ahead < maxDropout) source.highest += ahead
  else if (ahead <= cycle - maxMisorder) {
    if (sequenceNumber !== source.restart) {
      source.restart = (sequenceNumber + 1) & 0xffff
      return false
    }
    Object.assign(source, { base: sequenceNumber, highest: sequenceNumber, received: 0 })
    Object.assign(source, { expectedBefore: 0, receivedBefore: 0, restart: null })
  }
  source.received += 1
  return true
}

/** RFC 3550 A.8: the mean change of transit time, a sixteenth of each new one. */
function measureJitter(source: Source, { timestamp, arrivalMs }: ReceivedPacket): void {
  const passed = ((arrivalMs - source.last.arrivalMs) * source.clockRate) / 1000
  const change = Math.abs(passed - ((timestamp - source.last.timestamp) | 0))
  source.jitter += (change - source.jitter) / 16
  source.last = { timestamp, arrivalMs }
}

/** RFC 3550 A.3. */
function reportOn(ssrc: number, source: Source, nowMs: number): ReceptionReport {
  const expected = expectedOf(source)
  const newly = expected - source.expectedBefore
  const lost = newly - (source.received - source.receivedBefore)
  source.expectedBefore = expected
  source.receivedBefore = source.received
  const { senderReport } = source
  const delay = senderReport === null ? 0 : Math.round(((nowMs - senderReport.arrivalMs) * cycle) / 1000)
  return {
    ssrc,
    fractionLost: newly <= 0 || lost <= 0 ? 0 : Math.floor((lost * 256) / newly) / 256,
    cumulativeLost: Math.max(-0x800000, Math.min(0x7fffff, expected - source.received)),
    highestSequenceNumber: source.highest >>> 0,
    jitter: Math.floor(source.jitter) >>> 0,
    lastSenderReport: senderReport?.ntpMiddle ?? 0,
    delaySinceLastSenderReport: Math.min(0xffffffff, Math.max(0, delay)),
  }
}
