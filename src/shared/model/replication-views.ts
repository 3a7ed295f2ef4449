/** What the screen shows of replication: whether, where, how far, which devices, and what a server did that it should not. */
import type { ErrorCode } from '../errors.ts'
import type { AccountId, DeviceId } from './ids.ts'

/**
 * `off`: nothing leaves this device. `joining`: the server knows this device not yet, or not any more. `working`: something is being pushed or read.
 * `current`: everything was exchanged. `offline`: tried again by itself, `error` says why. `paused`: the user stopped a long run.
 * `stopped`: only the user can go on, `error` or a fault says why.
 */
export type ReplicationState = 'off' | 'joining' | 'working' | 'current' | 'offline' | 'paused' | 'stopped'

/** One device of an account, as its device chain says. */
export interface ReplicaDeviceView {
  readonly id: DeviceId
  readonly name: string
  /** This one. */
  readonly own: boolean
  /** By the clock of whoever added it, ms. */
  readonly addedAt: number
  /** Null while it is valid. */
  readonly revokedAt: number | null
  /** When the newest thing that it said and that was read here was said, ms; null = nothing yet. */
  readonly lastSeenAt: number | null
}

/** Something a server or a device did that no honest one does. `key` names it for {@link ReplicationView}'s list. */
export interface ReplicaFaultView {
  readonly key: string
  readonly kind:
    'forged' | 'forked' | 'withheld' | 'body-withheld' | 'rolled-back' | 'ahead' | 'chain-withheld' | 'chain-forked'
  /** Whose history it is about; null where it is about the account's. */
  readonly device: DeviceId | null
  /** When it was found, ms. */
  readonly foundAt: number
  /** How many entries it is about; null where that has no meaning. */
  readonly entries: number | null
}

/** A change to the list of devices, on one branch of a forked chain. */
export interface ChainChangeView {
  readonly kind: 'genesis' | 'add' | 'revoke' | 'rename' | 'epoch' | 'pick'
  /** Whom it is about, under the name before; empty where it is about nobody. */
  readonly device: string
  /** Of a rename. */
  readonly newName: string | null
  /** Name of the device that signed; null = the paper secret. */
  readonly by: string | null
  /** By the signer's clock, ms. */
  readonly at: number
}

/** One way in which a forked list of devices may go on. */
export interface ChainBranchView {
  /** Names it, for picking. */
  readonly key: string
  /** Oldest first. */
  readonly changes: readonly ChainChangeView[]
  /** Names of the devices that are valid at its end. */
  readonly devices: readonly string[]
  /** This device is one of them. */
  readonly hasOwn: boolean
  /** This device's word settles it; else the paper secret is needed. */
  readonly mayPick: boolean
}

/** What became of restoring: `forked`: the list of devices is in two versions, and nothing was changed. */
export type RestoreAnswer =
  | { readonly kind: 'restored'; readonly accountId: AccountId }
  | { readonly kind: 'forked'; readonly branches: readonly ChainBranchView[] }

export interface ReplicationView {
  readonly accountId: AccountId
  readonly state: ReplicationState
  /** `host:port` of the replica, or what would be used; null = the user has to say where. */
  readonly server: string | null
  /** Why it does not go on. */
  readonly error: ErrorCode | null
  /** Of a long run; `total` null = not known yet. */
  readonly progress: { readonly doing: 'preparing' | 'pushing' | 'reading'; done: number; total: number | null } | null
  /** Entries of this device that no server has confirmed. */
  readonly waiting: number
  /** Everything up to here is on this device, ms; null = not known. */
  readonly completeUpTo: number | null
  /** Who said so last: another device of the person; null = only the server. */
  readonly confirmedBy: { readonly device: DeviceId; readonly name: string; readonly at: number } | null
  /** When the server was last heard of, ms. */
  readonly lastContactAt: number | null
  /** Entries that are here but cannot be opened yet. */
  readonly unopened: number
  /** A removed device can still sign in at the SIP server: it has not taken the new password yet. */
  readonly isPasswordDue: boolean
  /** Somebody without a device of the account asked that the server erases all of it, ms by its clock; null = nobody did. */
  readonly erasure: { readonly askedAt: number; readonly dueAt: number } | null
  /** The server has no room for files of this account any more: they stay on the device that has them. */
  readonly isFullOfFiles: boolean
  readonly faults: readonly ReplicaFaultView[]
  /** Of a forked list of devices, the ways it may go on; empty otherwise. */
  readonly branches: readonly ChainBranchView[]
  /** Devices of ways that were not picked: they do not count. */
  readonly aside: readonly { readonly id: DeviceId; readonly name: string; readonly addedAt: number }[]
  /** Valid ones first, oldest first. */
  readonly devices: readonly ReplicaDeviceView[]
}

/**
 * How it stands with erasing what a server holds, on the word of the account's password: `none`: it holds nothing. `sealed`: it holds what other devices
 * sealed, and nobody asked. `asked`: all is erased at `dueAt`. `kept`: a device said at `keptAt` that it stays. Times are the server's, ms.
 */
export type ErasureView =
  | { readonly state: 'none' | 'sealed' }
  | { readonly state: 'asked'; readonly askedAt: number; readonly dueAt: number }
  | { readonly state: 'kept'; readonly keptAt: number }

/** What the server said just now that it holds of an account. */
export interface ServerCopyView {
  readonly server: string
  readonly batches: number
  readonly bytes: number
  /** ISO day; null without anything. */
  readonly oldestDay: string | null
  /** When it was asked, ms. */
  readonly at: number
}
