import type { Page } from '@playwright/test'
import { launchApp, type LaunchOptions, type RunningApp } from './app.ts'
import {
  createLocalAccount,
  expectMessage,
  openConversation,
  postponePaperSecret,
  protectProfile,
  sendMessage,
  startConversation,
} from './steps.ts'

/** Passphrase of every test profile. */
export const testPassphrase = 'tidal copper lantern meadow'
/** Domain of the home server. */
export const homeDomain = 'sotto.home.arpa'

/** Starts a new profile and signs it up on the home server. */
export async function newPerson(options: LaunchOptions, user: string, name: string): Promise<RunningApp> {
  const app = await launchApp(options)
  await protectProfile(app.page, testPassphrase)
  await createLocalAccount(app.page, user, name)
  await postponePaperSecret(app.page)
  return app
}

/** Somebody's window, their user name at the home server, and what they are called. */
export interface Person {
  readonly page: Page
  readonly user: string
  readonly name: string
}

/** One writes `text` to the other, who is asked first and accepts; each has the other's conversation open then. */
export async function introduce(one: Person, other: Person, text: string): Promise<void> {
  await startConversation(one.page, `${other.user}@${homeDomain}`)
  await sendMessage(one.page, text)
  await openConversation(other.page, new RegExp(`${one.name}|${one.user}@`))
  await other.page.getByRole('button', { name: 'Accept' }).first().click({ timeout: 20_000 })
  await expectMessage(other.page, text)
}

/** Alice and Bob of two windows. */
export function aliceAndBob(alice: RunningApp, bob: RunningApp): readonly [alice: Person, bob: Person] {
  return [
    { page: alice.page, user: 'alice', name: 'Alice' },
    { page: bob.page, user: 'bob', name: 'Bob' },
  ]
}
