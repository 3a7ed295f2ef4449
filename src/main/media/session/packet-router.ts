/** Which packet belongs to which section, both ways. */
import { isMuxedRtcp, rtcpSsrcOf, ssrcOf } from '#protocol/rtp/header.ts'
import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import { payloadOf, payloadTypeOf, timestampOf } from '#protocol/rtp/packet.ts'
import { TelephoneEventReceiver } from '#protocol/rtp/telephone-event.ts'
import type { MediaArrival } from '#protocol/ice/agent.ts'
import type { RendererOffer } from '../loopback/renderer-description.ts'
import type { Component } from '../network/media-path.ts'
import type { StreamHandlers } from '../network/network-stream.ts'
import type { RendererLeg } from './renderer-leg.ts'
import type { Section } from './section.ts'

/** Senders of the renderer that are remembered; it has one per section, and one more for repetitions. */
const maxSsrcs = 16

export class PacketRouter {
  readonly #sections: () => readonly Section[]
  readonly #kindOfSsrc = new Map<number, 'audio' | 'video'>()
  readonly #digits = new TelephoneEventReceiver()
  readonly #onDigit: (digit: string) => void
  #leg: RendererLeg | null = null

  constructor(sections: () => readonly Section[], onDigit: (digit: string) => void) {
    this.#sections = sections
    this.#onDigit = onDigit
  }

  /** Senders of the renderer of one kind, as far as they are known. */
  ssrcsOf(kind: 'audio' | 'video'): readonly number[] {
    return [...this.#kindOfSsrc].filter(([, found]) => found === kind).map(([ssrc]) => ssrc)
  }

  attach(leg: RendererLeg): void {
    this.#leg = leg
  }

  /** The senders that a renderer's offer names. */
  learn({ media }: RendererOffer): void {
    for (const { kind, ssrcs } of media) for (const ssrc of ssrcs) this.#note(ssrc, kind)
  }

  rtpFromRenderer(packet: Uint8Array): void {
    const type = payloadTypeOf(packet)
    for (const { stream, isOn } of this.#sections()) {
      if (!isOn || !stream.carries(type)) continue
      this.#note(ssrcOf(packet), stream.kind)
      stream.sendRtp(packet)
      return
    }
  }

  /** Reports go where their sender's packets go. */
  rtcpFromRenderer(packet: Uint8Array): void {
    const kind = this.#kindOfSsrc.get(rtcpSsrcOf(packet)) ?? 'audio'
    this.#sections()
      .find((section) => section.kind === kind && section.isOn)
      ?.stream.sendRtcp(packet)
  }

  /** DTLS-SRTP, passed through: one transport carries everything. */
  recordFromRenderer(bytes: Uint8Array): void {
    const section = this.#sections().find(
      ({ isOn, keying, sharesWith }) => isOn && keying?.kind === 'dtls' && sharesWith === null,
    )
    if (section === undefined) return
    const first = bytes[0] ?? 0
    const isCaptured = first >= 128 && first < 192 && !isMuxedRtcp(bytes)
    if (!isCaptured || section.stream.mayMediaLeave) section.path.send(1, bytes)
  }

  /** A datagram for one of the sections; `validated` = it came from where checks proved this branch to be. */
  fromNetwork({ stream, component, bytes, from }: MediaArrival, validated: boolean): void {
    const section = this.#sections().find((candidate) => candidate.place === stream)
    // Checks have shown who the other side is: from elsewhere only what proves itself is read.
    const isLetIn = section !== undefined && (validated || !section.path.usesIce || section.stream.guard.authenticates)
    if (isLetIn) this.#take(section, component, bytes, from)
  }

  /**
   * As {@link fromNetwork}, while another branch may be about to answer from the same host: ZRTP is this one's only if it came from
   * where this one was described to be (`sure`), or says itself whose it is. A Hello is repeated; one taken wrongly is not undone.
   */
  fromNetworkEarly(arrival: MediaArrival, sure: boolean, validated = sure): void {
    const { stream, component, bytes } = arrival
    const section = this.#sections().find((candidate) => candidate.place === stream)
    const isPlain = section !== undefined && !section.path.usesIce && section.keying?.kind !== 'dtls'
    if (isPlain && !sure && component === 1 && isZrtp(bytes)) this.fromNetworkIfOwn(arrival)
    else this.fromNetwork(arrival, validated)
  }

  /** As {@link fromNetwork}, for what other branches may be meant by too: false unless it says itself that it is for this one. */
  fromNetworkIfOwn({ stream, component, bytes, from }: MediaArrival): boolean {
    const section = this.#sections().find((candidate) => candidate.place === stream)
    if (section === undefined || section.keying?.kind === 'dtls') return false
    if (isZrtp(bytes)) {
      const isOwn = component === 1 && section.zrtp?.recognises(bytes) === true
      if (isOwn) this.#zrtp(section, bytes, from)
      return isOwn
    }
    return isPacket(bytes) && section.stream.guard.authenticates && this.#packet(section, component, bytes, from)
  }

  #take(section: Section, component: Component, bytes: Uint8Array, from: DatagramAddress): void {
    if (section.keying?.kind === 'dtls') {
      if (isPacket(bytes) || isRecord(bytes)) this.#record(section, component, bytes, from)
    } else if (isPacket(bytes)) this.#packet(section, component, bytes, from)
    else if (isZrtp(bytes) && component === 1) this.#zrtp(section, bytes, from)
  }

  handlersFor(kind: 'audio' | 'video', onHeard: () => void): StreamHandlers {
    return {
      toRendererRtp: (packet) => this.#leg?.sendRtp(packet),
      toRendererRtcp: (packet) => this.#leg?.sendRtcp(packet),
      onEvent: (packet) => this.#heardEvent(packet),
      onHeard: () => {
        if (kind === 'audio') onHeard()
      },
    }
  }

  #heardEvent(packet: Uint8Array): void {
    const payload = payloadOf(packet)
    if (payload === null) return
    const origin = { ssrc: ssrcOf(packet), timestamp: timestampOf(packet) }
    for (const digit of this.#digits.receive(origin, payload)) this.#onDigit(digit)
  }

  #record({ path }: Section, component: Component, bytes: Uint8Array, from: DatagramAddress): void {
    // The renderer has one association for everything: a second handshake for RTCP would break it.
    if (component === 2) return
    path.heardFrom(component, from)
    this.#leg?.sendRecord(bytes)
  }

  #packet(
    { stream, zrtp, zrtpState }: Section,
    component: Component,
    bytes: Uint8Array,
    from: DatagramAddress,
  ): boolean {
    const isLetIn = stream.receive(component, bytes, from)
    if (isLetIn && stream.guard.authenticates && zrtpState === 'running') zrtp?.authenticated()
    return isLetIn
  }

  #zrtp({ zrtp, path, stream }: Section, bytes: Uint8Array, from: DatagramAddress): void {
    // Where there are keys, only what bears their tag says where the other side is; before, the last packet that may be its own.
    if (!stream.guard.authenticates && zrtp?.mayRecognise(bytes) === true) path.movedTo(1, from)
    zrtp?.receive(bytes)
  }

  #note(ssrc: number, kind: 'audio' | 'video'): void {
    if (this.#kindOfSsrc.size < maxSsrcs) this.#kindOfSsrc.set(ssrc, kind)
  }
}

/** RFC 7983 §7: the first byte says which protocol a datagram is; RFC 6189 §5: ZRTP looks like version 0 of RTP with its extension bit. */
function isPacket(bytes: Uint8Array): boolean {
  const first = bytes[0] ?? 0xff
  return first >= 128 && first < 192
}

function isRecord(bytes: Uint8Array): boolean {
  const first = bytes[0] ?? 0xff
  return first >= 20 && first < 64
}

function isZrtp(bytes: Uint8Array): boolean {
  const first = bytes[0] ?? 0xff
  return first >= 16 && first < 20
}
