import { isRtcp, readUint32, rtcpSsrcOf, rtpHeaderBytes, sequenceNumberOf, ssrcOf } from '#protocol/rtp/header.ts'
import { equalBytes } from '#shared/bytes/bytes.ts'
import { KeyLifetime } from './key-lifetime.ts'
import { endOfIndexes, estimateIndex } from './packet-index.ts'
import { ReplayWindow } from './replay-window.ts'
import { endOfRtcpIndexes, maxStreams, transformsOf, type MasterKey, type SrtpRefusal } from './session.ts'
import { encryptedFlag, rtcpIndexBytes, type PacketTransform } from './transform.ts'

/**
 * Takes the protection off what comes in under one master key. Invariant: nothing about a sender is kept or changed before one of
 * its packets was authenticated, so that nobody can move its roll-over count or fill the window. Nothing throws or waits.
 */
export class SrtpReceiver {
  readonly #rtp: PacketTransform
  readonly #rtcp: PacketTransform
  readonly #mki: Uint8Array
  readonly #encrypts: boolean
  /** Bytes at the end of a packet that begin with the MKI: it and, except with GCM, the tag. */
  readonly #trailer: { readonly rtp: number; readonly rtcp: number }
  readonly #rtpStreams = new Map<number, ReplayWindow>()
  readonly #rtcpStreams = new Map<number, ReplayWindow>()
  readonly #lifetime: KeyLifetime

  /** @throws RangeError when key or salt do not fit the profile. */
  constructor(master: MasterKey) {
    const { rtp, rtcp } = transformsOf(master)
    this.#rtp = rtp
    this.#rtcp = rtcp
    this.#mki = Uint8Array.from(master.mki ?? [])
    this.#lifetime = new KeyLifetime(master.lifetime)
    this.#encrypts = master.profile.cipher !== 'null'
    const { cipher, rtpTagBytes, rtcpTagBytes } = master.profile
    const tag = cipher === 'gcm' ? { rtp: 0, rtcp: 0 } : { rtp: rtpTagBytes, rtcp: rtcpTagBytes }
    this.#trailer = { rtp: this.#mki.length + tag.rtp, rtcp: this.#mki.length + tag.rtcp }
  }

  /** The other side has protected most of what its key may protect. */
  get nearsEnd(): boolean {
    return this.#lifetime.nearsEnd
  }

  /** The plain RTP packet. */
  unprotectRtp(packet: Uint8Array): Uint8Array | SrtpRefusal {
    const clear = rtpHeaderBytes(packet)
    if (clear === 0) return 'malformed'
    if (!this.#isOurs(packet, this.#trailer.rtp)) return 'unknown-key'
    const ssrc = ssrcOf(packet)
    const known = this.#rtpStreams.get(ssrc)
    const sequenceNumber = sequenceNumberOf(packet)
    const index = known === undefined ? sequenceNumber : estimateIndex(known.highest, sequenceNumber)
    const verdict = judge(known, index, endOfIndexes)
    if (verdict !== 'fresh') return verdict
    const plain = this.#rtp.unprotectRtp(packet, clear, { ssrc, index })
    if (plain === null) return 'forged'
    if (this.#lifetime.isRtpSpent) return 'key-used-up'
    if (!accept(this.#rtpStreams, ssrc, index)) return 'too-many-streams'
    this.#lifetime.countRtp()
    return plain
  }

  /** The plain RTCP compound. */
  unprotectRtcp(packet: Uint8Array): Uint8Array | SrtpRefusal {
    const indexAt = packet.length - this.#trailer.rtcp - rtcpIndexBytes
    if (!isRtcp(packet) || indexAt < 0) return 'malformed'
    if (!this.#isOurs(packet, this.#trailer.rtcp)) return 'unknown-key'
    const ssrc = rtcpSsrcOf(packet)
    const word = readUint32(packet, indexAt)
    const encrypted = word >= encryptedFlag
    // Nobody may leave the encryption out that was agreed (RFC 4568 §6.3.2), nor use one that was not.
    if (encrypted !== this.#encrypts) return 'malformed'
    const index = encrypted ? word - encryptedFlag : word
    const verdict = judge(this.#rtcpStreams.get(ssrc), index, endOfRtcpIndexes)
    if (verdict !== 'fresh') return verdict
    const plain = this.#rtcp.unprotectRtcp(packet, { ssrc, index, encrypted })
    if (plain === null) return 'forged'
    if (this.#lifetime.isRtcpSpent) return 'key-used-up'
    if (!accept(this.#rtcpStreams, ssrc, index)) return 'too-many-streams'
    this.#lifetime.countRtcp()
    return plain
  }

  /** Overwrites the keys; from then on every packet is refused (`key-used-up`). */
  close(): void {
    this.#lifetime.end()
    this.#rtp.close()
    this.#rtcp.close()
  }

  #isOurs(packet: Uint8Array, fromEnd: number): boolean {
    if (this.#mki.length === 0) return true
    const at = packet.length - fromEnd
    return at >= 0 && equalBytes(packet.subarray(at, at + this.#mki.length), this.#mki)
  }
}

function judge(window: ReplayWindow | undefined, index: number, end: number): 'fresh' | SrtpRefusal {
  if (index < 0) return 'too-old'
  if (index >= end) return 'key-used-up'
  return window?.check(index) ?? 'fresh'
}

/** Notes an authenticated packet; false when there are more senders than anybody has. */
function accept(streams: Map<number, ReplayWindow>, ssrc: number, index: number): boolean {
  let window = streams.get(ssrc)
  if (window === undefined) {
    if (streams.size >= maxStreams) return false
    window = new ReplayWindow()
    streams.set(ssrc, window)
  }
  window.accept(index)
  return true
}
