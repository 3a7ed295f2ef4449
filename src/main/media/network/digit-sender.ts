/**
 * Digits as telephone events within the stream of captured audio (RFC 4733): while one is sent, audio is left out, and everything
 * is numbered anew so that the other side hears no gap. One per audio stream; digits wait for each other.
 */
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import { sequenceNumberOf, ssrcOf, rtpHeaderBytes } from '#protocol/rtp/header.ts'
import { buildRtpPacket, timestampOf } from '#protocol/rtp/packet.ts'
import { telephoneEventPackets, type TelephoneEventPacket } from '#protocol/rtp/telephone-event.ts'
import type { RtpCodec } from '#protocol/sdp/rtp-media.ts'

interface Running {
  readonly format: RtpCodec
  readonly packets: readonly TelephoneEventPacket[]
  readonly timestamp: number
  readonly startedAt: number
  next: number
}

/** The last packet that went out. */
interface Sent {
  readonly ssrc: number
  readonly sequenceNumber: number
  readonly timestamp: number
  readonly at: number
}

const durationMs = 160
const intervalMs = 50
/** Between two digits, as phones want it. */
const pauseMs = 80
const maxWaiting = 32

export class DigitSender {
  readonly #clock: ClockPort
  readonly #send: (packet: Uint8Array) => void
  readonly #waiting: { readonly digit: string; readonly format: RtpCodec }[] = []
  /** What was added to the engine's sequence numbers so far. */
  #shift = 0
  #last: Sent | null = null
  #running: Running | null = null
  #timer: Timer | null = null

  constructor(clock: ClockPort, send: (packet: Uint8Array) => void) {
    this.#clock = clock
    this.#send = send
  }

  /** Queues a digit in the format that was negotiated. @throws RangeError for what is no digit. */
  digit(digit: string, format: RtpCodec): void {
    telephoneEventPackets(digit, { durationMs, clockRate: format.clockRate, intervalMs })
    if (this.#waiting.length < maxWaiting) this.#waiting.push({ digit, format })
    if (this.#running === null && this.#timer === null) this.#begin()
  }

  /** Renumbers a captured packet in place; false = left out, an event is being sent. */
  pass(packet: Uint8Array): boolean {
    if (rtpHeaderBytes(packet) === 0) return false
    const ssrc = ssrcOf(packet)
    if (this.#last !== null && this.#last.ssrc !== ssrc) this.#shift = 0
    if (this.#running !== null) {
      this.#shift -= 1
      return false
    }
    const sequenceNumber = (sequenceNumberOf(packet) + this.#shift) & 0xffff
    packet[2] = sequenceNumber >>> 8
    packet[3] = sequenceNumber & 0xff
    this.#last = { ssrc, sequenceNumber, timestamp: timestampOf(packet), at: this.#clock.monotonic() }
    return true
  }

  stop(): void {
    this.#timer?.cancel()
    this.#waiting.length = 0
    this.#running = null
  }

  #begin(): void {
    this.#timer = null
    const [last, wanted] = [this.#last, this.#waiting.shift()]
    // Without captured audio there is no stream to put a digit into.
    if (last === null || wanted === undefined) return
    const { digit, format } = wanted
    const packets = telephoneEventPackets(digit, { durationMs, clockRate: format.clockRate, intervalMs })
    const startedAt = this.#clock.monotonic()
    const timestamp = (last.timestamp + Math.round(((startedAt - last.at) * format.clockRate) / 1000)) >>> 0
    this.#running = { format, packets, timestamp, startedAt, next: 0 }
    this.#step()
  }

  #step(): void {
    const [running, last] = [this.#running, this.#last]
    if (running === null || last === null) return
    const packet = running.packets[running.next]
    if (packet === undefined) {
      this.#running = null
      this.#timer = this.#clock.after(pauseMs, () => this.#begin())
      return
    }
    running.next += 1
    this.#emit(running, packet, last)
    const following = running.packets[running.next]
    const dueAt = running.startedAt + (following?.atMs ?? packet.atMs)
    this.#timer = this.#clock.after(Math.max(0, dueAt - this.#clock.monotonic()), () => this.#step())
  }

  #emit({ format, timestamp }: Running, packet: TelephoneEventPacket, last: Sent): void {
    const sequenceNumber = (last.sequenceNumber + 1) & 0xffff
    this.#last = { ...last, sequenceNumber }
    this.#shift += 1
    const fields = {
      payloadType: format.payloadType,
      sequenceNumber,
      timestamp: timestamp + packet.timestampOffset,
      ssrc: last.ssrc,
      marker: packet.marker,
    }
    this.#send(buildRtpPacket(fields, packet.payload))
  }
}
