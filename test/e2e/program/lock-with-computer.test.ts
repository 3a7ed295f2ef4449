import { expect as visible } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchApp, temporaryData, type RunningApp } from '../support/app.ts'
import { acceptCall, expectCall, expectSound, newestCall, placeCall } from '../support/call-steps.ts'
import { busNeeds, DesktopBuses } from '../support/desktop-buses.ts'
import { appView, heldMessages } from '../support/held.ts'
import { missingCommands, titleWithNeeds } from '../support/needs.ts'
import { aliceAndBob, homeDomain, introduce, newPerson, testPassphrase } from '../support/person.ts'
import { spoolOf } from '../support/spool.ts'
import { expectLock, expectMessage, openConversation, sendMessage, unlock } from '../support/steps.ts'

const patient = { timeout: 20_000 }
const bobAt = `bob@${homeDomain}`
const missing = missingCommands(...busNeeds)

describe.skipIf(missing.length > 0)(titleWithNeeds('locking with the computer', missing), () => {
  const data = temporaryData()
  const buses = new DesktopBuses()
  const options = { profile: 'alice', data: data.path, fakeMedia: true }
  let alice: RunningApp
  let bob: RunningApp

  beforeAll(async () => {
    await buses.start()
    alice = await newPerson({ ...options, env: buses.environment }, 'alice', 'Alice')
    bob = await newPerson({ ...options, profile: 'bob' }, 'bob', 'Bob')
    await introduce(...aliceAndBob(alice, bob), 'Good evening')
  }, 180_000)

  afterAll(async () => {
    await Promise.allSettled([end('SIGTERM'), bob.quit()])
    await buses.stop()
    data.remove()
  }, 60_000)

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = alice.app.process()
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await gone
  }

  async function open(): Promise<void> {
    await unlock(alice.page, testPassphrase)
    await openConversation(alice.page, /Bob|bob@/)
  }

  /**
   * Asks the window by way of main: Chromium drops the test's own connection to a page when the computer sleeps.
   * The page that locks away while it is asked answers nothing: ask again.
   */
  const ask = (what: string): Promise<string> =>
    alice.app
      .evaluate(async ({ BrowserWindow }, script) => {
        const answer: unknown = await BrowserWindow.getAllWindows()[0]?.webContents.executeJavaScript(script)
        return String(answer)
      }, what)
      .catch((error: unknown) => `no answer: ${String(error)}`)
  const lockedBy = (): Promise<string> => ask("sotto.call('app.view', {}).then(({ value }) => value.lockedBy)")

  async function expectAsleep(): Promise<void> {
    const text = /Sotto is locked\s+It was locked with this computer\./
    await expect.poll(() => ask('document.body.innerText'), patient).toMatch(text)
  }

  it('locks when logind asks its session to, and does not hear who is not logind', async () => {
    // One bus, one order: had the first been heard, the computer would be asleep.
    await buses.pretendSleep()
    await expectLock(alice.page, () => buses.lockSession('own'))
    expect(await appView(alice.page)).toMatchObject({ phase: 'locked', lockedBy: 'screen' })
    await open()
  }, 60_000)

  it('locks with the screen of the desktop', async () => {
    await expectLock(alice.page, () => buses.lockScreen(true))
    expect(await appView(alice.page)).toMatchObject({ phase: 'locked', lockedBy: 'screen' })
    await visible(alice.page.getByText('It was locked with this computer.')).toBeVisible(patient)
    buses.lockScreen(false)
    await open()
  }, 60_000)

  it('locks when the computer sleeps, and keeps what comes in, though it is killed before anybody unlocks', async () => {
    const spool = spoolOf(data.path, 'alice')
    buses.lockSession('other')
    buses.sleep(true)
    // The first to be heard is the reason that main keeps.
    await expectAsleep()
    await expect.poll(lockedBy, patient).toBe('suspend')
    await sendMessage(bob.page, 'Sent while you slept')
    // A flow that a busy machine took for dead comes back first.
    await expect.poll(() => spool().length, { timeout: 60_000 }).toBe(1)
    buses.sleep(false)
    await end('SIGKILL')
    expect(spool()).toHaveLength(1)
    alice = await launchApp({ ...options, env: buses.environment })
    await open()
    await expectMessage(alice.page, 'Sent while you slept')
    const texts = (await heldMessages(alice.page, bobAt)).map(({ text }) => text)
    expect(texts.filter((text) => text === 'Sent while you slept')).toHaveLength(1)
    expect(spool()).toEqual([])
  }, 150_000)

  it('lets a call go on behind a locked screen, and ends it when the computer sleeps', async () => {
    await placeCall(alice.page)
    await acceptCall(bob.page)
    await expectCall(alice.page, { phase: 'active' })
    buses.lockScreen(true)
    await visible(alice.page.getByText('Sotto locks when the call ends.')).toBeVisible(patient)
    await Promise.all([expectSound(alice.page), expectSound(bob.page)])
    buses.sleep(true)
    await expectAsleep()
    await expect.poll(async () => (await newestCall(bob.page))?.end, patient).toBe('peer-hung-up')
  }, 90_000)
})
