/**
 * One section of a call towards one dialog: payload types translated, keys applied, gate obeyed. The path of every packet: nothing
 * here throws, waits or crosses the bridge.
 */
import { isMuxedRtcp, isRtcp, rtpHeaderBytes } from '#protocol/rtp/header.ts'
import { payloadTypeOf, rewritePayloadType } from '#protocol/rtp/packet.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import type { RtpCodec } from '#protocol/sdp/rtp-media.ts'
import type { CodecChoice } from '../description/codecs.ts'
import { DigitSender } from './digit-sender.ts'
import type { Gate } from './gate.ts'
import { LinkQuality } from './link-quality.ts'
import type { Component, MediaPath } from './media-path.ts'
import type { PacketGuard } from './packet-guard.ts'

export interface StreamHandlers {
  /** For the renderer, with its own payload type. */
  readonly toRendererRtp: (packet: Uint8Array) => void
  readonly toRendererRtcp: (packet: Uint8Array) => void
  /** A telephone-event packet of the other side (RFC 4733), whole. */
  readonly onEvent: (packet: Uint8Array) => void
  /** Once: the other side was heard, authenticated where keys are in use. */
  readonly onHeard: () => void
}

export interface StreamCounters {
  readonly packetsSent: number
  readonly packetsReceived: number
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly packetsRefused: number
}

export interface StreamOptions {
  readonly kind: 'audio' | 'video'
  readonly path: MediaPath
  readonly guard: PacketGuard
  readonly clock: ClockPort
  readonly handlers: StreamHandlers
}

const unknown = 0xff

export class NetworkStream {
  readonly kind: 'audio' | 'video'
  readonly guard: PacketGuard
  readonly quality: LinkQuality
  readonly #digits: DigitSender
  readonly #path: MediaPath
  readonly #handlers: StreamHandlers
  /** Payload type of the renderer → of the network, and back; 0xff = not negotiated. */
  readonly #outgoing = new Uint8Array(128).fill(unknown)
  readonly #incoming = new Uint8Array(128).fill(unknown)
  /** Clock rates by payload type of the network, Hz. */
  readonly #clockRates = new Uint32Array(128)
  #eventFormat: RtpCodec | null = null
  #gate: Gate = { mayLeave: false, mayPlay: false, end: null, announceClear: false }
  #rtcpMux = false
  #isHeard = false
  #sends = true
  #isPaused = false
  readonly #counters = { packetsSent: 0, packetsReceived: 0, bytesSent: 0, bytesReceived: 0 }

  constructor({ kind, path, guard, clock, handlers }: StreamOptions) {
    this.kind = kind
    this.quality = new LinkQuality(clock)
    this.#digits = new DigitSender(clock, (packet) => this.#sendOwn(packet))
    this.guard = guard
    this.#path = path
    this.#handlers = handlers
  }

  /** Takes what was negotiated, the first time or anew. `sends` is our half of the direction. */
  negotiated(codecs: CodecChoice, options: { readonly rtcpMux: boolean; readonly sends: boolean }): void {
    this.#outgoing.fill(unknown)
    this.#incoming.fill(unknown)
    for (const { network, renderer } of codecs.pairs) {
      this.#outgoing[renderer.payloadType] = network.payloadType
      this.#incoming[network.payloadType] = renderer.payloadType
      this.#clockRates[network.payloadType] = network.clockRate
    }
    this.#eventFormat = codecs.events
    this.#rtcpMux = options.rtcpMux
    this.#sends = options.sends
  }

  obey(gate: Gate): void {
    this.#gate = gate
  }

  /** Sends nothing captured until it is resumed. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused
  }

  /** Whether what was captured may leave now: by the keys, by the other side's wish, and by ours. */
  get mayMediaLeave(): boolean {
    return this.#gate.mayLeave && this.#sends && !this.#isPaused
  }

  get counters(): StreamCounters {
    return { ...this.#counters, packetsRefused: this.guard.refused }
  }

  /** Whether the renderer's payload type belongs to this section. */
  carries(payloadType: number): boolean {
    return this.#outgoing[payloadType] !== unknown
  }

  /** Captured media; the packet may be changed in place. */
  sendRtp(packet: Uint8Array): void {
    const type = this.#outgoing[payloadTypeOf(packet)] ?? unknown
    if (!this.mayMediaLeave || type === unknown) return
    rewritePayloadType(packet, type)
    if (this.kind === 'audio' && !this.#digits.pass(packet)) return
    this.#send(1, this.guard.outRtp(packet))
  }

  /** A digit for the other side; lost where it takes none. */
  sendDigit(digit: string): void {
    if (this.#eventFormat !== null && this.mayMediaLeave) this.#digits.digit(digit, this.#eventFormat)
  }

  /** Ends it, and its keys. */
  stop(): void {
    this.#digits.stop()
    this.guard.close()
  }

  sendRtcp(packet: Uint8Array): void {
    this.quality.sentReports(packet)
    if (this.#gate.mayLeave) this.#send(this.#rtcpMux ? 1 : 2, this.guard.outRtcp(packet))
  }

  /** A datagram of the network that looks like RTP or RTCP (RFC 7983); whether it was let in. */
  receive(component: Component, bytes: Uint8Array, from: DatagramAddress): boolean {
    // RFC 5761 §4: RTCP packet types lie where payload types with the marker bit would be 64–95.
    const isControl = component === 2 || isMuxedRtcp(bytes)
    const plain = isControl ? this.#openRtcp(bytes) : this.#openRtp(bytes)
    if (plain === null) return false
    this.#note(component, bytes, from)
    if (!this.#gate.mayPlay) return true
    if (isControl) this.#takeReports(plain)
    else this.#toRenderer(plain)
    return true
  }

  #openRtp(bytes: Uint8Array): Uint8Array | null {
    return rtpHeaderBytes(bytes) === 0 ? this.guard.refuse() : this.guard.inRtp(bytes)
  }

  #openRtcp(bytes: Uint8Array): Uint8Array | null {
    // RFC 5761 §4: whatever else comes to the control port is no report.
    const isReport = isRtcp(bytes) && ((bytes[1] ?? 0) & 0xe0) === 0xc0
    return isReport ? this.guard.inRtcp(bytes) : this.guard.refuse()
  }

  #note(component: Component, bytes: Uint8Array, from: DatagramAddress): void {
    this.#counters.packetsReceived += 1
    this.#counters.bytesReceived += bytes.length
    this.#path.heardFrom(component, from)
    if (this.#isHeard) return
    this.#isHeard = true
    this.#handlers.onHeard()
  }

  #takeReports(compound: Uint8Array): void {
    this.quality.heardReports(compound)
    this.#handlers.toRendererRtcp(compound)
  }

  #sendOwn(packet: Uint8Array): void {
    if (this.mayMediaLeave) this.#send(1, this.guard.outRtp(packet))
  }

  #toRenderer(packet: Uint8Array): void {
    const wire = payloadTypeOf(packet)
    if (wire === this.#eventFormat?.payloadType) {
      this.#handlers.onEvent(packet)
      return
    }
    const type = this.#incoming[wire] ?? unknown
    if (type === unknown) return
    this.quality.received(packet, this.#clockRates[wire] ?? 0)
    rewritePayloadType(packet, type)
    this.#handlers.toRendererRtp(packet)
  }

  #send(component: Component, bytes: Uint8Array | null): void {
    if (bytes === null) return
    this.#counters.packetsSent += 1
    this.#counters.bytesSent += bytes.length
    this.#path.send(component, bytes)
  }
}
