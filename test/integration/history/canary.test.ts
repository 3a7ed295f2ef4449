import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { emptyFilter } from '#shared/model/search.ts'
import { AttachmentStore } from '#main/history/attachments/attachment-store.ts'
import { lockProfile } from '#main/history/profile-lock.ts'
import { argon2 } from '#main/keys/argon2.ts'
import { KeyLadder } from '#main/keys/key-ladder.ts'
import { noKeychain } from '#main/keys/keychain-port.ts'
import { openHistoryInWorkers } from '#main/history/open-history.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import { aliceAccount, alice, bob, conversationWith, EntryMaker, TestHistory } from './history-fixture.ts'

const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) }
/** Words that stand nowhere else; those of the search index are folded. */
const canaries = [
  'Quokkatext',
  'quokkatext',
  'Wombatname',
  'Numbatnote',
  'Dingodraft',
  'Bilbysetting',
  'Emufile',
  'Galahpass',
  'Kowaridevice',
  'Potoroosecret'.padEnd(32, '.'),
  'bob@example',
]

let test: TestHistory
beforeEach(() => {
  test = new TestHistory()
})
afterEach(() => test.remove())

function filesWith(folder: string, needles: readonly string[]): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => {
      const bytes = readFileSync(file)
      return needles.some((needle) => bytes.includes(needle) || bytes.includes(Buffer.from(needle, 'utf16le')))
    })
    .map((file) => path.relative(folder, file))
}

it('no file of a profile holds a readable word of the user, open or closed', async () => {
  const lock = lockProfile(path.join(test.directory, 'lock'))
  const ladder = new KeyLadder({
    keysFile: path.join(test.directory, 'keys.json'),
    databaseFile: test.path,
    keychain: noKeychain,
    random,
    derive: argon2,
    cost: { memoryKib: 64, iterations: 1, parallelism: 1 },
  })
  const key = await ladder.create({ keychain: false, passphrase: utf8('Galahpass phrase') })
  const history = await openHistoryInWorkers({ path: test.path, key })
  const make = new EntryMaker()
  const outgoing = make.outgoing('Quokkatext out')
  const draft = { conversation: conversationWith(bob), accountAor: alice, peer: bob, text: 'Dingodraft' }
  const contact = make.contact({ name: 'Wombatname', note: 'Numbatnote', policy: 'accepted' })
  await history.writer.commit({ accounts: [{ id: aliceAccount, aor: alice }], entries: [contact, outgoing], draft })
  await history.writer.commit({ addJobs: [make.job(outgoing)] })
  for (let i = 0; i < 300; i++) await history.writer.commit({ entries: [make.incoming(`Quokkatext number ${i}`)] })
  const ownZid = await history.writer.zrtpZid(alice)
  const device = { ownZid, peerZid: new Uint8Array(12).fill(1), peer: bob }
  const rs1 = utf8('Potoroosecret'.padEnd(32, '.'))
  await history.writer.keepZrtpSecrets({ ...device, account: alice, rs1, rs2: null, expiresAt: null })
  await history.writer.setZrtpVerified({ ...device, verified: true, name: 'Kowaridevice' })
  await history.writer.setSetting('canary', '"Bilbysetting"')
  const attachments = new AttachmentStore(path.join(test.directory, 'attachments'), random)
  await attachments.write(
    (async function* () {
      yield await Promise.resolve(utf8('Emufile '.repeat(20_000)))
    })(),
  )
  const found = await history.reader.search({
    filter: { ...emptyFilter, text: 'quokkatext' },
    before: null,
    limit: 200,
  })
  expect(found.hits).toHaveLength(200)

  expect(readdirSync(test.directory).sort()).toEqual(
    expect.arrayContaining(['attachments', 'history.db', 'history.db-shm', 'history.db-wal', 'keys.json', 'lock']),
  )
  expect(filesWith(test.directory, canaries)).toEqual([])
  await history.close()
  ladder.lock()
  lock.release()
  expect(filesWith(test.directory, canaries)).toEqual([])
  expect(filesWith(test.directory, [Buffer.from(key).toString('hex'), Buffer.from(key).toString('base64url')])).toEqual(
    [],
  )

  // The check itself works: a file that does hold a word is found.
  writeFileSync(path.join(test.directory, 'leak'), 'x Quokkatext x')
  expect(filesWith(test.directory, canaries)).toEqual(['leak'])
})
