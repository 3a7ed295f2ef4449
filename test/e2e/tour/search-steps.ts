/** Searching with more than words, in the window. */
import type { Locator, Page } from '@playwright/test'

const patient = { timeout: 20_000 }

/** What the panel of filters is asked for, by the words on it. */
export interface SearchWish {
  readonly kind: string
  readonly direction?: string
  readonly person?: string
  readonly words?: string
}

/** Opens the panel and narrows the search; the hits, newest first, as they come. */
export async function searchWithFilters(page: Page, wish: SearchWish): Promise<Locator> {
  await clearSearch(page)
  const panel = page.getByRole('region', { name: 'Search filters' })
  // The keys close it where it is open.
  if (!(await panel.isVisible())) await page.keyboard.press('Control+Shift+F')
  await panel.waitFor(patient)
  for (const chip of [wish.kind, wish.direction]) {
    if (chip !== undefined) await page.getByRole('radio', { name: chip, exact: true }).check({ force: true })
  }
  if (wish.person !== undefined) {
    const person = page.getByRole('combobox', { name: 'With' })
    await person.focus()
    await page.keyboard.type(wish.person)
    await page.getByRole('option').first().waitFor(patient)
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
  }
  if (wish.words !== undefined) await page.getByRole('searchbox').fill(wish.words)
  return page.getByRole('region', { name: 'Search results' }).locator('[data-hit]')
}

/** Leaves the search as it is before anything was looked for. */
export async function clearSearch(page: Page): Promise<void> {
  const clear = page.getByRole('button', { name: 'Clear filters' })
  if (await clear.isVisible()) await clear.click()
  await page.getByRole('searchbox').fill('')
}
