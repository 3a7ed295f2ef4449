/** What the screen shows while a device is linked to an account that another one has already. */
import type { ErrorCode } from '../errors.ts'
import type { AccountId, Aor } from './ids.ts'

/** On the device that is to be linked. */
export interface NewDeviceLinking {
  readonly side: 'new'
  readonly account: Aor
  /** `connecting` to the server, `showing` code and picture, `checking` what the other one asks, `receiving` account and keys, then the end. */
  readonly state: 'connecting' | 'showing' | 'checking' | 'receiving' | 'done' | 'failed'
  /** What the picture says; null until there is something to show. */
  readonly qr: string | null
  /** Eight digits. */
  readonly code: string | null
  /** After this neither works any more, ms. */
  readonly expiresAt: number | null
  readonly error: ErrorCode | null
  /** With `done`. */
  readonly accountId: AccountId | null
}

/** On the device that links another one. */
export interface OldDeviceLinking {
  readonly side: 'old'
  readonly accountId: AccountId
  /** `looking` for the other device, `asking` the user, `handing-over`, then the end. */
  readonly state: 'looking' | 'asking' | 'handing-over' | 'done' | 'failed'
  /** What the other device calls itself; null until it is found. */
  readonly device: string | null
  readonly error: ErrorCode | null
}

export type LinkingView = NewDeviceLinking | OldDeviceLinking

/** The whole history on its way between two devices of an account. */
export interface HistoryTransferView {
  readonly accountId: AccountId
  readonly doing: 'giving' | 'taking'
  /** Name of the other device. */
  readonly device: string
  readonly done: number
  /** Entries; null = not known yet. */
  readonly total: number | null
  /** Why it waits: it goes on by itself once both are there. */
  readonly error: ErrorCode | null
}
