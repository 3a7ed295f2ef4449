/**
 * Our end of the renderer's peer connection: ICE-lite and DTLS-SRTP on 127.0.0.1 (design §2). Either it ends the encryption here
 * and hands over bare RTP and RTCP, or, for calls keyed by DTLS-SRTP, it passes records and packets on untouched.
 */
import type { DatagramAddress, DatagramSocket, DatagramsPort } from '#shared/ports/datagrams.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { err, ok, type Result } from '#shared/result.ts'
import type { SocketFailure } from '#shared/ports/sockets.ts'
import type { IceCredentials } from '#protocol/ice/binding.ts'
import { newIceCredentials } from '#protocol/ice/ice-types.ts'
import { LiteResponder } from '#protocol/ice/lite-responder.ts'
import { isMuxedRtcp } from '#protocol/rtp/header.ts'
import { profiles } from '#protocol/srtp/profiles.ts'
import { SrtpReceiver } from '#protocol/srtp/receiver.ts'
import { SrtpSender } from '#protocol/srtp/sender.ts'
import { LoopbackDtls, type LoopbackCertificate, type LoopbackKeys } from './dtls-client.ts'
import type { RendererTransport } from './renderer-description.ts'

export interface LoopbackPorts {
  readonly datagrams: DatagramsPort
  readonly random: RandomPort
  readonly certificate: LoopbackCertificate
}

/** What comes from the renderer. `onRecord` gets DTLS records and protected packets, in pass-through only. */
export interface LoopbackHandlers {
  readonly onRtp: (packet: Uint8Array) => void
  readonly onRtcp: (packet: Uint8Array) => void
  readonly onRecord: (bytes: Uint8Array) => void
  readonly onConnected: () => void
  readonly onFailed: () => void
}

const loopback = '127.0.0.1'

export class LoopbackLeg {
  readonly #socket: DatagramSocket
  readonly #certificate: LoopbackCertificate
  readonly #handlers: LoopbackHandlers
  readonly #credentials: IceCredentials
  #responder: LiteResponder | null = null
  #dtls: LoopbackDtls | null = null
  #sender: SrtpSender | null = null
  #receiver: SrtpReceiver | null = null
  #peer: DatagramAddress | null = null
  #passThrough = false
  #isClosed = false

  private constructor(socket: DatagramSocket, ports: LoopbackPorts, handlers: LoopbackHandlers) {
    this.#socket = socket
    this.#certificate = ports.certificate
    this.#handlers = handlers
    this.#credentials = newIceCredentials(ports.random)
    socket.onDatagram((bytes, from) => this.#receive(bytes, from))
  }

  /** Binds a port of its own on 127.0.0.1. */
  static async open(ports: LoopbackPorts, handlers: LoopbackHandlers): Promise<Result<LoopbackLeg, SocketFailure>> {
    const bound = await ports.datagrams.bind({ host: loopback, port: 0 })
    return bound.ok ? ok(new LoopbackLeg(bound.value, ports, handlers)) : err(bound.error)
  }

  /** Address and credentials for the answer that the renderer gets. */
  get address(): {
    readonly port: number
    readonly ufrag: string
    readonly password: string
    readonly fingerprint: string
  } {
    const { fingerprint } = this.#certificate
    return {
      port: this.#socket.local.port,
      ufrag: this.#credentials.ufrag,
      password: this.#credentials.pwd,
      fingerprint,
    }
  }

  /** Whether packets can reach the renderer. */
  get isConnected(): boolean {
    return this.#sender !== null || (this.#passThrough && this.#peer !== null)
  }

  /** Answers checks and ends DTLS here; asked again, it goes on with the handshake there is. */
  terminate(renderer: RendererTransport): void {
    this.#listen(renderer)
    this.#dtls ??= new LoopbackDtls(this.#certificate, renderer.fingerprint.value, {
      send: (bytes) => this.#toPeer(bytes),
      onKeys: (keys) => this.#takeKeys(keys),
      onFailed: () => this.#fail(),
    })
  }

  /** Answers checks and passes everything else through: DTLS runs between renderer and the other side. */
  passThrough(renderer: RendererTransport): void {
    this.#passThrough = true
    this.#listen(renderer)
  }

  sendRtp(packet: Uint8Array): void {
    const out = this.#sender?.protectRtp(packet)
    if (out instanceof Uint8Array) this.#toPeer(out)
  }

  sendRtcp(packet: Uint8Array): void {
    const out = this.#sender?.protectRtcp(packet)
    if (out instanceof Uint8Array) this.#toPeer(out)
  }

  /** Pass-through: a record or a protected packet of the other side. */
  sendRecord(bytes: Uint8Array): void {
    if (this.#passThrough) this.#toPeer(bytes)
  }

  close(): void {
    this.#isClosed = true
    this.#dtls?.close()
    this.#sender?.close()
    this.#receiver?.close()
    this.#socket.close()
  }

  #listen({ ufrag }: RendererTransport): void {
    this.#responder ??= new LiteResponder(this.#credentials, ufrag)
  }

  #toPeer(bytes: Uint8Array): void {
    if (this.#peer !== null && !this.#isClosed) this.#socket.send(bytes, this.#peer)
  }

  #receive(bytes: Uint8Array, from: DatagramAddress): void {
    const first = bytes[0] ?? 0xff
    if (first < 4) this.#check(bytes, from)
    else if (!this.#isPeer(from)) return
    else if (this.#passThrough) this.#handlers.onRecord(bytes)
    else if (first >= 20 && first < 64) this.#dtls?.receive(bytes)
    else if (first >= 128 && first < 192) this.#takePacket(bytes)
  }

  #isPeer(from: DatagramAddress): boolean {
    return this.#peer !== null && from.port === this.#peer.port && from.host === this.#peer.host
  }

  #check(bytes: Uint8Array, from: DatagramAddress): void {
    const outcome = this.#responder?.receive(bytes, from) ?? null
    if (outcome === null) return
    this.#socket.send(outcome.reply, from)
    if (outcome.nominated === null) return
    const isFirst = this.#peer === null
    this.#peer = outcome.nominated
    if (!isFirst) return
    this.#dtls?.start()
    if (this.#passThrough) this.#handlers.onConnected()
  }

  #takePacket(bytes: Uint8Array): void {
    const isRtcp = isMuxedRtcp(bytes)
    const plain = isRtcp ? this.#receiver?.unprotectRtcp(bytes) : this.#receiver?.unprotectRtp(bytes)
    if (!(plain instanceof Uint8Array)) return
    if (isRtcp) this.#handlers.onRtcp(plain)
    else this.#handlers.onRtp(plain)
  }

  #takeKeys({ profile: name, send, receive }: LoopbackKeys): void {
    if (this.#isClosed) return
    const profile = profiles[name]
    this.#sender = new SrtpSender({ profile, ...send })
    this.#receiver = new SrtpReceiver({ profile, ...receive })
    this.#handlers.onConnected()
  }

  #fail(): void {
    if (!this.#isClosed) this.#handlers.onFailed()
  }
}
