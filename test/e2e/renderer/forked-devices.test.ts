import type { Page } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { InterfaceHarness, type OpenOptions } from './harness.ts'
import { look, open, type Screen, settings } from './look.ts'

vi.setConfig({ testTimeout: 180_000, maxConcurrency: 2 })
let harness: InterfaceHarness
beforeAll(async () => {
  harness = await InterfaceHarness.start()
}, 180_000)
afterAll(() => harness.stop())

const picks = (page: Page) =>
  page.evaluate(() =>
    window.fake.calls
      .filter(({ name }) => name === 'devices.pickBranch')
      .map(({ args }) => (args as { branch: string; words: Uint8Array | null }).branch[0]),
  )
const devices = async (page: Page) => {
  await settings('Devices')(page)
  await page.getByRole('heading', { name: 'Version 1' }).scrollIntoViewIfNeeded()
}
const ask = (number: number) => async (page: Page) => {
  await devices(page)
  await page.getByRole('button', { name: `Version ${number} is right…` }).click()
  await page.getByRole('alertdialog', { name: `Use version ${number}?` }).waitFor()
}
const story = (name: 'split' | 'split-apart'): OpenOptions => ({ scenario: { replication: { story: name } } })

const screens: readonly Screen[] = [
  { name: 'devices-split', scenario: { replication: { story: 'split' } }, reach: devices },
  { name: 'devices-split-pick', scenario: { replication: { story: 'split' } }, reach: ask(2) },
  { name: 'devices-split-paper', scenario: { replication: { story: 'split-apart' } }, reach: ask(1) },
  {
    name: 'contact-compared-elsewhere',
    scenario: {},
    reach: async (page) => {
      await open(/Bob Baker/)(page)
      await page.getByRole('button', { name: 'About Bob Baker' }).last().click()
      await page.getByRole('heading', { name: 'Compared on your other devices' }).scrollIntoViewIfNeeded()
    },
  },
]

describe('a forked list of devices and comparisons of other devices, accessible and within their policy', () => {
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

describe('a forked list of devices', () => {
  it('says of each version who changed what, and which devices are in it', () =>
    using(story('split'), async (page) => {
      await devices(page)
      const version = (number: number) => page.getByRole('article', { name: `Version ${number}` })
      await version(1).getByText('“Desktop-4F2” was added by Desk in the study.').waitFor()
      await version(1).getByText('Devices in it: Alice’s laptop, Desk in the study, Tablet, and Desktop-4F2.').waitFor()
      await version(2).getByText('“Kitchen tablet” was renamed “Kitchen” by Alice’s laptop.').waitFor()
      await page.getByText('Use the one in which you know every device').waitFor()
    }))

  it('is settled with the keyboard alone, and what does not count is named', () =>
    using(story('split'), async (page) => {
      await devices(page)
      await page.getByRole('button', { name: 'Version 2 is right…' }).focus()
      await page.keyboard.press('Enter')
      await page.getByRole('alertdialog').waitFor()
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Cancel')
      await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Version 1' }).waitFor({ state: 'detached' })
      expect(await picks(page)).toEqual(['b'])
      await page.getByRole('button', { name: '1 device that does not count' }).click()
      await page.getByRole('list', { name: 'Devices that do not count' }).getByText('Desktop-4F2').waitFor()
    }))

  it('is asked about by what a version is, not by its place, and says when it is there no more', () =>
    using(story('split'), async (page) => {
      await ask(2)(page)
      await page.evaluate(() => {
        const { branches } = window.fake.replication.first
        window.fake.replication.change({ branches: [...branches].reverse() })
      })
      await page.getByRole('alertdialog', { name: 'Use version 1?' }).waitFor()
      await page.evaluate(() => {
        const { branches } = window.fake.replication.first
        const [first, ...others] = branches
        window.fake.replication.change({ branches: [{ ...first!, key: 'z'.repeat(43) }, ...others] })
      })
      await page.getByRole('alertdialog').waitFor({ state: 'detached' })
      await page.getByRole('alert').getByText('The version you picked is not there any more').waitFor()
      expect(await picks(page)).toEqual([])
    }))

  it('takes the paper secret where a version removes this device, and says when it is another', () =>
    using(story('split-apart'), async (page) => {
      await ask(1)(page)
      const dialog = page.getByRole('alertdialog')
      await dialog.getByText('it would have to be linked again').waitFor()
      const use = dialog.getByRole('button', { name: 'Use this version' })
      expect(await use.isDisabled()).toBe(true)
      expect(await page.evaluate(() => document.activeElement?.getAttribute('type'))).toBe('password')
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: 'Version 2 is right…' }).click()
      await dialog.getByLabel('Paper secret').fill('other words')
      await use.click()
      await dialog.getByRole('alert').getByText('These are not the words of your paper secret').waitFor()
      await dialog.getByLabel('Paper secret').fill(' Right  words ')
      await page.keyboard.press('Enter')
      await dialog.waitFor({ state: 'detached' })
      expect(await picks(page)).toEqual(['b', 'b'])
    }))
})
