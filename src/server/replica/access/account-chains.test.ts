import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { account, draw, genesis, hashOf } from '#test/fakes/drawn-chain.ts'
import { ReplicaAccess } from '#test/fakes/replica-access.ts'
import type { Aor } from '#shared/model/ids.ts'
import { AccountChains } from './account-chains.ts'
import { nodeCrypto } from './crypto.ts'

const twoDevices = '0: A\n1: 0 A adds B'
const bob = 'sip:bob@example.org' as Aor
let replica: ReplicaAccess
let chains: AccountChains

beforeEach(async () => {
  replica = new ReplicaAccess()
  chains = new AccountChains({ store: replica.store, crypto: nodeCrypto, capacity: 1 })
  await replica.holds(twoDevices)
})
afterEach(() => replica.end())

describe('chains of accounts', () => {
  it('are read once, however many ask, and stay the same object', async () => {
    const read = vi.spyOn(replica.store, 'links')
    const asked = await Promise.all([1, 2, 3].map(() => chains.read(account)))
    expect(new Set([...asked, await chains.read(account)]).size).toBe(1)
    expect(asked[0]?.state.devices.size).toBe(2)
    expect(read).toHaveBeenCalledTimes(1)
  })

  it('are read anew after every change', async () => {
    const before = await chains.read(account)
    const bytes = draw(`${twoDevices}\n2: 1 A epoch 1`).get('2')!
    await replica.store.append(account, { hash: hashOf(bytes), bytes }, await replica.store.mark(account))
    const after = await chains.read(account)
    expect([before?.state.epoch, after?.state.epoch]).toEqual([0, 1])
    await replica.store.eraseAccount(account)
    expect(await chains.read(account)).toBeNull()
  })

  it('take bounded room', async () => {
    const bytes = genesis('B', bob)
    await replica.store.append(bob, { hash: hashOf(bytes), bytes }, null)
    const read = vi.spyOn(replica.store, 'links')
    for (const whose of [account, account, bob, bob, account]) await chains.read(whose)
    expect(read.mock.calls).toEqual([[account], [bob], [account]])
  })

  it('that could not be read are tried again, and those that do not verify are nobody’s', async () => {
    vi.spyOn(replica.store, 'links').mockRejectedValueOnce(new Error('disk'))
    await expect(chains.read(account)).rejects.toThrow('disk')
    expect((await chains.read(account))?.links).toHaveLength(2)
    const bytes = genesis('A')
    await replica.store.append(bob, { hash: hashOf(bytes), bytes }, null)
    await expect(chains.read(bob)).rejects.toThrow('does not verify')
  })
})
