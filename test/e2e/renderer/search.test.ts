import type { Page } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { InterfaceHarness, type OpenOptions, shoot } from './harness.ts'
import { look, open, type Screen } from './look.ts'

vi.setConfig({ testTimeout: 180_000, maxConcurrency: 2 })
let harness: InterfaceHarness
beforeAll(async () => {
  harness = await InterfaceHarness.start()
}, 180_000)
afterAll(() => harness.stop())

const filters = (page: Page) => page.getByRole('button', { name: /^Search filters/ })
const results = (page: Page) => page.getByRole('region', { name: 'Search results' })
const hits = (page: Page) => results(page).locator('[data-hit]')
const lastQuery = (page: Page) =>
  page.evaluate(() => window.fake.calls.findLast(({ name }) => name === 'search.query')?.args)
const poll = <T>(ask: () => Promise<T>) => expect.poll(ask, { timeout: 10_000 })

async function openPanel(page: Page): Promise<void> {
  await page.getByText('Bob Baker').first().waitFor()
  await page.keyboard.press('Control+Shift+F')
  await page.getByRole('region', { name: 'Search filters' }).waitFor()
}

const choose = async (page: Page, chip: string) => {
  await page.getByRole('radio', { name: chip, exact: true }).check({ force: true })
  await results(page).waitFor()
}

const screens: readonly Screen[] = [
  {
    name: 'search-panel',
    scenario: {},
    reach: async (page) => {
      await openPanel(page)
      await choose(page, 'Calls')
      await hits(page).first().waitFor()
    },
  },
  {
    name: 'search-files',
    scenario: {},
    reach: async (page) => {
      await openPanel(page)
      await choose(page, 'Files')
      await page.getByText('IMG_2041.jpg').waitFor()
      await filters(page).click()
      await page.getByRole('button', { name: 'Clear filters' }).waitFor()
    },
  },
  {
    name: 'search-saved',
    scenario: {},
    reach: async (page) => {
      await openPanel(page)
      await choose(page, 'Bookmarks')
      await page.getByRole('button', { name: 'Save this search' }).click()
      await page.getByLabel('Name of the search').fill('Plans')
      await page.keyboard.press('Enter')
      await page.getByRole('button', { name: 'Plans', exact: true }).waitFor()
    },
  },
  {
    name: 'search-nothing-filtered',
    scenario: {},
    reach: async (page) => {
      await openPanel(page)
      await page.getByLabel('To day').fill('1999-12-31')
      await page.getByText('Nothing found').waitFor()
    },
  },
  {
    name: 'search-failed',
    scenario: { failing: { 'search.query': 'disk-failed' } },
    reach: async (page) => {
      await page.getByRole('searchbox').fill('lantern')
      await results(page).getByRole('alert').waitFor()
    },
  },
]

describe('the screens of the search, accessible and within their policy', () => {
  for (const screen of screens) it.concurrent(screen.name, () => look(harness, screen))
})

async function using(options: OpenOptions, walk: (page: Page) => Promise<void>): Promise<void> {
  const { page, faults, close } = await harness.open(options)
  try {
    await walk(page)
    expect(await faults()).toEqual([])
  } finally {
    await close()
  }
}

describe('searching', () => {
  it('reads older hits as one scrolls, without any twice, and says how many there are', () =>
    using({ scenario: { longCount: 300 } }, async (page) => {
      await page.getByRole('searchbox').fill('lantern')
      await hits(page).first().waitFor()
      await page.getByText(/The newest \d+ messages are shown/).waitFor({ state: 'attached' })
      const first = await hits(page).count()
      expect(first).toBeLessThan(100)
      await poll(async () => {
        await results(page).evaluate((list) => list.scrollTo({ top: list.scrollHeight }))
        return page.getByText(/^\d+ messages found$/).count()
      }).toBe(1)
      const keys = await hits(page).evaluateAll((rows) => rows.map((row) => row.getAttribute('data-hit')))
      expect(keys.length).toBeGreaterThan(first)
      expect(new Set(keys).size).toBe(keys.length)
    }))

  it('is at the same place after going back from a hit in a narrow window, with the focus on it', () =>
    using({ scenario: { longCount: 300 }, width: 380, height: 700 }, async (page) => {
      await page.getByRole('searchbox').fill('lantern')
      await hits(page).nth(12).scrollIntoViewIfNeeded()
      await results(page).evaluate((list) => list.scrollTo({ top: 640 }))
      await poll(() => results(page).evaluate((list) => list.scrollTop)).toBe(640)
      const row = hits(page).nth(12)
      const key = await row.getAttribute('data-hit')
      await row.click()
      await page.getByRole('log').waitFor()
      expect(await results(page).isVisible()).toBe(false)
      await page.getByRole('button', { name: 'Back' }).click()
      await results(page).waitFor()
      expect(await page.getByRole('searchbox').inputValue()).toBe('lantern')
      await poll(() => results(page).evaluate((list) => list.scrollTop)).toBe(640)
      expect(await page.evaluate(() => document.activeElement?.getAttribute('data-hit'))).toBe(key)
    }))

  it('jumps to a hit in its context', () =>
    using({ scenario: { longCount: 300 } }, async (page) => {
      await page.getByRole('searchbox').fill('"17: "')
      await page.getByRole('searchbox').fill('17: ')
      await hits(page).last().click()
      await page.locator('[data-message][data-position="17"]').waitFor()
      expect(await page.locator('[data-message][data-position="16"]').count()).toBe(1)
      expect(await page.locator('[data-message][data-position="18"]').count()).toBe(1)
    }))

  it('leaves the focus to whoever moves on at once', () =>
    using({ scenario: { longCount: 300 } }, async (page) => {
      await page.getByRole('searchbox').fill('17: ')
      await hits(page).last().click()
      await page.locator('[data-message][data-position="17"]').waitFor()
      await page.keyboard.press('Control+k')
      await poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('INPUT')
      // Longer than the list takes to settle.
      for (const key of 'some more words to look for') await page.keyboard.type(key, { delay: 60 })
      expect(await page.getByRole('searchbox').inputValue()).toBe('some more words to look for')
    }))

  it('with the keyboard alone: filters, person by typing, results, hit', () =>
    using({}, async (page) => {
      await page.getByText('Bob Baker').first().waitFor()
      expect(await filters(page).getAttribute('aria-expanded')).toBe('false')
      await page.keyboard.press('Control+Shift+F')
      expect(await filters(page).getAttribute('aria-expanded')).toBe('true')
      await page.getByRole('combobox', { name: 'With' }).focus()
      await page.keyboard.type('fra')
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('Enter')
      await poll(() => hits(page).count()).toBe(10)
      await page.getByRole('searchbox').focus()
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('End')
      expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('12:34')
      await page.keyboard.press('Enter')
      await page.getByRole('log', { name: 'Messages with Frank Castell' }).waitFor()
    }))

  it('inside the open conversation', () =>
    using({}, async (page) => {
      await open(/Carol/)(page)
      await page.keyboard.press('Control+f')
      await page.getByRole('region', { name: 'Search filters' }).waitFor()
      await page.keyboard.type('platform')
      await poll(() => hits(page).count()).toBe(2)
      await poll(() => lastQuery(page)).toMatchObject({
        filter: { text: 'platform', conversationIds: [expect.any(String)] },
      })
      await shoot(page, 'search-here')
    }))

  it('keeps a search, runs it again and forgets it', () =>
    using({}, async (page) => {
      await openPanel(page)
      await choose(page, 'Files')
      await choose(page, 'Sent')
      await page.getByRole('button', { name: 'Save this search' }).click()
      await page.keyboard.type('My files')
      await page.keyboard.press('Enter')
      await page.getByRole('button', { name: 'Clear filters' }).click()
      expect(await results(page).count()).toBe(0)
      await page.getByRole('button', { name: 'My files', exact: true }).click()
      await poll(() => hits(page).count()).toBe(1)
      await poll(() => lastQuery(page)).toMatchObject({ filter: { kind: 'file', direction: 'outgoing' } })
      await page.getByRole('button', { name: 'Remove the saved search My files' }).click()
      await poll(() => page.getByRole('button', { name: 'My files', exact: true }).count()).toBe(0)
    }))

  it('takes days as the user means them', () =>
    using({}, async (page) => {
      await openPanel(page)
      await page.getByLabel('From day').fill('2026-10-25')
      await page.getByLabel('To day').fill('2026-10-25')
      await poll(() => lastQuery(page)).toMatchObject({
        filter: { from: Date.UTC(2026, 9, 24, 22), to: Date.UTC(2026, 9, 25, 23) },
      })
    }))
})
