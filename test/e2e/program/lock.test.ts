import { readdirSync } from 'node:fs'
import path from 'node:path'
import { expect as visible } from '@playwright/test'
import { afterAll, describe, expect, it } from 'vitest'
import { temporaryData, type RunningApp } from '../support/app.ts'
import { newPerson, testPassphrase, homeDomain } from '../support/person.ts'
import {
  expectMessage,
  lockByHand,
  openConversation,
  sendMessage,
  startConversation,
  unlock,
} from '../support/steps.ts'

const patient = { timeout: 20_000 }

describe('locking', () => {
  const data = temporaryData()
  const apps: RunningApp[] = []
  const spool = (): string[] => readdirSync(path.join(data.path, 'profiles/bob/spool'))

  afterAll(async () => {
    for (const app of apps) await app.quit().catch(() => undefined)
    data.remove()
  })

  it('keeps what arrives while it is locked, and shows it afterwards', async () => {
    const alice = await newPerson({ profile: 'alice', data: data.path }, 'alice', 'Alice')
    const bob = await newPerson({ profile: 'bob', data: data.path }, 'bob', 'Bob')
    apps.push(alice, bob)
    await startConversation(alice.page, `bob@${homeDomain}`)
    await sendMessage(alice.page, 'Before the lock')
    await openConversation(bob.page, /Alice|alice@/)
    await bob.page.getByRole('button', { name: 'Accept' }).first().click(patient)
    await expectMessage(bob.page, 'Before the lock')

    await lockByHand(bob.page)
    await sendMessage(alice.page, 'While locked')
    await expect.poll(() => spool().length, patient).toBeGreaterThan(0)
    await visible(bob.page.getByText('Sotto is locked')).toBeVisible()

    await unlock(bob.page, testPassphrase)
    await openConversation(bob.page, /Alice|alice@/)
    await expectMessage(bob.page, 'While locked')
    expect(spool()).toEqual([])
  }, 180_000)
})
