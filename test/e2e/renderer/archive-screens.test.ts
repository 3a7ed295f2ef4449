import type { Page } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { endless, wrong } from '#test/fakes/bridge-archive.ts'
import { InterfaceHarness } from './harness.ts'
import { look, open, type Screen, settings } from './look.ts'

vi.setConfig({ testTimeout: 240_000, maxConcurrency: 2 })

const words = 'tidal copper lantern meadow'

const storage = settings('Storage and keys')

async function openExport(page: Page): Promise<void> {
  await storage(page)
  await page.getByRole('button', { name: 'Export…' }).click()
  await page.getByRole('dialog').waitFor()
}

async function typePassphrase(page: Page, passphrase: string): Promise<void> {
  await page.getByLabel('Passphrase of the export').fill(passphrase)
  await page.getByLabel('Passphrase again').fill(passphrase)
}

async function chooseFile(page: Page): Promise<void> {
  await storage(page)
  await page.getByRole('button', { name: 'Import…' }).click()
  await page.getByRole('button', { name: 'Choose a file…' }).click()
  await page.getByLabel('Passphrase of the file').waitFor()
}

async function check(page: Page, passphrase: string): Promise<void> {
  await page.getByLabel('Passphrase of the file').fill(passphrase)
  await page.getByRole('button', { name: 'Check the file' }).click()
}

const screens: readonly Screen[] = [
  {
    name: 'storage-archive',
    scenario: {},
    reach: async (page) => {
      await storage(page)
      await page.getByText('Export and import').waitFor()
    },
  },
  { name: 'export', scenario: {}, reach: openExport },
  {
    name: 'export-period',
    scenario: {},
    reach: async (page) => {
      await openExport(page)
      await page.getByRole('button', { name: /The whole history/ }).click()
      await page.getByRole('option', { name: 'A period' }).click()
      await page.getByLabel('First day').fill('2026-01-01')
      await page.getByText('Whoever has a key of age').click()
      await page.getByLabel('Recipients').waitFor()
    },
  },
  {
    name: 'export-unprotected',
    scenario: {},
    reach: async (page) => {
      await openExport(page)
      await page.getByText('Anybody: pages or JSON').click()
      await page.getByText('These files are not encrypted').waitFor()
      await expect(page.getByRole('button', { name: 'Export unencrypted' }).isDisabled()).resolves.toBe(true)
      await page.getByText('I want files that anybody can read').click()
    },
  },
  {
    name: 'export-running',
    scenario: {},
    reach: async (page) => {
      await openExport(page)
      await typePassphrase(page, endless)
      await page.getByRole('button', { name: 'Export', exact: true }).click()
      await page.getByRole('progressbar', { name: 'Writing' }).waitFor()
    },
  },
  {
    name: 'export-behind',
    scenario: {},
    reach: async (page) => {
      await openExport(page)
      await typePassphrase(page, endless)
      await page.getByRole('button', { name: 'Export', exact: true }).click()
      await page.getByRole('button', { name: 'Go on in the background' }).click()
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      await page.getByRole('progressbar', { name: 'Writing' }).waitFor()
    },
  },
  {
    name: 'export-failed',
    scenario: { failing: { 'archive.exportSealed': 'disk-full' } },
    reach: async (page) => {
      await openExport(page)
      await typePassphrase(page, words)
      await page.getByRole('button', { name: 'Export', exact: true }).click()
      await page.getByRole('alert').waitFor()
    },
  },
  {
    name: 'export-done',
    scenario: {},
    reach: async (page) => {
      await openExport(page)
      await typePassphrase(page, words)
      await page.getByRole('button', { name: 'Export', exact: true }).click()
      await page.getByText('read back from the disk').waitFor()
    },
  },
  {
    name: 'export-conversation',
    scenario: {},
    reach: async (page) => {
      await open(/Bob Baker/)(page)
      await page.getByRole('button', { name: 'About Bob Baker' }).last().click()
      await page.getByRole('button', { name: 'Export…' }).click()
      await page.getByText('Only the conversation with Bob Baker').first().waitFor()
    },
  },
  {
    name: 'import',
    scenario: {},
    reach: async (page) => {
      await storage(page)
      await page.getByRole('button', { name: 'Import…' }).click()
      await page.getByRole('button', { name: 'Choose a file…' }).waitFor()
    },
  },
  { name: 'import-secret', scenario: {}, reach: chooseFile },
  {
    name: 'import-wrong',
    scenario: {},
    reach: async (page) => {
      await chooseFile(page)
      await check(page, wrong)
      await page.getByRole('alert').waitFor()
    },
  },
  {
    name: 'import-verifying',
    scenario: {},
    reach: async (page) => {
      await chooseFile(page)
      await check(page, endless)
      await page.getByRole('progressbar', { name: 'Verifying' }).waitFor()
    },
  },
  {
    name: 'import-summary',
    scenario: {},
    reach: async (page) => {
      await chooseFile(page)
      await check(page, words)
      await page.getByText('Importing it would bring').waitFor()
    },
  },
  {
    name: 'import-done',
    scenario: {},
    reach: async (page) => {
      await chooseFile(page)
      await check(page, words)
      await page.getByRole('button', { name: 'Import', exact: true }).click()
      await page.getByText('1,930 messages were imported').waitFor()
    },
  },
  {
    name: 'setup-import',
    scenario: { phase: 'ready', fixture: 'none' },
    reach: async (page) => {
      await page.getByRole('button', { name: 'Import a history…' }).scrollIntoViewIfNeeded()
    },
  },
  {
    name: 'conversation-signed-out',
    scenario: { signedOut: true },
    reach: async (page) => {
      await page.getByRole('button', { name: 'Read it' }).click()
      await open(/Bob Baker/)(page)
      await page.getByText('is not signed in here').waitFor()
    },
  },
]

describe('export and import', () => {
  let harness: InterfaceHarness
  beforeAll(async () => {
    harness = await InterfaceHarness.start()
  })
  afterAll(() => harness.stop())

  it.concurrent.each(screens)('$name', (screen) => look(harness, screen))

  it.concurrent('asks nothing of main before an unprotected export is understood, and ends what runs', async () => {
    const { page, close } = await harness.open({ scenario: {} })
    await openExport(page)
    await typePassphrase(page, endless)
    await page.getByRole('button', { name: 'Export', exact: true }).click()
    await page.getByRole('progressbar', { name: 'Writing' }).waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByLabel('Passphrase of the export').waitFor()
    await close()
  })
})
