import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect as visible } from '@playwright/test'
import { afterAll, describe, expect, it } from 'vitest'
import { passphrase } from '#test/integration/archive/archive-fixture.ts'
import { launchApp, temporaryData, type RunningApp } from '../support/app.ts'
import { acceptCall, agreedLetters, expectCall, expectSound, hangUp, placeCall } from '../support/call-steps.ts'
import { exportWithFile } from '../support/export-with-file.ts'
import { hostBesideKeyring, keyringNeeds } from '../support/keyring.ts'
import { missingCommands, titleWithNeeds } from '../support/needs.ts'
import { aliceAndBob, homeDomain, introduce, newPerson, testPassphrase } from '../support/person.ts'
import { keysOf, paperNeedles, retainedSecretsOf } from '../support/profile-keys.ts'
import {
  processTree,
  searchMemory,
  secretNeedle,
  tally,
  textNeedle,
  type Needle,
  type Search,
} from '../support/process-memory.ts'
import {
  confirmPaperSecret,
  createLocalAccount,
  expectMessage,
  lockByHand,
  openConversation,
  openStorage,
  protectProfile,
  sendMessage,
  startConversation,
  switchKeychain,
  unlock,
  unlockByKeychain,
  unlockByPaper,
} from '../support/steps.ts'
import { importHistory } from '../tour/archive-steps.ts'

const canary = 'Seventeen zebras crossed the frozen canal'
const account = `sip:alice@${homeDomain}`
const patient = { timeout: 60_000, interval: 1_000 }

const inMain = ({ found }: Search): number =>
  found.filter(({ role, name }) => role === 'main' && name === 'message').length

/** A program whose memory is looked into. */
class Watched {
  readonly #app: RunningApp

  constructor(app: RunningApp) {
    this.#app = app
  }

  search(needles: readonly Needle[]): Search {
    return searchMemory(processTree(this.#app.app.process().pid ?? 0), needles)
  }

  /** What finds nothing in the open program would prove nothing about the locked one. */
  expectFound(needles: readonly Needle[], ...names: readonly string[]): Search {
    const search = this.search(needles)
    expect([...new Set(search.found.map(({ name }) => name))]).toEqual(expect.arrayContaining([...names]))
    return search
  }

  async expectNone(needles: readonly Needle[]): Promise<void> {
    await expect.poll(() => tally(this.search(needles).found), patient).toEqual({})
  }
}

describe('the memory of a locked program', () => {
  const data = temporaryData()
  let alice: RunningApp | null = null

  afterAll(async () => {
    await alice?.quit().catch(() => undefined)
    data.remove()
  })

  it('holds no key of the history, in any process or form', async () => {
    alice = await newPerson({ profile: 'alice', data: data.path }, 'alice', 'Alice')
    const { page } = alice
    const memory = new Watched(alice)
    await startConversation(page, `echo@${homeDomain}`)
    await sendMessage(page, canary)
    await expectMessage(page, canary)
    const keys = await keysOf(path.join(data.path, 'profiles/alice'), account)
    expect(keys.map(({ name }) => name)).toContain('paper secret')
    const message = textNeedle('message', canary)
    const unlocked = memory.expectFound([...keys, message], 'database key', 'message')

    await lockByHand(page)
    await memory.expectNone(keys)
    const locked = memory.search([message])
    console.log(`${String(locked.bytes)} bytes searched; a message is left behind in:`, tally(locked.found))
    // Main holds no page, no cache and no view of the history any more: what is left are crumbs of its garbage.
    await expect.poll(() => inMain(memory.search([message])), patient).toBeLessThan(inMain(unlocked) / 2)

    await unlock(page, testPassphrase)
    await openConversation(page, /echo/)
    await expectMessage(page, canary)
    await lockByHand(page)
    await memory.expectNone(keys)
  }, 300_000)
})

describe('the memory after a file was opened', () => {
  const data = temporaryData()
  const home = path.join(data.path, 'home')
  let app: RunningApp | null = null

  afterAll(async () => {
    await app?.quit().catch(() => undefined)
    data.remove()
  })

  it('holds no key of an attachment', async () => {
    mkdirSync(home)
    const file = path.join(data.path, 'export.age')
    const content = new Uint8Array(randomBytes(1_000_000))
    const key = await exportWithFile(file, { name: 'Garden plan.pdf', content })
    app = await launchApp({ profile: 'alice', data: data.path, env: { HOME: home } })
    await protectProfile(app.page, testPassphrase)
    await importHistory(app.page, file, passphrase)
    await openConversation(app.page, /bob/i)
    const row = app.page.getByRole('log').locator('[data-message]').filter({ hasText: 'Garden' })
    await row.hover()
    await row.getByRole('button', { name: /^Save/ }).click()
    await visible(row.getByText('· Saved')).toBeVisible(patient)
    const saved = readFileSync(path.join(home, 'Downloads', 'Garden plan.pdf'))
    expect(saved.equals(content)).toBe(true)
    const memory = new Watched(app)
    const needles = [secretNeedle('attachment key', key)]
    memory.expectFound(needles, 'attachment key')
    await lockByHand(app.page)
    await memory.expectNone(needles)
  }, 180_000)
})

const missing = missingCommands(...keyringNeeds)

describe.skipIf(missing.length > 0)(titleWithNeeds('the memory after a call, a keychain and a paper', missing), () => {
  const home = mkdtempSync(path.join(tmpdir(), 'sotto-memory-'))
  const options = { profile: 'alice', data: path.join(home, 'data'), fakeMedia: true }
  const people: RunningApp[] = []

  afterAll(async () => {
    await Promise.allSettled(people.map((person) => person.quit()))
    rmSync(home, { recursive: true, force: true })
  }, 60_000)

  /** Somebody whose paper is written down and whose keychain unlocks, and the words. */
  async function alicesWords(alice: RunningApp): Promise<readonly string[]> {
    await protectProfile(alice.page, testPassphrase)
    await createLocalAccount(alice.page, 'alice', 'Alice')
    const words = await confirmPaperSecret(alice.page)
    await openStorage(alice.page)
    await switchKeychain(alice.page, true)
    await alice.page.keyboard.press('Escape')
    return words
  }

  async function talk(alice: RunningApp, bob: RunningApp): Promise<void> {
    await introduce(...aliceAndBob(alice, bob), 'May I call?')
    await sendMessage(bob.page, 'You may')
    await expectMessage(alice.page, 'You may')
    await placeCall(alice.page)
    await acceptCall(bob.page)
    await agreedLetters(alice.page)
    await Promise.all([expectSound(alice.page), expectSound(bob.page)])
    await hangUp(alice.page)
    await expectCall(bob.page, { phase: 'ended' })
  }

  it('holds no key whichever way was unlocked, nor what a call left for the next', async () => {
    const alice = await launchApp({ ...options, wrapper: hostBesideKeyring(home, 'open') })
    people.push(alice)
    const words = await alicesWords(alice)
    const bob = await newPerson({ ...options, profile: 'bob' }, 'bob', 'Bob')
    people.push(bob)
    await talk(alice, bob)
    const memory = new Watched(alice)
    const profile = path.join(options.data, 'profiles/alice')
    const retained = await retainedSecretsOf(profile)
    expect(retained).toHaveLength(1)
    const keys = [...(await keysOf(profile, account)), ...retained, ...paperNeedles(words)]
    memory.expectFound(keys, 'database key')
    await lockByHand(alice.page)
    await memory.expectNone(keys)
    const ways = [() => unlockByKeychain(alice.page), () => unlockByPaper(alice.page, words)]
    for (const unlockIt of ways) {
      await unlockIt()
      await visible(alice.page.getByText(`alice@${homeDomain}`).first()).toBeVisible(patient)
      memory.expectFound(keys, 'database key')
      await lockByHand(alice.page)
      await memory.expectNone(keys)
    }
    const typed = memory.search([textNeedle('typed words', words.join(' '))])
    console.log('the words that were typed are left behind in:', tally(typed.found))
  }, 300_000)
})
