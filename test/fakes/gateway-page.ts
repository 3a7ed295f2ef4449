/** A stand-in for the page's media engine on a gateway's loopback leg: checks, DTLS as server, and SRTP with the leg's keys. */
import { readFileSync } from 'node:fs'
import { DtlsServer } from 'werift'
import { makeLoopbackCertificate, type LoopbackCertificate } from '#main/media/loopback/dtls-client.ts'
import { encodeCheck, keyOfPassword } from '#protocol/ice/binding.ts'
import { parseCandidate } from '#protocol/ice/candidate.ts'
import { newIceCredentials } from '#protocol/ice/ice-types.ts'
import { isMuxedRtcp } from '#protocol/rtp/header.ts'
import { buildRtpPacket } from '#protocol/rtp/packet.ts'
import { parseSdp } from '#protocol/sdp/parse.ts'
import { readRtpMedia } from '#protocol/sdp/rtp-media.ts'
import { profiles } from '#protocol/srtp/profiles.ts'
import { SrtpReceiver } from '#protocol/srtp/receiver.ts'
import { SrtpSender } from '#protocol/srtp/sender.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { DatagramAddress, DatagramSocket } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'

export interface PagePorts {
  readonly socket: DatagramSocket
  readonly random: RandomPort
  readonly clock: ClockPort
}

const host = '127.0.0.1'
const checkEveryMs = 500
const offers = { sound: fixture('offer-audio'), pictures: fixture('offer-audio-video') }
const gcm = { id: 7, name: 'AEAD_AES_128_GCM', keyBytes: 16, saltBytes: 12 } as const
/** Chromium's numbers of Opus and VP8. */
const payloadTypes = { audio: 111, video: 96 } as const

function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/chromium/${name}.sdp`, import.meta.url), 'utf8')
}

export class GatewayPage {
  /** RTP and RTCP for the ears, as plain packets. */
  readonly heard: Uint8Array[] = []
  /** Pass-through: whatever came that is no check. */
  readonly records: Uint8Array[] = []
  isConnected = false
  /** False where records come from far away, which nobody reads here. */
  endsDtls = true
  readonly #ports: PagePorts
  readonly #socket: DatagramSocket
  readonly #certificate: LoopbackCertificate
  readonly #credentials
  readonly #ssrcs: Readonly<Record<'audio' | 'video', number>>
  readonly #transport = { type: 'udp', closed: false, address: {}, onData: (_bytes: Buffer): void => undefined }
  #gateway: DatagramAddress | null = null
  #timer: Timer | null = null
  #dtls: DtlsServer | null = null
  #sender: SrtpSender | null = null
  #receiver: SrtpReceiver | null = null
  /** Of the packet captured last, 16 bits. */
  sequenceNumber = 0

  static async open(ports: PagePorts): Promise<GatewayPage> {
    return new GatewayPage(ports, await makeLoopbackCertificate())
  }

  private constructor(ports: PagePorts, certificate: LoopbackCertificate) {
    const { socket } = ports
    this.#ports = ports
    this.#socket = socket
    this.#certificate = certificate
    this.#credentials = newIceCredentials(ports.random)
    const [first = 0, second = 0] = ports.random.bytes(2)
    this.#ssrcs = { audio: 0x0100_0000 + first * 256 + second, video: 0x0200_0000 + first * 256 + second }
    socket.onDatagram((bytes) => this.#receive(bytes))
  }

  /** What Chromium offers, as this page. */
  offer(video = false): string {
    const [sound = '', pictures = ''] = (video ? offers.pictures : offers.sound).split('m=video')
    const renamed = [sound, pictures].map((text, at) => {
      const { audio, video: picture } = this.#ssrcs
      return text.replaceAll(/a=ssrc:\d+/g, `a=ssrc:${at === 0 ? audio : picture}`)
    })
    return renamed
      .filter((text) => text !== '')
      .join('m=video')
      .replaceAll(/a=ice-ufrag:.*/g, `a=ice-ufrag:${this.#credentials.ufrag}`)
      .replaceAll(/a=ice-pwd:.*/g, `a=ice-pwd:${this.#credentials.pwd}`)
      .replaceAll(/a=fingerprint:.*/g, `a=fingerprint:sha-256 ${this.#certificate.fingerprint}`)
  }

  /** Takes the gateway's answer and begins to check; DTLS runs where the gateway ends it. */
  connect(answer: string): void {
    const session = parseSdp(answer)
    const ice = session.media[0] === undefined ? null : (readRtpMedia(session, session.media[0])?.ice ?? null)
    const port = ice === null ? undefined : parseCandidate(ice.candidates[0] ?? '')?.address.port
    if (ice === null || port === undefined) throw new Error('no way to the gateway')
    this.#gateway = { host, port }
    if (this.#dtls === null) this.#serveDtls()
    this.#timer?.cancel()
    this.#check(`${ice.ufrag}:${this.#credentials.ufrag}`, keyOfPassword(ice.password))
  }

  /** Captures a packet with this payload. */
  capture(payload: Uint8Array, kind: 'audio' | 'video' = 'audio'): void {
    this.sequenceNumber = (this.sequenceNumber + 1) & 0xffff
    const { sequenceNumber } = this
    const fields = {
      ...{ payloadType: payloadTypes[kind], sequenceNumber, marker: false },
      ...{ timestamp: sequenceNumber * 960, ssrc: this.#ssrcs[kind] },
    }
    const sealed = this.#sender?.protectRtp(buildRtpPacket(fields, payload))
    if (sealed instanceof Uint8Array) this.raw(sealed)
  }

  /** A compound of the engine. */
  report(compound: Uint8Array): void {
    const sealed = this.#sender?.protectRtcp(compound)
    if (sealed instanceof Uint8Array) this.raw(sealed)
  }

  raw(bytes: Uint8Array): void {
    if (this.#gateway !== null) this.#socket.send(bytes, this.#gateway)
  }

  close(): void {
    this.#timer?.cancel()
    this.#socket.close()
  }

  #check(username: string, key: Uint8Array): void {
    const { random, clock } = this.#ports
    const role = { role: 'controlling', tiebreaker: new Uint8Array(8) } as const
    this.raw(encodeCheck({ username, priority: 1, useCandidate: true, ...role }, random.bytes(12), key))
    this.#timer = clock.after(checkEveryMs, () => this.#check(username, key))
  }

  #serveDtls(): void {
    const { certPem, keyPem, signatureHash } = this.#certificate
    const send = (bytes: Buffer): Promise<void> => {
      this.raw(bytes)
      return Promise.resolve()
    }
    const dtls = new DtlsServer({
      ...{ cert: certPem, key: keyPem, signatureHash: signatureHash as never },
      ...{ srtpProfiles: [gcm.id], extendedMasterSecret: true },
      transport: Object.assign(this.#transport, { send, close: () => Promise.resolve() }) as never,
    })
    this.#dtls = dtls
    dtls.onConnect.once(() => {
      const { localKey, localSalt, remoteKey, remoteSalt } = dtls.extractSessionKeys(gcm.keyBytes, gcm.saltBytes)
      const profile = profiles[gcm.name]
      this.#sender = new SrtpSender({ profile, key: localKey, salt: localSalt })
      this.#receiver = new SrtpReceiver({ profile, key: remoteKey, salt: remoteSalt })
      this.isConnected = true
    })
  }

  #receive(bytes: Uint8Array): void {
    const first = bytes[0] ?? 0
    if (first < 4) return
    this.records.push(bytes)
    if (first >= 20 && first < 64 && this.endsDtls) this.#transport.onData(Buffer.from(bytes))
    if (first < 128 || first >= 192) return
    const plain = isMuxedRtcp(bytes) ? this.#receiver?.unprotectRtcp(bytes) : this.#receiver?.unprotectRtp(bytes)
    if (plain instanceof Uint8Array) this.heard.push(plain)
  }
}
