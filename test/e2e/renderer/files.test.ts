import type { Page } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { focusRow, InterfaceHarness } from './harness.ts'
import { open } from './look.ts'

vi.setConfig({ testTimeout: 60_000 })
let harness: InterfaceHarness
beforeAll(async () => (harness = await InterfaceHarness.start()), 120_000)
afterAll(() => harness.stop())

const asked = (page: Page, wanted: string) =>
  page.evaluate((name) => window.fake.calls.filter((call) => call.name === name).length, wanted)
const fileOf = (page: Page, name: RegExp) => page.locator('[data-message]').filter({ hasText: name })

async function withFiles(walk: (page: Page) => Promise<void>): Promise<void> {
  const { page, faults, close } = await harness.open({ scenario: {} })
  try {
    await open(/Grete/)(page)
    await walk(page)
    expect(await faults()).toEqual([])
  } finally {
    await close()
  }
}

describe('a file among the messages', () => {
  it('is saved, can be stopped, and then shown in its folder, by one button that keeps the focus', () =>
    withFiles(async (page) => {
      const row = fileOf(page, /Garden plan/)
      await row.getByRole('button', { name: /^Save Garden plan/ }).click()
      const bar = page.getByRole('progressbar', { name: /^Saving Garden plan/ })
      await bar.waitFor()
      expect(await bar.getAttribute('aria-valuetext')).toBe('62%')
      await row.getByRole('button', { name: 'Cancel' }).press('Enter')
      await bar.waitFor({ state: 'detached' })
      expect(await asked(page, 'files.cancelSaving')).toBe(1)
      expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toMatch(/^Save Garden plan/)
      await page.keyboard.press('Enter')
      await bar.waitFor()
      await page.evaluate(() => window.fake.finishSaving())
      await row.getByText('· Saved').waitFor()
      await row.getByRole('button', { name: 'Show in folder' }).press('Enter')
      await expect.poll(() => asked(page, 'files.reveal')).toBe(1)
    }))

  it('is saved by the keyboard from the menu of its row', () =>
    withFiles(async (page) => {
      await focusRow(fileOf(page, /Garden plan/))
      await page.keyboard.press('Enter')
      await page.getByRole('menuitem', { name: 'Save', exact: true }).press('Enter')
      await page.getByRole('progressbar').waitFor()
    }))

  it('has no way to be saved where this device has only its name', () =>
    withFiles(async (page) => {
      const row = fileOf(page, /IMG_2041/)
      await row.getByText('not on this device').waitFor()
      expect(await row.getByRole('button', { name: /^Save/ }).count()).toBe(0)
      await focusRow(row)
      await page.keyboard.press('Enter')
      await page.getByRole('menuitem', { name: 'Details' }).waitFor()
      expect(await page.getByRole('menuitem', { name: 'Save', exact: true }).count()).toBe(0)
    }))
})
