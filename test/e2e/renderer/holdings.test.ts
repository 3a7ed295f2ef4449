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

const callsOf = (page: Page, name: string) =>
  page.evaluate((wanted) => window.fake.calls.filter((call) => call.name === wanted).map((call) => call.args), name)
const poll = <T>(ask: () => Promise<T>) => expect.poll(ask, { timeout: 10_000 })

const yourData = async (page: Page) => {
  await settings('Your data')(page)
  await page.getByRole('heading', { name: 'By conversation' }).waitFor()
}
const conversations = (page: Page) => page.getByRole('table', { name: 'By conversation' }).getByRole('rowheader')

async function eraseEverything(page: Page): Promise<void> {
  await yourData(page)
  await page.getByRole('button', { name: 'Erase everything' }).click()
  await page.getByLabel(/type the name of the profile/).fill('alice')
  await page.getByRole('button', { name: 'Erase for good' }).click()
  await page.getByRole('heading', { name: 'Everything is erased' }).waitFor()
}

const screens: readonly Screen[] = [
  { name: 'data', scenario: {}, reach: yourData },
  {
    name: 'data-empty',
    scenario: { fixture: 'empty' },
    reach: async (page) => {
      await page.getByText('No conversations yet').waitFor()
      await page.keyboard.press('Control+,')
      await page.getByRole('tab', { name: 'Your data' }).click()
      await page.getByText('Files of this profile').first().waitFor()
    },
  },
  {
    name: 'data-foreign',
    scenario: { account: { server: 'sip.example.net' } },
    reach: async (page) => {
      await yourData(page)
      await page.getByText('has no such list').scrollIntoViewIfNeeded()
    },
  },
  {
    name: 'data-erase-conversation',
    scenario: {},
    reach: async (page) => {
      await yourData(page)
      await page.getByRole('button', { name: 'Erase the conversation with Frank Castell' }).click()
      await page.getByRole('alertdialog').waitFor()
    },
  },
  {
    name: 'data-erase-account',
    scenario: {},
    reach: async (page) => {
      await yourData(page)
      await page.getByRole('button', { name: 'Erase this account' }).click()
      await page.getByText('Also close the account').waitFor()
    },
  },
  {
    name: 'data-erase-everything',
    scenario: {},
    reach: async (page) => {
      await yourData(page)
      await page.getByRole('button', { name: 'Erase everything' }).click()
      await page.getByLabel(/type the name of the profile/).fill('ali')
    },
  },
  { name: 'data-erased', scenario: {}, reach: eraseEverything },
  {
    name: 'data-unerased',
    scenario: { phase: 'erasing', eraseFailure: 'disk-failed' },
    reach: (page) => page.getByRole('heading', { name: 'Not everything is erased yet' }).waitFor(),
  },
]

describe('the screens of the user’s data, accessible and within their policy', () => {
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

describe('an erase that the disk refused', () => {
  const scenario = { phase: 'erasing', eraseFailure: 'disk-failed' } as const

  it('says why and what to do, and is tried again by the keyboard alone', () =>
    using({ scenario }, async (page) => {
      await page.getByRole('alert').getByText('The disk refused to save').waitFor()
      await poll(() =>
        page.getByRole('button', { name: 'Try again' }).evaluate((it) => it === document.activeElement),
      ).toBe(true)
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Welcome to Sotto' }).waitFor()
      expect(await callsOf(page, 'profile.finishErasing')).toEqual([{}])
    }))

  it('that is refused again says so in the same place and can be tried once more', () =>
    using({ scenario: { ...scenario, failing: { 'profile.finishErasing': 'disk-failed' } } }, async (page) => {
      await page.getByRole('button', { name: 'Try again' }).click()
      await poll(() => callsOf(page, 'profile.finishErasing')).toHaveLength(1)
      await page.getByRole('button', { name: 'Try again' }).click()
      await poll(() => callsOf(page, 'profile.finishErasing')).toHaveLength(2)
    }))
})

describe('your data', () => {
  it('sorts conversations by size and by name', () =>
    using({}, async (page) => {
      await yourData(page)
      const size = page.getByRole('table', { name: 'By conversation' }).getByRole('columnheader', { name: 'Size' })
      expect(await size.getAttribute('aria-sort')).toBe('descending')
      await poll(() => conversations(page).first().innerText()).toMatch(/Grete/)
      const bySize = await conversations(page).allInnerTexts()
      await size.getByRole('button').click()
      expect(await size.getAttribute('aria-sort')).toBe('ascending')
      expect(await conversations(page).allInnerTexts()).toEqual(bySize.toReversed())
      const name = page.getByRole('columnheader', { name: 'Conversation' })
      await name.getByRole('button').click()
      expect(await name.getAttribute('aria-sort')).toBe('ascending')
      expect(await conversations(page).first().innerText()).toMatch(/Best Offers/)
    }))

  it('erases a conversation and counts again before it says so', () =>
    using({}, async (page) => {
      await yourData(page)
      const counted = (await callsOf(page, 'holdings.view')).length
      await page.getByRole('button', { name: 'Erase the conversation with Frank Castell' }).click()
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Cancel')
      await page.getByRole('button', { name: 'Erase for good' }).click()
      await page.getByText('nothing of the conversation with Frank Castell is left').waitFor()
      expect((await callsOf(page, 'holdings.view')).length).toBe(counted + 1)
      await poll(() => conversations(page).filter({ hasText: 'Frank' }).count()).toBe(0)
    }))

  it('does not say that something is gone which is still counted', () =>
    using({ scenario: { stubborn: true } }, async (page) => {
      await yourData(page)
      await page.getByRole('button', { name: 'Erase the conversation with Frank Castell' }).click()
      await page.getByRole('button', { name: 'Erase for good' }).click()
      await page.getByText('something of Frank Castell is still there').waitFor()
    }))

  it('leaves the dialog open when erasing failed, and says why', () =>
    using({ scenario: { failing: { 'conversations.erase': 'disk-full' } } }, async (page) => {
      await yourData(page)
      await page.getByRole('button', { name: 'Erase the conversation with Frank Castell' }).click()
      await page.getByRole('button', { name: 'Erase for good' }).click()
      await page.getByText(/disk is full/i).waitFor()
      expect(await page.getByRole('alertdialog').count()).toBe(1)
    }))

  it('erases everything only after its name was typed, and shows what a new look found', () =>
    using({}, async (page) => {
      await yourData(page)
      await page.getByRole('button', { name: 'Erase everything' }).click()
      const go = page.getByRole('button', { name: 'Erase for good' })
      expect(await go.isDisabled()).toBe(true)
      await page.getByLabel(/type the name of the profile/).fill('Alice')
      expect(await go.isDisabled()).toBe(true)
      await page.getByLabel(/type the name of the profile/).fill('alice')
      await go.click()
      await page.getByRole('heading', { name: 'Everything is erased' }).waitFor()
      expect(await callsOf(page, 'profile.erase')).toEqual([{ name: 'alice', onServers: true }])
      expect((await callsOf(page, 'profile.erased')).length).toBeGreaterThan(0)
      await page.getByText('profile.lock', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Begin anew' }).click()
      await page.getByLabel('Passphrase', { exact: true }).waitFor()
    }))
})
