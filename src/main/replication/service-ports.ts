/** What the replication of an account needs of the rest of main; `compose` hands it in. */
import type { ChainChange, DeviceChainPort, OwnDevice, PaperInUse } from '#shared/identity/chain-ports.ts'
import type { ChainBranch } from '#shared/identity/chain-branches.ts'
import type { ChainState } from '#shared/identity/device-chain.ts'
import type { DeviceOffer, LinkSignature } from '#shared/model/device-link.ts'
import type { AccountId, Aor, DeviceId } from '#shared/model/ids.ts'
import type { OpeningSecret, ReplicaAddress, SignInSecrets } from './client-ports.ts'

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
  bodyToAdd(account: Aor, device: DeviceOffer): Promise<Uint8Array>
  /** The link with the new device's signature and this one's. */
  signWith(account: Aor, body: Uint8Array, other: LinkSignature): Promise<Uint8Array>
  /** New keys for this device, and the link, signed by both, that makes them count. The seeds are the caller's to wipe. */
  prepareRejoin(account: Aor): Promise<{ readonly link: Uint8Array; readonly seeds: DeviceSeedsInUse }>
  keepNewKeys(account: Aor, seeds: DeviceSeedsInUse): Promise<void>
}

/** The same where the paper secret adds this device to an account that no device here has. */
export interface RestoringChainPort extends Pick<ReplicaChainPort, 'learn' | 'sign'> {
  /** Fresh keys, the caller's to wipe. */
  newDevice(): { readonly seeds: DeviceSeedsInUse; readonly device: OwnDevice }
  /** The `add` link behind this state, signed by both. */
  addedByPaper(
    state: ChainState,
    device: OwnDevice,
    by: { readonly paper: PaperInUse; readonly namesKey: Uint8Array },
  ): Uint8Array
  /** The link at the end of a branch of a forked chain that says that it counts. */
  pickedByPaper(branch: ChainBranch, paper: PaperInUse): Uint8Array
  /** Makes this a device of the account; `identity` is the hash of link 0, base64url. */
  join(
    account: Aor,
    joined: {
      readonly identity: string
      readonly links: readonly Uint8Array[]
      readonly seeds: DeviceSeedsInUse
      /** Opens the names of devices in the chain. */
      readonly namesKey: Uint8Array
    },
  ): Promise<void>
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

/** False where the server has no ear for devices of the account. */
export type GiveSignIn = (secrets: SignInSecrets) => Promise<boolean>

/** SIP passwords of accounts at servers that let an account change its own. */
export interface AccountPasswordPort {
  /** Epoch that the password in use goes with, 0 = none; null where the server has no such way. */
  epochOf(account: Aor): number | null
  /** Whether this device signs in with it. */
  isInUse(account: Aor, password: Uint8Array): boolean
  /**
   * Makes it the only one that signs in, also where it is already, and keeps it: on this device's word (`give`), or where that server hears no devices, by the
   * password in use. @throws SottoError as the server refuses.
   */
  change(account: Aor, next: { readonly password: Uint8Array; readonly epoch: number }, give: GiveSignIn): Promise<void>
}

/** Settings in the encrypted history. */
export interface ReplicaSettingsPort {
  setting(key: string): Promise<string | null>
  setSetting(key: string, valueJson: string | null): Promise<void>
}

/** When faults of an account were found, which outlives the program. */
export interface FaultNotesPort {
  /** Those that are not known yet were found `at`, ms since 1970. Durable when it resolves. */
  noteFound(keys: readonly string[], at: number): Promise<void>
}
