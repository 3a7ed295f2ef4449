/** From the messages of an exchange to its keys (RFC 6189 §4.4, §4.5). */
import { wipe } from '#shared/bytes/bytes.ts'
import type { Algorithms } from './algorithms.ts'
import type { ConfirmKeys } from './confirm.ts'
import type { Role } from './events.ts'
import {
  callKeys,
  dhSecret,
  hashOf,
  kdfContext,
  multistreamSecret,
  sideKeys,
  wipeSide,
  type CallKeys,
  type SideKeys,
} from './kdf.ts'
import type { AuxResult, CacheResult, CommonSecrets } from './secrets.ts'

/** Who takes part, and what was said. */
export interface Transcript {
  readonly role: Role
  readonly algorithms: Algorithms
  readonly initiatorZid: Uint8Array
  readonly responderZid: Uint8Array
  /** Messages in the order of the total hash: Hello of the responder, Commit, DHPart1, DHPart2. */
  readonly messages: readonly Uint8Array[]
}

/** Keys that both sides hold if nobody is between them; the Confirm messages show it. */
export interface Established {
  readonly role: Role
  readonly algorithms: Algorithms
  readonly own: SideKeys
  readonly peer: SideKeys
  /** Only of a first stream. */
  readonly call: CallKeys | null
  readonly context: Uint8Array
  readonly cache: CacheResult
  readonly aux: AuxResult
}

/** Keys of a Diffie-Hellman exchange; wipes the result. */
export function establishDh(transcript: Transcript, dhResult: Uint8Array, common: CommonSecrets): Established {
  const { hash } = transcript.algorithms
  const context = contextOf(transcript)
  const s0 = dhSecret(hash, { dhResult, context, secrets: [common.s1, common.s2, null] })
  wipe(dhResult)
  const established = derive(transcript, s0, context)
  const call = callKeys(hash, s0, context)
  wipe(s0)
  return { ...established, call, cache: common.cache, aux: common.aux }
}

/** Keys of a further stream. */
export function establishMultistream(transcript: Transcript, zrtpSess: Uint8Array): Established {
  const context = contextOf(transcript)
  const s0 = multistreamSecret(transcript.algorithms.hash, zrtpSess, context)
  const established = derive(transcript, s0, context)
  wipe(s0)
  return established
}

function contextOf({ algorithms, initiatorZid, responderZid, messages }: Transcript): Uint8Array {
  return kdfContext(initiatorZid, responderZid, hashOf(algorithms.hash, ...messages))
}

function derive({ role, algorithms }: Transcript, s0: Uint8Array, context: Uint8Array): Established {
  const initiator = sideKeys('Initiator', algorithms, s0, context)
  const responder = sideKeys('Responder', algorithms, s0, context)
  const [own, peer] = role === 'initiator' ? [initiator, responder] : [responder, initiator]
  return { role, algorithms, own, peer, call: null, context, cache: 'first-contact', aux: 'none' }
}

/** The keys that seal one side's Confirm. */
export function confirmKeysOf({ algorithms }: Established, side: SideKeys): ConfirmKeys {
  return { hash: algorithms.hash, mackey: side.mackey, zrtpkey: side.zrtpkey }
}

export function wipeEstablished({ own, peer, call }: Established): void {
  wipeSide(own)
  wipeSide(peer)
  if (call !== null) wipe(call.zrtpSess, call.sasHash, call.exportedKey, call.retainedSecret)
}
