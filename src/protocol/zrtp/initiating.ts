/** The side that sends the Commit (RFC 6189 §4.2, §4.4.1.1, §4.4.1.3, §4.4.3). It repeats what goes unanswered. */
import { compareBytes } from '#shared/bytes/bytes.ts'
import { cipherKeyBytes, publicValueBytes, type Algorithms, type DhName } from './algorithms.ts'
import { encodeCommit, nonceBytes, type CommitBinding } from './commit.ts'
import type { Confirm } from './confirm.ts'
import { makeConfirm, readConfirm, type ChainLink } from './confirming.ts'
import type { Peer, Phase, StreamCore } from './core.ts'
import { decodeDhPart, encodeDhPart } from './dh-part.ts'
import { establishDh, establishMultistream, wipeEstablished, type Established, type Transcript } from './exchange.ts'
import { hasImplicitMac, implicitHash, isPreimage } from './implicit.ts'
import { hashOf } from './kdf.ts'
import type { KeyPair } from './key-agreement.ts'
import { errorCodes, imageBytes, type MessageType } from './message.ts'
import { chooseAlgorithms, chooseMultistream } from './negotiation.ts'
import { readCommit, respond, type SparePair } from './responding.ts'
import { findCommon, secretIds, type KnownSecrets } from './secrets.ts'
import { emitKeys, enterSecure } from './secured.ts'

/** What the Commit promises. */
type Offer =
  | {
      readonly mode: 'dh'
      readonly name: DhName
      readonly pair: KeyPair
      readonly dhPart2: Uint8Array
      readonly hvi: Uint8Array
    }
  | { readonly mode: 'multistream'; readonly nonce: Uint8Array; readonly zrtpSess: Uint8Array }

interface OwnCommit {
  readonly algorithms: Algorithms
  readonly offer: Offer
  readonly bytes: Uint8Array
}

/** Repetitions of the Commit after which the Hello goes along: perhaps the HelloACK was forged, and the peer has none. */
const helloAgainAfter = 3

/** Commits to a Diffie-Hellman exchange. */
export function commitDh(core: StreamCore, peer: Peer, known: KnownSecrets): void {
  const { chain, options } = core
  const { keyAgreement, ...rest } = chooseAlgorithms(core.preferences, peer.hello)
  if (keyAgreement === 'Mult') return
  const secretBytes = 2 * cipherKeyBytes[rest.cipher]
  const pair = options.keyAgreement.newPair(keyAgreement, options.random, secretBytes)
  const ids = secretIds(rest.hash, known, { side: 'Initiator', h3: chain.h3 }, options.random)
  const dhPart2 = encodeDhPart('DHPart2 ', { h1: chain.h1, ids, publicValue: pair.publicValue }, chain.h0)
  const hvi = hashOf(rest.hash, dhPart2, peer.helloBytes).slice(0, imageBytes)
  sendCommit(core, peer, { ...rest, keyAgreement }, { mode: 'dh', name: keyAgreement, pair, dhPart2, hvi })
}

/** Commits to a further stream of the session. */
export function commitMultistream(core: StreamCore, peer: Peer): void {
  const { session, random } = core.options
  if (session.key === null) return
  const nonce = random.bytes(nonceBytes)
  session.claimNonce(nonce)
  const algorithms = chooseMultistream(session.key.algorithms, core.preferences, peer.hello)
  sendCommit(core, peer, algorithms, { mode: 'multistream', nonce, zrtpSess: session.key.zrtpSess })
}

function sendCommit(core: StreamCore, peer: Peer, algorithms: Algorithms, offer: Offer): void {
  const { chain, options } = core
  const binding: CommitBinding =
    offer.mode === 'dh' ? { mode: 'dh', hvi: offer.hvi } : { mode: 'multistream', nonce: offer.nonce }
  const bytes = encodeCommit({ h2: chain.h2, zid: options.zid, ...algorithms, binding }, chain.h1)
  core.go(new Committed(core, peer, { algorithms, offer, bytes }))
  core.sendRepeatedly(bytes, 'commit-timed-out', (count) => {
    if (count >= helloAgainAfter) core.send(core.hello)
  })
}

class Committed implements Phase {
  readonly name = 'committed'
  readonly #core: StreamCore
  readonly #peer: Peer
  readonly #own: OwnCommit
  #multistream: Established | null = null
  #isHandedOver = false

  constructor(core: StreamCore, peer: Peer, own: OwnCommit) {
    this.#core = core
    this.#peer = peer
    this.#own = own
  }

  receive(type: MessageType, message: Uint8Array): void {
    const { offer } = this.#own
    if (type === 'Commit  ') this.#onCommit(message)
    else if (type === 'DHPart1 ' && offer.mode === 'dh') this.#onDhPart1(message, offer)
    else if (type === 'Confirm1' && offer.mode === 'multistream') this.#onConfirm1(message, offer.zrtpSess)
  }

  leave(): void {
    if (this.#multistream !== null && !this.#isHandedOver) wipeEstablished(this.#multistream)
  }

  /** Both sides committed: the lower hvi or nonce loses (§4.2). */
  #onCommit(message: Uint8Array): void {
    const received = readCommit(this.#core, this.#peer, message)
    if (received === null) return
    const { offer } = this.#own
    const { binding } = received.commit
    if (binding.mode === 'preshared' && offer.mode === 'dh') return
    if (binding.mode !== offer.mode) {
      this.#core.fail('mode-conflict', errorCodes.software)
      return
    }
    const theirs = binding.mode === 'dh' ? binding.hvi : binding.nonce
    const ours = offer.mode === 'dh' ? offer.hvi : offer.nonce
    if (compareBytes(ours, theirs) < 0) respond(this.#core, this.#peer, received, spareOf(offer))
  }

  #onDhPart1(message: Uint8Array, offer: Offer & { readonly mode: 'dh' }): void {
    const { known } = this.#core
    const { h3 } = this.#peer.hello
    const part = decodeDhPart(message, publicValueBytes[offer.name])
    if (part === null || known === null) return
    if (!isPreimage(part.h1, h3, 2)) {
      this.#core.alarm('hash-chain-broken')
      return
    }
    this.#core.trust()
    if (!hasImplicitMac(implicitHash(part.h1), this.#peer.helloBytes)) {
      this.#core.fail('hello-altered', errorCodes.helloMismatch)
      return
    }
    const dhResult = offer.pair.agree(part.publicValue)
    if (dhResult === null) {
      this.#core.fail('bad-public-value', errorCodes.badPublicValue)
      return
    }
    const { algorithms, bytes } = this.#own
    const common = findCommon(algorithms.hash, known, { side: 'Responder', ids: part.ids, h3 })
    const transcript = this.#transcript([this.#peer.helloBytes, bytes, message, offer.dhPart2])
    const established = establishDh(transcript, dhResult, common)
    const link: ChainLink = { image: part.h1, distance: 1, message, altered: 'dhpart-altered' }
    this.#core.go(new AwaitingConfirm1(this.#core, this.#peer, established, link))
    this.#core.sendRepeatedly(offer.dhPart2, 'dhpart-timed-out')
  }

  #onConfirm1(message: Uint8Array, zrtpSess: Uint8Array): void {
    const { helloBytes, hello } = this.#peer
    this.#multistream ??= establishMultistream(this.#transcript([helloBytes, this.#own.bytes]), zrtpSess)
    const link: ChainLink = { image: hello.h3, distance: 3, message: helloBytes, altered: 'hello-altered' }
    const confirm = readConfirm(this.#core, this.#multistream, link, message)
    if (confirm === null) return
    this.#isHandedOver = true
    sendConfirm2(this.#core, this.#peer, this.#multistream, confirm)
  }

  #transcript(messages: Transcript['messages']): Transcript {
    const zids = { initiatorZid: this.#core.options.zid, responderZid: this.#peer.hello.zid }
    return { role: 'initiator', algorithms: this.#own.algorithms, ...zids, messages }
  }
}

function spareOf(offer: Offer): SparePair | null {
  return offer.mode === 'dh' ? { name: offer.name, pair: offer.pair } : null
}

class AwaitingConfirm1 implements Phase {
  readonly name = 'awaiting-confirm1'
  readonly #core: StreamCore
  readonly #peer: Peer
  readonly #established: Established
  readonly #link: ChainLink
  #isHandedOver = false

  constructor(core: StreamCore, peer: Peer, established: Established, link: ChainLink) {
    this.#core = core
    this.#peer = peer
    this.#established = established
    this.#link = link
  }

  receive(type: MessageType, message: Uint8Array): void {
    if (type !== 'Confirm1') return
    const confirm = readConfirm(this.#core, this.#established, this.#link, message)
    if (confirm === null) return
    this.#isHandedOver = true
    sendConfirm2(this.#core, this.#peer, this.#established, confirm)
  }

  leave(): void {
    if (!this.#isHandedOver) wipeEstablished(this.#established)
  }
}

/** From here on the responder's SRTP may come: it counts as Conf2ACK (§4.6). */
function sendConfirm2(core: StreamCore, peer: Peer, established: Established, confirm: Confirm): void {
  const confirm2 = makeConfirm(core, 'Confirm2', established)
  emitKeys(core, 'receive', established)
  core.go(new AwaitingConf2Ack(core, peer, established, confirm))
  core.sendRepeatedly(confirm2, 'confirm-timed-out')
}

/** The last state of an initiator before the end. */
export class AwaitingConf2Ack implements Phase {
  readonly name = 'awaiting-conf2ack'
  readonly #core: StreamCore
  readonly #peer: Peer
  readonly #established: Established
  readonly #confirm: Confirm
  #isHandedOver = false

  constructor(core: StreamCore, peer: Peer, established: Established, confirm: Confirm) {
    this.#core = core
    this.#peer = peer
    this.#established = established
    this.#confirm = confirm
  }

  receive(type: MessageType): void {
    if (type === 'Conf2ACK') this.complete()
  }

  leave(): void {
    if (!this.#isHandedOver) wipeEstablished(this.#established)
  }

  /** The responder has our Confirm2: it acknowledged it, or sent SRTP that bears its tag. */
  complete(): void {
    this.#isHandedOver = true
    emitKeys(this.#core, 'send', this.#established)
    enterSecure(this.#core, this.#peer, this.#established, { confirm: this.#confirm, confirm2: null })
  }
}
