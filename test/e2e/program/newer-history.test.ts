import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { openDatabase } from '#main/history/database.ts'
import { migrations } from '#main/history/migrations/migrations.ts'
import { deriveInWorker } from '#main/keys/derive-in-worker.ts'
import { KeyLadder } from '#main/keys/key-ladder.ts'
import { noKeychain } from '#main/keys/keychain-port.ts'
import { preparePaths } from '#main/platform/profile-paths.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { launchApp, temporaryData } from '../support/app.ts'
import { newPerson, testPassphrase } from '../support/person.ts'
import { unlock } from '../support/steps.ts'

it('a history of a newer version is left as it is, and the person is told what to do', async () => {
  const data = temporaryData()
  const first = await newPerson({ profile: 'alice', data: data.path }, 'alice', 'Alice')
  await first.quit()
  const paths = preparePaths(data.path, 'alice')
  const files = { keysFile: paths.keys, databaseFile: paths.database, keychain: noKeychain }
  const ladder = new KeyLadder({ ...files, random: systemRandom, derive: deriveInWorker })
  const key = await ladder.open('passphrase', new TextEncoder().encode(testPassphrase))
  const db = openDatabase({ path: paths.database, key, role: 'writer' })
  db.pragma(`user_version = ${migrations.length + 1}`)
  db.close()
  const before = readFileSync(paths.database)

  const again = await launchApp({ profile: 'alice', data: data.path })
  await unlock(again.page, testPassphrase)
  const told = again.page.getByText('This history was written by a newer Sotto. Install that version to open it.')
  await told.first().waitFor({ timeout: 30_000 })
  await again.quit()
  expect(readFileSync(paths.database).equals(before)).toBe(true)
  data.remove()
}, 180_000)
