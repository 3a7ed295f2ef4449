import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SottoError } from '#shared/errors.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import { argon2 } from './argon2.ts'
import { deriveInWorker } from './derive-in-worker.ts'
import { KeyLadder } from './key-ladder.ts'
import type { KeychainPort } from './keychain-port.ts'
import { isStrongEnough } from './passphrase.ts'
import { unwrapKey, wrapKey } from './wrap.ts'

const good = utf8('a fine passphrase')
const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) }

class FakeKeychain implements KeychainPort {
  readonly secrets = new Map<string, Uint8Array>()
  works = true
  available = () => Promise.resolve(this.works)
  store = (name: string, secret: Uint8Array) => Promise.resolve(void this.secrets.set(name, secret.slice()))
  load = (name: string) => Promise.resolve(this.secrets.get(name)?.slice() ?? null)
  remove = (name: string) => Promise.resolve(void this.secrets.delete(name))
}

describe('the key ladder', () => {
  let folder: string
  let keychain: FakeKeychain
  const keysFile = () => path.join(folder, 'keys.json')
  const databaseFile = () => path.join(folder, 'history.db')
  const ladder = () =>
    new KeyLadder({
      keysFile: keysFile(),
      databaseFile: databaseFile(),
      keychain,
      random,
      derive: argon2,
      cost: { memoryKib: 64, iterations: 1, parallelism: 1 },
    })
  const code = (expected: string): unknown => expect.objectContaining({ code: expected })

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'sotto-keys-'))
    keychain = new FakeKeychain()
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('opens by every rung, after a restart, to the same key', async () => {
    const first = ladder()
    expect(await first.state()).toBe('absent')
    const key = await first.create({ keychain: true, passphrase: good })
    const paper = random.bytes(32)
    await first.addPaperSecret('account', paper)
    expect(await ladder().state()).toBe('present')
    expect(await ladder().rungs()).toEqual({ keychain: true, passphrase: true, paperSecret: true })
    expect(await ladder().open('keychain', null)).toEqual(key)
    expect(await ladder().open('passphrase', good)).toEqual(key)
    expect(await ladder().open('paper-secret', paper)).toEqual(key)
    expect(statSync(keysFile()).mode & 0o777).toBe(0o600)
    expect(readFileSync(keysFile()).includes(Buffer.from(key).toString('base64url'))).toBe(false)
  })

  it('takes a change of the passphrase a second time, in the same words: the first try may have failed late', async () => {
    const first = ladder()
    const [key, next] = [await first.create({ keychain: false, passphrase: good }), utf8('another fine passphrase')]
    await first.setPassphrase(good, next)
    await first.setPassphrase(good, next)
    expect(await ladder().open('passphrase', next)).toEqual(key)
    await expect(first.setPassphrase(good, utf8('a third fine passphrase'))).rejects.toEqual(code('wrong-passphrase'))
  })

  it('says which rung failed and still opens by the next', async () => {
    const key = await ladder().create({ keychain: true, passphrase: good })
    await expect(ladder().open('passphrase', utf8('a wrong passphrase'))).rejects.toEqual(code('wrong-passphrase'))
    await expect(ladder().open('passphrase', null)).rejects.toEqual(code('wrong-passphrase'))
    await expect(ladder().open('paper-secret', random.bytes(32))).rejects.toEqual(code('not-found'))
    keychain.secrets.clear()
    await expect(ladder().open('keychain', null)).rejects.toEqual(code('keychain-failed'))
    keychain.works = false
    await expect(ladder().open('keychain', null)).rejects.toEqual(code('keychain-unavailable'))
    expect(await ladder().open('passphrase', good)).toEqual(key)
  })

  it('changes and removes rungs without changing the key, but never the last', async () => {
    const open = ladder()
    const key = await open.create({ keychain: false, passphrase: good })
    await expect(open.setPassphrase(good, null)).rejects.toEqual(code('last-rung'))
    await expect(open.setPassphrase(null, utf8('another passphrase'))).rejects.toEqual(code('wrong-passphrase'))
    await open.setPassphrase(good, utf8('another passphrase'))
    await expect(ladder().open('passphrase', good)).rejects.toEqual(code('wrong-passphrase'))
    expect(await ladder().open('passphrase', utf8('another passphrase'))).toEqual(key)
    await open.setKeychain(true)
    await open.setPassphrase(utf8('another passphrase'), null)
    await expect(open.setKeychain(false)).rejects.toEqual(code('last-rung'))
    expect(await ladder().open('keychain', null)).toEqual(key)
    await open.addPaperSecret('account', random.bytes(32))
    await open.setKeychain(false)
    expect(keychain.secrets.size).toBe(0)
    await expect(open.removePaperSecret('account')).rejects.toEqual(code('last-rung'))
    open.lock()
    await expect(open.setKeychain(true)).rejects.toEqual(code('locked'))
  })

  it('refuses a weak passphrase, no rung at all, and a second beginning', async () => {
    await expect(ladder().create({ keychain: false, passphrase: utf8('short') })).rejects.toEqual(
      code('passphrase-too-weak'),
    )
    await expect(ladder().create({ keychain: false, passphrase: null })).rejects.toEqual(code('invalid-argument'))
    keychain.works = false
    await expect(ladder().create({ keychain: true, passphrase: null })).rejects.toEqual(code('keychain-unavailable'))
    expect(await ladder().state()).toBe('absent')
    await ladder().create({ keychain: false, passphrase: good })
    await expect(ladder().create({ keychain: false, passphrase: good })).rejects.toEqual(code('invalid-argument'))
  })

  it('never begins again where a database or its keys are lost', async () => {
    writeFileSync(databaseFile(), 'encrypted')
    expect(await ladder().state()).toBe('present')
    expect(await ladder().rungs()).toEqual({ keychain: false, passphrase: false, paperSecret: false })
    await expect(ladder().open('passphrase', good)).rejects.toEqual(code('history-corrupt'))
    await expect(ladder().create({ keychain: false, passphrase: good })).rejects.toEqual(code('invalid-argument'))
  })

  it('tells that a database which was there is gone', async () => {
    const first = ladder()
    await first.create({ keychain: false, passphrase: good })
    await ladder().open('passphrase', good)
    await first.confirmDatabase()
    await expect(ladder().open('passphrase', good)).rejects.toEqual(code('history-corrupt'))
  })

  it('takes no damaged, foreign or newer key file', async () => {
    await ladder().create({ keychain: false, passphrase: good })
    const file = JSON.parse(readFileSync(keysFile(), 'utf8')) as { passphrase: Record<string, unknown> }
    const write = (changed: object) => writeFileSync(keysFile(), JSON.stringify({ ...file, ...changed }))
    write({ profile: 'AAAAAAAAAAAAAAAAAAAAAA' })
    await expect(ladder().open('passphrase', good)).rejects.toEqual(code('wrong-passphrase'))
    write({ passphrase: { ...file.passphrase, memoryKib: 4e9 } })
    await expect(ladder().open('passphrase', good)).rejects.toEqual(code('history-corrupt'))
    write({ version: 2 })
    await expect(ladder().open('passphrase', good)).rejects.toEqual(code('history-too-new'))
    for (const damaged of ['', '{', 'null', '[]', '\u0000']) {
      writeFileSync(keysFile(), damaged)
      await expect(ladder().open('passphrase', good)).rejects.toBeInstanceOf(SottoError)
    }
  })
})

describe('wraps', () => {
  it('open only unchanged, with the right key, for the same purpose', () => {
    const [key, by] = [random.bytes(32), random.bytes(32)]
    const purpose = { version: 1, profile: 'p', rung: 'passphrase' }
    const wrapped = wrapKey(key, by, purpose, random)
    expect(unwrapKey(wrapped, by, purpose)).toEqual(key)
    expect(unwrapKey(wrapped, random.bytes(32), purpose)).toBeNull()
    expect(unwrapKey(wrapped, by, { ...purpose, rung: 'keychain' })).toBeNull()
    for (let i = 0; i < wrapped.length; i++) {
      const flipped = wrapped.slice()
      flipped[i] = (flipped[i] ?? 0) ^ 1
      expect(unwrapKey(flipped, by, purpose)).toBeNull()
      expect(unwrapKey(wrapped.subarray(0, i), by, purpose)).toBeNull()
    }
  })
})

describe('passphrases', () => {
  it('need ten characters that are not the usual ones', () => {
    for (const weak of ['', 'ninechars', 'password1234', 'aaaaaaaaaaaaaaa', 'ababababababab', 'Qwertyuiop']) {
      expect(isStrongEnough(utf8(weak))).toBe(false)
    }
    for (const fine of ['tenchars!?', 'ein längerer Satz', '🐴🔋📎✅ und mehr'])
      expect(isStrongEnough(utf8(fine))).toBe(true)
    expect(isStrongEnough(Uint8Array.of(0xff, 0xfe, 1, 2, 3, 4, 5, 6, 7, 8, 9))).toBe(false)
  })

  it('are derived in a worker at full cost while this thread keeps running', async () => {
    let turns = 0
    const ticking = setInterval(() => (turns += 1), 5)
    const cost = { memoryKib: 65_536, iterations: 3, parallelism: 1 }
    const key = await deriveInWorker(good, new Uint8Array(16), cost)
    clearInterval(ticking)
    expect(turns).toBeGreaterThan(3)
    // Node's own Argon2id is another implementation than the one in use.
    expect(Buffer.from(key).toString('hex')).toBe(await reference())
  })
})

async function reference(): Promise<string> {
  const { argon2Sync } = await import('node:crypto')
  const options = { message: good, nonce: new Uint8Array(16), parallelism: 1, tagLength: 32, memory: 65_536, passes: 3 }
  return argon2Sync('argon2id', options).toString('hex')
}
