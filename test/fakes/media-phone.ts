/** A phone on the network side of a gateway: ICE-lite and ZRTP-keyed SRTP by hand, one socket for each section. */
import { newIceCredentials } from '#protocol/ice/ice-types.ts'
import { LiteResponder } from '#protocol/ice/lite-responder.ts'
import { parseSdp } from '#protocol/sdp/parse.ts'
import { readRtpMedia, type RtpMedia } from '#protocol/sdp/rtp-media.ts'
import { profiles } from '#protocol/srtp/profiles.ts'
import { SrtpReceiver } from '#protocol/srtp/receiver.ts'
import { SrtpSender } from '#protocol/srtp/sender.ts'
import { defaultPreferences } from '#protocol/zrtp/algorithms.ts'
import { keepForEver } from '#protocol/zrtp/confirm.ts'
import type { Secured, ZrtpEvent } from '#protocol/zrtp/events.ts'
import { nodeKeyAgreement } from '#protocol/zrtp/key-agreement.ts'
import { ZrtpSession } from '#protocol/zrtp/session.ts'
import { ZrtpStream } from '#protocol/zrtp/stream.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { DatagramAddress, DatagramSocket, DatagramsPort } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'

export interface MediaPhonePorts {
  readonly datagrams: DatagramsPort
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly host: string
}

/** One section of the phone. */
export class PhoneSection {
  /** Gets every protected packet as it arrives. */
  onPacket: (sealed: Uint8Array) => void = () => undefined
  readonly ssrc: number
  /** Payload type of the format it chose. */
  readonly payloadType: number
  readonly zrtp: ZrtpStream
  secured: Secured | null = null
  readonly #socket: DatagramSocket
  readonly #responder: LiteResponder
  #remote: DatagramAddress | null = null
  #sender: SrtpSender | null = null
  #receiver: SrtpReceiver | null = null

  constructor(
    { clock, random }: MediaPhonePorts,
    parts: {
      readonly socket: DatagramSocket
      readonly responder: LiteResponder
      readonly payloadType: number
      readonly session: ZrtpSession
      readonly zid: Uint8Array
      readonly place: 'first' | 'further'
    },
  ) {
    const { socket, responder, payloadType, session, zid, place } = parts
    this.#socket = socket
    this.#responder = responder
    this.payloadType = payloadType
    this.ssrc = new DataView(Uint8Array.from(random.bytes(4)).buffer).getUint32(0)
    this.zrtp = new ZrtpStream({
      ...{ zid, ssrc: this.ssrc, preferences: defaultPreferences, session, place, passive: false },
      ...{ auxSecret: null, cacheExpiration: keepForEver, clock, random, keyAgreement: nodeKeyAgreement },
      send: (packet) => this.raw(packet),
      onEvent: (event) => this.#hear(event),
    })
    socket.onDatagram((bytes, from) => this.#receive(bytes, from))
  }

  get port(): number {
    return this.#socket.local.port
  }

  /** Where its packets go; null before a pair was nominated. */
  get remote(): DatagramAddress | null {
    return this.#remote
  }

  protect(packet: Uint8Array): Uint8Array {
    const sealed = this.#sender?.protectRtp(packet)
    if (!(sealed instanceof Uint8Array)) throw new Error(`not protected: ${String(sealed)}`)
    return sealed
  }

  unprotect(sealed: Uint8Array): Uint8Array | string {
    return this.#receiver?.unprotectRtp(sealed) ?? 'no keys'
  }

  raw(bytes: Uint8Array): void {
    if (this.#remote !== null) this.#socket.send(bytes, this.#remote)
  }

  close(): void {
    this.zrtp.stop()
    this.#socket.close()
  }

  #receive(bytes: Uint8Array, from: DatagramAddress): void {
    const first = bytes[0] ?? 0xff
    if (first < 4) this.#check(bytes, from)
    else if (first >= 16 && first < 20) this.zrtp.receive(bytes)
    else if (first >= 128 && first < 192) this.onPacket(bytes)
  }

  #check(bytes: Uint8Array, from: DatagramAddress): void {
    const answer = this.#responder.receive(bytes, from)
    if (answer === null) return
    this.#socket.send(answer.reply, from)
    if (answer.nominated === null) return
    this.#remote = answer.nominated
    this.zrtp.start()
  }

  #hear(event: ZrtpEvent): void {
    if (event.kind === 'need-secrets') this.zrtp.provideSecrets(null)
    else if (event.kind === 'secure') this.secured = event
    else if (event.kind === 'keys') {
      const { profile, key, salt } = event.keys
      const master = { profile: profiles[profile], key, salt }
      if (event.direction === 'send') this.#sender = new SrtpSender(master)
      else this.#receiver = new SrtpReceiver(master)
    }
  }
}

const wanted = { audio: 'pcmu', video: 'vp8' } as const

export class MediaPhone {
  readonly sections: readonly PhoneSection[]
  /** The answer for the gateway. */
  readonly answer: string

  private constructor(sections: readonly PhoneSection[], answer: string) {
    this.sections = sections
    this.answer = answer
  }

  /** Takes an offer with ICE and ZRTP. */
  static async answering(offer: string, ports: MediaPhonePorts): Promise<MediaPhone> {
    const session = new ZrtpSession()
    const zid = ports.random.bytes(12)
    const sections: PhoneSection[] = []
    const lines: string[] = []
    const remote = parseSdp(offer)
    for (const media of remote.media) {
      const described = readRtpMedia(remote, media)
      const codec = described?.codecs.find(({ name }) => name.toLowerCase() === wanted[described.kind])
      const bound = await ports.datagrams.bind({ host: ports.host, port: 0 })
      if (described?.ice == null || codec === undefined || !bound.ok) throw new Error('cannot take that offer')
      const credentials = newIceCredentials(ports.random)
      const section = new PhoneSection(ports, {
        ...{ socket: bound.value, responder: new LiteResponder(credentials, described.ice.ufrag), session, zid },
        ...{ payloadType: codec.payloadType, place: sections.length === 0 ? 'first' : 'further' },
      })
      sections.push(section)
      lines.push(...linesOf(described, section, { ...credentials, host: ports.host, name: codec.name }))
    }
    const head = ['v=0', `o=- 1 1 IN IP4 ${ports.host}`, 's=-', `c=IN IP4 ${ports.host}`, 't=0 0', 'a=ice-lite']
    return new MediaPhone(sections, [...head, ...lines, ''].join('\r\n'))
  }

  get isSecure(): boolean {
    return this.sections.every(({ secured }) => secured !== null)
  }

  close(): void {
    for (const section of this.sections) section.close()
  }
}

function linesOf(
  { kind }: RtpMedia,
  { port, payloadType, zrtp }: PhoneSection,
  {
    ufrag,
    pwd,
    host,
    name,
  }: { readonly ufrag: string; readonly pwd: string; readonly host: string; readonly name: string },
): string[] {
  return [
    `m=${kind} ${port} RTP/AVP ${payloadType}`,
    `a=rtpmap:${payloadType} ${name}/${kind === 'audio' ? 8000 : 90_000}`,
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${pwd}`,
    `a=candidate:1 1 UDP 2130706431 ${host} ${port} typ host`,
    `a=zrtp-hash:${zrtp.helloHash}`,
    'a=rtcp-mux',
    'a=sendrecv',
  ]
}
