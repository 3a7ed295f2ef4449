import { expect as expectPage } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SottoBridge } from '#shared/bridge/api.ts'
import { temporaryData, type RunningApp } from '../support/app.ts'
import { expectCall, expectSound, placeCall } from '../support/call-steps.ts'
import { missingCommands, titleWithNeeds } from '../support/needs.ts'
import { homeDomain, newPerson } from '../support/person.ts'
import { SoundServer } from '../support/sound-server.ts'
import { startConversation } from '../support/steps.ts'

const missing = missingCommands('pulseaudio', 'pactl', 'parec')
const patient = { timeout: 20_000 }
/** What the microphones hear. */
const [first, second] = [500, 900]

describe.skipIf(missing.length > 0)(titleWithNeeds('a microphone plugged in and out during a call', missing), () => {
  const data = temporaryData()
  const sound = new SoundServer()
  let alice: RunningApp

  beforeAll(async () => {
    await sound.start(first)
    alice = await newPerson({ profile: 'alice', data: data.path, env: sound.environment }, 'alice', 'Alice')
    // A tone is what these are there to take away.
    await alice.page.evaluate(async () => {
      const { sotto } = globalThis as unknown as { readonly sotto: SottoBridge }
      await sotto.call('settings.set', { echoCancellation: false, noiseSuppression: false, gainControl: false })
    })
    await startConversation(alice.page, `echo@${homeDomain}`)
    await placeCall(alice.page)
    await expectCall(alice.page, { phase: 'active' })
  }, 120_000)

  afterAll(async () => {
    await alice.quit()
    await sound.stop()
    data.remove()
  }, 60_000)

  /** Waits until the echo of this microphone, and of no other, comes out of the loudspeaker. */
  const expectTone = (hertz: number): Promise<void> =>
    expect.poll(() => sound.share(hertz), patient).toBeGreaterThan(0.8)

  it('is offered, chosen and heard; without it the call goes on with another, and says so', async () => {
    const { page } = alice
    await expectTone(first)
    const name = await sound.plug(second)
    await page.getByRole('button', { name: 'Devices', exact: true }).first().click(patient)
    await page
      .getByRole('button', { name: /Microphone/ })
      .last()
      .click()
    await page.getByRole('option', { name }).click(patient)
    await expectTone(second)

    await sound.unplug(second)
    await expectPage(page.getByText("The chosen microphone is gone. The system's is used.")).toBeVisible(patient)
    await expectTone(first)
    await expectCall(page, { phase: 'active' })
    await expectSound(page)

    await sound.plug(second)
    await expectPage(page.getByText('The chosen microphone is back and used again.')).toBeVisible(patient)
    await expectTone(second)
  }, 120_000)
})
