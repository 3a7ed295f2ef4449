import { expect as visible } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchApp, temporaryData, type RunningApp } from '../support/app.ts'
import { acceptCall, expectCall, newestCall, placeCall } from '../support/call-steps.ts'
import { busNeeds, DesktopBuses } from '../support/desktop-buses.ts'
import { appView, heldMessages } from '../support/held.ts'
import { missingCommands, titleWithNeeds } from '../support/needs.ts'
import { homeDomain, newPerson, testPassphrase } from '../support/person.ts'
import { spoolOf } from '../support/spool.ts'
import { expectMessage, openConversation, sendMessage, startConversation, unlock } from '../support/steps.ts'

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
    await startConversation(alice.page, bobAt)
    await sendMessage(alice.page, 'Good evening')
    await openConversation(bob.page, /Alice|alice@/)
    await bob.page.getByRole('button', { name: 'Accept' }).first().click(patient)
    await expectMessage(bob.page, 'Good evening')
  }, 180_000)

  afterAll(async () => {
    await Promise.allSettled([alice.quit(), bob.quit()])
    await buses.stop()
    data.remove()
  }, 60_000)

  async function expectLocked(by: 'suspend' | 'screen'): Promise<void> {
    await expect.poll(() => appView(alice.page), patient).toMatchObject({ phase: 'locked', lockedBy: by })
    await visible(alice.page.getByText('It was locked with this computer.')).toBeVisible(patient)
  }

  async function open(): Promise<void> {
    await unlock(alice.page, testPassphrase)
    await openConversation(alice.page, /Bob|bob@/)
  }

  it('locks when logind asks its session to, and hears neither who is not logind nor what is for other sessions', async () => {
    await buses.pretendSleep()
    buses.lockSession('other')
    // One bus, one order: had either of those been heard, it would have locked before, and for another reason.
    buses.sleep(false)
    expect(await appView(alice.page)).toMatchObject({ phase: 'ready' })
    buses.lockSession('own')
    await expectLocked('screen')
    await open()
  }, 60_000)

  it('locks with the screen of the desktop', async () => {
    buses.lockScreen(true)
    await expectLocked('screen')
    buses.lockScreen(false)
    await open()
  }, 60_000)

  it('lets a call go on behind a locked screen, and ends it when the computer sleeps', async () => {
    await placeCall(alice.page)
    await acceptCall(bob.page)
    await expectCall(alice.page, { phase: 'active' })
    buses.lockScreen(true)
    await visible(alice.page.getByText('Sotto locks when the call ends.')).toBeVisible(patient)
    await expectCall(bob.page, { phase: 'active' })
    buses.lockScreen(false)
    buses.sleep(true)
    await expectLocked('suspend')
    await expect.poll(async () => (await newestCall(bob.page))?.end, patient).toBe('peer-hung-up')
    buses.sleep(false)
    await open()
  }, 90_000)

  it('keeps what comes in while it sleeps, though it is killed before anybody unlocks', async () => {
    const spool = spoolOf(data.path, 'alice')
    buses.sleep(true)
    await expectLocked('suspend')
    await sendMessage(bob.page, 'Sent while you slept')
    await expect.poll(() => spool().length, patient).toBe(1)
    buses.sleep(false)
    const child = alice.app.process()
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
    expect(spool()).toHaveLength(1)
    alice = await launchApp({ ...options, env: buses.environment })
    await open()
    await expectMessage(alice.page, 'Sent while you slept')
    const texts = (await heldMessages(alice.page, bobAt)).map(({ text }) => text)
    expect(texts.filter((text) => text === 'Sent while you slept')).toHaveLength(1)
    expect(spool()).toEqual([])
  }, 120_000)
})
