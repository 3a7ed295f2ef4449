/** The rules of the device chain (`shared/identity`) with this process's cryptography. */
import * as rules from '#shared/identity/device-chain.ts'
import { readChain as readChainBy, type ChainReading } from '#shared/identity/read-chain.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { Result } from '#shared/result.ts'
import { nodeVerifier } from '#main/keys/verifier.ts'

export { applyVerifiedLink, deviceIdText, linkSignatureInput } from '#shared/identity/device-chain.ts'
export type { ChainState, LinkHash } from '#shared/identity/device-chain.ts'
export type { ChainReading } from '#shared/identity/read-chain.ts'

/** Device id of an Ed25519 key. */
export function deviceIdOf(ed25519: Uint8Array): Uint8Array {
  return rules.deviceIdOf(ed25519, nodeVerifier)
}

/** Hash of a link's body. */
export function linkHash(body: Uint8Array): rules.LinkHash {
  return rules.linkHash(body, nodeVerifier)
}

/** Checks one link against the state it wants to extend; `state` null = link 0 of `account`. */
export function verifyLink(
  state: rules.ChainState | null,
  bytes: Uint8Array,
  account: Aor,
): Result<rules.VerifiedLink, rules.LinkRefusal> {
  return rules.verifyLink(state, bytes, account, nodeVerifier)
}

/** Reads the chain that starts with link 0 `identity` out of links in any order; null without a valid link 0. */
export function readChain(
  links: readonly Uint8Array[],
  account: Aor,
  identity: rules.LinkHash,
  picked: ReadonlySet<rules.LinkHash> = new Set(),
): ChainReading | null {
  return readChainBy(links, { account, identity, picked, crypto: nodeVerifier })
}
