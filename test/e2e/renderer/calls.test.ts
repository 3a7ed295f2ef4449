import type { Page } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { InterfaceHarness, type OpenOptions, shoot } from './harness.ts'
import { open, settings } from './look.ts'

// A busy machine may be slow; nothing here waits longer than it must.
vi.setConfig({ testTimeout: 90_000 })
let harness: InterfaceHarness
beforeAll(async () => {
  harness = await InterfaceHarness.start()
}, 180_000)
afterAll(() => harness.stop())

async function using(options: OpenOptions, walk: (page: Page) => Promise<void>): Promise<void> {
  const opened = await harness.open(options)
  try {
    await walk(opened.page)
    expect(await opened.faults()).toEqual([])
  } finally {
    await opened.close()
  }
}

const asked = (page: Page, ...names: string[]) =>
  page.evaluate(
    (wanted) => window.fake.calls.filter((call) => wanted.includes(call.name)).map((call) => [call.name, call.args]),
    names,
  )
const poll = <T>(ask: () => Promise<T>) => expect.poll(ask, { timeout: 15_000 })
const composer = (page: Page) => page.getByRole('textbox', { name: /^Message to/ })
const dock = (page: Page) => page.getByRole('region', { name: 'Call with Bob Baker' })
const openBob = open(/Bob Baker/)
const ring = (page: Page) => page.evaluate(() => window.fake.phone.ring())
const answerThere = (page: Page) => page.evaluate(() => window.fake.phone.answer(window.fake.phone.calls[0]!.id))
/** The name of what has the focus. */
const focused = (page: Page) =>
  page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '')
/** Walks with Tab until the wanted button has the focus, as a person would, and presses it. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let step = 0; step < 40; step += 1) {
    if ((await focused(page)) === name) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`no way to “${name}”`)
}

describe('a call with the keyboard alone', () => {
  it('is placed, compared, muted, held, used and ended, while one goes on writing', () =>
    using({}, async (page) => {
      await openBob(page)
      await composer(page).waitFor()
      await page.keyboard.press('Alt+Shift+C')
      await dock(page).getByText('Ringing there', { exact: true }).waitFor()
      await dock(page).getByText('nothing of you leaves').waitFor()
      await answerThere(page)
      await dock(page).getByText('compare four letters').waitFor()
      await page.keyboard.type('One moment')
      expect(await composer(page).inputValue()).toBe('One moment')
      await page.keyboard.press('Control+Shift+S')
      await dock(page).getByRole('button', { name: 'Switch the microphone on' }).waitFor()
      await page.keyboard.press('Control+Shift+L')
      await dock(page).getByText('On hold: Bob Baker hears nothing').first().waitFor()
      await page.keyboard.press('Control+Shift+L')
      await dock(page).getByRole('button', { name: 'Hold', exact: true }).waitFor()
      await page.keyboard.press('Shift+F6')
      await page.keyboard.press('Shift+F6')
      await tabTo(page, 'They match')
      await page.keyboard.press('Enter')
      await dock(page).getByText('Only you and Bob Baker can follow this call.').waitFor()
      await poll(() => focused(page)).toBe('Compare again')
      await tabTo(page, 'Keypad')
      await page.keyboard.press('Enter')
      await dock(page).getByRole('group', { name: 'Keypad' }).waitFor()
      await poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Keypad')
      await page.keyboard.type('12#x')
      await dock(page).getByText('12#').waitFor()
      await page.keyboard.press('Control+Shift+H')
      await dock(page).getByText('You hung up.').waitFor()
      await poll(() => focused(page)).toBe('Message to Bob Baker')
      await page.keyboard.press('Shift+F6')
      await page.keyboard.press('Shift+F6')
      expect(await focused(page)).toBe('Dismiss')
      await page.keyboard.press('Enter')
      await dock(page).waitFor({ state: 'detached' })
      await poll(() => focused(page)).toBe('Message to Bob Baker')
      expect((await asked(page, 'calls.sendDigit')).map(([, args]) => (args as { digit: string }).digit)).toEqual([
        '1',
        '2',
        '#',
      ])
      expect(await asked(page, 'calls.compared')).toEqual([
        ['calls.compared', { callId: expect.any(String) as string, equal: true, deviceName: '' }],
      ])
    }))

  it('that comes in disturbs nobody who types, and is answered by its keys', () =>
    using({}, async (page) => {
      await open(/Carol/)(page)
      await composer(page).waitFor()
      await page.keyboard.type('Hel')
      await ring(page)
      await page.getByRole('region', { name: 'Call from Bob Baker' }).waitFor()
      await page.keyboard.type('lo')
      expect(await composer(page).inputValue()).toBe('Hello')
      expect(await page.getByRole('alert').innerText()).toContain('Ctrl+Shift+A answers')
      await page.keyboard.press('Control+Shift+A')
      await dock(page).getByText('compare four letters').waitFor()
      await page.getByRole('region', { name: 'Call from Bob Baker' }).waitFor({ state: 'detached' })
    }))

  it('that is declined on the lock screen leaves the focus where one unlocks', () =>
    using({ scenario: { phase: 'locked', calls: [{ phase: 'incoming', peerName: '' }] } }, async (page) => {
      await page.getByRole('button', { name: 'Decline', exact: true }).click()
      await page.getByRole('button', { name: 'Decline', exact: true }).waitFor({ state: 'detached' })
      await poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('INPUT')
    }))

  it('that comes in behind a dialog can be declined, and the dialog stays', () =>
    using({}, async (page) => {
      await page.getByText('Bob Baker').first().waitFor()
      await page.keyboard.press('Control+/')
      await page.getByRole('dialog').waitFor()
      await ring(page)
      await page.getByRole('button', { name: 'Decline', exact: true }).click()
      await page.getByRole('button', { name: 'Decline', exact: true }).waitFor({ state: 'detached' })
      await page.getByRole('dialog').waitFor()
      await ring(page)
      await page.getByRole('region', { name: 'Call from Bob Baker' }).waitFor()
      await page.keyboard.press('Control+Shift+H')
      await poll(async () => (await asked(page, 'calls.decline')).length).toBe(2)
      await page.getByRole('dialog').waitFor()
    }))
})

describe('calls', () => {
  it('wait for each other: the first is held when the second is taken', () =>
    using({ scenario: { calls: [{}] } }, async (page) => {
      await openBob(page)
      await dock(page).waitFor()
      await page.evaluate(() =>
        window.fake.phone.ring({ peerName: 'Carol', conversationId: 'carol'.padEnd(22, '_') as never }),
      )
      await page.getByRole('button', { name: 'Hold and accept' }).click()
      await page.getByRole('region', { name: 'Call with Carol' }).getByText('compare four letters').waitFor()
      expect((await asked(page, 'calls.setHeld', 'calls.accept')).map(([name]) => name)).toEqual([
        'calls.setHeld',
        'calls.accept',
      ])
      await page.getByRole('button', { name: 'Go to the call with Bob Baker' }).click()
      await dock(page).getByText('On hold').first().waitFor()
      await dock(page).getByRole('button', { name: 'Resume' }).click()
      await poll(async () => (await asked(page, 'calls.setHeld')).length).toBe(3)
    }))

  it('that would show the address ask first', () =>
    using({}, async (page) => {
      await openBob(page)
      await page.evaluate(() => void (window.fake.phone.addressWouldShow = true))
      await page.getByRole('button', { name: 'Call Bob Baker', exact: true }).click()
      await page.getByRole('alertdialog').getByText('Bob Baker will learn your IP address').waitFor()
      await page.keyboard.press('Escape')
      await page.getByRole('alertdialog').waitFor({ state: 'detached' })
      expect(await page.evaluate(() => window.fake.phone.calls.length)).toBe(0)
      await page.getByRole('button', { name: 'Call Bob Baker with video' }).click()
      await page.getByRole('button', { name: 'Call anyway' }).click()
      await dock(page).getByText('Ringing there', { exact: true }).waitFor()
      expect((await asked(page, 'calls.place')).at(-1)?.[1]).toMatchObject({ video: true, showAddress: true })
    }))

  it('whose letters differ say so loudly and lead out', () =>
    using({ scenario: { calls: [{}] } }, async (page) => {
      await openBob(page)
      await dock(page).getByRole('button', { name: 'They differ' }).click()
      await page.getByRole('alert').getByText('someone may sit in the middle').waitFor()
      await poll(() => focused(page)).toBe('Hang up')
      await page.keyboard.press('Enter')
      await dock(page).getByText('You hung up.').waitFor()
    }))

  it('that failed for want of encryption are tried again with less only by the user’s choice', () =>
    using(
      { scenario: { calls: [{ phase: 'ended', end: 'peer-refuses-encryption', mayRetryWithDtls: true }] } },
      async (page) => {
        await openBob(page)
        await dock(page).getByText('does not accept calls that are encrypted').waitFor()
        await dock(page).getByRole('button', { name: 'Try with DTLS-SRTP' }).click()
        await dock(page).getByText('Ringing there', { exact: true }).waitFor()
        expect((await asked(page, 'calls.place')).at(-1)?.[1]).toMatchObject({ keys: 'dtls' })
      },
    ))

  it('cannot be placed to whom one may not call, and the button says why', () =>
    using({}, async (page) => {
      await open(/Best Offers/)(page)
      const button = page.getByRole('button', { name: 'Call Best Offers', exact: true })
      await button.waitFor()
      expect(await button.getAttribute('aria-disabled')).toBe('true')
      const reason = page.locator(`[id="${(await button.getAttribute('aria-describedby')) ?? ''}"]`)
      expect(await reason.textContent()).toBe('You blocked this contact. Unblock it to call.')
      expect(await button.getAttribute('aria-keyshortcuts')).toBe('Alt+Shift+C')
      await button.press('Enter')
      await page.keyboard.press('Alt+Shift+C')
      expect(await asked(page, 'calls.place')).toEqual([])
    }))

  it('are called back from their bubble', () =>
    using({}, async (page) => {
      await open(/Frank/)(page)
      await page.getByRole('button', { name: 'Call back' }).last().click()
      await page
        .getByRole('region', { name: 'Call with Frank Castell' })
        .getByText('Ringing there', { exact: true })
        .waitFor()
    }))

  it('follow the events, also after one was missed', () =>
    using({ scenario: { calls: [{}] } }, async (page) => {
      await openBob(page)
      await dock(page).waitFor()
      const id = await page.evaluate(() => window.fake.phone.calls[0]!.id)
      const before = (await asked(page, 'calls.list')).length
      await page.evaluate((callId) => window.fake.phone.change(callId, { held: 'by-peer' }), id)
      await dock(page).getByText('Bob Baker has put you on hold').first().waitFor()
      expect(await asked(page, 'calls.list')).toHaveLength(before)
      await page.evaluate((callId) => {
        window.fake.phone.loseEvent()
        window.fake.phone.change(callId, { held: 'no' })
      }, id)
      await dock(page).getByRole('button', { name: 'Hold', exact: true }).waitFor()
      await poll(async () => (await asked(page, 'calls.list')).length).toBe(before + 1)
    }))
})

describe('settings of calls', () => {
  it('are kept by account, and the relay’s password leaves as bytes', () =>
    using({}, async (page) => {
      await settings('Calls')(page)
      await page.getByText('ZRTP only').click()
      await page.getByText('Everyone', { exact: true }).click()
      await page.getByLabel('Relay server').fill('turn example')
      await page.getByRole('button', { name: 'Save the relay' }).click()
      await page.getByText('Write host and port').waitFor()
      await page.getByLabel('Relay server').fill('turn.example.org:3478')
      await page.getByLabel('User name').fill('alice')
      await page.getByLabel('Password', { exact: true }).fill('secret')
      await page.getByRole('button', { name: 'Save the relay' }).click()
      await page.getByText('A password is kept').waitFor()
      expect(await page.getByLabel('Password', { exact: true }).inputValue()).toBe('')
      expect((await asked(page, 'accounts.update')).map(([, args]) => args)).toMatchObject([
        { callPolicy: 'zrtp-required' },
        { hideAddress: 'everyone' },
        { relay: { server: 'turn.example.org:3478', username: 'alice' } },
      ])
      expect(await asked(page, 'accounts.setRelayPassword')).toHaveLength(1)
    }))
})

describe('trying out calls', () => {
  const page = (opened: Page) => opened.getByRole('region', { name: 'Try out calls' })
  const openTest = async (opened: Page): Promise<void> => {
    await settings('Calls')(opened)
    await opened.getByRole('button', { name: 'Try out calls' }).click()
    await page(opened).waitFor()
  }

  it('opens the microphone for its test only', () =>
    using({}, async (opened) => {
      await openTest(opened)
      await opened.getByRole('button', { name: 'Test the microphone' }).click()
      const meter = opened.getByRole('meter')
      // The fake device beeps once a second.
      await poll(async () => Number(await meter.getAttribute('aria-valuenow'))).toBeGreaterThan(10)
      await opened.getByRole('button', { name: 'Stop the test' }).click()
      await meter.waitFor({ state: 'detached' })
    }))

  it('calls the echo contact with the keyboard alone, measures, says what it found, and goes back', () =>
    using({}, async (opened) => {
      await opened.clock.install()
      await openTest(opened)
      await opened.getByRole('textbox', { name: 'Address to test with' }).focus()
      await opened.keyboard.press('Enter')
      await page(opened).getByText('Calling echo@home.example').first().waitFor()
      await poll(() => focused(opened)).toBe('Cancel the test')
      await answerThere(opened)
      for (let second = 0; second < 12; second += 1) await opened.clock.runFor(1000)
      await page(opened).getByRole('region', { name: 'Result of the test' }).waitFor()
      expect(await asked(opened, 'calls.place')).toHaveLength(1)
      await poll(() => asked(opened, 'calls.end', 'calls.dismiss')).toHaveLength(2)
      await opened.keyboard.press('Escape')
      await opened.getByRole('tab', { name: 'Calls', exact: true }).waitFor()
    }))

  it('hangs up when its page is left', () =>
    using({}, async (opened) => {
      await openTest(opened)
      await opened.getByRole('button', { name: 'Call the echo contact' }).click()
      await page(opened).getByText('Calling echo@home.example').first().waitFor()
      await opened.getByRole('button', { name: 'Back' }).click()
      await poll(() => asked(opened, 'calls.end')).toHaveLength(1)
    }))
})

describe('the media engine in a real page', () => {
  it('connects, shows both pictures, measures, and closes its devices', () =>
    using({ scenario: { media: true } }, async (page) => {
      await page.evaluate(() => {
        const capture = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
        window.captured = []
        navigator.mediaDevices.getUserMedia = async (wanted) => {
          const stream = await capture(wanted)
          window.captured.push(...stream.getTracks())
          return stream
        }
      })
      const live = () =>
        page.evaluate(() => window.captured.filter((track) => track.readyState === 'live').map(({ kind }) => kind))
      await openBob(page)
      await page.getByRole('button', { name: 'Call Bob Baker with video' }).click()
      await dock(page).getByText('Ringing there', { exact: true }).waitFor()
      expect(await live()).toEqual([])
      await answerThere(page)
      for (const name of ['Picture of Bob Baker', 'Your own picture']) {
        const width = () => page.getByLabel(name).evaluate((video) => (video as HTMLVideoElement).videoWidth)
        await poll(width).toBeGreaterThan(100)
      }
      expect(await asked(page, 'media.failed')).toEqual([])
      expect(await asked(page, 'media.connected')).toHaveLength(1)
      expect((await live()).sort()).toEqual(['audio', 'video'])
      await page.keyboard.press('Control+Shift+S')
      await poll(() => page.evaluate(() => window.captured.find(({ kind }) => kind === 'audio')?.enabled)).toBe(false)
      await dock(page).getByRole('button', { name: 'Details of the connection' }).click()
      await dock(page)
        .getByText(/\d+×\d+, \d+ per second/)
        .waitFor()
      await shoot(page, 'call-video-real')
      await page.keyboard.press('Control+Shift+H')
      await dock(page).getByText('You hung up.').waitFor()
      await poll(live).toEqual([])
    }))
})

declare global {
  interface Window {
    /** Every track that was captured. */
    captured: MediaStreamTrack[]
  }
}
