/** What heads that devices send each other directly need of the rest of replication. */
import type { Place } from '#shared/replication/head.ts'

/** Seals with the key of the newest epoch and opens with any; the keys stay behind it. */
export interface HeadsSealing {
  /** Number of the epoch that is written with now. */
  readonly epoch: number
  sealHeads(front: Uint8Array, content: Uint8Array): Uint8Array
  /** Null: it does not open. `no-key`: the key of that epoch is not here, or not yet. */
  openHeads(epoch: number, front: Uint8Array, sealed: Uint8Array): Uint8Array | null | 'no-key'
}

/** The devices of an account, as their chain says now. */
export interface HeadsDevices {
  readonly own: Uint8Array
  /** Ed25519 key of a device that was not removed, or null. */
  keyOf(device: Uint8Array): Uint8Array | null
  /** Whether the chain has it, removed or not. */
  isListed(device: Uint8Array): boolean
  /** The last envelope of a device that counts; null = all of them. */
  countsUntil(device: Uint8Array): number | null
  /** Whether the chain has a link with this hash, base64url. */
  hasLink(hash: string): boolean
  /** Number of the newest epoch. */
  epoch(): number
}

/** What another device said directly of how far somebody has written, and no server can take back. */
export interface HeardClaim {
  readonly place: Place
  /** A server had time enough to bring it. */
  readonly isDue: boolean
}

/** A link of the device chain, or a new epoch, that another device has. */
export interface HeardTip {
  readonly name: string
  readonly device: Uint8Array
  /** How many links its chain has, or the number of its epoch. */
  readonly seq: number
  readonly isDue: boolean
}

/** By device id, base64url. */
export interface HeardNotes {
  /** Time of the newest heads of each device, this one too, ms. */
  readonly heard: Readonly<Record<string, number>>
  /** Of the newest ones that this history has everything of, ms. */
  readonly confirmed: Readonly<Record<string, number>>
}

/** Notes of one account that outlive the program. */
export interface HeardNotesPort {
  known(): HeardNotes
  /** Durable when it resolves. */
  keep(notes: HeardNotes): Promise<void>
}

/** The running replication of an account, as whoever carries heads sees it. */
export interface HeadsPort {
  /** What is to be sent now; null = not yet. */
  write(): Uint8Array | null
  /** A message of that type came, from whomever. `returned`: its sender was away, and should hear how far this device is; chain or key may have to come first. */
  hear(bytes: Uint8Array, returned: () => void): void
}
