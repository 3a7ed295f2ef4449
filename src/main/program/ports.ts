/** The profile's keys as the program's phases see them; implemented by `main/keys`. */
export interface ProfileKeysPort {
  /** `absent` = new profile; `present` = can be opened; both without touching a secret. */
  state(): Promise<'absent' | 'present'>
  rungs(): Promise<{ readonly keychain: boolean; readonly passphrase: boolean; readonly paperSecret: boolean }>
  keychainAvailable(): Promise<boolean>
  /** Makes the database key and its first rungs; at least one is needed. */
  create(rungs: { readonly keychain: boolean; readonly passphrase: Uint8Array | null }): Promise<Uint8Array>
  /** Opens one rung. @throws SottoError `wrong-passphrase`, `wrong-paper-secret`, `keychain-failed`, … */
  open(rung: 'keychain' | 'passphrase' | 'paper-secret', secret: Uint8Array | null): Promise<Uint8Array>
}

/** Everything that runs only while the history is open. */
export interface Session {
  hasAccounts(): boolean
  onAccountsChange(handler: () => void): () => void
  /** The history is gone until it is opened again; also raised for what happened before the handler came. */
  onLost(handler: () => void): void
  /** Ends workers and closes the database. */
  close(): Promise<void>
}

/** Opens the history with its key; the key buffer is wiped by whoever opened it. */
export type OpenSession<S extends Session> = (databaseKey: Uint8Array) => Promise<S>

/** What the program says about itself. */
export interface ProgramFacts {
  readonly version: string
  readonly profile: string
  readonly host: 'electron' | 'chromium'
  readonly sandboxed: boolean
}
