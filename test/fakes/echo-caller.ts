/** Somebody who calls the echo contact: SIP by hand over a phone's wire, RTP by hand over real sockets. */
import { createDatagrams } from '#main/platform/sockets/datagrams.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { writeUint32 } from '#protocol/rtp/header.ts'
import { buildRtpPacket, type RtpFields } from '#protocol/rtp/packet.ts'
import { cseqOf, headerValue, parseRoutes, tagOf, toOf } from '#protocol/sip/headers.ts'
import type { SipHeader, SipResponse } from '#protocol/sip/message.ts'
import { profiles } from '#protocol/srtp/profiles.ts'
import { SrtpReceiver } from '#protocol/srtp/receiver.ts'
import { SrtpSender } from '#protocol/srtp/sender.ts'
import { defaultPreferences } from '#protocol/zrtp/algorithms.ts'
import type { Secured, ZrtpEvent } from '#protocol/zrtp/events.ts'
import { nodeKeyAgreement } from '#protocol/zrtp/key-agreement.ts'
import { isZrtp } from '#protocol/zrtp/packet.ts'
import type { RetainedSecrets } from '#protocol/zrtp/secrets.ts'
import type { ZrtpSession } from '#protocol/zrtp/session.ts'
import { ZrtpStream } from '#protocol/zrtp/stream.ts'
import { systemRandom } from '#server/home/system-ports.ts'
import type { DatagramSocket } from '#shared/ports/datagrams.ts'
import type { SocketPhone } from '#test/fakes/socket-phone.ts'

const random = systemRandom
export const echoAor = 'sip:echo@sotto.home.arpa'

/** One media section of the caller: a socket, keys once there are any, and what came back. */
export class CallerStream {
  readonly ssrc: number
  /** Everything that came: RTP, RTCP and ZRTP, as it was on the wire. */
  readonly wire: Uint8Array[] = []
  /** What the keys, or their absence, let in; RTP and RTCP. */
  readonly rtp: Uint8Array[] = []
  readonly rtcp: Uint8Array[] = []
  readonly refusals: string[] = []
  zrtp: ZrtpStream | null = null
  secured: Secured | null = null
  sender: SrtpSender | null = null
  receiver: SrtpReceiver | null = null
  readonly #socket: DatagramSocket
  #port = 0
  #sequenceNumber = 0xfff0

  static async open(host = '127.0.0.1'): Promise<CallerStream> {
    const bound = await createDatagrams().bind({ host, port: 0 })
    if (!bound.ok) throw new Error('no socket')
    return new CallerStream(bound.value)
  }

  private constructor(socket: DatagramSocket) {
    this.#socket = socket
    this.ssrc = Buffer.from(random.bytes(4)).readUInt32BE()
    socket.onDatagram((bytes) => this.#receive(bytes))
  }

  get port(): number {
    return this.#socket.local.port
  }

  /** Prepares ZRTP; its hash is known at once. */
  speakZrtp(
    zid: Uint8Array,
    session: ZrtpSession,
    { place = 'first', known = null }: { place?: 'first' | 'further'; known?: RetainedSecrets | null } = {},
  ): ZrtpStream {
    this.zrtp = new ZrtpStream({
      ...{ zid, ssrc: this.ssrc, preferences: defaultPreferences, session, place, passive: false },
      ...{ auxSecret: null, cacheExpiration: 0xffff_ffff, clock: systemClock, random, keyAgreement: nodeKeyAgreement },
      send: (packet) => this.raw(packet),
      onEvent: (event) => this.#hear(event, known),
    })
    return this.zrtp
  }

  /** Where packets go from now on. */
  aim(port: number): void {
    this.#port = port
  }

  /** Sends a packet, protected where there are keys; returns it as it was before. */
  send(payload: Uint8Array, fields: Partial<RtpFields> = {}): Uint8Array {
    const sequenceNumber = this.#sequenceNumber
    this.#sequenceNumber = (sequenceNumber + 1) & 0xffff
    const packet = buildRtpPacket(
      { payloadType: 0, timestamp: sequenceNumber * 160, ssrc: this.ssrc, sequenceNumber, ...fields },
      payload,
    )
    const sealed = this.sender === null ? packet : this.sender.protectRtp(packet)
    if (typeof sealed === 'string') throw new Error(sealed)
    this.raw(sealed)
    return packet
  }

  sendRtcp(compound: Uint8Array): void {
    const sealed = this.sender === null ? compound : this.sender.protectRtcp(compound)
    if (typeof sealed !== 'string') this.raw(sealed)
  }

  raw(bytes: Uint8Array): void {
    this.#socket.send(bytes, { host: '127.0.0.1', port: this.#port })
  }

  close(): void {
    this.zrtp?.stop()
    this.#socket.close()
  }

  #hear(event: ZrtpEvent, known: RetainedSecrets | null): void {
    if (event.kind === 'need-secrets') this.zrtp?.provideSecrets(known)
    else if (event.kind === 'secure') this.secured = event
    else if (event.kind === 'keys') {
      const { profile, key, salt } = event.keys
      const master = { profile: profiles[profile], key, salt }
      if (event.direction === 'send') this.sender = new SrtpSender(master)
      else this.receiver = new SrtpReceiver(master)
    }
  }

  #receive(bytes: Uint8Array): void {
    this.wire.push(bytes)
    if (isZrtp(bytes)) {
      this.zrtp?.receive(bytes)
      return
    }
    const isControl = ((bytes[1] ?? 0) & 0x60) === 0x40
    const { receiver } = this
    const opened = receiver === null ? bytes : isControl ? receiver.unprotectRtcp(bytes) : receiver.unprotectRtp(bytes)
    if (typeof opened === 'string') this.refusals.push(opened)
    else (isControl ? this.rtcp : this.rtp).push(opened)
  }
}

/** The packet as an echo brings it back: everything but SSRC and sequence number. */
export function withoutIdentity(packet: Uint8Array): string {
  const copy = Uint8Array.from(packet)
  copy[2] = 0
  copy[3] = 0
  writeUint32(copy, 8, 0)
  return Buffer.from(copy).toString('hex')
}

/** A dialog with the echo contact. */
export class EchoCaller {
  readonly #phone: SocketPhone
  readonly #callId = `echo-${Buffer.from(random.bytes(6)).toString('hex')}`
  readonly #fromTag = Buffer.from(random.bytes(6)).toString('hex')
  #toTag: string | undefined
  #target = echoAor
  #routes: readonly SipHeader[] = []

  constructor(phone: SocketPhone) {
    this.#phone = phone
  }

  get callId(): string {
    return this.#callId
  }

  /** Offers, first or anew, and acknowledges a 2xx. */
  async invite(sdp: string, headers: readonly SipHeader[] = []): Promise<SipResponse> {
    const answer = await this.request('INVITE', sdp, headers)
    if (answer.status >= 300) return answer
    this.#toTag ??= tagOf(toOf(answer)) ?? ''
    this.#target = /<([^>]+)>/.exec(headerValue(answer, 'contact') ?? '')?.[1] ?? echoAor
    if (this.#routes.length === 0)
      this.#routes = parseRoutes(answer, 'record-route')
        .toReversed()
        .map(({ uri }) => ({ name: 'route', value: `<${uri}>` }))
    this.#phone.acknowledge(this.#target, { ...this.#extra(), sequence: cseqOf(answer).sequence })
    return answer
  }

  request(method: string, sdp = '', headers: readonly SipHeader[] = []): Promise<SipResponse> {
    const extra = this.#extra()
    const all = [
      ...extra.headers,
      { name: 'contact', value: `<${this.#phone.contact}>` },
      ...(sdp === '' ? [] : [{ name: 'content-type', value: 'application/sdp' }]),
      ...headers,
    ]
    return this.#phone.request(method, this.#target, { ...extra, headers: all, body: sdp })
  }

  #extra(): { to: string; callId: string; fromTag: string; toTag?: string; headers: readonly SipHeader[] } {
    const base = { to: echoAor, callId: this.#callId, fromTag: this.#fromTag, headers: this.#routes }
    return this.#toTag === undefined ? base : { ...base, toTag: this.#toTag }
  }
}
