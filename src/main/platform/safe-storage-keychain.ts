import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { safeStorage } from 'electron'
import { wipe } from '#shared/bytes/bytes.ts'
import { secretOf } from '#shared/bytes/secret.ts'
import { SottoError } from '#shared/errors.ts'

/** Backends that keep the key beside the data: calling them secure would be a lie. */
const weakBackends = new Set(['basic_text', 'unknown'])

async function isTrustworthy(): Promise<boolean> {
  if (!(await safeStorage.isAsyncEncryptionAvailable())) return false
  return process.platform !== 'linux' || !weakBackends.has(safeStorage.getSelectedStorageBackend())
}

/**
 * Secrets sealed by the operating system's keychain (design: key ladder). The sealed bytes lie in `folder`; the key that
 * opens them is the keychain's.
 */
export class SafeStorageKeychain {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  available(): Promise<boolean> {
    return isTrustworthy()
  }

  /** @throws SottoError `keychain-unavailable`, `keychain-failed`. */
  async store(name: string, secret: Uint8Array): Promise<void> {
    if (!(await isTrustworthy())) throw new SottoError('keychain-unavailable')
    try {
      // A view: a copy would stay behind in Node's pool of small buffers.
      const view = Buffer.from(secret.buffer, secret.byteOffset, secret.length)
      const sealed = await safeStorage.encryptStringAsync(view.toString('base64'))
      const file = this.#fileOf(name)
      await writeFile(`${file}.new`, sealed, { mode: 0o600, flush: true })
      await rename(`${file}.new`, file)
    } catch (cause) {
      throw new SottoError('keychain-failed', {}, cause)
    }
  }

  /** Null when nothing was stored under this name. @throws SottoError `keychain-failed`. */
  async load(name: string): Promise<Uint8Array | null> {
    const sealed = await readFile(this.#fileOf(name)).catch(() => null)
    if (sealed === null) return null
    try {
      const { result } = await safeStorage.decryptStringAsync(sealed)
      const bytes = Buffer.from(result, 'base64')
      const secret = secretOf(bytes)
      wipe(bytes)
      return secret
    } catch (cause) {
      throw new SottoError('keychain-failed', {}, cause)
    }
  }

  async remove(name: string): Promise<void> {
    await rm(this.#fileOf(name), { force: true })
  }

  #fileOf(name: string): string {
    return path.join(this.#folder, `keychain-${name.replace(/[^a-z0-9-]/gi, '_')}.sealed`)
  }
}
