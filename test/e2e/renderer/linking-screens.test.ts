import type { Page } from '@playwright/test'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { drawQr } from '#shared/linking/qr-image.ts'
import { shownCode, shownText } from '#test/fakes/bridge-linking.ts'
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
const move = (page: Page, state: string, over: object = {}) =>
  page.evaluate(([to, more]) => window.fake.linking.move(to, more), [state, over] as const)
const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent)
const digits = `${shownCode.slice(0, 4)} ${shownCode.slice(4)}`

const openDialog = async (page: Page) => {
  await settings('Devices')(page)
  await page.getByRole('button', { name: 'Link a device…' }).click()
  await page.getByRole('dialog', { name: 'Link a device' }).waitFor()
}
const typeDigits = async (page: Page, typed: string) => {
  await openDialog(page)
  await page.getByRole('tab', { name: 'Digits' }).click()
  await page.getByLabel('The eight digits of the new device').fill(typed)
  await page.getByRole('button', { name: 'Look for the device' }).click()
}
const ask = async (page: Page) => {
  await typeDigits(page, digits)
  await page.getByRole('heading', { name: 'Link “Tablet in the kitchen”?' }).waitFor()
}
const showCode = async (page: Page) => {
  await page.getByRole('tab', { name: 'Link to my other device' }).click()
  await page.getByLabel('Address').fill('alice@home.example')
  await page.getByRole('button', { name: 'Show a code' }).click()
  await page.getByRole('img', { name: /^QR code/ }).waitFor()
}
const current = { replication: { story: 'current' } } as const
const setup = { phase: 'ready', fixture: 'none' } as const

const screens: readonly Screen[] = [
  { name: 'link-camera', scenario: current, reach: openDialog },
  {
    name: 'link-camera-open',
    scenario: current,
    reach: async (page) => {
      await openDialog(page)
      await page.getByRole('button', { name: 'Open the camera' }).click()
      await page.getByText('Looking for a code').waitFor()
    },
  },
  {
    name: 'link-picture',
    scenario: current,
    reach: async (page) => {
      await openDialog(page)
      await page.getByRole('tab', { name: 'Picture' }).click()
      await page.locator('input[type="file"]').setInputFiles({
        ...{ name: 'holiday.png', mimeType: 'image/png', buffer: Buffer.from('no picture at all') },
      })
      await page.getByText('No code can be read in this').waitFor()
    },
  },
  {
    name: 'link-digits',
    scenario: current,
    reach: async (page) => {
      await typeDigits(page, '9999 0000')
      await page.getByText('No device waits for this account').waitFor()
    },
  },
  { name: 'link-asking', scenario: current, reach: ask },
  {
    name: 'link-handing-over',
    scenario: current,
    reach: async (page) => {
      await ask(page)
      await page.getByRole('button', { name: 'Link', exact: true }).click()
      await page.getByRole('progressbar', { name: /^Handing over/ }).waitFor()
    },
  },
  {
    name: 'link-done',
    scenario: current,
    reach: async (page) => {
      await ask(page)
      await move(page, 'done')
      await page.getByText('“Tablet in the kitchen” is linked.').waitFor()
    },
  },
  {
    name: 'link-failed',
    scenario: current,
    reach: async (page) => {
      await ask(page)
      await move(page, 'failed', { error: 'link-cancelled' })
      await page.getByText('Nothing was handed over').waitFor()
    },
  },
  {
    name: 'setup-link',
    scenario: setup,
    reach: async (page) => {
      await page.getByRole('tab', { name: 'Link to my other device' }).click()
      await page.getByRole('button', { name: 'Show a code' }).click()
      await page.getByText('Write the address as').waitFor()
    },
  },
  { name: 'setup-link-code', scenario: setup, reach: showCode },
  {
    name: 'setup-link-expired',
    scenario: setup,
    reach: async (page) => {
      await showCode(page)
      await move(page, 'showing', { expiresAt: 1 })
      await page.getByText('This code has run out').waitFor()
    },
  },
  {
    name: 'setup-link-done',
    scenario: setup,
    reach: async (page) => {
      await showCode(page)
      await move(page, 'done')
      await page.getByText('This device is linked to').waitFor()
    },
  },
  {
    name: 'history-arriving',
    scenario: setup,
    reach: async (page) => {
      await showCode(page)
      await move(page, 'done')
      await page.getByRole('button', { name: 'Continue' }).click()
      await page.getByRole('progressbar', { name: 'Of the history' }).waitFor()
    },
  },
]

describe('linking a device, accessible and within its policy', () => {
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

/** A PNG of the code, or what a camera that looks at it gives: drawn in the page. */
const drawCode = (page: Page, text: string) =>
  page.evaluate(({ size, path }) => {
    const canvas = document.createElement('canvas')
    Object.assign(canvas, { width: 640, height: 480 })
    const context = canvas.getContext('2d')!
    const draw = (): void => {
      context.setTransform(1, 0, 0, 1, 0, 0)
      context.fillStyle = '#f4f4ee'
      context.fillRect(0, 0, 640, 480)
      context.setTransform(6, 0, 0, 6, (640 - size * 6) / 2, (480 - size * 6) / 2)
      context.fillStyle = '#101010'
      context.fill(new Path2D(path))
    }
    draw()
    setInterval(draw, 50)
    navigator.mediaDevices.getUserMedia = () => {
      const stream = canvas.captureStream()
      Object.assign(window, { cameraState: () => stream.getTracks().map((track) => track.readyState) })
      return Promise.resolve(stream)
    }
    return canvas.toDataURL('image/png').split(',')[1]!
  }, drawQr(text))

const handed = async (page: Page): Promise<readonly string[]> => {
  const texts = await page.evaluate(() =>
    window.fake.calls
      .filter(({ name }) => name === 'linking.readQr')
      .map(({ args }) => new TextDecoder().decode((args as { text: Uint8Array }).text)),
  )
  return texts
}

describe('on the device that has the account', () => {
  it('reads the code with the camera, which is closed again', () =>
    using({ scenario: current }, async (page) => {
      await openDialog(page)
      await drawCode(page, shownText)
      await page.getByRole('button', { name: 'Open the camera' }).click()
      await page.getByRole('heading', { name: 'Link “Tablet in the kitchen”?' }).waitFor()
      expect(await handed(page)).toEqual([shownText])
      expect(await page.evaluate<string[]>('window.cameraState()')).toEqual(['ended'])
    }))

  it('tells once of a code that links nothing, and goes on looking', () =>
    using({ scenario: current }, async (page) => {
      await openDialog(page)
      await drawCode(page, 'https://example.org/menu')
      await page.getByRole('button', { name: 'Open the camera' }).click()
      await page.getByRole('alert').getByText('This picture shows no code').waitFor()
      await page.waitForTimeout(700)
      expect(await handed(page)).toEqual(['https://example.org/menu'])
      await page.getByText('Looking for a code').waitFor()
    }))

  it('says so when the camera cannot be opened', () =>
    using({ scenario: current }, async (page) => {
      await openDialog(page)
      await page.evaluate(() => {
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotReadableError'))
      })
      await page.getByRole('button', { name: 'Open the camera' }).click()
      await page.getByRole('alert').getByText('The camera cannot be opened').waitFor()
    }))

  it('reads the code from a picture that is chosen', () =>
    using({ scenario: current }, async (page) => {
      await openDialog(page)
      const png = Buffer.from(await drawCode(page, shownText), 'base64')
      await page.getByRole('tab', { name: 'Picture' }).click()
      await page.locator('input[type="file"]').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: png })
      await page.getByRole('heading', { name: /^Link “Tablet/ }).waitFor()
      expect(await handed(page)).toEqual([shownText])
    }))

  it('reads the code from a picture that is pasted', () =>
    using({ scenario: current }, async (page) => {
      await openDialog(page)
      const png = await drawCode(page, shownText)
      await page.getByRole('tab', { name: 'Picture' }).click()
      const button = page.getByRole('button', { name: 'Choose a picture…' })
      await button.evaluate((target, encoded) => {
        const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0))
        const clipboardData = new DataTransfer()
        clipboardData.items.add(new File([bytes], 'code.png', { type: 'image/png' }))
        target.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, cancelable: true, clipboardData }))
      }, png)
      await page.getByRole('heading', { name: /^Link “Tablet/ }).waitFor()
      expect(await handed(page)).toEqual([shownText])
    }))

  it('reads the code from a picture that is dropped', () =>
    using({ scenario: current }, async (page) => {
      await openDialog(page)
      const file = path.join(await mkdtemp(path.join(tmpdir(), 'sotto-code-')), 'code.png')
      await writeFile(file, await drawCode(page, shownText), 'base64')
      await page.getByRole('tab', { name: 'Picture' }).click()
      const box = (await page.getByText('Drop or paste a picture').boundingBox())!
      const devtools = await page.context().newCDPSession(page)
      for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
        const data = { items: [], files: [file], dragOperationsMask: 1 }
        await devtools.send('Input.dispatchDragEvent', { type, x: box.x + 5, y: box.y + 5, data })
      }
      await page.getByRole('heading', { name: /^Link “Tablet/ }).waitFor()
      expect(await handed(page)).toEqual([shownText])
      await rm(path.dirname(file), { recursive: true })
    }))

  it('takes the digits with the keyboard alone, names what is handed over, and hands over only then', () =>
    using({ scenario: current }, async (page) => {
      await settings('Devices')(page)
      await page.getByRole('button', { name: 'Link a device…' }).focus()
      await page.keyboard.press('Enter')
      await page.getByRole('tab', { name: 'Camera' }).focus()
      await page.keyboard.press('End')
      await page.getByLabel('The eight digits of the new device').focus()
      await page.keyboard.type('4071')
      await page.keyboard.press('Enter')
      await page.getByText('The code has eight digits').waitFor()
      await page.keyboard.type('8253')
      expect(await page.getByLabel('The eight digits of the new device').inputValue()).toBe(digits)
      await page.keyboard.press('Enter')
      await page.getByText('the address alice@home.example and its password').waitFor()
      await poll(() => focused(page)).toBe('Link “Tablet in the kitchen”?')
      await page.keyboard.press('Enter')
      await page.keyboard.press('Tab')
      await poll(() => focused(page)).toBe('Cancel')
      expect(await callsOf(page, 'linking.confirm')).toEqual([])
      await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      await page.getByRole('progressbar', { name: /^Handing over/ }).waitFor()
      expect(await callsOf(page, 'linking.confirm')).toEqual([{}])
      await move(page, 'done')
      await poll(() => focused(page)).toBe('Done')
      await page.keyboard.press('Enter')
      await poll(() => page.getByRole('dialog').count()).toBe(0)
      expect(await callsOf(page, 'linking.cancel')).toEqual([{}])
    }))

  it('ends what runs when its dialog is closed', () =>
    using({ scenario: current }, async (page) => {
      await ask(page)
      await page.keyboard.press('Escape')
      await poll(() => callsOf(page, 'linking.cancel')).toEqual([{}])
      expect(await callsOf(page, 'linking.confirm')).toEqual([])
    }))
})

describe('on the new device', () => {
  it('asks for address and server, and shows a code for eyes and ears', () =>
    using({ scenario: setup }, async (page) => {
      await page.getByRole('tab', { name: 'Link to my other device' }).click()
      await page.getByLabel('Address').fill('alice@voice.example')
      await page.getByLabel('Server that keeps the history').fill('history.example.org:8443')
      await page.keyboard.press('Enter')
      await page.getByText('The eight digits: 4 0 7 1, 8 2 5 3').waitFor()
      await page.getByText(digits, { exact: true }).waitFor()
      expect(await callsOf(page, 'linking.begin')).toEqual([
        { aor: 'alice@voice.example', server: 'history.example.org:8443' },
      ])
      expect(await page.getByRole('timer').innerText()).toMatch(/^Valid for [12]:\d\d more minutes$/)
    }))

  it('tells a screen reader of the time left only near the end, and offers a new code after it', () =>
    using({ scenario: setup }, async (page) => {
      await showCode(page)
      await expect.poll(() => focused(page)).toBe('Link this device to alice@home.example:')
      expect(await page.getByText(/seconds left/).count()).toBe(0)
      await move(page, 'showing', { expiresAt: await page.evaluate(() => Date.now() + 25_000) })
      await page.getByText('30 seconds left').waitFor()
      await move(page, 'showing', { expiresAt: await page.evaluate(() => Date.now() - 1) })
      await page.getByRole('alert').getByText('This code has run out').waitFor()
      await poll(() => focused(page)).toBe('Show a new code')
      await page.keyboard.press('Enter')
      await page.getByRole('img', { name: /^QR code/ }).waitFor()
      expect(await callsOf(page, 'linking.begin')).toHaveLength(2)
    }))

  it('goes on to the app with the history arriving, which can be ended', () =>
    using({ scenario: setup }, async (page) => {
      await showCode(page)
      await move(page, 'checking')
      await page.getByRole('progressbar', { name: /Confirm there/ }).waitFor()
      await move(page, 'receiving')
      await page.getByRole('progressbar', { name: /Receiving the account/ }).waitFor()
      await move(page, 'done')
      await poll(() => focused(page)).toBe('Continue')
      await page.keyboard.press('Enter')
      await page.getByRole('group', { name: 'The history on its way' }).getByText('Alice’s laptop').waitFor()
      await page.getByRole('button', { name: 'Stop' }).click()
      await poll(() => page.getByRole('group', { name: 'The history on its way' }).count()).toBe(0)
      expect(await callsOf(page, 'linking.stopTransfer')).toHaveLength(1)
    }))

  it('ends what runs when the person turns to something else', () =>
    using({ scenario: setup }, async (page) => {
      await showCode(page)
      await page.getByRole('tab', { name: 'Sign in' }).click()
      await poll(() => callsOf(page, 'linking.cancel')).toEqual([{}])
    }))

  it('says why it failed and begins anew', () =>
    using({ scenario: setup }, async (page) => {
      await showCode(page)
      await move(page, 'failed', { error: 'server-unreachable' })
      await page.getByRole('alert').getByText('The server cannot be reached').waitFor()
      await page.getByRole('button', { name: 'Back' }).click()
      expect(await page.getByLabel('Address').inputValue()).toBe('alice@home.example')
    }))

  it('is a way to add an account, too', () =>
    using({ scenario: {} }, async (page) => {
      await settings('Accounts')(page)
      await page.getByRole('button', { name: 'Add an account' }).click()
      await showCode(page)
      await page.keyboard.press('Escape')
      await poll(() => callsOf(page, 'linking.cancel')).toEqual([{}])
    }))
})
