import { spawn } from 'node:child_process'
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { sessionBusAddress } from '../dbus/connection.ts'

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
  lookup(): Promise<string | null | undefined>
  /** Whether it was stored. */
  store(secret: string): Promise<boolean>
}

interface Outcome {
  readonly status: number | null
  readonly output: string
  readonly errors: string
}

/** Runs libsecret's own tool; a secret goes in by its standard input, never as an argument. */
function runSecretTool(args: readonly string[], input = ''): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn('secret-tool', args, { timeout: promptTimeoutMs })
    let [output, errors] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    child.once('error', () => resolve({ status: null, output: '', errors: 'secret-tool is missing' }))
    child.once('close', (status) => resolve({ status, output, errors }))
  })
}

/** The Secret Service (GNOME Keyring, KWallet, KeePassXC …). */
export function secretServiceKeyring(appName: () => string): KeyringPort {
  const attributes = (): string[] => ['application', appName(), 'purpose', 'safe-storage']
  return {
    lookup: async () => {
      if (process.platform !== 'linux' || sessionBusAddress() === null) return undefined
      const { status, output, errors } = await runSecretTool(['lookup', ...attributes()])
      if (status === 0 && output !== '') return output.trim()
      // "Not found" is silent; any word means that nobody answers or the person refused.
      return status === 1 && errors === '' ? null : undefined
    },
    store: async (secret) => {
      const label = `--label=${appName()} safe storage`
      return (await runSecretTool(['store', label, ...attributes()], secret)).status === 0
    },
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
  #finding: Promise<Buffer | null> | null = null

  constructor(keyring: KeyringPort) {
    this.#keyring = keyring
  }

  /** Asks the keyring, which may ask the person. */
  async isAsyncEncryptionAvailable(): Promise<boolean> {
    return (await this.#find()) !== null
  }

  /** Whether the keyring has answered already; asks nobody. */
  isEncryptionAvailable(): boolean {
    return this.#key !== null
  }

  /** True once the keyring has answered; see {@link isAsyncEncryptionAvailable}. */
  getSelectedStorageBackend(): 'gnome_libsecret' | 'basic_text' {
    return this.#key === null ? 'basic_text' : 'gnome_libsecret'
  }

  #find(): Promise<Buffer | null> {
    if (this.#key !== null) return Promise.resolve(this.#key)
    this.#finding ??= this.#findKey().finally(() => (this.#finding = null))
    return this.#finding
  }

  /** Stores a new key if the keyring has none, and takes it only as it is read back. */
  async #findKey(): Promise<Buffer | null> {
    let found = await this.#keyring.lookup()
    if (found === undefined) return null
    if (found === null) {
      if (!(await this.#keyring.store(randomBytes(keyBytes).toString('base64')))) return null
      found = await this.#keyring.lookup()
    }
    this.#key = typeof found === 'string' ? parseKey(found) : null
    return this.#key
  }

  #requireKey(): Buffer {
    if (this.#key === null) throw new Error('Encryption is not available: no keyring answers.')
    return this.#key
  }

  /** @throws Error if no keyring has answered. */
  encryptString(plainText: string): Buffer {
    const iv = randomBytes(ivBytes)
    const cipher = createCipheriv('aes-256-gcm', this.#requireKey(), iv)
    cipher.setAAD(magic)
    return Buffer.concat([magic, iv, cipher.update(plainText, 'utf8'), cipher.final(), cipher.getAuthTag()])
  }

  /** @throws Error if no keyring has answered, or the bytes are not what this keyring's key sealed. */
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

  async encryptStringAsync(plainText: string): Promise<Buffer> {
    await this.#find()
    return this.encryptString(plainText)
  }

  async decryptStringAsync(encrypted: Buffer): Promise<{ result: string; shouldReEncrypt: boolean }> {
    await this.#find()
    return { result: this.decryptString(encrypted), shouldReEncrypt: false }
  }

  /** Plain text is never called encryption here, so there is nothing to switch. */
  setUsePlainTextEncryption(): void {
    return
  }
}
