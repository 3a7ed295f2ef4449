import { expect as visible } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MessageView } from '#shared/model/views.ts'
import { temporaryData, type RunningApp } from '../support/app.ts'
import { acceptCall, agreedLetters, expectCall, expectSound, hangUp, placeCall } from '../support/call-steps.ts'
import { heldMessage, heldMessages } from '../support/held.ts'
import { aliceAndBob, homeDomain, introduce, newPerson, testPassphrase } from '../support/person.ts'
import { spoolOf } from '../support/spool.ts'
import { expectMessage, lockByHand, openConversation, sendMessage, unlock } from '../support/steps.ts'

const patient = { timeout: 20_000 }
const [aliceAt, bobAt] = [`alice@${homeDomain}`, `bob@${homeDomain}`]

describe('locking', () => {
  const data = temporaryData()
  const spool = spoolOf(data.path, 'alice')
  let alice: RunningApp
  let bob: RunningApp

  beforeAll(async () => {
    alice = await newPerson({ profile: 'alice', data: data.path, fakeMedia: true }, 'alice', 'Alice')
    bob = await newPerson({ profile: 'bob', data: data.path, fakeMedia: true }, 'bob', 'Bob')
    const [asked, asking] = aliceAndBob(alice, bob)
    await introduce(asking, asked, 'Before the lock')
  }, 180_000)

  afterAll(async () => {
    await Promise.allSettled([alice.quit(), bob.quit()])
    data.remove()
  }, 60_000)

  /** How a message of Bob's stands with him. */
  const fate = async (text: string): Promise<Record<'path' | 'state', string | undefined>> => {
    const { path, state } = await heldMessage(bob.page, aliceAt, text)
    return { path, state }
  }

  it('keeps what comes over an open chat session, which goes on as if nothing had been', async () => {
    await sendMessage(alice.page, 'Glad you write')
    await expectMessage(bob.page, 'Glad you write')
    await sendMessage(bob.page, 'Shall we meet?')
    await expect.poll(() => fate('Shall we meet?'), patient).toEqual({ path: 'msrp', state: 'displayed' })
    await lockByHand(alice.page)
    const lines = ['First while locked', 'Second while locked', 'Third while locked']
    for (const line of lines) await sendMessage(bob.page, line)
    await expect.poll(() => spool().length, patient).toBe(lines.length)
    await visible(alice.page.getByText('Sotto is locked')).toBeVisible()
    // A new session would not be answered by a locked Sotto: it is the one from before.
    for (const line of lines) await expect.poll(() => fate(line), patient).toEqual({ path: 'msrp', state: 'delivered' })

    await unlock(alice.page, testPassphrase)
    await sendMessage(bob.page, 'Right after it')
    await expect
      .poll(async () => (await heldMessages(alice.page, bobAt)).map(({ text }) => text).slice(-4), patient)
      .toEqual([...lines, 'Right after it'])
    expect(spool()).toEqual([])
    // Bob's receipts wait until they are seen.
    for (const line of lines) expect((await fate(line)).state).toBe('delivered')
    await openConversation(alice.page, /Bob|bob@/)
    for (const line of [...lines, 'Right after it'])
      await expect.poll(() => fate(line), patient).toEqual({ path: 'msrp', state: 'displayed' })
    await sendMessage(alice.page, 'Good to be back')
    await expectMessage(bob.page, 'Good to be back')
    const sent = (): Promise<MessageView> => heldMessage(alice.page, bobAt, 'Good to be back')
    await expect.poll(sent, patient).toMatchObject({ path: 'msrp', state: 'displayed' })
    const held = await heldMessages(alice.page, bobAt)
    for (const line of lines) expect(held.filter(({ text }) => text === line)).toHaveLength(1)
  }, 180_000)

  it('gives a call that rings its name when it is unlocked, and lets it be taken', async () => {
    await lockByHand(alice.page)
    await placeCall(bob.page)
    await visible(alice.page.getByText('Unlock to see who calls and to answer.')).toBeVisible(patient)
    await visible(alice.page.getByText(/Bob/)).toHaveCount(0)
    await visible(alice.page.getByRole('button', { name: 'Accept', exact: true })).toHaveCount(0)
    await unlock(alice.page, testPassphrase)
    await expectCall(alice.page, { phase: 'incoming', peerName: 'Bob' })
    await visible(alice.page.getByText('Bob').first()).toBeVisible(patient)
    await acceptCall(alice.page)
    await Promise.all([expectSound(alice.page), expectSound(bob.page)])
    expect(await agreedLetters(alice.page)).toBe(await agreedLetters(bob.page))
    await hangUp(alice.page)
    await expectCall(bob.page, { phase: 'ended', end: 'peer-hung-up' })
  }, 120_000)
})
