import { spawn } from 'node:child_process'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SottoBridge } from '#shared/bridge/api.ts'
import { launchApp, temporaryData, type RunningApp } from '../support/app.ts'
import { aliceAndBob, introduce, newPerson, testPassphrase } from '../support/person.ts'
import { expectMessage, openConversation, sendMessage, unlock } from '../support/steps.ts'

const root = path.resolve(import.meta.dirname, '../../..')

/** Starts the program a second time with the same profile; resolves to its exit code. */
function startAgain(profile: string, data: string): Promise<number | null> {
  const args = [path.join(root, 'out/main/main.js'), '--profile', profile, '--data', data]
  const child = spawn(path.join(root, 'src/chromium-host/electron'), args, {
    stdio: 'ignore',
    env: { ...process.env, SOTTO_HEADLESS: '1' },
  })
  return new Promise((resolve) => child.once('exit', resolve))
}

/** The test's lines as a person's newest conversation holds them, in order. */
async function heldTexts(person: RunningApp): Promise<readonly string[]> {
  const texts = await person.page.evaluate(async () => {
    const { sotto } = globalThis as unknown as { readonly sotto: SottoBridge }
    const list = await sotto.call('conversations.list', {})
    const conversationId = list.ok ? list.value.conversations[0]?.id : undefined
    if (conversationId === undefined) return []
    const page = await sotto.call('messages.page', { conversationId, anchor: { at: 'newest' }, limit: 100 })
    return page.ok ? page.value.messages.map(({ text }) => text) : []
  })
  return texts.filter((text) => /^line \d+ before the fall$/.test(text))
}

describe('the life of the program', () => {
  const data = temporaryData()
  let alice: RunningApp
  let bob: RunningApp

  beforeAll(async () => {
    alice = await newPerson({ profile: 'alice', data: data.path }, 'alice', 'Alice')
    bob = await newPerson({ profile: 'bob', data: data.path }, 'bob', 'Bob')
    await introduce(...aliceAndBob(alice, bob), 'first line')
    await sendMessage(bob.page, 'second line')
    await expectMessage(alice.page, 'second line')
  }, 180_000)

  afterAll(async () => {
    await Promise.all([alice.quit(), bob.quit()])
    data.remove()
  }, 60_000)

  it('keeps receiving without a window; starting it again shows the window', async () => {
    await bob.page.close()
    await sendMessage(alice.page, 'while your window was closed')
    await alice.page
      .getByRole('button', { name: /, (Delivered|Read)\./ })
      .last()
      .waitFor({ state: 'attached' })
    const window = bob.app.waitForEvent('window')
    expect(await startAgain('bob', data.path)).toBe(0)
    const page = await window
    await page.waitForSelector('#root', { state: 'attached' })
    await openConversation(page, /Alice/)
    await expectMessage(page, 'while your window was closed')
    bob = { ...bob, page, quit: () => bob.app.close() }
  }, 120_000)

  it('loses nothing when it is killed in the middle, and doubles nothing', async () => {
    const lines = Array.from({ length: 12 }, (_, index) => `line ${index} before the fall`)
    for (const line of lines) await sendMessage(alice.page, line)
    // Shown means committed: from here on nothing may get lost.
    await expectMessage(alice.page, lines.at(-1) ?? '')
    const child = alice.app.process()
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
    alice = await launchApp({ profile: 'alice', data: data.path })
    await unlock(alice.page, testPassphrase)
    await openConversation(alice.page, /Bob/)
    await expectMessage(alice.page, lines.at(-1) ?? '')
    await expectMessage(bob.page, lines.at(-1) ?? '')
    await expect.poll(() => heldTexts(bob), { timeout: 20_000 }).toEqual(lines)
    expect(await heldTexts(alice)).toEqual(lines)
  }, 120_000)
})
