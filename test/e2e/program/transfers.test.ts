import { expect as expectPage, type Page } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SottoBridge } from '#shared/bridge/api.ts'
import type { CallView } from '#shared/model/calls.ts'
import { temporaryData, type RunningApp } from '../support/app.ts'
import {
  acceptCall,
  agreedLetters,
  expectCall,
  expectSound,
  hangUp,
  newestCall,
  placeCall,
} from '../support/call-steps.ts'
import { homeDomain, newPerson } from '../support/person.ts'
import { openConversation, startConversation } from '../support/steps.ts'

const patient = { timeout: 20_000 }
const names = ['alice', 'bob', 'carol'] as const
type Name = (typeof names)[number]

describe('calls between three people', () => {
  const data = temporaryData()
  const people = new Map<Name, RunningApp>()

  beforeAll(async () => {
    for (const name of names) people.set(name, await start(name))
  }, 180_000)

  afterAll(async () => {
    await Promise.all([...people.values()].map((app) => app.quit()))
    data.remove()
  }, 60_000)

  async function start(name: Name): Promise<RunningApp> {
    const called = name.charAt(0).toUpperCase() + name.slice(1)
    const app = await newPerson({ profile: name, data: data.path, fakeMedia: true }, name, called)
    // Nobody here minds being known: the question about strangers is another test's.
    await app.page.evaluate(async () => {
      const { sotto } = globalThis as unknown as { readonly sotto: SottoBridge }
      const list = await sotto.call('accounts.list', {})
      const id = list.ok ? list.value[0]?.id : undefined
      if (id !== undefined) await sotto.call('accounts.update', { accountId: id, hideAddress: 'nobody' })
    })
    for (const other of names.filter((one) => one !== name)) await startConversation(app.page, `${other}@${homeDomain}`)
    return app
  }

  function page(name: Name): Page {
    const app = people.get(name)
    if (app === undefined) throw new Error(`${name} is not running`)
    return app.page
  }

  async function call(from: Name, to: Name): Promise<void> {
    await openConversation(page(from), new RegExp(to, 'i'))
    await placeCall(page(from))
    await expectCall(page(to), { phase: 'incoming' })
  }

  async function talk(from: Name, to: Name): Promise<void> {
    await call(from, to)
    await acceptCall(page(to))
    await Promise.all([from, to].map((name) => expectCall(page(name), { phase: 'active' })))
    await agreedLetters(page(to))
  }

  async function expectTalk(...both: readonly [Name, Name]): Promise<void> {
    const letters = await Promise.all(both.map((name) => agreedLetters(page(name))))
    expect(letters[0]).toBe(letters[1])
    await Promise.all(both.map((name) => expectSound(page(name))))
  }

  /** How the calls of somebody stand, newest first. */
  async function calls(name: Name): Promise<readonly CallView[]> {
    return page(name).evaluate(async () => {
      const { sotto } = globalThis as unknown as { readonly sotto: SottoBridge }
      const reply = await sotto.call('calls.list', {})
      return reply.ok ? reply.value.calls : []
    })
  }

  async function expectEnds(name: Name, ...ends: readonly CallView['end'][]): Promise<void> {
    await expect.poll(async () => (await calls(name)).map(({ end }) => end), patient).toEqual(ends)
  }

  async function hangUpAll(): Promise<void> {
    const talks = async (name: Name) => (await calls(name)).some(({ phase }) => phase !== 'ended')
    // A call that the other side has just ended has no such button any more.
    for (const name of names) while (await talks(name)) await hangUp(page(name), 2000).catch(() => undefined)
    for (const name of names) await expect.poll(async () => (await calls(name)).length, patient).toBe(0)
  }

  it('one is handed over to another address, on her word, and whoever asked hears of it', async () => {
    await talk('alice', 'bob')
    await page('bob').getByRole('button', { name: 'Transfer', exact: true }).click(patient)
    const dialog = page('bob').getByRole('dialog')
    await dialog.getByLabel('Address or name').fill(`carol@${homeDomain}`)
    await dialog.getByRole('button', { name: 'Transfer', exact: true }).click()
    await expectPage(page('alice').getByRole('alert').filter({ hasText: 'transfer you to carol@' })).toBeVisible(
      patient,
    )
    expect((await calls('carol')).length).toBe(0)
    await page('alice').getByRole('button', { name: 'Call', exact: true }).click()
    await expectCall(page('bob'), { transfer: { to: `sip:carol@${homeDomain}` as never, state: 'trying' } })
    await acceptCall(page('carol'))
    await expectEnds('bob', 'transferred')
    await expectTalk('alice', 'carol')
    await hangUpAll()
  }, 120_000)

  it('two are connected with each other: one takes the place of whoever connects them', async () => {
    await talk('alice', 'bob')
    await talk('bob', 'carol')
    await page('bob').getByRole('button', { name: 'Transfer', exact: true }).click(patient)
    await page('bob')
      .getByRole('button', { name: /^Connect .*carol.* with .*alice/i })
      .click(patient)
    await page('carol').getByRole('button', { name: 'Call', exact: true }).click(patient)
    await expectPage(page('alice').getByText(/Wants to take .*bob.* place/i)).toBeVisible(patient)
    await acceptCall(page('alice'))
    await expectEnds('bob', 'transferred', 'transferred')
    await expectEnds('alice', null, 'replaced')
    await expectTalk('alice', 'carol')
    expect(await newestCall(page('alice'))).toMatchObject({ security: { method: 'zrtp', comparison: 'compare' } })
    await hangUpAll()
  }, 120_000)

  it('a second one knocks: it is taken while the first waits, swapped, and taken in place of the first', async () => {
    await talk('alice', 'bob')
    await call('carol', 'alice')
    await expectPage(page('alice').getByText('Call waiting')).toBeVisible(patient)
    await page('alice').getByRole('button', { name: 'Hold and accept' }).click()
    await expectTalk('alice', 'carol')
    await expectCall(page('bob'), { held: 'by-peer' })
    await page('alice')
      .getByRole('region', { name: 'Calls' })
      .getByRole('button', { name: /^Resume/ })
      .click(patient)
    await expectCall(page('carol'), { held: 'by-peer' })
    await expectCall(page('bob'), { held: 'no' })
    await hangUp(page('carol'))
    await expectCall(page('carol'), { phase: 'ended' })
    await call('carol', 'alice')
    await page('alice').getByRole('button', { name: 'End and accept' }).click(patient)
    await expectEnds('bob', 'peer-hung-up')
    await expectTalk('alice', 'carol')
    await hangUpAll()
  }, 120_000)

  it('one that was missed is called back from the history', async () => {
    await openConversation(page('bob'), /carol/i)
    await call('carol', 'bob')
    await page('carol')
      .getByRole('button', { name: /^Cancel the call/ })
      .first()
      .click(patient)
    await expectEnds('carol', 'cancelled')
    await page('bob').getByRole('log').getByRole('button', { name: 'Call back' }).last().click(patient)
    await acceptCall(page('carol'))
    await expectTalk('bob', 'carol')
    await hangUpAll()
  }, 120_000)
})
