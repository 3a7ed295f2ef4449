/** The state in which both sides hold the keys (RFC 6189 §4.6.1, §4.7.2, §5.13). */
import { copyOf, equalBytes, utf8, wipe } from '#shared/bytes/bytes.ts'
import { srtpProfileOf } from './algorithms.ts'
import { isSealedBy, type Confirm } from './confirm.ts'
import { wasVerified } from './confirming.ts'
import type { Peer, Phase, StreamCore } from './core.ts'
import type { RetainedUpdate, Secured as SecuredFacts, SrtpKeys } from './events.ts'
import { confirmKeysOf, wipeEstablished, type Established } from './exchange.ts'
import { kdf, macOf, type SideKeys } from './kdf.ts'
import { decodeGoClear, encodeError, errorCodes, shortMacBytes, type MessageType } from './message.ts'
import { renderSas } from './sas.ts'

/** Lets a direction be used from now on. */
export function emitKeys(core: StreamCore, direction: 'send' | 'receive', established: Established): void {
  const side = direction === 'send' ? established.own : established.peer
  core.emit({ kind: 'keys', direction, keys: srtpKeysOf(established, side) })
}

function srtpKeysOf({ algorithms }: Established, side: SideKeys): SrtpKeys {
  return { profile: srtpProfileOf(algorithms), key: copyOf(side.srtpKey), salt: copyOf(side.srtpSalt) }
}

/** Enters the state after the peer's Confirm; `confirm2` is what a responder may see again. */
export function enterSecure(
  core: StreamCore,
  peer: Peer,
  established: Established,
  { confirm, confirm2 }: { readonly confirm: Confirm; readonly confirm2: Uint8Array | null },
): void {
  const facts = factsOf(core, peer, established, confirm)
  if (established.call !== null)
    core.options.session.establish({
      zrtpSess: copyOf(established.call.zrtpSess),
      peerZid: peer.hello.zid,
      algorithms: established.algorithms,
    })
  core.trust()
  core.forgetSecrets()
  core.go(new Secure(core, established, confirm2))
  core.emit({ kind: 'secure', ...facts })
}

function factsOf(core: StreamCore, peer: Peer, established: Established, confirm: Confirm): SecuredFacts {
  const { algorithms, role, cache, aux, call } = established
  const own = wasVerified(core, established)
  return {
    role,
    algorithms,
    profile: srtpProfileOf(algorithms),
    peerZid: copyOf(peer.hello.zid),
    peerClientId: printable(peer.hello.clientId),
    sas: call && renderSas(call.sasHash, algorithms.sas),
    cache,
    aux,
    verified: { own, peer: confirm.sasVerified },
    previouslyVerified: own && confirm.sasVerified,
    peerDisclosure: confirm.disclosure,
    retained: retainedUpdate(core, established, confirm),
  }
}

function retainedUpdate(core: StreamCore, established: Established, confirm: Confirm): RetainedUpdate | null {
  const { call, cache } = established
  const expiresInSeconds = Math.min(core.options.cacheExpiration, confirm.cacheExpiration)
  if (call === null || expiresInSeconds === 0) return null
  const before = core.known?.retained?.rs1
  return {
    when: cache === 'mismatch' ? 'after-sas-comparison' : 'now',
    rs1: copyOf(call.retainedSecret),
    rs2: before === undefined ? null : copyOf(before),
    sasVerified: wasVerified(core, established),
    expiresInSeconds,
  }
}

/** What a peer calls itself, without anything a screen could stumble over. */
export function printable(clientId: string): string {
  return clientId.replaceAll(/[^\x20-\x7e]/gu, '?').trim()
}

class Secure implements Phase {
  readonly name = 'secure'
  readonly #core: StreamCore
  readonly #established: Established
  readonly #confirm2: Uint8Array | null

  constructor(core: StreamCore, established: Established, confirm2: Uint8Array | null) {
    this.#core = core
    this.#established = established
    this.#confirm2 = confirm2
    wipe(established.own.srtpKey, established.own.srtpSalt, established.peer.srtpKey, established.peer.srtpSalt)
  }

  receive(type: MessageType, message: Uint8Array): void {
    if (type === 'Confirm2') this.#onConfirm2(message)
    else if (type === 'GoClear ') this.#onGoClear(message)
    else if (type === 'SASrelay') this.#onRelay(message)
  }

  leave(): void {
    wipeEstablished(this.#established)
  }

  /** A key for another use, known to both ends; null of a further stream or for more bytes than the hash has (§4.5.2). */
  exportKey(label: string, bytes: number): Uint8Array | null {
    const { call, algorithms, context } = this.#established
    if (call === null || bytes < 1 || bytes > call.exportedKey.length) return null
    return kdf(algorithms.hash, call.exportedKey, label, { context, bytes })
  }

  #onConfirm2(message: Uint8Array): void {
    if (this.#confirm2 !== null && equalBytes(message, this.#confirm2)) this.#core.sendAck('Conf2ACK')
  }

  /** Never goes clear: our Confirm said so (A = 0). */
  #onGoClear(message: Uint8Array): void {
    const { algorithms, peer } = this.#established
    const clearMac = decodeGoClear(message)
    if (clearMac === null) return
    const right = macOf(algorithms.hash, peer.mackey, utf8('GoClear ')).subarray(0, shortMacBytes)
    if (!equalBytes(clearMac, right)) {
      this.#core.alarm('go-clear-forged')
      return
    }
    this.#core.alarm('go-clear-refused')
    this.#core.send(encodeError(errorCodes.goClear))
  }

  /** Acknowledged and not shown: no device in the middle is trusted here. */
  #onRelay(message: Uint8Array): void {
    if (!isSealedBy(message, confirmKeysOf(this.#established, this.#established.peer))) return
    this.#core.alarm('relayed-sas-ignored')
    this.#core.sendAck('RelayACK')
  }
}

/** Of a stream in this state; null otherwise. */
export function exportKeyOf(phase: Phase, label: string, bytes: number): Uint8Array | null {
  return phase instanceof Secure ? phase.exportKey(label, bytes) : null
}
