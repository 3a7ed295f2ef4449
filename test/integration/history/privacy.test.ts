import { readdirSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openDatabase } from '#main/history/database.ts'
import { lockProfile } from '#main/history/profile-lock.ts'
import { argon2 } from '#main/keys/argon2.ts'
import { KeyLadder } from '#main/keys/key-ladder.ts'
import { noKeychain } from '#main/keys/keychain-port.ts'
import { AttachmentStore } from '#main/history/attachments/attachment-store.ts'
import { preparePaths } from '#main/platform/profile-paths.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import { privacyTable } from '#shared/model/privacy-table.ts'
import { TestHistory } from './history-fixture.ts'

let test: TestHistory
beforeEach(() => {
  test = new TestHistory()
})
afterEach(() => test.remove())

const covered = (prefix: string): readonly string[] =>
  privacyTable
    .flatMap(({ covers }) => covers)
    .filter((name) => name.startsWith(prefix))
    .sort()

it('the privacy table has a row for every column of the history, and none for one that is not there', () => {
  const db = openDatabase({ path: test.path, key: test.key, role: 'writer' })
  const tables = db.prepare<[], string>(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'message_text\\_%' ESCAPE '\\'",
  )
  const columns = tables
    .pluck()
    .all()
    .flatMap((table) =>
      (db.pragma(`table_info(${table})`) as { name: string }[]).map(({ name }) => `history.${table}.${name}`),
    )
  db.close()
  expect(columns.length).toBeGreaterThan(50)
  expect(covered('history.')).toEqual(columns.sort())
})

it('the privacy table has a row for every file of a profile', async () => {
  const paths = preparePaths(test.directory, 'default')
  const lock = lockProfile(paths.lock)
  const cost = { memoryKib: 64, iterations: 1, parallelism: 1 }
  const ladder = new KeyLadder({
    keysFile: paths.keys,
    databaseFile: paths.database,
    keychain: noKeychain,
    random: systemRandom,
    derive: argon2,
    cost,
  })
  const key = await ladder.create({ keychain: false, passphrase: utf8('a fine passphrase') })
  const db = openDatabase({ path: paths.database, key, role: 'writer' })
  const source = async function* () {
    yield await Promise.resolve(utf8('file'))
  }
  await new AttachmentStore(paths.attachments, systemRandom).write(source())
  const files = readdirSync(paths.profile).map((name) => `profile.file.${path.basename(name)}`)
  db.close()
  lock.release()
  expect(covered('profile.file.')).toEqual(expect.arrayContaining(files))
  expect(files).toContain('profile.file.history.db-wal')
})
