import type { LockReason, RungStates } from '#shared/model/views.ts'

/** The profile's keys as the program's phases see them; implemented by `main/keys`. */
export interface ProfileKeysPort {
  /** `absent` = new profile; `present` = can be opened; both without touching a secret. */
  state(): Promise<'absent' | 'present'>
  rungs(): Promise<RungStates>
  keychainAvailable(): Promise<boolean>
  /** Makes the database key and its first rungs; at least one is needed. */
  create(rungs: { readonly keychain: boolean; readonly passphrase: Uint8Array | null }): Promise<Uint8Array>
  /** Opens one rung. @throws SottoError `wrong-passphrase`, `wrong-paper-secret`, `keychain-failed`, … */
  open(rung: 'keychain' | 'passphrase' | 'paper-secret', secret: Uint8Array | null): Promise<Uint8Array>
  /** Forgets the key that was opened. */
  lock(): void
}

/** Everything that runs only while the history is open. */
export interface Session {
  hasAccounts(): boolean
  onAccountsChange(handler: () => void): () => void
  /** The history is gone until it is opened again; also raised for what happened before the handler came. */
  onLost(handler: () => void): void
  /** People talk, or are about to. */
  isBusy(): boolean
  /** Raised when a call ended or one began; returns the disposer. */
  onBusyChange(handler: () => void): () => void
  /** Ends workers and closes the database; after a `lock` what rings goes on ringing. */
  close(why: 'lock' | 'end'): Promise<void>
}

/** What the program does around a lock. */
export interface LockHooks {
  /** Nothing of the session is left: drop what pages and heaps still hold. */
  afterLock(reason: LockReason): Promise<void>
}

/** Opens the history with its key; the key buffer is wiped by whoever opened it. */
export type OpenSession<S extends Session> = (
  databaseKey: Uint8Array,
  /** Hears how far bringing an older history up to date is: 0 to 1. */
  upgrading: (share: number) => void,
) => Promise<S>

/** What the program says about itself. */
export interface ProgramFacts {
  readonly version: string
  readonly profile: string
  readonly host: 'electron' | 'chromium'
  readonly sandboxed: boolean
}
