import type { Page } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { InterfaceHarness, type OpenOptions } from './harness.ts'
import { look, type Screen, settings } from './look.ts'

vi.setConfig({ testTimeout: 180_000, maxConcurrency: 2 })
let harness: InterfaceHarness
beforeAll(async () => {
  harness = await InterfaceHarness.start()
}, 180_000)
afterAll(() => harness.stop())

const offer = (page: Page) => page.getByRole('button', { name: 'I have no device and no paper…' })
const privacy = async (page: Page) => {
  await settings('Privacy')(page)
  await page.getByText('Keep my history on all my devices').scrollIntoViewIfNeeded()
}
/** The switch itself is as small as a pixel; what a person presses is its words. */
const flip = (page: Page) => page.getByText('Keep my history on all my devices', { exact: true }).click()
const refused = async (page: Page) => {
  await privacy(page)
  await flip(page)
  await offer(page).waitFor()
}
const dialog = async (page: Page) => {
  await refused(page)
  await offer(page).click()
  await page.getByRole('alertdialog').waitFor()
}
const announced = { scenario: { replication: { story: 'to-be-erased' } } } as const
const sealed = { scenario: { replication: { sealedElsewhere: { state: 'sealed' } } } } as const

const screens: readonly Screen[] = [
  { name: 'erasure-announced', ...announced, reach: settings('Devices') },
  { name: 'erasure-offered', ...sealed, reach: refused },
  { name: 'erasure-question', ...sealed, reach: dialog },
]

describe('the erasure of an account, accessible and within its policy', () => {
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
const asks = (page: Page) =>
  page.evaluate(() =>
    window.fake.calls
      .filter(({ name }) => name === 'replication.askErasure')
      .map(({ args }) => (args as { ask: boolean }).ask),
  )

describe('a history that is sealed for other devices', () => {
  it('is erased on a word of who has neither device nor paper, and the date is said', () =>
    using(sealed, async (page) => {
      await dialog(page)
      expect(await asks(page)).not.toContain(true)
      await page.getByRole('button', { name: 'Erase it in 14 days' }).click()
      await page.getByText(/The server erases what it holds of this account on/).waitFor()
      expect((await asks(page)).filter((asked) => asked)).toHaveLength(1)
      expect(await offer(page).count()).toBe(0)
    }))

  it('says the date again to who comes back', () =>
    using(
      { scenario: { replication: { sealedElsewhere: { state: 'asked', askedAt: 0, dueAt: Date.UTC(2030, 0, 2) } } } },
      async (page) => {
        await privacy(page)
        await flip(page)
        await page.getByText(/erases what it holds of this account on .*2030/).waitFor()
        expect(await offer(page).count()).toBe(0)
      },
    ))

  it('says that a device has kept it', () =>
    using(
      { scenario: { replication: { sealedElsewhere: { state: 'kept', keptAt: Date.UTC(2030, 0, 2) } } } },
      async (page) => {
        await refused(page)
        await page.getByText(/said that the history stays/).waitFor()
      },
    ))
})

describe('a device that hears of an erasure', () => {
  it.each(['Devices', 'Privacy'] as const)('says so on the page %s, and keeps the history', (name) =>
    using(announced, async (page) => {
      await settings(name)(page)
      await page.getByText(/^On .* the server erases everything it holds of this account\.$/).waitFor()
      await page.getByRole('button', { name: 'Keep my history' }).click()
      await expect
        .poll(() => page.getByText(/the server erases everything it holds/).count(), { timeout: 10_000 })
        .toBe(0)
    }),
  )
})
