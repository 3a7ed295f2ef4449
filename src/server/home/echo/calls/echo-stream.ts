/**
 * One media section of a call with the echo contact: what comes in goes back, under our own SSRC. The path of every packet: nothing
 * here throws or waits, and nothing leaves before the keys allow it.
 */
import {
  isMuxedRtcp,
  readUint32,
  rtpHeaderBytes,
  sequenceNumberOf,
  ssrcOf,
  writeUint32,
  isRtcp,
} from '#protocol/rtp/header.ts'
import { payloadTypeOf, timestampOf } from '#protocol/rtp/packet.ts'
import { profiles } from '#protocol/srtp/profiles.ts'
import type { MasterKey } from '#protocol/srtp/session.ts'
import type { SrtpKeys, ZrtpEvent } from '#protocol/zrtp/events.ts'
import { isZrtp } from '#protocol/zrtp/packet.ts'
import type { ZrtpStream } from '#protocol/zrtp/stream.ts'
import { equalBytes, wipe } from '#shared/bytes/bytes.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { DatagramAddress } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { SecurityDescription } from '#protocol/sdp/security-descriptions.ts'
import { addressesOf, type OwnSection, type WantedSection } from './call-offer.ts'
import { PacketKeys } from './packet-keys.ts'
import { RtcpSide } from './rtcp-side.ts'
import { Destination, type RtpSockets } from './rtp-sockets.ts'
import type { CallZrtp } from './zrtp-memory.ts'

export interface EchoStreamPorts {
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly cname: string
  readonly zrtp: CallZrtp
  /** Something acceptable came from the other side. */
  readonly onHeard: () => void
  /** There will be no keys for the call. */
  readonly onFailed: () => void
}

export class EchoStream {
  readonly kind: 'audio' | 'video'
  readonly ssrc: number
  readonly #ports: EchoStreamPorts
  readonly #sockets: RtpSockets
  readonly #keys = new PacketKeys()
  readonly #rtp = new Destination()
  readonly #rtcp = new Destination()
  readonly #control: RtcpSide
  #zrtp: ZrtpStream | null = null
  #own: SecurityDescription | null = null
  #theirs: SecurityDescription | null = null
  /** Payload type → clock rate of what is echoed. */
  #rates: ReadonlyMap<number, number> = new Map()
  #announcesZrtp = false
  #isMuxed = false
  #sends = false
  /** Sender that is echoed, what is added to its sequence numbers, and the last number sent. */
  #source: { readonly ssrc: number; readonly shift: number } | null = null
  #lastSent: number

  constructor(kind: 'audio' | 'video', sockets: RtpSockets, ports: EchoStreamPorts) {
    this.kind = kind
    this.#ports = ports
    this.#sockets = sockets
    this.ssrc = readUint32(ports.random.bytes(4), 0)
    // Low at first: some receivers take a wrapped number for an old one.
    this.#lastSent = readUint32(ports.random.bytes(4), 0) & 0x0fff
    this.#control = new RtcpSide({ ...ports, ssrc: this.ssrc, send: (packet) => this.#sendRtcp(packet) })
    sockets.rtp.onDatagram((bytes, from) => this.#receive(bytes, from, false))
    sockets.rtcp.onDatagram((bytes, from) => this.#receive(bytes, from, true))
    this.#control.start()
  }

  /** Takes a section as offered, the first time or again, and says what the answer needs. */
  negotiate({ index, media, codecs, sdes }: WantedSection): OwnSection {
    const addresses = addressesOf(media)
    this.#rtp.describe(addresses?.rtp ?? null)
    this.#rtcp.describe(addresses?.rtcp ?? null)
    this.#rates = new Map(codecs.map(({ payloadType, clockRate }) => [payloadType, clockRate]))
    this.#isMuxed = media.rtcpMux
    this.#sends = media.direction === 'sendrecv' || media.direction === 'recvonly'
    const { port } = this.#sockets.rtp.local
    return sdes === null
      ? { index, port, zrtpHash: this.#useZrtp(media.zrtpHash), sdes: null }
      : { index, port, zrtpHash: null, sdes: this.#useDescription(sdes) }
  }

  close(): void {
    this.#control.stop()
    this.#zrtp?.stop()
    this.#sockets.rtp.close()
    this.#sockets.rtcp.close()
    this.#keys.close()
    for (const description of [this.#own, this.#theirs])
      if (description !== null) wipe(description.key, description.salt)
  }

  #useDescription(theirs: SecurityDescription): SecurityDescription {
    this.#zrtp?.stop()
    const { tag, suite } = theirs
    const own = this.#own?.suite === suite ? { ...this.#own, tag } : this.#newDescription(theirs)
    this.#own = own
    // The same key offered again keeps its replay window.
    const isKnown = this.#theirs?.suite === suite && equalBytes(this.#theirs.key, theirs.key)
    if (!isKnown) this.#keys.acceptOnly(masterKeyOf(theirs))
    this.#theirs = theirs
    return own
  }

  #newDescription({ tag, suite, key, salt }: SecurityDescription): SecurityDescription {
    const { random } = this.#ports
    const own = {
      tag,
      suite,
      key: random.bytes(key.length),
      salt: random.bytes(salt.length),
      lifetime: null,
      mki: null,
    }
    this.#keys.protectWith(masterKeyOf(own))
    return own
  }

  /** Our `a=zrtp-hash`. */
  #useZrtp(announced: string | null): string {
    this.#announcesZrtp ||= announced !== null
    this.#zrtp ??= this.#ports.zrtp.open({
      ssrc: this.ssrc,
      send: (packet) => this.#sendRtp(packet),
      onEvent: (event, isFirst) => this.#hear(event, isFirst),
    })
    if (announced !== null) this.#zrtp.announcePeer([announced])
    // Only the first time has an effect.
    this.#zrtp.start()
    return this.#zrtp.helloHash
  }

  #hear(event: ZrtpEvent, isFirst: boolean): void {
    if (event.kind === 'keys') this.#useKeys(event.direction, event.keys)
    else if (event.kind === 'discovery-timed-out' && !this.#announcesZrtp) this.#keys.allowClear()
    else if (event.kind === 'failed' && isFirst) this.#ports.onFailed()
  }

  #useKeys(direction: 'send' | 'receive', keys: SrtpKeys): void {
    if (direction === 'send') this.#keys.protectWith(masterKeyOf(keys))
    else {
      this.#keys.acceptOnly(masterKeyOf(keys))
      this.#rtp.listenAnew()
      this.#rtcp.listenAnew()
    }
    wipe(keys.key, keys.salt)
  }

  #receive(bytes: Uint8Array, from: DatagramAddress, isControlPort: boolean): void {
    if (!isControlPort && isZrtp(bytes)) {
      this.#zrtp?.receive(bytes)
      return
    }
    // RFC 5761 §4: types of RTCP lie where payload types with the marker bit would be 64 to 95.
    const isControl = isControlPort || isMuxedRtcp(bytes)
    if (isControl ? this.#receiveRtcp(bytes) : this.#receiveRtp(bytes, from)) this.#note(from, isControlPort)
  }

  #note(from: DatagramAddress, isControlPort: boolean): void {
    const destination = isControlPort ? this.#rtcp : this.#rtp
    destination.hear(from)
    if (!isControlPort && this.#isMuxed) this.#rtcp.hear(from)
    if (this.#keys.authenticates) this.#zrtp?.srtpAuthenticated()
    this.#ports.onHeard()
  }

  #receiveRtcp(bytes: Uint8Array): boolean {
    const plain = isRtcp(bytes) ? this.#keys.openRtcp(bytes) : null
    if (plain === null) return false
    this.#control.receive(plain)
    return true
  }

  #receiveRtp(bytes: Uint8Array, from: DatagramAddress): boolean {
    const plain = rtpHeaderBytes(bytes) === 0 ? null : this.#keys.openRtp(bytes)
    if (plain === null) return false
    const rate = this.#rates.get(payloadTypeOf(plain))
    if (rate === undefined) return true
    this.#control.received(
      { ssrc: ssrcOf(plain), sequenceNumber: sequenceNumberOf(plain), timestamp: timestampOf(plain) },
      rate,
    )
    this.#rtp.hear(from)
    if (this.#sends) this.#echo(plain)
    return true
  }

  /** Losses stay visible: our numbers have the same gaps as those that came. */
  #echo(packet: Uint8Array): void {
    const ssrc = ssrcOf(packet)
    const sequenceNumber = sequenceNumberOf(packet)
    if (this.#source?.ssrc !== ssrc) this.#source = { ssrc, shift: this.#lastSent + 1 - sequenceNumber }
    const echoed = Uint8Array.from(packet)
    this.#lastSent = (sequenceNumber + this.#source.shift) & 0xffff
    echoed[2] = this.#lastSent >>> 8
    echoed[3] = this.#lastSent & 0xff
    writeUint32(echoed, 8, this.ssrc)
    const sealed = this.#keys.sealRtp(echoed)
    if (sealed !== null) this.#sendRtp(sealed)
  }

  #sendRtp(packet: Uint8Array): void {
    const to = this.#rtp.address
    if (to !== null) this.#sockets.rtp.send(packet, to)
  }

  #sendRtcp(packet: Uint8Array): void {
    const sealed = this.#keys.sealRtcp(packet)
    const to = this.#rtcp.address
    if (sealed !== null && to !== null) (this.#isMuxed ? this.#sockets.rtp : this.#sockets.rtcp).send(sealed, to)
  }
}

function masterKeyOf(keys: SrtpKeys | SecurityDescription): MasterKey {
  const { key, salt } = keys
  if ('profile' in keys) return { profile: profiles[keys.profile], key, salt }
  const master = { profile: profiles[keys.suite], key, salt }
  return keys.mki === null ? master : { ...master, mki: keys.mki }
}
