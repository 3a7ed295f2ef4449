/**
 * What calls keep beside the entries: never in an entry, so never on another device nor in an export, and gone with the
 * account. ZIDs are 12 bytes (RFC 6189 §4.9), retained secrets 32 (§4.3).
 */
import type { Aor } from '#shared/model/ids.ts'

/** Keys that a call with somebody used, as far as they were agreed on. */
export type RememberedKeys = 'zrtp' | 'dtls' | 'sdes'

export interface CallMemory {
  readonly keys: RememberedKeys
  /** When this was last found out, ms. */
  readonly learnedAt: number
}

/** Two devices, ours and the one of the address `peer`. */
export interface ZrtpPair {
  readonly ownZid: Uint8Array
  readonly peerZid: Uint8Array
  /** The address the device was reached under: what was compared with one person says nothing about another. */
  readonly peer: Aor
}

/** What is known of a pair of devices. */
export interface KeptZrtpPeer {
  /** Null where the secrets have expired. */
  readonly rs1: Uint8Array | null
  readonly rs2: Uint8Array | null
  /** The user compared, for this address and with this line of secrets. */
  readonly verified: boolean
  /** The name the user gave the device; empty where none. */
  readonly name: string
}

export interface ZrtpSecretsToKeep extends ZrtpPair {
  readonly account: Aor
  readonly rs1: Uint8Array
  readonly rs2: Uint8Array | null
  /** When the secrets end (RFC 6189 §4.9), ms; null = never. */
  readonly expiresAt: number | null
  /** Absent = as it was, for secrets that grew out of the kept ones; false where there were none. */
  readonly verified?: boolean
}

/** Rejects with SottoError as `commit` does, with `not-found` for an account or a ZID of ours that is not there (any more). */
export interface CallKeysWriterPort {
  /** The ZID of this device for an account: made once, durable before it is returned. */
  zrtpZid(account: Aor): Promise<Uint8Array>
  /** Replaces both secrets of the pair; durable before it resolves. */
  keepZrtpSecrets(secrets: ZrtpSecretsToKeep): Promise<void>
  /** What the user found when comparing; does nothing to a pair that is not kept under this address. */
  setZrtpVerified(found: ZrtpPair & { readonly verified: boolean; readonly name: string }): Promise<void>
  /** What last worked with this contact's device; null forgets it, `as-before` makes what is there count as learned now. */
  rememberCallKeys(memory: {
    readonly account: Aor
    readonly peer: Aor
    readonly keys: RememberedKeys | 'as-before' | null
  }): Promise<void>
}

/** A device of a contact, as the user may see it. */
export interface KnownZrtpDevice {
  readonly peerZid: Uint8Array
  readonly verified: boolean
  readonly name: string
  /** When its secrets were last renewed, ms: the last call with it. */
  readonly updatedAt: number
}

export interface CallKeysReaderPort {
  /** `now` in ms; null for a pair that was never kept. */
  zrtpPeer(pair: ZrtpPair & { readonly now: number }): Promise<KeptZrtpPeer | null>
  /** Whether the user ever compared with a device of this contact, also where its secrets have expired. */
  zrtpVerifiedWith(account: Aor, peer: Aor): Promise<boolean>
  /** Every device of this contact that is kept, the last one called first. */
  zrtpDevices(account: Aor, peer: Aor): Promise<readonly KnownZrtpDevice[]>
  /** Contacts that have such devices. */
  zrtpContacts(account: Aor): Promise<readonly Aor[]>
  /** Null where nothing was ever learned. */
  callMemory(account: Aor, peer: Aor): Promise<CallMemory | null>
}
