import { expect as visible } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kamailioDomain, startKamailio, type Kamailio } from '../../interop/kamailio.ts'
import { launchApp, temporaryData, type RunningApp } from '../support/app.ts'
import { missingCommands, titleWithNeeds } from '../support/needs.ts'
import { testPassphrase } from '../support/person.ts'
import {
  expectMessage,
  openConversation,
  postponePaperSecret,
  protectProfile,
  sendMessage,
  signIn,
  startConversation,
  trustCertificate,
} from '../support/steps.ts'

const missing = missingCommands('kamailio')

describe.skipIf(missing.length > 0)(titleWithNeeds('two Sottos through Kamailio', missing), () => {
  let kamailio: Kamailio

  beforeAll(async () => {
    kamailio = await startKamailio({ users: { alice: 'alicepw', bob: 'bobpw', carol: 'carolpw', dave: 'davepw' } })
  }, 60_000)

  afterAll(async () => {
    await kamailio.stop()
  })

  async function person(data: string, user: string, secure: boolean): Promise<RunningApp> {
    const app = await launchApp({ profile: user, data })
    await protectProfile(app.page, testPassphrase)
    await signIn(app.page, {
      address: `${user}@${kamailioDomain}`,
      password: `${user}pw`,
      connection: secure ? /WSS/ : /\(WS\)/,
      server: secure ? `wss://127.0.0.1:${kamailio.ports.wss}/` : `ws://127.0.0.1:${kamailio.ports.ws}/`,
    })
    // Its authority is unknown here: nothing is sent until the person trusts exactly this key.
    if (secure) await trustCertificate(app.page)
    await postponePaperSecret(app.page)
    await visible(app.page.getByText('Connected', { exact: true })).toBeVisible({ timeout: 20_000 })
    return app
  }

  it.each([
    // New people each time: the server keeps what the earlier ones missed.
    ['WS', false, 'alice', 'bob'],
    ['WSS', true, 'carol', 'dave'],
  ] as const)(
    'sign in and chat both ways over %s',
    async (_name, secure, first, second) => {
      const data = temporaryData()
      const alice = await person(data.path, first, secure)
      const bob = await person(data.path, second, secure)
      await startConversation(alice.page, `${second}@${kamailioDomain}`)
      await sendMessage(alice.page, 'through Kamailio')
      await openConversation(bob.page, new RegExp(first, 'i'))
      await bob.page.getByRole('button', { name: 'Accept' }).first().click()
      await sendMessage(bob.page, 'and back')
      await expectMessage(alice.page, 'and back')
      await sendMessage(alice.page, 'again')
      await expectMessage(bob.page, 'again')
      await Promise.all([alice.quit(), bob.quit()])
      data.remove()
      expect(kamailio.output()).not.toMatch(/CRITICAL|segfault/)
    },
    180_000,
  )
})
