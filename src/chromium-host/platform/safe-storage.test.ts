import { describe, expect, it } from 'vitest'
import { type KeyringPort, SafeStorage } from './safe-storage.ts'

class FakeKeyring implements KeyringPort {
  secret: string | null
  readonly #answers: boolean
  readonly #keeps: boolean

  constructor({
    secret = null,
    answers = true,
    keeps = true,
  }: {
    secret?: string | null
    answers?: boolean
    keeps?: boolean
  }) {
    this.secret = secret
    this.#answers = answers
    this.#keeps = keeps
  }

  lookup(): Promise<string | null | undefined> {
    return Promise.resolve(this.#answers ? this.secret : undefined)
  }

  store(secret: string): Promise<boolean> {
    if (this.#keeps) this.secret = secret
    return Promise.resolve(this.#answers)
  }
}

describe('safeStorage', () => {
  it('seals with a key of the keyring and opens it in the next run', async () => {
    const keyring = new FakeKeyring({})
    const sealed = await new SafeStorage(keyring).encryptStringAsync('Grüße')
    const next = new SafeStorage(keyring)
    expect(next.isEncryptionAvailable()).toBe(false)
    expect(await next.decryptStringAsync(sealed)).toEqual({ result: 'Grüße', shouldReEncrypt: false })
    expect([next.isEncryptionAvailable(), next.getSelectedStorageBackend()]).toEqual([true, 'gnome_libsecret'])
    expect(sealed.includes('Grüße')).toBe(false)
  })

  it.each([
    ['no keyring answers', new FakeKeyring({ answers: false })],
    ['the keyring does not keep what it is given', new FakeKeyring({ keeps: false })],
    ['the keyring holds something else', new FakeKeyring({ secret: 'short' })],
  ])('is unavailable where %s', async (_case, keyring) => {
    const storage = new SafeStorage(keyring)
    expect(await storage.isAsyncEncryptionAvailable()).toBe(false)
    expect([storage.isEncryptionAvailable(), storage.getSelectedStorageBackend()]).toEqual([false, 'basic_text'])
    await expect(storage.encryptStringAsync('x')).rejects.toThrow('not available')
  })

  it('refuses what was changed, cut or sealed elsewhere', async () => {
    const storage = new SafeStorage(new FakeKeyring({}))
    const sealed = await storage.encryptStringAsync('secret')
    for (let index = 0; index < sealed.length; index++) {
      const changed = Buffer.from(sealed)
      changed.writeUInt8(changed.readUInt8(index) ^ 1, index)
      expect(() => storage.decryptString(changed)).toThrow()
      expect(() => storage.decryptString(sealed.subarray(0, index))).toThrow()
    }
    await expect(new SafeStorage(new FakeKeyring({})).decryptStringAsync(sealed)).rejects.toThrow()
  })
})
