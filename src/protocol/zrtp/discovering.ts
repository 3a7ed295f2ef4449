/** Finding out whether the peer speaks ZRTP, and who it is (RFC 6189 §4.1). */
import { copyOf, equalBytes, toHex } from '#shared/bytes/bytes.ts'
import type { Peer, Phase, StreamCore } from './core.ts'
import type { ZrtpFailure } from './events.ts'
import { readHelloHash } from './hello-hash.ts'
import { decodeHello, zrtpVersion, type Hello } from './hello.ts'
import { implicitHash } from './implicit.ts'
import { commitDh, commitMultistream } from './initiating.ts'
import { errorCodes, type MessageType } from './message.ts'
import { readCommit, respond } from './responding.ts'
import { extendedHelloSchedule, helloSchedule } from './retransmission.ts'
import { printable } from './secured.ts'
import type { KnownSecrets } from './secrets.ts'

/** The values of the peer's `a=zrtp-hash` attributes, as far as they are of our version; null = none announced. */
export type AnnouncedHashes = ReadonlySet<string> | null

export function readAnnounced(values: readonly string[]): AnnouncedHashes {
  const digests = values.map(readHelloHash).filter((digest) => digest !== null)
  return digests.length === 0 ? null : new Set(digests)
}

export function isAnnounced(announced: AnnouncedHashes, hello: Uint8Array): boolean {
  return announced === null || announced.has(toHex(implicitHash(hello)))
}

/** Octets of a version that count (§4.1.1). */
const significant = 3

/** Sends Hellos until they are acknowledged, and goes on as soon as both sides have each other's. */
export class Discovering implements Phase {
  readonly name = 'discovering'
  readonly #core: StreamCore
  readonly #announced: () => AnnouncedHashes
  #acknowledgedBy: number | null = null
  #isExhausted = false
  /** The latest Commit that came before the secrets did. */
  #held: Uint8Array | null = null

  constructor(core: StreamCore, announced: () => AnnouncedHashes) {
    this.#core = core
    this.#announced = announced
  }

  /** Sends the first Hello. */
  begin(): void {
    this.#isExhausted = false
    if (!this.#isAcknowledged()) this.#core.send(this.#core.hello)
    this.#core.repeat(
      () => (this.#hasEvidence() ? extendedHelloSchedule : helloSchedule),
      () => {
        if (!this.#isAcknowledged()) this.#core.send(this.#core.hello)
      },
      () => {
        this.#isExhausted = true
        this.#core.emit({ kind: 'discovery-timed-out', heard: this.#core.peer !== null })
      },
    )
  }

  receive(type: MessageType, message: Uint8Array, ssrc: number): void {
    if (type === 'Hello   ') this.#onHello(message, ssrc)
    else if (type === 'HelloACK') this.#acknowledgedBy = ssrc
    else if (type === 'Commit  ') this.#held = message
    else return
    this.advance()
  }

  /** Answers a Commit, or sends one, once all that it takes is there. */
  advance(): void {
    const { peer, known } = this.#core
    if (peer === null || known === null || !this.#hasSession(peer)) return
    const commit = this.#held && readCommit(this.#core, peer, this.#held)
    this.#held = null
    if (commit !== null) respond(this.#core, peer, commit, null)
    else if (this.#core.phase === this && this.#isAcknowledged()) this.#commit(peer, known)
  }

  #commit(peer: Peer, known: KnownSecrets): void {
    if (this.#core.options.passive) return
    if (this.#core.options.place === 'further') commitMultistream(this.#core, peer)
    else commitDh(this.#core, peer, known)
  }

  /** A further stream waits for the session's key, and belongs to the same peer. */
  #hasSession(peer: Peer): boolean {
    const { place, session } = this.#core.options
    if (place === 'first') return true
    if (session.key === null) return false
    if (equalBytes(session.key.peerZid, peer.hello.zid)) return true
    this.#core.fail('other-zid', errorCodes.software)
    return false
  }

  /** A HelloACK counts if it came from the sender of the Hello. */
  #isAcknowledged(): boolean {
    const { peer } = this.#core
    return this.#acknowledgedBy !== null && (peer === null || peer.ssrc === this.#acknowledgedBy)
  }

  #hasEvidence(): boolean {
    return this.#core.peer !== null || this.#announced() !== null
  }

  #onHello(message: Uint8Array, ssrc: number): void {
    if (this.#core.peer === null) this.#judgeHello(message, ssrc)
    // A peer that came late, or comes again: it has to hear us too.
    if (this.#core.peer !== null && this.#isExhausted && !this.#isAcknowledged()) this.begin()
  }

  #judgeHello(message: Uint8Array, ssrc: number): void {
    const hello = decodeHello(message)
    if (hello === null || equalBytes(message, this.#core.hello)) return
    if (!isAnnounced(this.#announced(), message)) {
      this.#core.alarm('hello-hash-mismatch')
      this.#core.suspect('hello-hash-mismatch', errorCodes.helloMismatch)
      return
    }
    const version = hello.version.slice(0, significant)
    const own = zrtpVersion.slice(0, significant)
    if (version !== own) {
      this.#core.sendAck('HelloACK')
      if (version < own) this.#core.suspect('unsupported-version', errorCodes.version)
      return
    }
    const refusal = this.#refusalOf(hello, ssrc)
    if (refusal !== null) this.#core.suspect(...refusal)
    else this.#accept({ ssrc, hello, helloBytes: message })
  }

  #refusalOf(hello: Hello, ssrc: number): readonly [ZrtpFailure, number] | null {
    const { zid, place, ssrc: ownSsrc } = this.#core.options
    if (ssrc === ownSsrc) return ['ssrc-collision', errorCodes.ssrcCollision]
    if (equalBytes(hello.zid, zid)) return ['equal-zids', errorCodes.equalZids]
    if (place === 'further' && !hello.keyAgreements.includes('Mult')) return ['no-multistream', errorCodes.keyAgreement]
    return null
  }

  #accept(peer: Peer): void {
    const { options } = this.#core
    this.#core.peer = peer
    this.#core.trust()
    this.#core.sendAck('HelloACK')
    const peerZid = copyOf(peer.hello.zid)
    this.#core.emit({ kind: 'peer-found', peerZid, peerClientId: printable(peer.hello.clientId) })
    if (options.place === 'first') {
      this.#core.emit({ kind: 'need-secrets', peerZid })
      return
    }
    this.#core.known = { retained: null, aux: null }
    options.session.whenReady(() => this.#core.run(() => this.#core.phase.advance?.()))
  }
}
