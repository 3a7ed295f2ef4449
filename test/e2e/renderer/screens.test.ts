import type { Page } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { focusRow, InterfaceHarness } from './harness.ts'
import { look, open, type Screen, settings } from './look.ts'

vi.setConfig({ testTimeout: 180_000, maxConcurrency: 2 })

const narrow = (page: Page): boolean => (page.viewportSize()?.width ?? 0) < 736

const screens: readonly Screen[] = [
  { name: 'start', scenario: { phase: 'starting' }, reach: (page) => page.getByRole('main').waitFor() },
  {
    name: 'setup-passphrase',
    scenario: { phase: 'onboarding', fixture: 'none' },
    reach: async (page) => {
      await page.getByLabel('Passphrase', { exact: true }).fill('copper river mango violin')
    },
  },
  {
    name: 'setup-keychain',
    scenario: { phase: 'onboarding', fixture: 'none', keychain: 'available' },
    reach: (page) => page.getByRole('button', { name: 'Protect and continue' }).waitFor(),
  },
  {
    name: 'setup-local-account',
    scenario: { phase: 'ready', fixture: 'none' },
    reach: async (page) => {
      await page.getByLabel('User name').fill('taken')
      await page.getByRole('button', { name: 'Create account' }).click()
      await page.getByText('Somebody already uses this name').waitFor()
    },
  },
  {
    name: 'setup-sign-in',
    scenario: { phase: 'ready', fixture: 'none' },
    reach: async (page) => {
      await page.getByRole('tab', { name: 'Sign in' }).click()
      await page.getByRole('button', { name: 'Advanced' }).click()
      await page.getByLabel('Server').waitFor()
    },
  },
  {
    name: 'setup-paper',
    scenario: { phase: 'ready', fixture: 'none' },
    reach: async (page) => {
      await page.getByLabel('User name').fill('alice')
      await page.getByRole('button', { name: 'Create account' }).click()
      await page.getByRole('button', { name: 'Show the words' }).click()
      await page.getByText('amber').waitFor()
    },
  },
  {
    name: 'unlock',
    scenario: { phase: 'locked' },
    reach: async (page) => {
      await page.getByLabel('Passphrase', { exact: true }).fill('no')
      await page.getByRole('button', { name: 'Unlock' }).click()
      await page.getByText('This is not the passphrase').waitFor()
    },
  },
  {
    name: 'unlock-keychain-failed',
    scenario: { phase: 'locked', keychain: 'available', keychainFailure: 'keychain-lost' },
    reach: (page) => page.getByText('The keychain no longer has').waitFor(),
  },
  {
    name: 'unlock-damaged',
    scenario: {
      ...{ phase: 'locked', lockedBy: 'screen', keychain: 'available' },
      rungs: { passphrase: 'damaged', paperSecret: 'none' },
    },
    reach: (page) => page.getByText('What your passphrase opens is damaged').waitFor(),
  },
  {
    name: 'unlock-upgrade',
    scenario: { phase: 'locked', upgrade: 34 },
    reach: (page) => page.getByText('Bringing your history up to date').waitFor(),
  },
  {
    name: 'start-upgrade',
    scenario: { phase: 'starting', upgrade: 34 },
    reach: (page) => page.getByText('34%').waitFor(),
  },
  {
    name: 'lock-in-call',
    scenario: { calls: [{}] },
    reach: async (page) => {
      await page.getByText('Bob Baker').first().waitFor()
      await page.keyboard.press('Control+l')
      await page.getByRole('button', { name: 'Lock after the call' }).waitFor()
    },
  },
  {
    name: 'lock-pending',
    scenario: { lockPending: true },
    reach: (page) => page.getByText('Sotto locks when the call ends').waitFor(),
  },
  { name: 'list', scenario: {}, reach: (page) => page.getByText('Bob Baker').first().waitFor() },
  {
    name: 'list-empty',
    scenario: {
      fixture: 'empty',
      connection: { kind: 'failed', reason: 'server-unreachable' },
      paperSecret: 'shown',
      sandboxed: false,
    },
    reach: (page) => page.getByRole('button', { name: 'Start a conversation' }).waitFor(),
  },
  { name: 'conversation', scenario: {}, reach: open(/Bob Baker/) },
  { name: 'conversation-unread', scenario: {}, reach: open(/Carol/) },
  { name: 'conversation-scripts', scenario: {}, reach: open(/ليلى/) },
  { name: 'conversation-failed', scenario: {}, reach: open(/Dave/) },
  { name: 'conversation-long-name', scenario: {}, reach: open(/WWWW/) },
  { name: 'conversation-blocked', scenario: {}, reach: open(/Best Offers/) },
  {
    name: 'stranger',
    scenario: {},
    reach: async (page) => {
      await open(/K. Maier/)(page)
      await page.getByRole('button', { name: 'Accept' }).waitFor()
    },
  },
  {
    name: 'search',
    scenario: {},
    reach: async (page) => {
      await page.getByRole('searchbox').fill('lantern')
      await page.locator('mark').first().waitFor()
    },
  },
  {
    name: 'search-nothing',
    scenario: {},
    reach: async (page) => {
      await page.getByRole('searchbox').fill('zzzz')
      await page.getByText('Nothing found').waitFor()
    },
  },
  {
    name: 'menu',
    scenario: {},
    reach: async (page) => {
      await open(/Bob Baker/)(page)
      await focusRow(page.locator('[data-message]').last())
      await page.keyboard.press('Enter')
      await page.getByRole('menuitem', { name: 'Edit' }).waitFor()
    },
  },
  {
    name: 'details',
    scenario: {},
    reach: async (page) => {
      await open(/Bob Baker/)(page)
      await page
        .getByRole('button', { name: /Delivered. Details/ })
        .last()
        .click()
      await page.getByText('Chat session (MSRP)').waitFor()
    },
  },
  {
    name: 'contact',
    scenario: {},
    reach: async (page) => {
      await open(/Bob Baker/)(page)
      await page.getByRole('button', { name: 'About Bob Baker' }).last().click()
      await page.getByText('Who can read this').waitFor()
    },
  },
  {
    name: 'new-conversation',
    scenario: {},
    reach: async (page) => {
      await page.getByText('Bob Baker').first().waitFor()
      await page.keyboard.press('Control+n')
      await page.getByRole('dialog').waitFor()
    },
  },
  { name: 'kept', scenario: {}, reach: open(/Grete/) },
  {
    name: 'file-saving',
    scenario: {},
    reach: async (page) => {
      await open(/Grete/)(page)
      await page.getByRole('button', { name: /^Save Garden plan/ }).click()
      await page.getByRole('progressbar', { name: /^Saving Garden plan/ }).waitFor()
    },
  },
  {
    name: 'delete-message',
    scenario: {},
    reach: async (page) => {
      await open(/Bob Baker/)(page)
      await focusRow(page.locator('[data-message]').last())
      await page.keyboard.press('Enter')
      await page.getByRole('menuitem', { name: 'Delete', exact: true }).click()
      await page.getByRole('alertdialog').waitFor()
    },
  },
  {
    name: 'archived',
    scenario: {},
    reach: async (page) => {
      await rowMenu(page, /Dave/)
      await page.getByRole('menuitem', { name: 'Pin to the top' }).click()
      await page.getByRole('img', { name: 'Pinned' }).waitFor()
      await page.getByRole('button', { name: /archived conversation/ }).click()
      await page.getByText('Old choir').waitFor()
    },
  },
  {
    name: 'conversation-menu',
    scenario: {},
    reach: async (page) => {
      await rowMenu(page, /Dave/)
      await page.getByRole('menuitem', { name: 'Archive' }).waitFor()
    },
  },
  {
    name: 'erase-conversation',
    scenario: {},
    reach: async (page) => {
      await rowMenu(page, /Dave/)
      await page.getByRole('menuitem', { name: 'Delete conversation' }).click()
      await page.getByRole('alertdialog').waitFor()
    },
  },
  {
    name: 'contact-keep',
    scenario: {},
    reach: async (page) => {
      await open(/Grete/)(page)
      await page.getByRole('button', { name: 'About Grete Lindqvist' }).last().click()
      await page.getByRole('dialog').getByText('Disappearing messages').scrollIntoViewIfNeeded()
    },
  },
  { name: 'settings-accounts', scenario: { paperSecret: 'shown' }, reach: settings('Accounts') },
  { name: 'settings-calls', scenario: {}, reach: settings('Calls') },
  { name: 'settings-privacy', scenario: {}, reach: settings('Privacy') },
  { name: 'settings-appearance', scenario: {}, reach: settings('Appearance') },
  { name: 'settings-notifications', scenario: {}, reach: settings('Notifications') },
  { name: 'settings-storage', scenario: {}, reach: settings('Storage and keys') },
  {
    name: 'settings-paper-remove',
    scenario: {},
    reach: async (page) => {
      await settings('Storage and keys')(page)
      await page.getByRole('button', { name: 'No longer unlock with it' }).first().click()
      await page.getByRole('alertdialog').waitFor()
    },
  },
  { name: 'settings-about', scenario: {}, reach: settings('About') },
  {
    name: 'certificate',
    scenario: {},
    reach: async (page) => {
      await page.evaluate(() =>
        window.fake.emit('accounts.certificateProblem', {
          accountId: 'AAAAAAAAAAAAAAAAAAAAAA' as never,
          problem: {
            reason: 'wrong-name',
            expectedName: 'home.example',
            subject: 'CN=other.example',
            issuer: 'CN=Some Authority, O=Somebody',
            validFrom: 1_760_000_000_000,
            validTo: 1_800_000_000_000,
            spkiSha256: 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=',
          },
        }),
      )
      await page.getByRole('alertdialog').waitFor()
    },
  },
  {
    name: 'notice',
    scenario: { failing: { 'messages.send': 'disk-full' } },
    reach: async (page) => {
      await open(/Bob Baker/)(page)
      await page.getByRole('textbox', { name: /Message to/ }).fill('Hello')
      await page.keyboard.press('Enter')
      await page.getByRole('alert').waitFor()
    },
  },
]

async function rowMenu(page: Page, name: RegExp): Promise<void> {
  const row = page.locator('[data-list-row]').filter({ hasText: name })
  await row.first().focus()
  await page.keyboard.press('Shift+F10')
  await page.getByRole('menu').waitFor()
}

let harness: InterfaceHarness
beforeAll(async () => {
  harness = await InterfaceHarness.start()
}, 180_000)
afterAll(() => harness.stop())

describe('every screen, accessible and within its policy', () => {
  for (const screen of screens) it.concurrent(screen.name, () => look(harness, screen))

  it('shows one pane in a narrow window', async () => {
    const { page, close } = await harness.open({ width: 360 })
    await open(/Bob Baker/)(page)
    expect(narrow(page)).toBe(true)
    expect(await page.getByRole('searchbox').isVisible()).toBe(false)
    await page.getByRole('button', { name: 'Back' }).click()
    expect(await page.getByRole('searchbox').isVisible()).toBe(true)
    await close()
  })
})
