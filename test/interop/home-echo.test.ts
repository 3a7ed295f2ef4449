/** A real phone calls the home server's echo contact over UDP, and hears itself. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { digestSecrets } from '#main/home/digest-secrets.ts'
import type { HomeServer } from '#server/home/server.ts'
import { addressOf, homeClient, startHome, temporaryDirectory } from '#test/fakes/home-server.ts'
import { startLinphonePhone } from './calls/linphone-phone.ts'
import { phoneVoice, type KeyMethod } from './calls/phone.ts'
import { wordsHeard, wordsPerVoice } from './calls/speech.ts'
import { linphonePrograms } from './linphone.ts'
import { describeWithPeers } from './peers.ts'

/** The phone says its words in three seconds; ZRTP takes one more. */
const talkMs = 9_000
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describeWithPeers('phones at the echo contact', linphonePrograms, () => {
  const directory = temporaryDirectory()
  let server: HomeServer

  beforeAll(async () => {
    server = await startHome(directory.path)
    const client = homeClient()
    const token = readFileSync(`${directory.path}/signup-token`, 'utf8').trim()
    const user = 'carol'
    const { domain } = server.endpoint
    const made = await client.signUp(addressOf(server), user, { token })
    const secrets = digestSecrets(user, domain, Buffer.from(`${user}pw`))
    await client.me(addressOf(server), { ...made, user, domain }).changePassword(secrets)
  })
  afterAll(async () => {
    await server.stop()
    directory.remove()
  })

  it.each<KeyMethod>(['zrtp', 'sdes'])(
    'linphonec with %s',
    async (keys) => {
      const { domain, ports } = server.endpoint
      const phone = await startLinphonePhone({ port: ports.sipUdp, domain, keys, codec: 'PCMU' })
      try {
        phone.call(`sip:echo@${domain}`)
        await pause(talkMs)
        phone.hangUp()
        expect(wordsHeard(phoneVoice, await phone.recording())).toBeGreaterThan(wordsPerVoice / 2)
        expect(phone.sas() !== null).toBe(keys === 'zrtp')
      } catch (error) {
        throw new Error(phone.log().slice(-4_000), { cause: error })
      } finally {
        await phone.stop()
      }
    },
    60_000,
  )
})
