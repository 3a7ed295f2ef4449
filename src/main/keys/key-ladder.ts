/**
 * The key ladder: one random database key, wrapped once per rung. Any rung opens it; changing a rung never touches the
 * database; a rung that fails leads to the next one, never to a fresh empty database.
 */
import { access } from 'node:fs/promises'
import { SottoError } from '#shared/errors.ts'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { copyOf, wipe } from '#shared/bytes/bytes.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { readFileIfPresent, writeFileAtomically } from '#main/platform/atomic-file.ts'
import { keyFileVersion, parseKeyFile, serializeKeyFile, type KeyFile } from './key-file.ts'
import type { KeychainPort } from './keychain-port.ts'
import { defaultCost, isStrongEnough, type DerivePassphraseKey, type PassphraseCost } from './passphrase.ts'
import { unwrapKey, wrapKey, type WrapPurpose } from './wrap.ts'

export const databaseKeyBytes = 32
const saltBytes = 16

/** One way to the database key. */
export type Rung = 'keychain' | 'passphrase' | 'paper-secret'

export interface KeyLadderPorts {
  /** Path of `keys.json`. */
  readonly keysFile: string
  /** Path of the database; only whether it exists is looked at. */
  readonly databaseFile: string
  readonly keychain: KeychainPort
  readonly random: RandomPort
  readonly derive: DerivePassphraseKey
  /** Cost of new passphrases; tests take less. */
  readonly cost?: PassphraseCost
}

export interface Rungs {
  readonly keychain: boolean
  readonly passphrase: boolean
  readonly paperSecret: boolean
}

const noRungs: Rungs = { keychain: false, passphrase: false, paperSecret: false }

export class KeyLadder {
  readonly #ports: KeyLadderPorts
  /** The database key while the profile is open. */
  #key: Uint8Array | null = null
  /** Made by a `create` that failed: the file may hold it already. */
  #unsaved: Uint8Array | null = null
  #turn: Promise<unknown> = Promise.resolve()

  constructor(ports: KeyLadderPorts) {
    this.#ports = ports
  }

  /** `absent` only when there is neither a key file nor a database: a database without keys is a loss to be told. */
  async state(): Promise<'absent' | 'present'> {
    const { keysFile, databaseFile } = this.#ports
    return (await exists(keysFile)) || (await exists(databaseFile)) ? 'present' : 'absent'
  }

  /** Rungs that are set up; none when the key file is lost or damaged, and then `open` says so. */
  async rungs(): Promise<Rungs> {
    const bytes = await readFileIfPresent(this.#ports.keysFile)
    const file = bytes === null ? null : parseKeyFile(bytes)
    if (file === null || file === 'too-new') return noRungs
    return {
      keychain: file.keychain !== null,
      passphrase: file.passphrase !== null,
      paperSecret: file.paperSecrets.length > 0,
    }
  }

  keychainAvailable(): Promise<boolean> {
    return this.#ports.keychain.available()
  }

  /**
   * Makes the database key and its first rungs. Returns a copy of the key, the caller's to wipe.
   * @throws SottoError `passphrase-too-weak`, `keychain-unavailable`, `keychain-failed`, `disk-full`, `disk-failed`;
   * `invalid-argument` without any rung or when keys are there already.
   */
  create(first: { readonly keychain: boolean; readonly passphrase: Uint8Array | null }): Promise<Uint8Array> {
    return this.#inTurn(async () => {
      if (!first.keychain && first.passphrase === null) throw new SottoError('invalid-argument')
      // A second try in the same process, after the file or the database could not be made, goes on with the same key.
      const before = this.#key ?? this.#unsaved
      if (before === null && (await this.state()) === 'present') throw new SottoError('invalid-argument')
      const key = before ?? this.#ports.random.bytes(databaseKeyBytes)
      let file: KeyFile = {
        version: keyFileVersion,
        profile: toBase64Url(this.#ports.random.bytes(16)),
        databaseMade: false,
        keychain: null,
        passphrase: null,
        paperSecrets: [],
      }
      if (first.passphrase !== null) file = await this.#withPassphrase(file, key, first.passphrase)
      if (first.keychain) file = await this.#withKeychain(file, key)
      this.#unsaved = key
      await this.#save(file)
      this.#unsaved = null
      this.#key = key
      return copyOf(key)
    })
  }

  /**
   * Opens one rung. Returns a copy of the database key, the caller's to wipe. `secret` is the passphrase, or the 32-byte
   * wrap key that the identity derives from a paper secret; null for the keychain.
   * @throws SottoError `wrong-passphrase`, `wrong-paper-secret`, `keychain-unavailable`, `keychain-failed`, `not-found` for a
   * rung that is not set up, `history-corrupt` when key file or database is lost, `history-too-new`.
   */
  open(rung: Rung, secret: Uint8Array | null): Promise<Uint8Array> {
    return this.#inTurn(async () => {
      const file = await this.#load()
      const made = await exists(this.#ports.databaseFile)
      if (file.databaseMade && !made) throw new SottoError('history-corrupt')
      const key = await this.#openRung(file, rung, secret)
      if (made && !file.databaseMade) await this.#save({ ...file, databaseMade: true })
      this.#key = key
      return copyOf(key)
    })
  }

  /** The database exists now: from here on a missing file is a loss. Called after the first opening of the history. */
  confirmDatabase(): Promise<void> {
    return this.#inTurn(async () => {
      const file = await this.#load()
      if (!file.databaseMade) await this.#save({ ...file, databaseMade: true })
    })
  }

  /** Forgets the database key; rungs cannot be changed until the next `open`. */
  lock(): void {
    for (const key of [this.#key, this.#unsaved]) if (key !== null) wipe(key)
    this.#key = null
    this.#unsaved = null
  }

  /**
   * Sets, changes (`current` must be right) or removes (`next` null) the passphrase. After a failure it may be tried again with the
   * same words, whichever of them the disk has.
   * @throws SottoError `locked`, `wrong-passphrase`, `passphrase-too-weak`, `last-rung`.
   */
  setPassphrase(current: Uint8Array | null, next: Uint8Array | null): Promise<void> {
    return this.#change(async (file, key) => {
      if (file.passphrase !== null) await this.#requirePassphrase(file, current, next)
      return next === null ? { ...file, passphrase: null } : this.#withPassphrase(file, key, next)
    })
  }

  /** @throws SottoError `locked`, `keychain-unavailable`, `keychain-failed`, `last-rung`. */
  async setKeychain(enabled: boolean): Promise<void> {
    await this.#change((file, key) =>
      enabled ? this.#withKeychain(file, key) : Promise.resolve({ ...file, keychain: null }),
    )
    // Only after the file no longer names it: a crash in between leaves a useless secret, not a useless file.
    if (!enabled) await this.#ports.keychain.remove(keychainName(await this.#load()))
  }

  /** Adds the wrap for an account's paper secret, under the account's id. @throws SottoError `locked`. */
  addPaperSecret(label: string, paperWrapKey: Uint8Array): Promise<void> {
    return this.#change((file, key) => {
      const wrapped = wrapKey(key, paperWrapKey, purposeOf(file, `paper-secret ${label}`), this.#ports.random)
      const others = file.paperSecrets.filter((paper) => paper.label !== label)
      return Promise.resolve({ ...file, paperSecrets: [...others, { label, wrapped }] })
    })
  }

  /** @throws SottoError `locked`, `last-rung`. */
  removePaperSecret(label: string): Promise<void> {
    return this.#change((file) =>
      Promise.resolve({ ...file, paperSecrets: file.paperSecrets.filter((paper) => paper.label !== label) }),
    )
  }

  async #openRung(file: KeyFile, rung: Rung, secret: Uint8Array | null): Promise<Uint8Array> {
    if (rung === 'keychain') return this.#openKeychain(file)
    if (rung === 'passphrase') return this.#openPassphrase(file, secret ?? new Uint8Array())
    return openPaperSecret(file, secret ?? new Uint8Array())
  }

  async #openKeychain(file: KeyFile): Promise<Uint8Array> {
    if (file.keychain === null) throw new SottoError('not-found')
    if (!(await this.#ports.keychain.available())) throw new SottoError('keychain-unavailable')
    const secret = await this.#ports.keychain.load(keychainName(file))
    if (secret?.length !== databaseKeyBytes) throw new SottoError('keychain-failed')
    const key = unwrapKey(file.keychain.wrapped, secret, purposeOf(file, 'keychain'))
    wipe(secret)
    if (key === null) throw new SottoError('keychain-failed')
    return key
  }

  async #openPassphrase(file: KeyFile, passphrase: Uint8Array): Promise<Uint8Array> {
    if (file.passphrase === null) throw new SottoError('not-found')
    const { salt, wrapped, ...cost } = file.passphrase
    if (passphrase.length === 0) throw new SottoError('wrong-passphrase')
    const derived = await this.#ports.derive(passphrase, salt, cost)
    const key = unwrapKey(wrapped, derived, purposeOf(file, 'passphrase'))
    wipe(derived)
    if (key === null) throw new SottoError('wrong-passphrase')
    return key
  }

  /** The current passphrase, or the next one: a try before this one may have failed after it got to the disk. */
  async #requirePassphrase(file: KeyFile, current: Uint8Array | null, next: Uint8Array | null): Promise<void> {
    try {
      wipe(await this.#openPassphrase(file, current ?? new Uint8Array()))
    } catch (error) {
      const isWrong = error instanceof SottoError && error.code === 'wrong-passphrase'
      if (!isWrong || next === null) throw error
      wipe(await this.#openPassphrase(file, next))
    }
  }

  async #withPassphrase(file: KeyFile, key: Uint8Array, passphrase: Uint8Array): Promise<KeyFile> {
    if (!isStrongEnough(passphrase)) throw new SottoError('passphrase-too-weak')
    const salt = this.#ports.random.bytes(saltBytes)
    const cost = this.#ports.cost ?? defaultCost
    const derived = await this.#ports.derive(passphrase, salt, cost)
    const wrapped = wrapKey(key, derived, purposeOf(file, 'passphrase'), this.#ports.random)
    wipe(derived)
    return { ...file, passphrase: { wrapped, salt, ...cost } }
  }

  async #withKeychain(file: KeyFile, key: Uint8Array): Promise<KeyFile> {
    const { keychain, random } = this.#ports
    if (!(await keychain.available())) throw new SottoError('keychain-unavailable')
    const secret = random.bytes(databaseKeyBytes)
    try {
      await keychain.store(keychainName(file), secret)
      return { ...file, keychain: { wrapped: wrapKey(key, secret, purposeOf(file, 'keychain'), random) } }
    } finally {
      wipe(secret)
    }
  }

  #change(change: (file: KeyFile, key: Uint8Array) => Promise<KeyFile>): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#key === null) throw new SottoError('locked')
      const next = await change(await this.#load(), this.#key)
      if (next.keychain === null && next.passphrase === null && next.paperSecrets.length === 0) {
        throw new SottoError('last-rung')
      }
      await this.#save(next)
    })
  }

  async #load(): Promise<KeyFile> {
    const bytes = await readFileIfPresent(this.#ports.keysFile)
    const file = bytes === null ? null : parseKeyFile(bytes)
    if (file === 'too-new') throw new SottoError('history-too-new')
    if (file === null) throw new SottoError('history-corrupt')
    return file
  }

  async #save(file: KeyFile): Promise<void> {
    try {
      await writeFileAtomically(this.#ports.keysFile, serializeKeyFile(file))
    } catch (error) {
      const full = error instanceof Error && 'code' in error && error.code === 'ENOSPC'
      throw new SottoError(full ? 'disk-full' : 'disk-failed', {}, error)
    }
  }

  /** One change at a time: each reads what the one before wrote. */
  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#turn.catch(() => undefined).then(run)
    this.#turn = turn
    return turn
  }
}

function openPaperSecret(file: KeyFile, paperWrapKey: Uint8Array): Uint8Array {
  if (file.paperSecrets.length === 0) throw new SottoError('not-found')
  if (paperWrapKey.length !== databaseKeyBytes) throw new SottoError('wrong-paper-secret')
  for (const { label, wrapped } of file.paperSecrets) {
    const key = unwrapKey(wrapped, paperWrapKey, purposeOf(file, `paper-secret ${label}`))
    if (key !== null) return key
  }
  throw new SottoError('wrong-paper-secret')
}

function purposeOf(file: KeyFile, rung: string): WrapPurpose {
  return { version: keyFileVersion, profile: file.profile, rung }
}

function keychainName(file: KeyFile): string {
  return `sotto-${file.profile}`
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
