import type { Page } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { paperWords } from '#test/fakes/bridge.ts'
import { InterfaceHarness } from './harness.ts'
import { look, type Screen } from './look.ts'

vi.setConfig({ testTimeout: 180_000, maxConcurrency: 2 })
let harness: InterfaceHarness
beforeAll(async () => {
  harness = await InterfaceHarness.start()
}, 180_000)
afterAll(() => harness.stop())

const setup = { phase: 'ready', fixture: 'none' } as const
const poll = <T>(ask: () => Promise<T>) => expect.poll(ask, { timeout: 10_000 })
const callsOf = (page: Page, name: string) =>
  page.evaluate((wanted) => window.fake.calls.filter((call) => call.name === wanted).map((call) => call.args), name)

const openForm = async (page: Page) => {
  await page.getByRole('tab', { name: 'Restore with the paper secret' }).click()
  await page.getByText('For an account whose devices are all gone').waitFor()
}
const fill = async (page: Page, words: string) => {
  await openForm(page)
  await page.getByRole('textbox', { name: 'Address' }).fill('alice@home.example')
  await page.getByLabel('Paper secret', { exact: true }).fill(words)
}
const restore = async (page: Page, words = paperWords.join(' ')) => {
  await fill(page, words)
  await page.getByRole('button', { name: 'Restore', exact: true }).click()
}
const wrong = [...paperWords].reverse().join(' ')

const screens: readonly Screen[] = [
  { name: 'setup-restore', scenario: setup, reach: openForm },
  {
    name: 'setup-restore-nothing',
    scenario: setup,
    reach: async (page) => {
      await restore(page, wrong)
      await page.getByText('nothing under this address that these words open').waitFor()
    },
  },
  {
    name: 'setup-restore-working',
    scenario: setup,
    reach: async (page) => {
      await page.evaluate(() => (window.fake.restore.isSlow = true))
      await restore(page)
      await page.getByRole('button', { name: 'Cancel' }).waitFor()
    },
  },
  {
    name: 'setup-restored',
    scenario: setup,
    reach: async (page) => {
      await restore(page)
      await page.getByRole('heading', { name: 'Your account is back' }).waitFor()
      await page.getByText('Which of your devices are lost?').waitFor()
    },
  },
]

describe('restoring with the paper secret, accessible and within its policy', () => {
  for (const screen of screens) it.concurrent(screen.name, () => look(harness, screen))
})

async function using(walk: (page: Page) => Promise<void>): Promise<void> {
  const { page, faults, close } = await harness.open({ scenario: setup })
  try {
    await walk(page)
    expect(await faults()).toEqual([])
  } finally {
    await close()
  }
}

describe('restoring with the paper secret', () => {
  it('hands words and password over as bytes, and what is empty as nothing', () =>
    using(async (page) => {
      await restore(page, `  ${paperWords.join('  ').toUpperCase()} `)
      await page.getByRole('heading', { name: 'Your account is back' }).waitFor()
      const [args] = await page.evaluate(() =>
        window.fake.calls
          .filter(({ name }) => name === 'restore.begin')
          .map(({ args: given }) => {
            const { words, ...rest } = given as { words: Uint8Array }
            return { ...rest, words: new TextDecoder().decode(words) }
          }),
      )
      expect(args).toEqual({
        ...{
          aor: 'alice@home.example',
          displayName: '',
          password: null,
          branch: null,
          replica: null,
          transport: null,
          server: null,
        },
        words: paperWords.join(' '),
      })
    }))

  it('says at the words what is wrong with them', () =>
    using(async (page) => {
      await restore(page, 'only three words')
      await page.getByText('The paper secret has twelve words; 3 were typed.').waitFor()
      expect(await page.getByLabel('Paper secret', { exact: true }).getAttribute('aria-invalid')).toBe('true')
    }))

  it('can be cancelled, and ends when the person turns to something else', () =>
    using(async (page) => {
      await page.evaluate(() => (window.fake.restore.isSlow = true))
      await restore(page)
      await page.getByRole('button', { name: 'Cancel' }).click()
      await poll(() => page.getByRole('button', { name: 'Restore', exact: true }).isEnabled()).toBe(true)
      expect(await callsOf(page, 'restore.cancel')).toEqual([{}])
      await page.getByRole('button', { name: 'Restore', exact: true }).click()
      await page.getByRole('button', { name: 'Cancel' }).waitFor()
      await page.getByRole('tab', { name: 'Sign in' }).click()
      await poll(() => callsOf(page, 'restore.cancel')).toEqual([{}, {}])
    }))

  it('removes the devices that are said to be lost, once the history is here, and no others', () =>
    using(async (page) => {
      await restore(page)
      await page.getByRole('switch', { name: '“Tablet” is lost' }).waitFor()
      const remove = page.getByRole('button', { name: 'Remove the lost devices' })
      expect(await remove.isDisabled()).toBe(true)
      await page.evaluate(() => window.fake.replication.change({ state: 'current', progress: null }))
      await page.getByText('“Tablet” is lost').click()
      await remove.click()
      await poll(async () => (await callsOf(page, 'devices.revoke')).length).toBe(1)
      expect(await callsOf(page, 'devices.revoke')).toMatchObject([{ deviceId: 'P'.repeat(22) }])
      await page.getByRole('switch', { name: '“Tablet” is lost' }).waitFor()
      await page.getByRole('button', { name: 'Remove none' }).click()
      await poll(() => page.getByText('Which of your devices are lost?').count()).toBe(0)
    }))
})

/** The versions that the server shows from now on, by the letters of their keys. */
const shows = (page: Page, ...letters: readonly string[]) =>
  page.evaluate((shown) => {
    const own = { mayPick: false, hasOwn: false } as const
    const added = { kind: 'add', by: 'Desk', newName: null, at: Date.UTC(2027, 0, 1) } as const
    window.fake.restore.branches = shown.map((letter) => ({
      ...{ ...own, key: letter.repeat(43), devices: ['Desk', `Device ${letter}`] },
      changes: [{ ...added, device: `Device ${letter}` }],
    }))
  }, letters)
const pickSecond = async (page: Page) => {
  await restore(page)
  await page.getByRole('button', { name: 'Version 2 is right…' }).click()
}
const usePicked = (page: Page) => page.getByRole('button', { name: 'Use this version' }).click()
const pickedKeys = async (page: Page) =>
  (await callsOf(page, 'restore.begin')).map((args) => (args as { branch: string | null }).branch?.[0] ?? null)

describe('restoring an account whose list of devices is in two versions', () => {
  it('shows both, and goes on along the one that is picked', () =>
    using(async (page) => {
      await shows(page, 'a', 'b')
      await restore(page)
      await page.getByRole('heading', { name: 'Two versions of the list of devices' }).waitFor()
      await page.getByRole('button', { name: 'Version 2 is right…' }).click()
      await usePicked(page)
      await page.getByRole('heading', { name: 'Your account is back' }).waitFor()
      expect(await pickedKeys(page)).toEqual([null, 'b'])
    }))

  it('asks about no other version when the picked one is not there any more, and says so', () =>
    using(async (page) => {
      await shows(page, 'a', 'b')
      await pickSecond(page)
      await shows(page, 'a', 'c')
      await usePicked(page)
      await page.getByText('Device c').first().waitFor()
      expect(await page.getByRole('alertdialog').count()).toBe(0)
      await page.getByRole('alert').getByText('The version you picked is not there any more').waitFor()
      await page.getByRole('button', { name: 'Version 2 is right…' }).click()
      expect(await page.getByRole('alert').count()).toBe(0)
      await usePicked(page)
      await page.getByRole('heading', { name: 'Your account is back' }).waitFor()
      expect(await pickedKeys(page)).toEqual([null, 'b', 'c'])
    }))

  it('goes back to the question when the list was settled otherwise meanwhile', () =>
    using(async (page) => {
      await shows(page, 'a', 'b')
      await pickSecond(page)
      await page.evaluate(() => (window.fake.restore.isSettledOtherwise = true))
      await usePicked(page)
      await page.getByRole('alert').getByText('is not the one that counts').waitFor()
      expect(await page.getByRole('alertdialog').count()).toBe(0)
      expect(await page.getByRole('textbox', { name: 'Address' }).inputValue()).toBe('alice@home.example')
    }))
})
