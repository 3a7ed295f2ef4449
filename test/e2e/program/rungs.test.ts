import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect as visible, type Page } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchApp, type RunningApp } from '../support/app.ts'
import { appView } from '../support/held.ts'
import { hostBesideKeyring, keyringNeeds } from '../support/keyring.ts'
import { missingCommands, titleWithNeeds } from '../support/needs.ts'
import { testPassphrase } from '../support/person.ts'
import {
  confirmPaperSecret,
  createLocalAccount,
  lockByHand,
  openStorage,
  protectProfile,
  switchKeychain,
  typePaper,
  unlock,
  unlockByKeychain,
  unlockByPaper,
} from '../support/steps.ts'

const patient = { timeout: 30_000 }
const nextPassphrase = 'river mango copper saddle'
const isLast = 'This is the last way to open your history. Set another one first.'
const missing = missingCommands(...keyringNeeds)
const shots = process.env.SOTTO_SCREENSHOTS

interface KeysFile {
  readonly keychain: { readonly wrapped: string }
  readonly passphrase: { readonly wrapped: string }
  readonly paperSecrets: readonly [{ readonly wrapped: string }]
}

/** Another first byte in what a way opens. */
function hurt<R extends { readonly wrapped: string }>(rung: R): R {
  return { ...rung, wrapped: rung.wrapped.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')) }
}

describe.skipIf(missing.length > 0)(titleWithNeeds('the ways to unlock, in the settings', missing), () => {
  const home = mkdtempSync(path.join(tmpdir(), 'sotto-rungs-'))
  const options = { profile: 'alice', data: path.join(home, 'data'), wrapper: hostBesideKeyring(home, 'open') }
  const keysFile = path.join(options.data, 'profiles/alice/keys.json')
  const whole = (): KeysFile => JSON.parse(readFileSync(keysFile, 'utf8')) as KeysFile
  let alice: RunningApp
  let words: readonly string[] = []

  beforeAll(async () => {
    alice = await launchApp(options)
    await protectProfile(alice.page, testPassphrase)
    await createLocalAccount(alice.page, 'alice', 'Alice')
    words = await confirmPaperSecret(alice.page)
    await openStorage(alice.page)
  }, 120_000)

  afterAll(async () => {
    await alice.quit()
    rmSync(home, { recursive: true, force: true })
  }, 60_000)

  const button = (name: string) => alice.page.getByRole('button', { name, exact: true })
  const inDialog = (name: string) => alice.page.getByRole('dialog').getByRole('button', { name, exact: true })
  const noDialog = () => visible(alice.page.getByRole('dialog')).toHaveCount(0, patient)
  const rungs = (page: Page) => appView(page).then((view) => view.rungs)

  async function shoot(name: string): Promise<void> {
    if (shots === undefined) return
    mkdirSync(shots, { recursive: true })
    for (const colorScheme of ['light', 'dark'] as const) {
      await alice.page.emulateMedia({ colorScheme })
      await alice.page.screenshot({ path: path.join(shots, `${name}-${colorScheme}.png`), animations: 'disabled' })
    }
  }

  async function removePassphrase(current: string): Promise<void> {
    await button('Remove the passphrase').click(patient)
    await alice.page.getByLabel('Current passphrase').fill(current)
    await inDialog('Remove the passphrase').click()
  }

  async function removePaper(): Promise<void> {
    await button('No longer unlock with it').click(patient)
    await alice.page.getByRole('alertdialog').getByRole('button', { name: 'No longer unlock with it' }).click()
  }

  const opened = () => visible(alice.page.getByText('alice@sotto.home.arpa').first()).toBeVisible(patient)

  async function again(unlockIt: () => Promise<void>): Promise<void> {
    await lockByHand(alice.page)
    await unlockIt()
    await opened()
    await openStorage(alice.page)
  }

  it('removes each while another stays, and never the last', async () => {
    expect(await rungs(alice.page)).toEqual({ keychain: 'none', passphrase: 'set', paperSecret: 'set' })
    await switchKeychain(alice.page, true)
    await removePaper()
    await expect.poll(() => rungs(alice.page), patient).toMatchObject({ paperSecret: 'none' })
    await removePassphrase('not my passphrase at all')
    await visible(alice.page.getByText('This is not the passphrase.')).toBeVisible(patient)
    await inDialog('Cancel').click()
    await noDialog()
    await removePassphrase(testPassphrase)
    await expect
      .poll(() => rungs(alice.page), patient)
      .toEqual({ keychain: 'set', passphrase: 'none', paperSecret: 'none' })
    await alice.page.getByText("This computer's keychain", { exact: true }).click(patient)
    await visible(alice.page.getByText(isLast)).toBeVisible(patient)
    await visible(alice.page.getByRole('switch', { name: "This computer's keychain" })).toBeChecked()
    await shoot('last-way')
    await again(() => unlockByKeychain(alice.page))
  }, 120_000)

  it('lets a paper secret unlock again once all its words were typed, those of no other', async () => {
    await button('Let it unlock').click(patient)
    const field = alice.page.getByLabel('Paper secret', { exact: true })
    await field.fill([...words].reverse().join(' '))
    await inDialog('Let it unlock').click()
    await visible(alice.page.getByText('These are not the words of your paper secret.')).toBeVisible(patient)
    await shoot('wrong-paper')
    await field.fill(words.join(' '))
    await inDialog('Let it unlock').click()
    await noDialog()
    await expect.poll(() => rungs(alice.page), patient).toMatchObject({ paperSecret: 'set' })
    await switchKeychain(alice.page, false)
    await removePaper()
    await visible(alice.page.getByText(isLast)).toBeVisible(patient)
    await again(() => typePaper(alice.page, words))
  }, 120_000)

  it('sets a passphrase, changes it, and the old one no longer opens', async () => {
    await button('Set a passphrase').click(patient)
    await alice.page.getByLabel('New passphrase', { exact: true }).fill(testPassphrase)
    await alice.page.getByLabel('Passphrase again').fill(testPassphrase)
    await inDialog('Set a passphrase').click()
    await noDialog()
    await button('Change the passphrase').click(patient)
    await alice.page.getByLabel('Current passphrase').fill(testPassphrase)
    await alice.page.getByLabel('New passphrase', { exact: true }).fill(nextPassphrase)
    await alice.page.getByLabel('Passphrase again').fill(nextPassphrase)
    await inDialog('Change the passphrase').click()
    await noDialog()
    await again(async () => {
      await unlock(alice.page, testPassphrase)
      await visible(alice.page.getByText('This is not the passphrase.')).toBeVisible(patient)
      await unlock(alice.page, nextPassphrase)
    })
    await switchKeychain(alice.page, true)
    expect(await rungs(alice.page)).toEqual({ keychain: 'set', passphrase: 'set', paperSecret: 'set' })
  }, 120_000)

  it('opens by whichever is whole, says what is damaged, and mends it', async () => {
    const keys = whole()
    await alice.quit()
    writeFileSync(
      keysFile,
      JSON.stringify({ ...keys, keychain: hurt(keys.keychain), passphrase: hurt(keys.passphrase) }),
    )
    alice = await launchApp(options)
    await visible(alice.page.getByText('What the keychain opens is damaged on this disk.')).toBeVisible(patient)
    await visible(alice.page.getByText('What your passphrase opens is damaged on this disk')).toBeVisible(patient)
    await visible(button('Use the passphrase')).toHaveCount(0)
    await visible(alice.page.getByLabel('Paper secret', { exact: true })).toBeVisible(patient)
    await shoot('two-damaged')
    await typePaper(alice.page, words)
    await opened()
    await openStorage(alice.page)
    await visible(alice.page.getByText('Damaged: set it again')).toBeVisible(patient)
    await visible(
      alice.page.getByText('What it opens is damaged on this disk. Switch it off and on again.'),
    ).toBeVisible()
    await shoot('damaged-settings')
    await switchKeychain(alice.page, false)
    await switchKeychain(alice.page, true)
    await again(() => unlockByKeychain(alice.page))
  }, 120_000)

  it('leads past a paper secret that is damaged', async () => {
    const keys = whole()
    await alice.quit()
    writeFileSync(keysFile, JSON.stringify({ ...keys, paperSecrets: keys.paperSecrets.map(hurt) }))
    alice = await launchApp(options)
    await opened()
    await lockByHand(alice.page)
    await visible(alice.page.getByText('What your paper secret opens is damaged on this disk.')).toBeVisible(patient)
    await visible(button('Use the paper secret')).toHaveCount(0)
    await unlockByKeychain(alice.page)
    await opened()
    await openStorage(alice.page)
    await button('Let it unlock').click(patient)
    await alice.page.getByLabel('Paper secret', { exact: true }).fill(words.join(' '))
    await inDialog('Let it unlock').click()
    await noDialog()
    await again(() => unlockByPaper(alice.page, words))
  }, 120_000)
})
