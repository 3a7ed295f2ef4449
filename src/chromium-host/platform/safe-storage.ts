import { spawnSync } from 'node:child_process'
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** Marks what we sealed, so that Electron's own format is never mistaken for it. */
const magic = Buffer.from('sotto-ss1')
const ivBytes = 12
const tagBytes = 16
const keyBytes = 32
/** A person may have to type the keyring's password first. */
const promptTimeoutMs = 120_000

/** Where the key rests: the desktop's keyring. */
export interface KeyringPort {
  /** The stored secret, null if there is none; undefined if no keyring answers. */
  lookup(): string | null | undefined
  /** Whether it was stored. */
  store(secret: string): boolean
}

/** The Secret Service (GNOME Keyring, KWallet, KeePassXC …) through libsecret's own tool. */
export function secretServiceKeyring(appName: () => string): KeyringPort {
  const attributes = (): string[] => ['application', appName(), 'purpose', 'safe-storage']
  const run = (args: string[], input?: string) =>
    spawnSync('secret-tool', args, {
      encoding: 'utf8',
      timeout: promptTimeoutMs,
      ...(input !== undefined && { input }),
    })
  return {
    lookup: () => {
      if (process.platform !== 'linux' || process.env.DBUS_SESSION_BUS_ADDRESS === undefined) return undefined
      const { status, stdout, stderr } = run(['lookup', ...attributes()])
      if (status === 0 && stdout !== '') return stdout.trim()
      // "Not found" is silent; any word means that nobody answers or the person refused.
      return status === 1 && stderr === '' ? null : undefined
    },
    store: (secret) => run(['store', `--label=${appName()} safe storage`, ...attributes()], secret).status === 0,
  }
}

function parseKey(text: string): Buffer | null {
  const key = Buffer.from(text, 'base64')
  return key.length === keyBytes ? key : null
}

/**
 * `electron.safeStorage` with a random key that only the desktop's keyring holds. Without one nothing is encrypted: a key
 * in a file beside the data would only look secure.
 */
export class SafeStorage {
  readonly #keyring: KeyringPort
  #key: Buffer | null = null

  constructor(keyring: KeyringPort) {
    this.#keyring = keyring
  }

  isEncryptionAvailable(): boolean {
    this.#key ??= this.#findKey()
    return this.#key !== null
  }

  isAsyncEncryptionAvailable(): Promise<boolean> {
    return Promise.resolve(this.isEncryptionAvailable())
  }

  getSelectedStorageBackend(): 'gnome_libsecret' | 'basic_text' {
    return this.isEncryptionAvailable() ? 'gnome_libsecret' : 'basic_text'
  }

  /** Stores a new key if the keyring has none, and takes it only as it is read back. */
  #findKey(): Buffer | null {
    const found = this.#keyring.lookup()
    if (found === undefined) return null
    if (found !== null) return parseKey(found)
    if (!this.#keyring.store(randomBytes(keyBytes).toString('base64'))) return null
    const stored = this.#keyring.lookup()
    return typeof stored === 'string' ? parseKey(stored) : null
  }

  #requireKey(): Buffer {
    this.#key ??= this.#findKey()
    if (this.#key === null) throw new Error('Encryption is not available: no keyring answers.')
    return this.#key
  }

  /** @throws Error if no keyring answers. */
  encryptString(plainText: string): Buffer {
    const iv = randomBytes(ivBytes)
    const cipher = createCipheriv('aes-256-gcm', this.#requireKey(), iv)
    cipher.setAAD(magic)
    return Buffer.concat([magic, iv, cipher.update(plainText, 'utf8'), cipher.final(), cipher.getAuthTag()])
  }

  /** @throws Error if no keyring answers, or the bytes are not what this keyring's key sealed. */
  decryptString(encrypted: Buffer): string {
    const start = magic.length + ivBytes
    const tagAt = encrypted.length - tagBytes
    if (tagAt < start || !encrypted.subarray(0, magic.length).equals(magic))
      throw new Error('Error while decrypting the ciphertext.')
    const decipher = createDecipheriv('aes-256-gcm', this.#requireKey(), encrypted.subarray(magic.length, start))
    decipher.setAAD(magic)
    decipher.setAuthTag(encrypted.subarray(tagAt))
    return Buffer.concat([decipher.update(encrypted.subarray(start, tagAt)), decipher.final()]).toString('utf8')
  }

  encryptStringAsync(plainText: string): Promise<Buffer> {
    return Promise.resolve(this.encryptString(plainText))
  }

  decryptStringAsync(encrypted: Buffer): Promise<{ result: string; shouldReEncrypt: boolean }> {
    return Promise.resolve({ result: this.decryptString(encrypted), shouldReEncrypt: false })
  }

  /** Plain text is never called encryption here, so there is nothing to switch. */
  setUsePlainTextEncryption(): void {
    return
  }
}
