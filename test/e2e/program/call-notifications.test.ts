import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DesktopServices, TestBus } from '#test/fakes/desktop.ts'
import { temporaryData, type RunningApp } from '../support/app.ts'
import { agreedLetters, expectCall, expectSound, hangUp, placeCall } from '../support/call-steps.ts'
import { missingCommands, titleWithNeeds } from '../support/needs.ts'
import { aliceAndBob, introduce, newPerson } from '../support/person.ts'

const missing = missingCommands('dbus-daemon')

describe.skipIf(missing.length > 0)(titleWithNeeds('a call that rings with the window closed', missing), () => {
  const data = temporaryData()
  const bus = new TestBus()
  let services: DesktopServices
  let alice: RunningApp
  let bob: RunningApp

  beforeAll(async () => {
    await bus.start()
    services = await DesktopServices.start(bus.address)
    const env = { DBUS_SESSION_BUS_ADDRESS: bus.address }
    alice = await newPerson({ profile: 'alice', data: data.path, fakeMedia: true }, 'alice', 'Alice')
    bob = await newPerson({ profile: 'bob', data: data.path, fakeMedia: true, env }, 'bob', 'Bob')
    await introduce(...aliceAndBob(alice, bob), 'May I call?')
    await bob.page.close()
  }, 180_000)

  afterAll(async () => {
    await Promise.all([alice.quit(), bob.app.close()])
    services.stop()
    bus.stop()
    data.remove()
  }, 60_000)

  /** Alice calls; the number of Bob's notification. */
  async function ringing(): Promise<number> {
    const before = services.notifications.length
    await placeCall(alice.page)
    await expect.poll(() => services.notifications.length, { timeout: 20_000 }).toBe(before + 1)
    await expectCall(alice.page, { phase: 'ringing' })
    return before + 1
  }

  it('is declined by the button of its notification', async () => {
    const id = await ringing()
    const { title, actions } = services.describe(id)
    expect(title).toBe('Incoming call')
    expect([...actions]).toEqual([
      ['default', ''],
      ['action-0', 'Answer'],
      ['action-1', 'Decline'],
    ])
    services.invoke(id, 'action-1')
    await expectCall(alice.page, { phase: 'ended', end: 'peer-declined' })
  }, 60_000)

  it('takes its notification away when the caller gives up', async () => {
    const id = await ringing()
    expect(services.open).toEqual([id])
    await alice.page
      .getByRole('button', { name: /^Cancel the call/ })
      .first()
      .click()
    await expect.poll(() => services.open.includes(id), { timeout: 20_000 }).toBe(false)
    // The one that is left says that a call was missed.
    await expect
      .poll(() => services.open.map((open) => services.notifications[open - 1]?.body[4]))
      .toEqual(['Missed call'])
  }, 60_000)

  it('is answered by the button, in a window that opens, with sound both ways', async () => {
    const id = await ringing()
    const window = bob.app.waitForEvent('window')
    services.invoke(id, 'action-0')
    const page = await window
    await page.waitForSelector('#root', { state: 'attached' })
    await expectCall(alice.page, { phase: 'active' })
    expect(await agreedLetters(page)).toBe(await agreedLetters(alice.page))
    await Promise.all([expectSound(alice.page), expectSound(page)])
    await hangUp(alice.page)
    await expectCall(page, { phase: 'ended', end: 'peer-hung-up' })
  }, 90_000)
})
