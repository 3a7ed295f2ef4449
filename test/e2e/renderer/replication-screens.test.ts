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
const focusedText = (page: Page) =>
  page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent)

const theSwitch = (page: Page) => page.getByRole('switch', { name: 'Keep my history on all my devices' })
/** The switch itself is as small as a pixel; what a person presses is its words. */
const flip = (page: Page) => page.getByText('Keep my history on all my devices', { exact: true }).click()

const privacy = async (page: Page) => {
  await settings('Privacy')(page)
  await page.getByText('Keep my history on all my devices').scrollIntoViewIfNeeded()
}
const devices = async (page: Page) => {
  await settings('Devices')(page)
  await page.getByRole('heading', { name: 'Devices of this account' }).waitFor()
}

const screens: readonly Screen[] = [
  { name: 'replication-off', scenario: {}, reach: privacy },
  {
    name: 'replication-foreign',
    scenario: { replication: { story: 'foreign' } },
    reach: async (page) => {
      await privacy(page)
      await flip(page)
      await page.getByText('Give the address of the server').waitFor()
    },
  },
  {
    name: 'replication-pushing',
    scenario: { replication: { story: 'pushing' } },
    reach: async (page) => {
      await privacy(page)
      await page.getByRole('progressbar', { name: 'Sent 1,234 of 4,834 entries' }).scrollIntoViewIfNeeded()
    },
  },
  {
    name: 'replication-turn-off',
    scenario: { replication: { story: 'current' } },
    reach: async (page) => {
      await privacy(page)
      await flip(page)
      await page.getByRole('alertdialog').waitFor()
    },
  },
  {
    name: 'replication-left',
    scenario: { replication: { story: 'current', leftover: { batches: 2, asked: 1 } } },
    reach: async (page) => {
      await privacy(page)
      await flip(page)
      await page.getByRole('button', { name: 'Turn off and erase' }).click()
      await page.getByText('It was asked to erase everything').scrollIntoViewIfNeeded()
    },
  },
  { name: 'devices-off', scenario: {}, reach: devices },
  { name: 'devices-current', scenario: { replication: { story: 'current' } }, reach: devices },
  { name: 'devices-server-only', scenario: { replication: { story: 'server-only' } }, reach: devices },
  { name: 'devices-offline', scenario: { replication: { story: 'offline' } }, reach: devices },
  { name: 'devices-old-password', scenario: { replication: { story: 'old-password' } }, reach: devices },
  { name: 'devices-full-of-files', scenario: { replication: { story: 'full-of-files' } }, reach: devices },
  { name: 'devices-faults', scenario: { replication: { story: 'faulty' } }, reach: devices },
  {
    name: 'devices-copied',
    scenario: { replication: { story: 'copied' } },
    reach: async (page) => {
      await devices(page)
      await page.getByRole('button', { name: '1 removed device' }).click()
    },
  },
  {
    name: 'devices-rename',
    scenario: { replication: { story: 'current' } },
    reach: async (page) => {
      await devices(page)
      await page.getByRole('button', { name: 'Rename Tablet' }).click()
      await page.getByLabel('Name of the device').waitFor()
    },
  },
  {
    name: 'devices-remove',
    scenario: { replication: { story: 'current' } },
    reach: async (page) => {
      await devices(page)
      await page.getByRole('button', { name: 'Remove… Tablet' }).click()
      await page.getByText('The account gets a new password').waitFor()
    },
  },
  {
    name: 'devices-remove-foreign',
    scenario: { replication: { story: 'current' }, account: { server: 'sip.example.net' } },
    reach: async (page) => {
      await devices(page)
      await page.getByRole('button', { name: 'Remove… Tablet' }).click()
      await page.getByText('Change it at your provider').waitFor()
    },
  },
]

describe('replication and devices, accessible and within their policy', () => {
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
const current = { scenario: { replication: { story: 'current' } } } as const

describe('keeping the history on all devices', () => {
  it('says what the server gets before it is on, and shows how far it is', () =>
    using({}, async (page) => {
      await privacy(page)
      await page.getByText('60 days from when the server took it').waitFor()
      await page.getByText('your IP address while you are connected').waitFor()
      await flip(page)
      await page.getByRole('progressbar', { name: 'Preparing' }).waitFor()
      expect(await callsOf(page, 'replication.switchOn')).toMatchObject([{ server: null, invitation: null }])
      await page.evaluate(() =>
        window.fake.replication.change({ progress: { doing: 'pushing', done: 900, total: 1800 } }),
      )
      const bar = page.getByRole('progressbar', { name: 'Sent 900 of 1,800 entries' })
      expect(await bar.getAttribute('aria-valuenow')).toBe('50')
      await page.getByRole('button', { name: 'Pause' }).click()
      await page.getByText('Paused by you').waitFor()
      await page.getByRole('button', { name: 'Go on' }).click()
      await page.getByText('Up to date').waitFor()
    }))

  it('stays off with the reason when it cannot be turned on', () =>
    using({ scenario: { failing: { 'replication.switchOn': 'server-unreachable' } } }, async (page) => {
      await privacy(page)
      await flip(page)
      await page.getByRole('alert').getByText('The server cannot be reached').waitFor()
      expect(await theSwitch(page).isChecked()).toBe(false)
    }))

  it('asks for a server where the provider keeps no histories, and puts a bad invitation down to its field', () =>
    using(
      {
        scenario: {
          replication: { story: 'foreign' },
          failing: { 'replication.switchOn': 'invitation-invalid' },
        },
      },
      async (page) => {
        await privacy(page)
        await flip(page)
        await page.getByText('Give the address of the server').waitFor()
        expect(await callsOf(page, 'replication.switchOn')).toEqual([])
        await page.getByLabel('Address of the server').fill(' history.example.org:8443 ')
        await page.getByLabel('Invitation to the server').fill('abc')
        await flip(page)
        const field = page.getByLabel('Invitation to the server')
        await poll(() => field.getAttribute('aria-invalid')).toBe('true')
        expect(await callsOf(page, 'replication.switchOn')).toMatchObject([
          { server: 'history.example.org:8443', invitation: 'abc' },
        ])
      },
    ))

  it('is turned off by the keyboard alone, erases, and shows what the server says', () =>
    using(current, async (page) => {
      await privacy(page)
      await theSwitch(page).focus()
      await page.keyboard.press('Space')
      await page.getByRole('alertdialog').waitFor()
      await poll(() => focusedText(page)).toBe('Cancel')
      expect(await page.getByRole('checkbox', { name: 'Also erase what 127.0.0.1:8443 holds' }).isChecked()).toBe(true)
      await page.keyboard.press('Tab')
      expect(await focusedText(page)).toBe('Turn off and erase')
      await page.keyboard.press('Enter')
      await page.getByRole('status').getByText('127.0.0.1:8443 is empty').waitFor()
      expect(await callsOf(page, 'replication.switchOff')).toMatchObject([{ erase: true }])
      expect(await theSwitch(page).isChecked()).toBe(false)
    }))

  it('is not answered by Enter on what is only to be looked at', () =>
    using(current, async (page) => {
      await privacy(page)
      await flip(page)
      const dialog = page.getByRole('alertdialog')
      await dialog.waitFor()
      await page.keyboard.press('Shift+Tab')
      expect(await page.evaluate(() => document.activeElement?.getAttribute('type'))).toBe('checkbox')
      await page.keyboard.press('Enter')
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
      expect(await callsOf(page, 'replication.switchOff')).toEqual([])
      expect(await theSwitch(page).isChecked()).toBe(true)
    }))

  it('says what the server still holds until it is empty', () =>
    using({ scenario: { replication: { story: 'current', leftover: { batches: 2, asked: 2 } } } }, async (page) => {
      await privacy(page)
      await flip(page)
      await page.getByRole('button', { name: 'Turn off and erase' }).click()
      await page.getByText('holds 2 sealed batches').waitFor()
      await page.getByRole('button', { name: 'Ask again' }).click()
      await poll(() => callsOf(page, 'replication.serverCopy')).toHaveLength(1)
      await page.getByText('holds 2 sealed batches').waitFor()
      await page.getByRole('button', { name: 'Ask again' }).click()
      await page.getByText('127.0.0.1:8443 is empty').waitFor()
    }))

  it('can leave the copy where it is, and stays on when turning it off failed', () =>
    using(
      { scenario: { ...current.scenario, failing: { 'replication.switchOff': 'server-unreachable' } } },
      async (page) => {
        await privacy(page)
        await flip(page)
        await page.getByText('Also erase what').click()
        await page.getByRole('button', { name: 'Turn off', exact: true }).click()
        await page.getByRole('alertdialog').getByText('The server cannot be reached').waitFor()
        expect(await callsOf(page, 'replication.switchOff')).toMatchObject([{ erase: false }])
        await page.getByRole('button', { name: 'Cancel' }).click()
        expect(await theSwitch(page).isChecked()).toBe(true)
      },
    ))
})

describe('the devices of an account', () => {
  it('names each once, this one first, and keeps removed ones apart', () =>
    using(current, async (page) => {
      await devices(page)
      const list = page.getByRole('list', { name: 'Devices of this account' }).getByRole('listitem')
      expect(await list.count()).toBe(3)
      await list.first().getByText('This device').waitFor()
      await page.getByText('last confirmed by Desk in the study').waitFor()
      await page.getByRole('button', { name: '1 removed device' }).click()
      await page.getByRole('list', { name: 'Removed devices' }).getByText('Old phone').waitFor()
    }))

  it('are renamed with the keyboard alone', () =>
    using(current, async (page) => {
      await devices(page)
      await page.getByRole('button', { name: 'Rename Tablet' }).focus()
      await page.keyboard.press('Enter')
      await page.keyboard.press('Control+A')
      await page.keyboard.type('Kitchen')
      await page.keyboard.press('Enter')
      await page.getByRole('button', { name: 'Rename Kitchen' }).waitFor()
      await poll(() => focusedText(page)).toBe('Rename Kitchen')
    }))

  it('are removed after a question that says what they can still do', () =>
    using(current, async (page) => {
      await devices(page)
      await page.getByRole('button', { name: 'Remove… Tablet' }).click()
      await poll(() => focusedText(page)).toBe('Cancel')
      await page.getByRole('button', { name: 'Remove device' }).click()
      await page.getByRole('status').getByText('“Tablet” is removed.').waitFor()
      expect(await callsOf(page, 'devices.revoke')).toHaveLength(1)
      await page.getByRole('button', { name: '2 removed devices' }).waitFor()
    }))

  it('never asks another provider for a new password', () =>
    using({ scenario: { ...current.scenario, account: { server: 'sip.example.net' } } }, async (page) => {
      await devices(page)
      await page.getByRole('button', { name: 'Remove… Tablet' }).click()
      await page.getByText('Change it at your provider').waitFor()
      await page.getByRole('button', { name: 'Remove device' }).click()
      await page.getByRole('status').getByText('“Tablet” is removed.').waitFor()
      expect(await callsOf(page, 'devices.revoke')).toHaveLength(1)
    }))

  it('shows a fault until it was read, and marks the list meanwhile', () =>
    using({ scenario: { replication: { story: 'copied' } } }, async (page) => {
      await page.getByRole('button', { name: 'The history of alice@home.example needs you' }).click()
      await page.getByRole('heading', { name: 'Others know more of this device than it knows itself' }).waitFor()
      await page.getByRole('button', { name: 'Go on as a new device' }).click()
      await page.getByText('Sotto is introducing it').waitFor()
      expect(await page.getByRole('button', { name: 'The history of alice@home.example needs you' }).count()).toBe(0)
    }))

  it('leaves no mark for being offline', () =>
    using({ scenario: { replication: { story: 'offline' } } }, async (page) => {
      await devices(page)
      await page.getByText('Not connected').waitFor()
      expect(await page.getByRole('button', { name: /needs you/ }).count()).toBe(0)
    }))
})
