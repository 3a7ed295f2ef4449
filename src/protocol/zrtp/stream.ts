import { copyOf, equalBytes } from '#shared/bytes/bytes.ts'
import { StreamCore, type PhaseName, type ZrtpStreamOptions } from './core.ts'
import { Discovering, isAnnounced, readAnnounced, type AnnouncedHashes } from './discovering.ts'
import { helloHashOf } from './hello-hash.ts'
import { zrtpVersion } from './hello.ts'
import { implicitHash } from './implicit.ts'
import { AwaitingConf2Ack } from './initiating.ts'
import { decodeError, decodePing, encodePingAck, errorCodes, typeOf, type MessageType } from './message.ts'
import { decodePacket } from './packet.ts'
import { exportKeyOf } from './secured.ts'
import type { RetainedSecrets } from './secrets.ts'

export type { Peer, PhaseName, ZrtpStreamOptions } from './core.ts'

/** Codes of Errors that are told to the owner at most. */
const maxErrorsTold = 8

/**
 * ZRTP for one media stream (RFC 6189): packets and time in, packets and events out. It never throws on what comes in, keeps
 * nothing of a packet that the hash chain or a key does not vouch for, and computes one Diffie-Hellman result at most.
 */
export class ZrtpStream {
  readonly #core: StreamCore
  #announced: AnnouncedHashes = null
  #isStopped = false
  readonly #errorsTold = new Set<number>()

  constructor(options: ZrtpStreamOptions) {
    this.#core = new StreamCore(options)
  }

  /** The value of our `a=zrtp-hash` attribute; known before anything is sent. */
  get helloHash(): string {
    return helloHashOf(this.#core.hello)
  }

  get phase(): PhaseName {
    return this.#core.phase.name
  }

  /** Begins to send Hellos. */
  start(): void {
    if (this.#core.phase.name !== 'idle' || this.#isStopped) return
    this.#core.run(() => {
      const discovering = new Discovering(this.#core, () => this.#announced)
      this.#core.go(discovering)
      discovering.begin()
    })
  }

  /** Ends without a word to the peer and wipes every key. */
  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#core.end()
  }

  /**
   * The values of the peer's `a=zrtp-hash` attributes; those of other versions are left aside. Only the Hello of one of them is
   * taken; one that was taken before and is none of them ends the stream.
   */
  announcePeer(values: readonly string[]): void {
    this.#announced = readAnnounced(values)
    const { peer, phase } = this.#core
    if (peer === null || phase.name === 'ended' || isAnnounced(this.#announced, peer.helloBytes)) return
    this.#core.run(() => this.#core.fail('hello-hash-mismatch', errorCodes.helloMismatch))
  }

  /** Answers `need-secrets`: what the cache holds for our ZID and the peer's, or null. Copied. */
  provideSecrets(retained: RetainedSecrets | null): void {
    const { peer, known, options, phase } = this.#core
    if (peer === null || known !== null || phase.name !== 'discovering') return
    this.#core.known = {
      retained: retained && retainedCopyOf(retained),
      aux: options.auxSecret && copyOf(options.auxSecret),
    }
    this.#core.run(() => phase.advance?.())
  }

  /** Tells that SRTP from the peer bore its tag: it stands for a lost Conf2ACK (§4.6). */
  srtpAuthenticated(): void {
    const { phase } = this.#core
    if (phase instanceof AwaitingConf2Ack) this.#core.run(() => phase.complete())
  }

  /** A key for another use, known to both ends, of at most the hash's bytes; null unless a first stream is secure (§4.5.2). */
  exportKey(label: string, bytes: number): Uint8Array | null {
    return exportKeyOf(this.#core.phase, label, bytes)
  }

  /** Whether a packet is of this stream's peer, by what it says: its SSRC, or the Hello that was announced. */
  recognises(packet: Uint8Array): boolean {
    const decoded = decodePacket(packet)
    if (decoded === null || this.#isStopped) return false
    const { peer } = this.#core
    if (peer !== null) return peer.ssrc === decoded.ssrc
    return this.#announced !== null && isAnnounced(this.#announced, decoded.message)
  }

  /** As {@link recognises}, and whether it is a Hello where no Hello was announced and none came: whose it is shows later. */
  mayRecognise(packet: Uint8Array): boolean {
    if (this.#core.peer !== null || this.#announced !== null) return this.recognises(packet)
    const decoded = decodePacket(packet)
    return !this.#isStopped && decoded !== null && typeOf(decoded.message) === 'Hello   '
  }

  /** Takes a datagram; what is no packet of this stream's peer has no effect. */
  receive(packet: Uint8Array): void {
    if (this.#isStopped || this.#core.phase.name === 'idle') return
    const decoded = decodePacket(packet)
    const type = decoded && typeOf(decoded.message)
    if (decoded === null || type === null || !this.#isFromPeer(type, decoded.ssrc)) return
    // The buffer may be the caller's to use again.
    const message = copyOf(decoded.message)
    this.#core.run(() => this.#dispatch(type, message, decoded.ssrc))
  }

  #isFromPeer(type: MessageType, ssrc: number): boolean {
    const { peer, options } = this.#core
    if (type === 'Ping    ') return true
    return peer === null ? ssrc !== options.ssrc || type === 'Hello   ' : peer.ssrc === ssrc
  }

  #dispatch(type: MessageType, message: Uint8Array, ssrc: number): void {
    const { peer, phase } = this.#core
    if (type === 'Ping    ') this.#onPing(message, ssrc)
    else if (type === 'Error   ') this.#onError(message)
    else if (type === 'ErrorACK') this.#onErrorAck()
    else if (type === 'Hello   ' && peer !== null && !equalBytes(message, peer.helloBytes)) return
    else {
      if (type === 'Hello   ' && peer !== null && phase.name !== 'ended') this.#core.sendAck('HelloACK')
      phase.receive(type, message, ssrc)
    }
  }

  #onPing(message: Uint8Array, ssrc: number): void {
    const ping = decodePing(message)
    if (ping === null) return
    const endpointHash = implicitHash(this.#core.options.zid).subarray(0, 8)
    const { endpointHash: pingEndpointHash } = ping
    this.#core.send(encodePingAck({ version: zrtpVersion, endpointHash, pingEndpointHash, pingSsrc: ssrc }))
  }

  /** Anybody can send one (§4.7.1): it ends a handshake only if nothing else comes, and never a secure stream. */
  #onError(message: Uint8Array): void {
    const code = decodeError(message)
    if (code === null) return
    this.#core.sendAck('ErrorACK')
    if (!this.#errorsTold.has(code) && this.#errorsTold.size < maxErrorsTold) {
      this.#errorsTold.add(code)
      this.#core.emit({ kind: 'error-received', code })
    }
    const { name } = this.#core.phase
    if (name !== 'secure' && name !== 'ended') this.#core.suspect('peer-error', null)
  }

  #onErrorAck(): void {
    if (this.#core.phase.name === 'ended') this.#core.stopTimers()
  }
}

function retainedCopyOf({ rs1, rs2, sasVerified }: RetainedSecrets): RetainedSecrets {
  return { rs1: copyOf(rs1), rs2: rs2 && copyOf(rs2), sasVerified }
}
