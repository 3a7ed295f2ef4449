/** Which secrets of earlier calls both sides still have (RFC 6189 §4.3). */
import { equalBytes, utf8 } from '#shared/bytes/bytes.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { HashName } from './algorithms.ts'
import type { SecretIds } from './dh-part.ts'
import { macOf } from './kdf.ts'
import { shortMacBytes } from './message.ts'

/** What the owner's cache holds for a pair of ZIDs. */
export interface RetainedSecrets {
  /** From the last call, 32 bytes. */
  readonly rs1: Uint8Array
  /** From the call before, or null. */
  readonly rs2: Uint8Array | null
  /** Whether the user compared the SAS in a call of this line of secrets. */
  readonly sasVerified: boolean
}

/** Everything one side brings. */
export interface KnownSecrets {
  readonly retained: RetainedSecrets | null
  /** Agreed on outside ZRTP (§4.3); null = none. */
  readonly aux: Uint8Array | null
}

/** `match` with either secret of the cache; `mismatch` = we had one, and the peer had neither. */
export type CacheResult = 'first-contact' | 'match' | 'mismatch'
export type AuxResult = 'none' | 'match' | 'mismatch'

export interface CommonSecrets {
  readonly s1: Uint8Array | null
  readonly s2: Uint8Array | null
  readonly cache: CacheResult
  readonly aux: AuxResult
}

export type Side = 'Initiator' | 'Responder'

/** The IDs that `side` sends in its DHPart; random where there is no secret, so that nobody sees which there are. */
export function secretIds(
  hash: HashName,
  known: KnownSecrets,
  { side, h3 }: { readonly side: Side; readonly h3: Uint8Array },
  random: RandomPort,
): SecretIds {
  const { retained, aux } = known
  const idOf = (secret: Uint8Array | null | undefined, label: Uint8Array): Uint8Array =>
    secret ? shortMac(hash, secret, label) : random.bytes(shortMacBytes)
  const label = utf8(side)
  return {
    rs1: idOf(retained?.rs1, label),
    rs2: idOf(retained?.rs2, label),
    aux: idOf(aux, h3),
    pbx: random.bytes(shortMacBytes),
  }
}

/** Compares the IDs that `from` sent (with its H3) to our own secrets; the initiator's rs1 goes before its rs2 (§4.3). */
export function findCommon(
  hash: HashName,
  known: KnownSecrets,
  from: { readonly side: Side; readonly ids: SecretIds; readonly h3: Uint8Array },
): CommonSecrets {
  const { retained, aux } = known
  const s1 = retained && findRetained(hash, retained, from)
  const s2 = aux && equalBytes(shortMac(hash, aux, from.h3), from.ids.aux) ? aux : null
  return {
    s1,
    s2,
    cache: retained === null ? 'first-contact' : s1 === null ? 'mismatch' : 'match',
    aux: aux === null ? 'none' : s2 === null ? 'mismatch' : 'match',
  }
}

function findRetained(
  hash: HashName,
  { rs1, rs2 }: RetainedSecrets,
  { side, ids }: { readonly side: Side; readonly ids: SecretIds },
): Uint8Array | null {
  const label = utf8(side)
  const ours = rs2 === null ? [rs1] : [rs1, rs2]
  const isNamed = (secret: Uint8Array, id: Uint8Array): boolean => equalBytes(shortMac(hash, secret, label), id)
  // The initiator's order decides: its own list first where we are it, its IDs first where the peer is.
  if (side === 'Responder') return ours.find((secret) => isNamed(secret, ids.rs1) || isNamed(secret, ids.rs2)) ?? null
  return ours.find((secret) => isNamed(secret, ids.rs1)) ?? ours.find((secret) => isNamed(secret, ids.rs2)) ?? null
}

function shortMac(hash: HashName, secret: Uint8Array, text: Uint8Array): Uint8Array {
  return macOf(hash, secret, text).slice(0, shortMacBytes)
}
