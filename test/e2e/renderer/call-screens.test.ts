import type { Page } from '@playwright/test'
import { afterAll, beforeAll, describe, it, vi } from 'vitest'
import type { CallEnd, CallId } from '#shared/model/calls.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { ScriptedCall } from '#test/fakes/bridge-calls.ts'
import { conversationId } from '#test/fakes/bridge-fixtures.ts'
import { InterfaceHarness } from './harness.ts'
import { look, open, type Screen, settings } from './look.ts'

vi.setConfig({ testTimeout: 180_000, maxConcurrency: 2 })

const press = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name }).first().click()
/** Opens the conversation with Bob, then does the rest. */
const inBob =
  (...steps: readonly ((page: Page) => Promise<unknown>)[]) =>
  async (page: Page) => {
    await open(/Bob Baker/)(page)
    for (const step of steps) await step(page)
  }
const compared = { readers: 'only-us', comparison: 'verified', peerDeviceName: 'Bob’s laptop' } as const
const talk = { id: 'Ctalk'.padEnd(22, 'C') as CallId }
const withFrank = {
  ...{ conversationId: conversationId('frank'), peer: 'sip:frank@home.example' as Aor, peerName: 'Frank Castell' },
}
const wait = (text: string | RegExp) => (page: Page) => page.getByText(text).first().waitFor()
const ended = (end: CallEnd, over: ScriptedCall = {}): Screen => ({
  name: `call-ended-${end}`,
  scenario: { calls: [{ phase: 'ended', end, ...over }] },
  reach: inBob(wait(/./)),
})

/** Opens the page that tries out calls, then does the rest. */
const callTest =
  (...steps: readonly ((page: Page) => Promise<unknown>)[]) =>
  async (page: Page) => {
    await settings('Calls')(page)
    await press('Try out calls')(page)
    for (const step of steps) await step(page)
  }
const startTest = press('Call the echo contact')
const answerThere = async (page: Page) => {
  await wait(/Calling/)(page)
  await page.evaluate(() => window.fake.phone.answer(window.fake.phone.calls[0]!.id))
}

const screens: readonly Screen[] = [
  {
    name: 'call-incoming',
    scenario: { calls: [{ phase: 'incoming' }] },
    reach: async (page) => {
      await page.getByRole('region', { name: 'Call from Bob Baker' }).waitFor()
    },
  },
  {
    name: 'call-incoming-video-in-settings',
    scenario: { calls: [{ phase: 'incoming', video: true }] },
    reach: async (page) => {
      await page.getByText('Bob Baker').first().waitFor()
      await page.keyboard.press('Control+,')
      await page.getByRole('button', { name: 'Accept with video' }).waitFor()
    },
  },
  {
    name: 'call-incoming-locked',
    scenario: { phase: 'locked', lockedBy: 'idle', calls: [{ phase: 'incoming', peerName: '' }] },
    reach: wait('Unlock to see who calls and to answer'),
  },
  {
    name: 'call-waiting',
    scenario: {
      calls: [
        { phase: 'incoming', peerName: 'Carol Øvergård', peer: 'sip:carol@voice.example.net' as never },
        { security: compared },
      ],
    },
    reach: inBob(wait('Hold and accept')),
  },
  {
    name: 'call-replaces',
    scenario: {
      calls: [
        {
          ...{ phase: 'incoming', peerName: 'Carol Øvergård', peer: 'sip:carol@voice.example.net' as never },
          replaces: talk.id,
        },
        { ...talk, security: compared },
      ],
    },
    reach: inBob(wait(/Wants to take Bob Baker/)),
  },
  {
    name: 'call-two',
    scenario: { calls: [{ security: compared }, { ...withFrank, held: 'by-us' }] },
    reach: inBob(wait(/Frank/)),
  },
  { name: 'call-ringing', scenario: { calls: [{ phase: 'ringing', addressHidden: true }] }, reach: inBob() },
  { name: 'call-compare', scenario: { calls: [{}] }, reach: inBob(wait('They match')) },
  {
    name: 'call-compare-words',
    scenario: { calls: [{ security: { sas: { kind: 'words', text: 'stairway vacancy' } } }] },
    reach: inBob(wait('stairway')),
  },
  {
    name: 'call-compact',
    scenario: { calls: [{ security: compared, muted: true }] },
    reach: inBob(press('Smaller')),
  },
  { name: 'call-verified', scenario: { calls: [{ security: compared }] }, reach: inBob(wait(/Bob’s laptop/)) },
  {
    name: 'call-secrets-differ',
    scenario: { calls: [{ security: { warnings: ['secrets-differ', 'peer-discloses'] } }] },
    reach: inBob(wait(/do not continue/)),
  },
  {
    name: 'call-new-device',
    scenario: { calls: [{ security: { warnings: ['new-device'] } }] },
    reach: inBob(wait(/not with this device/)),
  },
  {
    name: 'call-letters-differ',
    scenario: { calls: [{}] },
    reach: inBob(press('They differ'), wait(/letters differ/)),
  },
  {
    name: 'call-clear',
    scenario: {
      calls: [
        {
          held: 'by-peer',
          security: {
            ...{ readers: 'anyone', method: 'none', sas: null, comparison: 'none', warnings: ['fell-to-clear'] },
            ...{ cipher: '', keyAgreement: '' },
          },
        },
      ],
    },
    reach: inBob(wait(/Anyone on the path/)),
  },
  {
    name: 'call-servers',
    scenario: { calls: [{ held: 'by-us', security: { readers: 'servers-could', sas: null, comparison: 'none' } }] },
    reach: inBob(wait(/step in between/)),
  },
  { name: 'call-keypad', scenario: { calls: [{ security: compared }] }, reach: inBob(press('Keypad'), wait('#')) },
  { name: 'call-devices', scenario: { calls: [{ security: compared }] }, reach: inBob(press('Devices')) },
  {
    name: 'call-details',
    scenario: { calls: [{ security: compared }] },
    reach: inBob(press('Details of the connection'), press('Figures as a table'), (page) => page.waitForTimeout(4500)),
  },
  {
    name: 'call-transfer',
    scenario: { calls: [{ security: compared }] },
    reach: inBob(press('Transfer'), (page) => page.getByRole('dialog').waitFor()),
  },
  {
    name: 'call-transfer-connect',
    scenario: { calls: [{ security: compared }, { ...withFrank, held: 'by-us' }] },
    reach: inBob(press('Transfer'), wait('Connect Bob Baker with Frank Castell')),
  },
  {
    name: 'call-transfer-failed',
    scenario: {
      calls: [{ security: compared, transfer: { to: 'sip:carol@voice.example.net' as never, state: 'failed' } }],
    },
    reach: inBob(wait(/failed/)),
  },
  {
    name: 'call-referral',
    scenario: {
      calls: [
        {
          security: compared,
          referral: {
            to: 'sip:carol@voice.example.net' as never,
            by: 'sip:dave@slow.example.com' as never,
            attended: false,
          },
        },
      ],
    },
    reach: inBob(wait(/wants to transfer you/)),
  },
  {
    name: 'call-referral-attended',
    scenario: {
      calls: [
        { security: compared, referral: { to: 'sip:carol@voice.example.net' as never, by: null, attended: true } },
      ],
    },
    reach: inBob(wait(/wants to connect you/)),
  },
  {
    name: 'call-video-full',
    scenario: { calls: [{ security: compared, video: true, camera: true }] },
    reach: inBob(wait(/sends no picture/)),
  },
  {
    name: 'call-elsewhere',
    scenario: { calls: [{ security: compared }, { phase: 'ended', end: 'missed', direction: 'incoming' }] },
    reach: async (page) => {
      await open(/Frank/)(page)
      await page.getByText('Incoming call').first().waitFor()
    },
  },
  {
    name: 'call-address',
    scenario: {},
    reach: inBob(
      (page) => page.evaluate(() => void (window.fake.phone.addressWouldShow = true)),
      press('Call Bob Baker'),
      (page) => page.getByRole('alertdialog').waitFor(),
    ),
  },
  {
    name: 'call-offline',
    scenario: { connection: { kind: 'offline' } },
    reach: inBob((page) => page.getByRole('button', { name: 'Call Bob Baker', exact: true }).waitFor()),
  },
  {
    name: 'call-german',
    scenario: { settings: { language: 'de' }, calls: [{ phase: 'incoming', video: true }, {}] },
    reach: inBob(wait('Halten und annehmen')),
  },
  {
    name: 'call-german-compare',
    scenario: { settings: { language: 'de' }, calls: [{ security: { warnings: ['secrets-differ'] } }] },
    reach: inBob(wait('Verschieden')),
  },
  { name: 'call-test', scenario: {}, reach: callTest() },
  {
    name: 'call-test-no-echo',
    scenario: { account: { echoContact: null } },
    reach: callTest((page) => page.evaluate(() => void (window.fake.phone.addressWouldShow = true)), startTest),
  },
  {
    name: 'call-test-measuring',
    scenario: {},
    reach: callTest(startTest, answerThere, wait(/Measured: 4 of/)),
  },
  {
    name: 'call-test-failed',
    scenario: { failing: { 'calls.place': 'recipient-blocked' }, settings: { language: 'de' } },
    reach: async (page) => {
      await page.getByText('Bob Baker').first().waitFor()
      await page.keyboard.press('Control+,')
      await page.getByRole('tab', { name: 'Anrufe', exact: true }).click()
      await press('Anrufe ausprobieren')(page)
      await press('Echo-Kontakt anrufen')(page)
      await page.getByRole('alert').waitFor()
    },
  },
  ended('peer-hung-up'),
  ended('missed', { direction: 'incoming', video: true }),
  ended('peer-refuses-encryption', { mayRetryWithDtls: true }),
  ended('attack-noticed'),
  ended('no-path'),
]

let harness: InterfaceHarness
beforeAll(async () => {
  harness = await InterfaceHarness.start()
}, 180_000)
afterAll(() => harness.stop())

describe('every screen of calls, accessible and within its policy', () => {
  for (const screen of screens) it.concurrent(screen.name, () => look(harness, screen))
})
