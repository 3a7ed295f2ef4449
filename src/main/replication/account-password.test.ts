import { hkdfSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { SottoError } from '#shared/errors.ts'
import type { Aor } from '#shared/model/ids.ts'
import { silentLog } from '#test/fakes/home-server.ts'
import { epochPassword, renewPassword } from './account-password.ts'

const account = 'sip:alice@example.org' as Aor
const key = new Uint8Array(32).fill(7)

interface World {
  readonly current?: number | null
  /** In use at first. */
  readonly before?: string
  readonly refuses?: Error
}

function world({ current = 0, before = '', refuses }: World = {}) {
  const given: { password: string; epoch: number }[] = []
  let [epoch, inUse] = [current, before]
  const passwords = {
    epochOf: () => epoch,
    isInUse: (_account: Aor, password: Uint8Array) => Buffer.from(password).toString() === inUse,
    change: (_account: Aor, { password, epoch: to }: { password: Uint8Array; epoch: number }) => {
      if (refuses !== undefined) return Promise.reject(refuses)
      ;[epoch, inUse] = [to, Buffer.from(password).toString()]
      given.push({ password: inUse, epoch: to })
      return Promise.resolve()
    },
  }
  const client = { giveSignIn: () => Promise.resolve(true) }
  const renew = (after: number, held: readonly number[] = [1, 2, 3], isLost = false) =>
    renewPassword({ account, passwords, client, log: silentLog }, { signInEpoch: after, isLost }, (one) =>
      held.includes(one) ? key : null,
    )
  return { given, renew }
}

describe('the password after a removal', () => {
  it('comes out of the key and the account alone', () => {
    const label = Buffer.from(`sotto/v1/sip-password\0${account}`)
    const expected = Buffer.from(hkdfSync('sha256', key, '', label, 24)).toString('base64url')
    expect(Buffer.from(epochPassword(key, account)).toString()).toBe(expected)
    expect(epochPassword(key, 'sip:bob@example.org' as Aor)).not.toEqual(epochPassword(key, account))
  })

  it('is given once, and not before anybody was removed', async () => {
    const { given, renew } = world()
    expect(await renew(0)).toBe(false)
    expect(given).toEqual([])
    expect(await renew(2)).toBe(false)
    expect(await renew(2)).toBe(false)
    const password = Buffer.from(epochPassword(key, account)).toString()
    expect(given).toEqual([{ password, epoch: 2 }])
    await renew(3)
    expect(given.map(({ epoch }) => epoch)).toEqual([2, 3])
  })

  it('is given again to a server that went back, and not where nobody was removed', async () => {
    const { given, renew } = world()
    await renew(2)
    expect([await renew(2, [2], true), given.map(({ epoch }) => epoch)]).toEqual([false, [2, 2]])
    const before = world()
    expect([await before.renew(0, [], true), before.given]).toEqual([false, []])
  })

  it('is that of the branch that counts, whatever number the other one had come to', async () => {
    const password = Buffer.from(epochPassword(key, account)).toString()
    for (const current of [2, 3]) {
      const { given, renew } = world({ current, before: 'of the other branch' })
      expect([await renew(2), await renew(2)]).toEqual([false, false])
      expect(given).toEqual([{ password, epoch: 2 }])
      // Nobody can tell without the key, and a removed device has none.
      const keyless = world({ current, before: 'of the other branch' })
      expect([await keyless.renew(2, []), keyless.given]).toEqual([false, []])
    }
  })

  it('is nobody’s business at servers that have no way to change it', async () => {
    const { given, renew } = world({ current: null })
    expect([await renew(2), given]).toEqual([false, []])
  })

  it('stays due while the key is missing or the server does not take it', async () => {
    expect(await world().renew(4)).toBe(true)
    expect(await world({ refuses: new SottoError('server-unreachable') }).renew(2)).toBe(true)
    expect(await world({ refuses: new Error('bug') }).renew(2)).toBe(true)
    const outdated = world({ refuses: new SottoError('sign-in-outdated') })
    expect([await outdated.renew(2), outdated.given]).toEqual([true, []])
  })
})
