/** What Sotto holds, in counts and bytes: what the page "Your data" shows. */
import type { Aor, ConversationId } from './ids.ts'

/** What a part of the history is about. */
export const holdingKinds = [
  'messages',
  'changes',
  'calls',
  'files',
  'contacts',
  'savedSearches',
  'unknown',
  'drafts',
  'unsent',
  'callSecrets',
  'callMemory',
  'replica',
  'settings',
] as const
export type HoldingKind = (typeof holdingKinds)[number]

/** How many, and how much of their content; bytes never count indexes and free space of the database. */
export interface Amount {
  readonly count: number
  readonly bytes: number
}

export interface ConversationHolding extends Amount {
  readonly id: ConversationId
  readonly account: Aor
  readonly peer: Aor
  /** Empty where neither the user nor the peer gave one. */
  readonly name: string
  readonly messages: number
  readonly calls: number
  readonly files: number
  /** Bytes of the attachments, which are no part of `bytes`. */
  readonly fileBytes: number
}

export interface AccountHolding extends Amount {
  readonly account: Aor
  readonly conversations: number
}

/** What the database holds, counted row by row. */
export interface HistoryHoldings {
  readonly kinds: Readonly<Record<HoldingKind, Amount>>
  readonly accounts: readonly AccountHolding[]
  /** The largest first. */
  readonly conversations: readonly ConversationHolding[]
}

/** What a file of the profile is for. */
export const fileUses = ['history', 'keys', 'keychain', 'attachments', 'log', 'lock', 'other'] as const
export type FileUse = (typeof fileUses)[number]

/** What lies on disk, as a look at the folder found it. */
export interface DiskHoldings {
  readonly folder: string
  readonly uses: Readonly<Record<FileUse, Amount>>
  /** The home server of this computer, which all profiles of its user share; null where there is none. */
  readonly homeServer: Amount | null
}

export interface HoldingsView {
  readonly profile: string
  readonly history: HistoryHoldings
  readonly disk: DiskHoldings
}

/** What the server of an account says it holds; `foreign` = a server that has no such list. */
export type ServerHoldings =
  | { readonly kind: 'foreign'; readonly server: string }
  | {
      readonly kind: 'home'
      readonly server: string
      readonly createdDay: string
      readonly devices: number
      readonly mailbox: Amount
      readonly sentWaiting: Amount
      readonly bindings: number
      readonly echoDevices: number
    }

/** After erasing an account: what a new look found. */
export interface AccountLeft {
  /** What the server counted afterwards; null when it was not asked to erase anything. */
  readonly server: number | null
  /** Rows of the history about the account. */
  readonly here: number
}

/** After erasing everything: what a new look at the folder found. */
export interface ErasedView {
  /** Finished only now, because the program ended in the middle of it. */
  readonly resumed: boolean
  readonly disk: DiskHoldings
  /** The files that are left, by name; at most 20. */
  readonly left: readonly string[]
}

/** The kinds of `of`, each with nothing. */
export function noAmounts<K extends string>(of: readonly K[]): Record<K, Amount> {
  return Object.fromEntries(of.map((kind) => [kind, { count: 0, bytes: 0 }])) as Record<K, Amount>
}

/** Two amounts together. */
export function sumOf(a: Amount, b: Amount): Amount {
  return { count: a.count + b.count, bytes: a.bytes + b.bytes }
}
