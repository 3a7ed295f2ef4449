/** The operating system's keychain; the implementation refuses backends that keep the key in a plain file. */
export interface KeychainPort {
  available(): Promise<boolean>
  /** @throws SottoError `keychain-unavailable`, `keychain-failed`. */
  store(name: string, secret: Uint8Array): Promise<void>
  /** Null when nothing is stored under this name. @throws SottoError `keychain-failed`. */
  load(name: string): Promise<Uint8Array | null>
  remove(name: string): Promise<void>
}

/** For machines without a keychain. */
export const noKeychain: KeychainPort = {
  available: () => Promise.resolve(false),
  store: () => Promise.resolve(),
  load: () => Promise.resolve(null),
  remove: () => Promise.resolve(),
}
