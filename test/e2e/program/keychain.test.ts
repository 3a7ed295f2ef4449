import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect as visible } from '@playwright/test'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { launchApp, type RunningApp } from '../support/app.ts'
import { hostBesideKeyring, keyringNeeds } from '../support/keyring.ts'
import { missingCommands, titleWithNeeds } from '../support/needs.ts'
import { testPassphrase } from '../support/person.ts'
import {
  createLocalAccount,
  lockByHand,
  openStorage,
  postponePaperSecret,
  switchKeychain,
  unlock,
  unlockByKeychain,
} from '../support/steps.ts'

const patient = { timeout: 30_000 }
const noAnswer = "This computer's keychain does not answer"

const missing = missingCommands(...keyringNeeds)

describe.skipIf(missing.length > 0)(
  titleWithNeeds('with a keychain (gnome-keyring on a bus of its own)', missing),
  () => {
    const home = mkdtempSync(path.join(tmpdir(), 'sotto-keyring-'))
    const unlocked = hostBesideKeyring(home, 'open')
    const locked = hostBesideKeyring(home, 'locked')
    const without = hostBesideKeyring(home, 'none')
    const options = { profile: 'alice', data: path.join(home, 'sotto') }
    const profile = path.join(options.data, 'profiles/alice')
    const ready = (app: RunningApp) =>
      visible(app.page.getByText('alice@sotto.home.arpa').first()).toBeVisible({ timeout: 30_000 })

    const running: RunningApp[] = []
    const launch = async (wrapper: string): Promise<RunningApp> => {
      const app = await launchApp({ ...options, wrapper })
      running.push(app)
      return app
    }

    // What a test left open would keep the profile from the next.
    afterEach(async () => {
      for (const app of running.splice(0)) await app.quit().catch(() => undefined)
    })
    afterAll(() => rmSync(home, { recursive: true, force: true }))

    it('protects a profile without a passphrase, and opens it without asking', async () => {
      const first = await launch(unlocked)
      await first.page.getByText("Use this computer's keychain").click()
      await first.page.getByRole('button', { name: 'Protect and continue' }).click()
      await createLocalAccount(first.page, 'alice', 'Alice')
      await postponePaperSecret(first.page)
      await first.quit()
      expect(readdirSync(profile).some((name) => name.startsWith('keychain-'))).toBe(true)
      const again = await launch(unlocked)
      await ready(again)
      await visible(again.page.getByText('Sotto is locked')).toHaveCount(0)
      await again.quit()
    }, 180_000)

    it('unlocks after a lock only when it is asked to, and cannot be removed as the last way', async () => {
      const app = await launch(unlocked)
      await ready(app)
      await lockByHand(app.page)
      await unlockByKeychain(app.page)
      await ready(app)
      await openStorage(app.page)
      await app.page.getByText("This computer's keychain", { exact: true }).click(patient)
      await visible(app.page.getByText('This is the last way to open your history')).toBeVisible(patient)
      await app.page.getByRole('button', { name: 'Set a passphrase' }).click()
      await app.page.getByLabel('New passphrase', { exact: true }).fill(testPassphrase)
      await app.page.getByLabel('Passphrase again').fill(testPassphrase)
      await app.page.getByRole('dialog').getByRole('button', { name: 'Set a passphrase' }).click()
      await visible(app.page.getByRole('button', { name: 'Change the passphrase' })).toBeVisible(patient)
      await app.quit()
    }, 180_000)

    it('says why a keychain that is locked does not open, and opens by the passphrase', async () => {
      const app = await launch(locked)
      await visible(app.page.getByText(noAnswer)).toBeVisible(patient)
      await unlock(app.page, testPassphrase)
      await ready(app)
      await app.quit()
    }, 180_000)

    it('opens by the passphrase where there is no keychain at all', async () => {
      const app = await launch(without)
      await visible(app.page.getByText(noAnswer)).toBeVisible(patient)
      await unlock(app.page, testPassphrase)
      await ready(app)
      await app.quit()
    }, 180_000)

    it('says that what the keychain kept is lost, opens by the passphrase, and is set up again', async () => {
      renameSync(path.join(home, 'keyring-data/keyrings'), path.join(home, 'keyring-data/lost'))
      const app = await launch(unlocked)
      await visible(app.page.getByText(/The keychain (?:no longer has|is locked, or refused)/)).toBeVisible(patient)
      await unlock(app.page, testPassphrase)
      await ready(app)
      await openStorage(app.page)
      await switchKeychain(app.page, false)
      await switchKeychain(app.page, true)
      await app.quit()
      const again = await launch(unlocked)
      await ready(again)
      await again.quit()
    }, 180_000)

    it('leaves out a way that is damaged on the disk, says so, and opens by the other', async () => {
      const file = path.join(profile, 'keys.json')
      const keys = JSON.parse(readFileSync(file, 'utf8')) as { passphrase: { wrapped: string } }
      const wrapped = keys.passphrase.wrapped.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))
      writeFileSync(file, JSON.stringify({ ...keys, passphrase: { ...keys.passphrase, wrapped } }))
      const app = await launch(unlocked)
      await ready(app)
      await lockByHand(app.page)
      await visible(app.page.getByText('What your passphrase opens is damaged on this disk')).toBeVisible(patient)
      await visible(app.page.getByRole('button', { name: 'Use the passphrase' })).toHaveCount(0)
      await unlockByKeychain(app.page)
      await ready(app)
      await app.quit()
    }, 180_000)
  },
)
