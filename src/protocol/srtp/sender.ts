import { isRtcp, rtcpSsrcOf, rtpHeaderBytes, sequenceNumberOf, ssrcOf } from '#protocol/rtp/header.ts'
import { KeyLifetime } from './key-lifetime.ts'
import { endOfIndexes, estimateIndex } from './packet-index.ts'
import { ReplayWindow } from './replay-window.ts'
import { endOfRtcpIndexes, maxStreams, transformsOf, type MasterKey, type SrtpRefusal } from './session.ts'
import type { PacketTransform } from './transform.ts'

interface Stream {
  readonly sent: ReplayWindow
  nextRtcpIndex: number
}

/** Protects what goes out under one master key. Nothing here throws or waits: it is the path of every packet. */
export class SrtpSender {
  readonly #rtp: PacketTransform
  readonly #rtcp: PacketTransform
  readonly #streams = new Map<number, Stream>()
  readonly #lifetime: KeyLifetime

  /** @throws RangeError when key or salt do not fit the profile. */
  constructor(master: MasterKey) {
    const { rtp, rtcp } = transformsOf(master)
    this.#rtp = rtp
    this.#rtcp = rtcp
    this.#lifetime = new KeyLifetime(master.lifetime)
  }

  /** Most of what the key may protect is protected. */
  get nearsEnd(): boolean {
    return this.#lifetime.nearsEnd
  }

  /** Roll-over count and highest sequence number of a stream; null before its first packet. */
  position(ssrc: number): { readonly roc: number; readonly sequenceNumber: number } | null {
    const highest = this.#streams.get(ssrc)?.sent.highest ?? -1
    return highest < 0 ? null : { roc: Math.floor(highest / 0x10000), sequenceNumber: highest % 0x10000 }
  }

  /**
   * The protected form of an RTP packet. An index is never used twice (`replayed`): two packets under one keystream would give
   * away both.
   */
  protectRtp(packet: Uint8Array): Uint8Array | SrtpRefusal {
    const clear = rtpHeaderBytes(packet)
    if (clear === 0) return 'malformed'
    const ssrc = ssrcOf(packet)
    const stream = this.#streamOf(ssrc)
    if (stream === null) return 'too-many-streams'
    const { sent } = stream
    const sequenceNumber = sequenceNumberOf(packet)
    const index = sent.highest < 0 ? sequenceNumber : estimateIndex(sent.highest, sequenceNumber)
    if (index < 0) return 'too-old'
    if (index >= endOfIndexes || this.#lifetime.isRtpSpent) return 'key-used-up'
    const verdict = sent.check(index)
    if (verdict !== 'fresh') return verdict
    sent.accept(index)
    this.#lifetime.countRtp()
    return this.#rtp.protectRtp(packet, clear, { ssrc, index })
  }

  /** The protected form of an RTCP compound. */
  protectRtcp(packet: Uint8Array): Uint8Array | SrtpRefusal {
    if (!isRtcp(packet)) return 'malformed'
    const ssrc = rtcpSsrcOf(packet)
    const stream = this.#streamOf(ssrc)
    if (stream === null) return 'too-many-streams'
    if (stream.nextRtcpIndex >= endOfRtcpIndexes || this.#lifetime.isRtcpSpent) return 'key-used-up'
    const index = stream.nextRtcpIndex
    stream.nextRtcpIndex += 1
    this.#lifetime.countRtcp()
    return this.#rtcp.protectRtcp(packet, { ssrc, index })
  }

  /** Overwrites the keys; from then on every packet is refused (`key-used-up`). */
  close(): void {
    this.#lifetime.end()
    this.#rtp.close()
    this.#rtcp.close()
  }

  #streamOf(ssrc: number): Stream | null {
    const known = this.#streams.get(ssrc)
    if (known !== undefined) return known
    if (this.#streams.size >= maxStreams) return null
    const stream = { sent: new ReplayWindow(), nextRtcpIndex: 0 }
    this.#streams.set(ssrc, stream)
    return stream
  }
}
