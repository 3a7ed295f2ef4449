/** The side that got the Commit (RFC 6189 §4.4.1.2, §4.4.3). It repeats an answer when the question is repeated. */
import { equalBytes } from '#shared/bytes/bytes.ts'
import { cipherKeyBytes, publicValueBytes, type Algorithms, type DhName } from './algorithms.ts'
import { decodeCommit, type Commit } from './commit.ts'
import { makeConfirm, readConfirm, type ChainLink } from './confirming.ts'
import type { Peer, Phase, StreamCore } from './core.ts'
import { decodeDhPart, encodeDhPart, type DhPart } from './dh-part.ts'
import { establishDh, establishMultistream, wipeEstablished, type Established, type Transcript } from './exchange.ts'
import { hasImplicitMac, isPreimage } from './implicit.ts'
import { hashOf } from './kdf.ts'
import type { KeyPair } from './key-agreement.ts'
import { errorCodes, imageBytes, type MessageType } from './message.ts'
import { readAlgorithms } from './negotiation.ts'
import { findCommon, secretIds } from './secrets.ts'
import { emitKeys, enterSecure } from './secured.ts'

/** A Commit as it came. */
export interface ReceivedCommit {
  readonly commit: Commit
  readonly bytes: Uint8Array
}

/** A pair made for our own Commit, which lost. */
export interface SparePair {
  readonly name: DhName
  readonly pair: KeyPair
}

const silenceMs = 10_000

/** The Commit, if it comes from the sender of the Hello; that Hello's MAC can now be checked. */
export function readCommit(core: StreamCore, peer: Peer, bytes: Uint8Array): ReceivedCommit | null {
  const commit = decodeCommit(bytes)
  if (commit === null) return null
  if (!isPreimage(commit.h2, peer.hello.h3, 1)) {
    core.alarm('hash-chain-broken')
    return null
  }
  core.trust()
  if (!hasImplicitMac(commit.h2, peer.helloBytes)) core.fail('hello-altered', errorCodes.helloMismatch)
  else if (equalBytes(commit.zid, peer.hello.zid)) return { commit, bytes }
  else core.fail('commit-altered', errorCodes.software)
  return null
}

/** Takes the responder's role, or ends it where the Commit asks for what was not offered. */
export function respond(core: StreamCore, peer: Peer, received: ReceivedCommit, spare: SparePair | null): void {
  const { commit } = received
  if (commit.binding.mode === 'preshared') {
    core.fail('preshared-refused', errorCodes.noSharedSecret)
    return
  }
  const algorithms = readAlgorithms(core.preferences, commit)
  if (typeof algorithms === 'number') core.fail('algorithm-refused', algorithms)
  else if (algorithms.keyAgreement === 'Mult') respondMultistream(core, peer, received, algorithms)
  else if (core.options.place === 'further') core.fail('mode-conflict', errorCodes.keyAgreement)
  else respondDh(core, peer, { received, algorithms, name: algorithms.keyAgreement }, spare)
}

interface DhCommit {
  readonly received: ReceivedCommit
  readonly algorithms: Algorithms
  readonly name: DhName
}

function respondDh(core: StreamCore, peer: Peer, dh: DhCommit, spare: SparePair | null): void {
  const { known, chain, options } = core
  if (known === null) return
  const { hash, cipher } = dh.algorithms
  const pair =
    spare?.name === dh.name
      ? spare.pair
      : options.keyAgreement.newPair(dh.name, options.random, 2 * cipherKeyBytes[cipher])
  const ids = secretIds(hash, known, { side: 'Responder', h3: chain.h3 }, options.random)
  const dhPart1 = encodeDhPart('DHPart1 ', { h1: chain.h1, ids, publicValue: pair.publicValue }, chain.h0)
  core.go(new AwaitingDhPart2(core, peer, dh, { pair, dhPart1 }))
  answer(core, dhPart1)
}

function respondMultistream(core: StreamCore, peer: Peer, received: ReceivedCommit, algorithms: Algorithms): void {
  const { session, place } = core.options
  const { binding, h2 } = received.commit
  if (place === 'first' || session.key === null || binding.mode !== 'multistream') {
    core.fail('no-session-key', errorCodes.noSharedSecret)
    return
  }
  if (!session.claimNonce(binding.nonce)) {
    core.fail('nonce-reused', errorCodes.nonceReuse)
    return
  }
  const messages = [core.hello, received.bytes]
  const established = establishMultistream(transcriptOf(core, peer, algorithms, messages), session.key.zrtpSess)
  const link: ChainLink = { image: h2, distance: 2, message: received.bytes, altered: 'commit-altered' }
  confirm(core, peer, established, { link, question: received.bytes })
}

function transcriptOf(
  core: StreamCore,
  peer: Peer,
  algorithms: Algorithms,
  messages: Transcript['messages'],
): Transcript {
  const zids = { initiatorZid: peer.hello.zid, responderZid: core.options.zid }
  return { role: 'responder', algorithms, ...zids, messages }
}

/** Sends an answer, and waits for the next question. */
function answer(core: StreamCore, message: Uint8Array): void {
  core.send(message)
  core.deadline(silenceMs, () => core.fail('peer-silent', errorCodes.timeout))
}

interface Question {
  readonly link: ChainLink
  /** The message that Confirm1 answers. */
  readonly question: Uint8Array
}

function confirm(core: StreamCore, peer: Peer, established: Established, question: Question): void {
  const confirm1 = makeConfirm(core, 'Confirm1', established)
  core.go(new AwaitingConfirm2(core, peer, { established, ...question, confirm1 }))
  answer(core, confirm1)
}

class AwaitingDhPart2 implements Phase {
  readonly name = 'awaiting-dhpart2'
  readonly #core: StreamCore
  readonly #peer: Peer
  readonly #dh: DhCommit
  readonly #own: { readonly pair: KeyPair; readonly dhPart1: Uint8Array }

  constructor(
    core: StreamCore,
    peer: Peer,
    dh: DhCommit,
    own: { readonly pair: KeyPair; readonly dhPart1: Uint8Array },
  ) {
    this.#core = core
    this.#peer = peer
    this.#dh = dh
    this.#own = own
  }

  receive(type: MessageType, message: Uint8Array): void {
    if (type === 'Commit  ' && equalBytes(message, this.#dh.received.bytes)) answer(this.#core, this.#own.dhPart1)
    else if (type === 'DHPart2 ') this.#onDhPart2(message)
  }

  #onDhPart2(message: Uint8Array): void {
    const { commit, bytes } = this.#dh.received
    const part = decodeDhPart(message, publicValueBytes[this.#dh.name])
    if (part === null) return
    if (!isPreimage(part.h1, commit.h2, 1)) {
      this.#core.alarm('hash-chain-broken')
      return
    }
    this.#core.trust()
    if (!hasImplicitMac(part.h1, bytes)) this.#core.fail('commit-altered', errorCodes.software)
    else if (!this.#isCommitted(message)) this.#core.fail('commitment-mismatch', errorCodes.badCommitment)
    else this.#agree(part, message)
  }

  /** Whether hvi is the hash of this DHPart2 and our Hello (§4.4.1.1). */
  #isCommitted(message: Uint8Array): boolean {
    const { binding } = this.#dh.received.commit
    const hvi = hashOf(this.#dh.algorithms.hash, message, this.#core.hello).subarray(0, imageBytes)
    return binding.mode === 'dh' && equalBytes(hvi, binding.hvi)
  }

  #agree(part: DhPart, message: Uint8Array): void {
    const { known } = this.#core
    const dhResult = this.#own.pair.agree(part.publicValue)
    if (dhResult === null || known === null) {
      this.#core.fail('bad-public-value', errorCodes.badPublicValue)
      return
    }
    const { algorithms, received } = this.#dh
    const { h3 } = this.#peer.hello
    const common = findCommon(algorithms.hash, known, { side: 'Initiator', ids: part.ids, h3 })
    const messages = [this.#core.hello, received.bytes, this.#own.dhPart1, message]
    const established = establishDh(transcriptOf(this.#core, this.#peer, algorithms, messages), dhResult, common)
    const link: ChainLink = { image: part.h1, distance: 1, message, altered: 'dhpart-altered' }
    confirm(this.#core, this.#peer, established, { link, question: message })
  }
}

class AwaitingConfirm2 implements Phase {
  readonly name = 'awaiting-confirm2'
  readonly #core: StreamCore
  readonly #peer: Peer
  readonly #facts: Question & { readonly established: Established; readonly confirm1: Uint8Array }
  #isHandedOver = false

  constructor(
    core: StreamCore,
    peer: Peer,
    facts: Question & { readonly established: Established; readonly confirm1: Uint8Array },
  ) {
    this.#core = core
    this.#peer = peer
    this.#facts = facts
  }

  receive(type: MessageType, message: Uint8Array): void {
    const { question, confirm1 } = this.#facts
    if (type === 'Confirm2') this.#onConfirm2(message)
    else if (equalBytes(message, question)) answer(this.#core, confirm1)
  }

  leave(): void {
    if (!this.#isHandedOver) wipeEstablished(this.#facts.established)
  }

  #onConfirm2(message: Uint8Array): void {
    const { established, link } = this.#facts
    const confirmed = readConfirm(this.#core, established, link, message)
    if (confirmed === null) return
    this.#isHandedOver = true
    emitKeys(this.#core, 'receive', established)
    emitKeys(this.#core, 'send', established)
    enterSecure(this.#core, this.#peer, established, { confirm: confirmed, confirm2: message })
    this.#core.sendAck('Conf2ACK')
  }
}
