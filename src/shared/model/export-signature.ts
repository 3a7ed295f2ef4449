/** How a device vouches for an export: an Ed25519 signature over the hash of its manifest, with the chain that makes it the account's. */
import { concatBytes, utf8 } from '../bytes/bytes.ts'
import type { Aor, DeviceId } from './ids.ts'

/** One account's device vouches for a manifest. */
export interface ManifestSignature {
  readonly account: Aor
  readonly device: DeviceId
  /** Links of the account's device chain. */
  readonly chain: readonly Uint8Array[]
  readonly signature: Uint8Array
}

/**
 * What a signature is worth here: `own` = by a device of the identity this profile has for the account, `foreign` = by the
 * device it names, which nobody here knows, `invalid` = by nobody.
 */
export type SignatureWorth = 'own' | 'foreign' | 'invalid'

/** The bytes a signature covers: a label, the account, and the manifest's SHA-256. */
export function exportSignatureInput(account: Aor, manifestSha256: Uint8Array): Uint8Array {
  return concatBytes(utf8(`sotto/v1/export\0${account}\0`), manifestSha256)
}
