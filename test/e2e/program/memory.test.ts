import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { HistoryReader } from '#main/history/history-reader.ts'
import { decodeIdentity } from '#main/identity/identity-record.ts'
import { argon2 } from '#main/keys/argon2.ts'
import { KeyLadder } from '#main/keys/key-ladder.ts'
import { noKeychain } from '#main/keys/keychain-port.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import { temporaryData, type RunningApp } from '../support/app.ts'
import { homeDomain, newPerson, testPassphrase } from '../support/person.ts'
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
  expectMessage,
  lockByHand,
  openConversation,
  sendMessage,
  startConversation,
  unlock,
} from '../support/steps.ts'

const canary = 'Seventeen zebras crossed the frozen canal'

/** The keys of a profile, read as its owner could. */
async function keysOf(profile: string, account: string): Promise<readonly Needle[]> {
  const databaseFile = path.join(profile, 'history.db')
  const ports = { keysFile: path.join(profile, 'keys.json'), databaseFile, keychain: noKeychain }
  const ladder = new KeyLadder({ ...ports, random: systemRandom, derive: argon2 })
  const key = await ladder.open('passphrase', utf8(testPassphrase))
  const reader = new HistoryReader({ path: databaseFile, key })
  const identity = decodeIdentity((await reader.secret(`identity.${account}`)) ?? new Uint8Array())
  const spool = (await reader.secret('spool')) ?? new Uint8Array()
  reader.close()
  const { ed25519, x25519, omemo } = identity.seeds
  return [
    secretNeedle('database key', key),
    secretNeedle('device key ed25519', ed25519),
    secretNeedle('device key x25519', x25519),
    secretNeedle('device key omemo', omemo),
    secretNeedle('paper secret', identity.paperSecret ?? new Uint8Array(1)),
    secretNeedle('spool private key', spool.slice(0, 32)),
  ]
}

const patient = { timeout: 60_000, interval: 1_000 }

const inMain = ({ found }: Search): number =>
  found.filter(({ role, name }) => role === 'main' && name === 'message').length

describe('the memory of a locked program', () => {
  const data = temporaryData()
  let alice: RunningApp | null = null

  afterAll(async () => {
    await alice?.quit().catch(() => undefined)
    data.remove()
  })

  it('holds no key of the history, in any process or form', async () => {
    alice = await newPerson({ profile: 'alice', data: data.path }, 'alice', 'Alice')
    const { page, app } = alice
    await startConversation(page, `echo@${homeDomain}`)
    await sendMessage(page, canary)
    await expectMessage(page, canary)
    const keys = await keysOf(path.join(data.path, 'profiles/alice'), `sip:alice@${homeDomain}`)
    const pid = app.process().pid ?? 0
    const message = textNeedle('message', canary)
    const unlocked = searchMemory(processTree(pid), [...keys, message])
    // What finds nothing in the open program would prove nothing about the locked one.
    const names = new Set(unlocked.found.map(({ name }) => name))
    expect(names.has('database key')).toBe(true)
    expect(names.has('message')).toBe(true)

    await lockByHand(page)
    await expect.poll(() => searchMemory(processTree(pid), keys).found, patient).toEqual([])
    const locked = searchMemory(processTree(pid), [message])
    console.log(`${String(locked.bytes)} bytes searched; a message is left behind in:`, tally(locked.found))
    // Main holds no page, no cache and no view of the history any more: what is left are crumbs of its garbage.
    const crumbs = (): number => inMain(searchMemory(processTree(pid), [message]))
    await expect.poll(crumbs, patient).toBeLessThan(inMain(unlocked) / 2)

    await unlock(page, testPassphrase)
    await openConversation(page, /echo/)
    await expectMessage(page, canary)
    await lockByHand(page)
    await expect.poll(() => searchMemory(processTree(pid), keys).found, patient).toEqual([])
  }, 300_000)
})
