import type { Page } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { focusRow, InterfaceHarness } from './harness.ts'
import { look, open } from './look.ts'

vi.setConfig({ testTimeout: 60_000 })
let harness: InterfaceHarness
beforeAll(async () => (harness = await InterfaceHarness.start()), 120_000)
afterAll(() => harness.stop())

const rowOf = (page: Page, text: RegExp) => page.locator('[data-message]').filter({ hasText: text })
const chip = (page: Page, row: RegExp, name: string) => rowOf(page, row).getByRole('button', { name, exact: true })
const focused = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))

async function among(walk: (page: Page) => Promise<void>): Promise<void> {
  const { page, faults, close } = await harness.open({ scenario: {} })
  try {
    await open(/Grete/)(page)
    await walk(page)
    expect(await faults()).toEqual([])
  } finally {
    await close()
  }
}

describe('reactions', () => {
  it('say who chose what, and are chosen and taken back by pressing them', () =>
    among(async (page) => {
      const theirs = chip(page, /gate code/, '😂 from Grete Lindqvist')
      expect(await theirs.getAttribute('aria-pressed')).toBe('false')
      const shared = chip(page, /gate code/, '🙏 from you and Grete Lindqvist')
      expect(await shared.getAttribute('aria-pressed')).toBe('true')
      expect(await shared.innerText()).toMatch(/2$/)
      await theirs.click()
      await chip(page, /gate code/, '😂 from you and Grete Lindqvist').waitFor()
      await shared.press('Enter')
      await chip(page, /gate code/, '🙏 from Grete Lindqvist').waitFor()
      // An own one that nobody shares goes away.
      await chip(page, /as promised/, '👍 from you').click()
      await chip(page, /as promised/, '👍 from you').waitFor({ state: 'detached' })
      await chip(page, /as promised/, '❤️ from you').waitFor()
    }))

  it('are chosen by the keyboard from the menu of the row, and the focus comes back', () =>
    among(async (page) => {
      await focusRow(rowOf(page, /pond/))
      await page.keyboard.press('Enter')
      await page.getByRole('menuitem', { name: 'React', exact: true }).press('Enter')
      const picker = page.getByRole('dialog', { name: 'React to this message' })
      await picker.waitFor()
      await expect.poll(() => focused(page)).toBe('React with 👍')
      await page.keyboard.press('ArrowRight')
      await page.keyboard.press('Enter')
      await picker.waitFor({ state: 'detached' })
      await chip(page, /pond/, '❤️ from you').waitFor()
      await expect.poll(() => focused(page)).toBe('React')
    }))

  it('may be any emoji that is typed, and nothing else', () =>
    among(async (page) => {
      const row = rowOf(page, /pond/)
      await row.hover()
      await row.getByRole('button', { name: 'React', exact: true }).click()
      const picker = page.getByRole('dialog', { name: 'React to this message' })
      await picker.getByLabel('Another emoji').fill('yes')
      await page.keyboard.press('Enter')
      await picker.getByText('This is not one emoji.').waitFor()
      await picker.getByLabel('Another emoji').fill('🏳️‍🌈')
      await picker.getByRole('button', { name: 'React', exact: true }).click()
      await chip(page, /pond/, '🏳️‍🌈 from you').waitFor()
    }))

  it('are not offered for what is no message', () =>
    among(async (page) => {
      const timers = page.locator('[data-message]').filter({ hasText: /disappear/ })
      expect(await timers.count()).toBeGreaterThan(0)
      expect(await timers.getByRole('button', { name: 'React', exact: true }).count()).toBe(0)
    }))

  it('look as they should', () => look(harness, { name: 'reactions', scenario: {}, reach: open(/Grete/) }))

  it('are chosen in a dialog that looks as it should', () =>
    look(harness, {
      name: 'reaction-picker',
      scenario: {},
      reach: async (page) => {
        await open(/Grete/)(page)
        await focusRow(rowOf(page, /as promised/))
        await page.keyboard.press('Enter')
        await page.getByRole('menuitem', { name: 'React', exact: true }).press('Enter')
        await page.getByRole('dialog', { name: 'React to this message' }).waitFor()
      },
    }))
})
