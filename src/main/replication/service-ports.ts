/** What the replication of an account needs of the rest of main; `compose` hands it in. */
import type { ChainChange, DeviceChainPort } from '#shared/identity/chain-ports.ts'
import type { DeviceKeys, LinkSignature } from '#shared/model/device-link.ts'
import type { AccountId, Aor, DeviceId } from '#shared/model/ids.ts'
import type { OpeningSecret, ReplicaAddress } from './client-ports.ts'

/** The device chains of this profile, and links signed by this device. */
export interface ReplicaChainPort extends DeviceChainPort {
  /** A link behind the head that is known here; nobody has it yet. @throws SottoError `devices-forked`. */
  sign(account: Aor, change: ChainChange): Promise<Uint8Array>
}

/** Secrets inside the encrypted history; what comes out is the caller's to wipe. */
export interface ReplicaSecretsPort {
  secret(name: string): Promise<Uint8Array | null>
  setSecret(name: string, value: Uint8Array | null): Promise<void>
}

/** The same where the person settles a fork. */
export interface PickingChainPort {
  /**
   * A link at the end of a branch, named by its last link, that says it counts; `words` = the paper secret as typed, null = by this
   * device. @throws SottoError `not-found`, `wrong-paper-secret`, `fork-needs-paper`.
   */
  signPick(account: Aor, branch: string, words: Uint8Array | null): Promise<Uint8Array>
}

/** The same where devices are added that have to sign for themselves. */
export interface JoiningChainPort extends ReplicaChainPort {
  /** Body of an `add` link behind the head that is known here. @throws SottoError `devices-forked`. */
  bodyToAdd(account: Aor, device: DeviceKeys): Promise<Uint8Array>
  /** The link with the new device's signature and this one's. */
  signWith(account: Aor, body: Uint8Array, other: LinkSignature): Promise<Uint8Array>
  /** New keys for this device, and the link, signed by both, that makes them count. The seeds are the caller's to wipe. */
  prepareRejoin(account: Aor): Promise<{ readonly link: Uint8Array; readonly seeds: DeviceSeedsInUse }>
  keepNewKeys(account: Aor, seeds: DeviceSeedsInUse): Promise<void>
}

/** Secret halves of a device. */
export interface DeviceSeedsInUse {
  readonly ed25519: Uint8Array
  readonly x25519: Uint8Array
  readonly omemo: Uint8Array
}

/** An account of this profile as replication sees it. */
export interface ReplicaAccount {
  readonly id: AccountId
  readonly aor: Aor
  readonly deviceId: DeviceId | null
  /** The replica of its own server, as far as it can be told from the account; null = the user has to say. */
  server(): ReplicaAddress | null
  /** What opens the account at a replica that has no chain of it; null = nothing that is kept here. */
  opening(): OpeningSecret | null
}

export interface ReplicaAccountsPort {
  list(): readonly ReplicaAccount[]
}

/** SIP passwords of accounts at servers that let an account change its own. */
export interface AccountPasswordPort {
  /** Epoch that the password in use goes with, 0 = none; null where the server has no such way. */
  epochOf(account: Aor): number | null
  /** Makes it the only one that signs in, also where it is already, and keeps it. @throws SottoError as the server refuses. */
  change(account: Aor, password: Uint8Array, epoch: number): Promise<void>
}

/** Settings in the encrypted history. */
export interface ReplicaSettingsPort {
  setting(key: string): Promise<string | null>
  setSetting(key: string, valueJson: string | null): Promise<void>
}
