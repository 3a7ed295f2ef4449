import { rmSync } from 'node:fs'
import path from 'node:path'
import { expect as visible, type Page } from '@playwright/test'
import { afterAll, describe, expect, it } from 'vitest'
import type { SottoBridge } from '#shared/bridge/api.ts'
import { launchApp, temporaryData, type RunningApp } from '../support/app.ts'
import { homeDomain, testPassphrase } from '../support/person.ts'
import {
  confirmPaperSecret,
  createLocalAccount,
  expectMessage,
  openConversation,
  protectProfile,
  sendMessage,
  startConversation,
} from '../support/steps.ts'
import { keepOnAllDevices } from '../tour/link-steps.ts'

const patient = { timeout: 30_000 }
const options = (data: string, profile: string) => ({ profile, data })

const account = (page: Page) =>
  page.evaluate(async () => {
    const { sotto } = globalThis as unknown as { readonly sotto: SottoBridge }
    const reply = await sotto.call('accounts.list', {})
    return reply.ok ? (reply.value[0] ?? null) : null
  })

describe('every device is gone', () => {
  const data = temporaryData()
  let app: RunningApp
  let words: readonly string[]
  let identity: string

  afterAll(async () => {
    await app.quit()
    data.remove()
  }, 60_000)

  it('what was said is at the home server, sealed', async () => {
    app = await launchApp(options(data.path, 'alice'))
    await protectProfile(app.page, testPassphrase)
    await createLocalAccount(app.page, 'alice', 'Alice')
    words = await confirmPaperSecret(app.page)
    await startConversation(app.page, `echo@${homeDomain}`)
    await sendMessage(app.page, 'said before the loss')
    await expectMessage(app.page, 'said before the loss')
    await keepOnAllDevices(app.page)
    identity = (await account(app.page))?.identityHash ?? ''
    expect(identity).not.toBe('')
    await app.quit()
    rmSync(path.join(data.path, 'profiles/alice'), { recursive: true })
  }, 180_000)

  it('the words bring back identity and history, and the account signs in without its old password', async () => {
    app = await launchApp(options(data.path, 'again'))
    const { page } = app
    await protectProfile(page, testPassphrase)
    await page.getByRole('tab', { name: 'Restore with the paper secret' }).click(patient)
    await page.getByRole('textbox', { name: 'Address' }).fill(`alice@${homeDomain}`)
    await page.getByLabel('Paper secret', { exact: true }).fill(words.join(' '))
    await page.getByRole('button', { name: 'Restore', exact: true }).click()
    await page.getByRole('heading', { name: 'Your account is back' }).waitFor(patient)
    await page.getByText('Up to date.').waitFor(patient)
    await page.getByRole('button', { name: 'Remove the lost devices' }).click(patient)
    await page.getByRole('button', { name: 'Continue' }).click(patient)
    await openConversation(page, /echo/i)
    await expectMessage(page, 'said before the loss')
    expect((await account(page))?.identityHash).toBe(identity)
    await visible.poll(async () => (await account(page))?.connection.kind, patient).toBe('registered')
    await sendMessage(page, 'said after it')
    await expectMessage(page, 'said after it')
    await visible(page.getByRole('log').getByText('said after it', { exact: true })).toHaveCount(2, patient)
  }, 180_000)
})
