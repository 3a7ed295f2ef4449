import { describe, expect, it } from 'vitest'
import { utf8, utf8Text } from '#shared/bytes/bytes.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import { nameOfDevice } from '#shared/identity/chain-ports.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { decodeIdentity } from './identity-record.ts'
import { Identity } from './identity.ts'
import { databaseWrapKeyOf } from './paper-keys.ts'

const alice = 'sip:alice@example.org' as Aor
const accountId = 'account' as AccountId

function rig() {
  const stored = new Map<string, Uint8Array>()
  const rungs = new Map<Aor, Uint8Array>()
  const open = (seed = 1) =>
    new Identity({
      secrets: {
        secret: (name) => {
          const kept = stored.get(name)
          return Promise.resolve(kept === undefined ? null : Uint8Array.from(kept))
        },
        setSecret: (name, value) => {
          if (value === null) stored.delete(name)
          else stored.set(name, Uint8Array.from(value))
          return Promise.resolve()
        },
      },
      paperRung: {
        set: (account, key) => {
          rungs.set(account, Uint8Array.from(key))
          return Promise.resolve()
        },
        remove: (account) => {
          rungs.delete(account)
          return Promise.resolve()
        },
      },
      aorOf: (id) => (id === accountId ? alice : null),
      clock: { now: () => 1000, monotonic: () => 0, after: () => ({ cancel: () => undefined }) },
      random: new SeededRandom(seed),
      deviceName: 'Laptop',
    })
  return { stored, rungs, open }
}

const wordsAt = (words: readonly string[], positions: readonly number[]) =>
  utf8(positions.map((p) => words[p]).join(' '))

describe('identity', () => {
  it('makes link 0 once, also when asked twice at a time and after a restart', async () => {
    const { open } = rig()
    const identity = open()
    const [first, second] = await Promise.all([identity.ensure(alice), identity.ensure(alice)])
    expect(second).toEqual(first)
    expect(first.identityHash).toMatch(/^(\d{5} ){11}\d{5}$/)
    expect(await open(2).ensure(alice)).toEqual(first)
    const chain = await open(3).chain(alice)
    expect(chain!.fork).toBeNull()
    expect([...chain!.state.devices.keys()]).toEqual([first.deviceId])
    expect(nameOfDevice(chain!, first.deviceId)).toBe('Laptop')
  })

  it('makes a new one where what is kept is of before names of devices were sealed', async () => {
    const { open, stored } = rig()
    const first = await open().ensure(alice)
    const head = utf8(JSON.stringify({ version: 2, identity: 'hash', links: [], picked: [], paperState: 'confirmed' }))
    for (const name of stored.keys())
      stored.set(name, Uint8Array.from([0, 0, 0, head.length, ...head, ...new Uint8Array(3 * 32)]))
    expect(await open(2).chain(alice)).toBeNull()
    const anew = await open(2).ensure(alice)
    expect(anew.identityHash).not.toBe(first.identityHash)
    expect(await open(3).ensure(alice)).toEqual(anew)
  })

  it('shows the paper secret until it is confirmed, then destroys it and keeps its rung', async () => {
    const { open, stored, rungs } = rig()
    const identity = open()
    await identity.ensure(alice)
    const states: string[] = []
    identity.onChange((_, view) => states.push(view.paperSecret))
    const shown = utf8Text(await identity.showPaperSecret({ accountId }))!
    const words = shown.split(' ')
    expect(words).toHaveLength(12)
    expect(utf8Text(await open(5).showPaperSecret({ accountId }))).toBe(shown)
    const wrong = { accountId, positions: [0, 5, 11], words: utf8('zoo zoo zoo') }
    expect(await identity.confirmPaperSecret(wrong)).toEqual({ confirmed: false })
    expect(rungs.size).toBe(0)
    const right = { accountId, positions: [11, 0, 5], words: wordsAt(words, [11, 0, 5]) }
    expect(await identity.confirmPaperSecret(right)).toEqual({ confirmed: true })
    expect(right.words.every((byte) => byte === 0)).toBe(true)
    expect(states).toEqual(['shown', 'confirmed'])
    expect([...stored.values()].map((bytes) => decodeIdentity(bytes).paperSecret)).toEqual([null])
    await expect(identity.showPaperSecret({ accountId })).rejects.toMatchObject({ code: 'not-found' })
    expect(databaseWrapKeyOf(utf8(shown))).toEqual({ ok: true, value: rungs.get(alice) })
  })

  it('does not confirm what was not shown, too few words, or the same word three times', async () => {
    const identity = rig().open()
    await identity.ensure(alice)
    const attempt = (positions: number[]) =>
      identity.confirmPaperSecret({ accountId, positions, words: utf8(positions.map(() => 'zoo').join(' ')) })
    await expect(attempt([0, 1, 2])).rejects.toMatchObject({ code: 'invalid-argument' })
    await identity.showPaperSecret({ accountId })
    await expect(attempt([0, 1])).rejects.toMatchObject({ code: 'invalid-argument' })
    await expect(attempt([4, 4, 4])).rejects.toMatchObject({ code: 'invalid-argument' })
    expect(await attempt([12, 13, 23])).toEqual({ confirmed: false })
  })

  it('forgets everything when the account goes', async () => {
    const { open, stored } = rig()
    const identity = open()
    await identity.ensure(alice)
    await identity.remove(alice)
    expect(stored.size).toBe(0)
    await expect(identity.showPaperSecret({ accountId })).rejects.toMatchObject({ code: 'not-found' })
    await expect(identity.showPaperSecret({ accountId: 'other' as AccountId })).rejects.toMatchObject({
      code: 'not-found',
    })
  })
})
