import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect as visible, type Page } from '@playwright/test'
import { afterAll, describe, expect, it } from 'vitest'
import { launchApp, temporaryData, type RunningApp } from '../support/app.ts'
import { filesContaining } from '../support/grep.ts'
import { homeDomain, newPerson, testPassphrase } from '../support/person.ts'
import {
  createLocalAccount,
  expectMessage,
  postponePaperSecret,
  protectProfile,
  sendMessage,
  startConversation,
} from '../support/steps.ts'

const patient = { timeout: 30_000 }

async function openYourData(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Settings' }).first().click()
  await page.getByRole('tab', { name: 'Your data' }).click()
  await page.getByRole('heading', { name: 'Files of this profile' }).waitFor(patient)
}

describe('everything is erased', () => {
  const data = temporaryData()
  const options = { profile: 'alice', data: data.path }
  const folder = path.join(data.path, 'profiles/alice')
  let alice: RunningApp

  afterAll(async () => {
    await alice.quit()
    data.remove()
  }, 60_000)

  it('what is held is shown, here and on the home server', async () => {
    alice = await newPerson(options, 'alice', 'Alice')
    await startConversation(alice.page, `echo@${homeDomain}`)
    await sendMessage(alice.page, 'a line to be erased')
    await expectMessage(alice.page, 'a line to be erased')
    await openYourData(alice.page)
    await visible(alice.page.getByText('Account since')).toBeVisible(patient)
    const table = alice.page.getByRole('table', { name: 'By conversation' })
    await visible(table.getByRole('rowheader').filter({ hasText: 'message' })).toHaveCount(1)
  }, 120_000)

  it('all of it goes, at the home server too, and a new look finds nothing', async () => {
    const { page } = alice
    expect(existsSync(path.join(folder, 'history.db'))).toBe(true)
    await page.getByRole('button', { name: 'Erase everything' }).click()
    await page.getByLabel(/type the name of the profile/).fill('alice')
    await page.getByRole('button', { name: 'Erase for good' }).click()
    await visible(page.getByRole('heading', { name: 'Everything is erased' })).toBeVisible(patient)
    const left = readdirSync(folder).filter((name) => !['profile.lock', 'instance.sock'].includes(name))
    expect(left).toEqual([])
    expect(filesContaining(data.path, ['a line to be erased'])).toEqual([])
    await page.getByRole('button', { name: 'Begin anew' }).click()
    await protectProfile(page, testPassphrase)
    // The name is free again: the account is closed on the server.
    await createLocalAccount(page, 'alice', 'Alice')
    await postponePaperSecret(page)
    await visible(page.getByText('No conversations yet')).toBeVisible(patient)
    // What is kept while locked begins anew as well.
    expect(existsSync(path.join(folder, 'spool'))).toBe(true)
    const log = path.join(folder, 'sotto.log')
    expect(existsSync(log) ? readFileSync(log, 'utf8') : '').toBe('')
  }, 120_000)

  it('what the disk refuses halfway is said, and goes when asked again', async () => {
    const { page } = alice
    // Stands where a file would be whose bytes are to be overwritten: no disk can do that.
    const obstacle = path.join(folder, 'keys.json.old')
    mkdirSync(obstacle)
    await page.getByRole('button', { name: 'Settings' }).first().click()
    await page.getByRole('tab', { name: 'Your data' }).click()
    await page.getByRole('button', { name: 'Erase everything' }).click()
    await page.getByLabel(/type the name of the profile/).fill('alice')
    await page.evaluate(() => ((globalThis as { isOldPage?: boolean }).isOldPage = true))
    await page.getByRole('button', { name: 'Erase for good' }).click()
    // What the page still held goes although the disk refused the rest.
    await page.waitForFunction(() => (globalThis as { isOldPage?: boolean }).isOldPage === undefined)
    await visible(page.getByRole('heading', { name: 'Not everything is erased yet' })).toBeVisible(patient)
    await visible(page.getByRole('alert').getByText('The disk refused')).toBeVisible()
    expect(existsSync(path.join(folder, 'history.db'))).toBe(true)
    rmdirSync(obstacle)
    await page.getByRole('button', { name: 'Try again' }).click()
    await visible(page.getByRole('heading', { name: 'Everything is erased', exact: true })).toBeVisible(patient)
    const left = readdirSync(folder).filter((name) => !['profile.lock', 'instance.sock'].includes(name))
    expect(left).toEqual([])
    await page.getByRole('button', { name: 'Begin anew' }).click()
    await protectProfile(page, testPassphrase)
  }, 120_000)

  it('what an interrupted run began is finished by the next one, before anything is opened', async () => {
    await alice.quit()
    writeFileSync(path.join(folder, 'erasing'), '')
    alice = await launchApp(options)
    await visible(alice.page.getByText('Sotto was interrupted while it erased everything')).toBeVisible(patient)
    expect(existsSync(path.join(folder, 'keys.json'))).toBe(false)
    expect(existsSync(path.join(folder, 'history.db'))).toBe(false)
    expect(existsSync(path.join(folder, 'erasing'))).toBe(false)
  }, 120_000)
})
