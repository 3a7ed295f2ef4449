/** A stand-in for the page's engine on a gateway's loopback leg: checks, DTLS as the server, and SRTP with the leg's keys. */
import { readFileSync } from 'node:fs'
import { DtlsServer } from 'werift'
import { makeLoopbackCertificate, type LoopbackCertificate } from '#main/media/loopback/dtls-client.ts'
import { encodeCheck, keyOfPassword } from '#protocol/ice/binding.ts'
import { parseCandidate } from '#protocol/ice/candidate.ts'
import { newIceCredentials } from '#protocol/ice/ice-types.ts'
import { readRtpMedia } from '#protocol/sdp/rtp-media.ts'
import { parseSdp } from '#protocol/sdp/parse.ts'
import { profiles } from '#protocol/srtp/profiles.ts'
import { SrtpReceiver } from '#protocol/srtp/receiver.ts'
import { SrtpSender } from '#protocol/srtp/sender.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { DatagramAddress, DatagramSocket, DatagramsPort } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'

export interface MediaPagePorts {
  readonly datagrams: Pick<DatagramsPort, 'bind'>
  readonly random: RandomPort
  readonly clock: ClockPort
  /** Where the gateway's legs are reached. */
  readonly host: string
}

const fixture = (name: string): string =>
  readFileSync(new URL(`../fixtures/chromium/${name}.sdp`, import.meta.url), 'utf8')
/** Chromium asks again this often until there are keys, and then to keep the leg. */
const checkMs = { atFirst: 100, later: 2000 } as const
/** AEAD_AES_128_GCM in DTLS-SRTP (RFC 7714 §14.2). */
const gcm = { id: 7, keyBytes: 16, saltBytes: 12 } as const

/** SSRC of a kind in Chromium's offer. */
function ssrcIn(offer: string, kind: 'audio' | 'video'): string {
  const section = offer.split('m=').find((part) => part.startsWith(kind))
  return /a=ssrc:(\d+)/.exec(section ?? '')?.[1] ?? ''
}

export class MediaPage {
  /** Gets every protected packet as it arrives. */
  onPacket: (sealed: Uint8Array) => void = () => undefined
  /** Gets every DTLS record as it arrives. */
  onRecord: (record: Uint8Array) => void = () => undefined
  /** False where records come from far away, which nobody reads here. */
  endsDtls = true
  readonly ssrcs: { readonly audio: number; readonly video: number }
  readonly #ports: MediaPagePorts
  readonly #socket: DatagramSocket
  readonly #certificate: LoopbackCertificate
  readonly #credentials
  readonly #transport = { type: 'udp', closed: false, address: {}, onData: (_bytes: Buffer): void => undefined }
  #gateway: DatagramAddress | null = null
  #timer: Timer | null = null
  #isServing = false
  #sender: SrtpSender | null = null
  #receiver: SrtpReceiver | null = null
  #onKeys: () => void = () => undefined
  readonly #keys = new Promise<void>((resolve) => (this.#onKeys = resolve))

  static async open(ports: MediaPagePorts): Promise<MediaPage> {
    const bound = await ports.datagrams.bind({ host: ports.host, port: 0 })
    if (!bound.ok) throw new Error('no socket')
    return new MediaPage(ports, bound.value, await makeLoopbackCertificate())
  }

  private constructor(ports: MediaPagePorts, socket: DatagramSocket, certificate: LoopbackCertificate) {
    this.#ports = ports
    this.#socket = socket
    this.#certificate = certificate
    this.#credentials = newIceCredentials(ports.random)
    const [audio, video] = [0, 1].map(() => new DataView(Uint8Array.from(ports.random.bytes(4)).buffer).getUint32(0))
    this.ssrcs = { audio: audio ?? 0, video: video ?? 0 }
    socket.onDatagram((bytes) => this.#receive(bytes))
  }

  get isConnected(): boolean {
    return this.#sender !== null
  }

  get address(): DatagramAddress {
    return this.#socket.local
  }

  /** What Chromium offers, with this page's credentials. */
  offer(video = false): string {
    const offer = fixture(video ? 'offer-audio-video' : 'offer-audio')
    return offer
      .replaceAll(`a=ssrc:${ssrcIn(offer, 'audio')} `, `a=ssrc:${this.ssrcs.audio} `)
      .replaceAll(`a=ssrc:${ssrcIn(offer, 'video')} `, `a=ssrc:${this.ssrcs.video} `)
      .replaceAll(/a=ice-ufrag:.*/g, `a=ice-ufrag:${this.#credentials.ufrag}`)
      .replaceAll(/a=ice-pwd:.*/g, `a=ice-pwd:${this.#credentials.pwd}`)
      .replaceAll(/a=fingerprint:.*/g, `a=fingerprint:sha-256 ${this.#certificate.fingerprint}`)
  }

  /** Takes the gateway's answer, the first or a later one; resolves once packets may be protected. */
  connect(answer: string): Promise<void> {
    const session = parseSdp(answer)
    const ice = session.media[0] === undefined ? null : (readRtpMedia(session, session.media[0])?.ice ?? null)
    const port = ice === null ? undefined : parseCandidate(ice.candidates[0] ?? '')?.address.port
    if (ice === null || port === undefined) throw new Error('no way to the gateway')
    this.#gateway = { host: this.#ports.host, port }
    if (!this.#isServing) this.#serveDtls()
    this.#timer?.cancel()
    this.#check(`${ice.ufrag}:${this.#credentials.ufrag}`, keyOfPassword(ice.password))
    return this.#keys
  }

  /** An RTP packet under the leg's keys. */
  protect(packet: Uint8Array): Uint8Array {
    const sealed = this.#sender?.protectRtp(packet)
    if (!(sealed instanceof Uint8Array)) throw new Error(`not protected: ${String(sealed)}`)
    return sealed
  }

  /** An RTP packet of the gateway; the reason where it is not let in. */
  unprotect(sealed: Uint8Array): Uint8Array | string {
    return this.#receiver?.unprotectRtp(sealed) ?? 'no keys'
  }

  /** An RTCP compound of the engine under the leg's keys. */
  protectReport(compound: Uint8Array): Uint8Array {
    const sealed = this.#sender?.protectRtcp(compound)
    if (!(sealed instanceof Uint8Array)) throw new Error(`not protected: ${String(sealed)}`)
    return sealed
  }

  unprotectReport(sealed: Uint8Array): Uint8Array | string {
    return this.#receiver?.unprotectRtcp(sealed) ?? 'no keys'
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
    const delayMs = this.isConnected ? checkMs.later : checkMs.atFirst
    this.#timer = clock.after(delayMs, () => this.#check(username, key))
  }

  #serveDtls(): void {
    this.#isServing = true
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
    dtls.onConnect.once(() => {
      const { localKey, localSalt, remoteKey, remoteSalt } = dtls.extractSessionKeys(gcm.keyBytes, gcm.saltBytes)
      const profile = profiles.AEAD_AES_128_GCM
      this.#sender = new SrtpSender({ profile, key: localKey, salt: localSalt })
      this.#receiver = new SrtpReceiver({ profile, key: remoteKey, salt: remoteSalt })
      this.#onKeys()
    })
  }

  #receive(bytes: Uint8Array): void {
    const first = bytes[0] ?? 0
    if (first >= 128 && first < 192) this.onPacket(bytes)
    if (first < 20 || first >= 64) return
    this.onRecord(bytes)
    if (this.endsDtls) this.#transport.onData(Buffer.from(bytes))
  }
}
