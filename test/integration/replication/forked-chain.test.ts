/** A device chain in two versions, through a real server on either store: shown, settled by a device or by the paper secret, handed on. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { fromBase64Url } from '#shared/bytes/base64url.ts'
import type { ChainChange } from '#shared/identity/chain-ports.ts'
import type { ChainBranchView } from '#shared/model/replication-views.ts'
import { newDeviceSeeds, deviceKeysOf } from '#main/identity/link-author.ts'
import { DeviceChains } from '#main/identity/device-chains.ts'
import { ownDevice } from '#main/identity/own-device.ts'
import { systemRandom } from '#server/home/system-ports.ts'
import { PersonDevice } from '#test/fakes/replica-person.ts'
import { alice, aliceAccount as accountId, bob } from '#test/integration/history/history-fixture.ts'
import { PostgresServer } from '#test/integration/replica/postgres-server.ts'
import { homeServer, ownReplica, type Started } from './person-servers.ts'

vi.setConfig({ testTimeout: 60_000 })

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await PostgresServer.start()
}, 60_000)
afterAll(() => postgres.stop())

describe.each([
  ['a home server, on SQLite', homeServer],
  ['a replica of its own, on PostgreSQL', () => ownReplica(postgres)],
] as const)('a chain in two versions at %s', (_name, start) => {
  let started: Started
  let desk: PersonDevice
  let phone: PersonDevice
  let words: Uint8Array
  const more: PersonDevice[] = []

  beforeEach(async () => {
    started = await start()
    ;[desk, phone] = [new PersonDevice('Desk', started.server), new PersonDevice('Phone', started.server)]
    more.push(desk, phone)
    await desk.signIn()
    words = await desk.identity.showPaperSecret({ accountId })
    await desk.switchOn()
    await desk.link(phone, 'code')
    await eventually(() => expect(phone.view).toMatchObject({ state: 'current', waiting: 0 }))
  })
  afterEach(async () => {
    for (const each of more.splice(0)) await each.end()
    await started.end()
  })

  const eventually = (check: () => unknown): Promise<void> =>
    vi.waitFor(
      async () => {
        await check()
      },
      { timeout: 15_000, interval: 20 },
    )

  /** The device has a change in use that the server never got. */
  async function changeUnseen(device: PersonDevice, change: ChainChange): Promise<void> {
    const link = await device.identity.chains.sign(alice, change)
    await device.identity.chains.learn(alice, [link])
  }

  /** The same with a new device. */
  async function addUnseen(device: PersonDevice, name: string): Promise<void> {
    const seeds = newDeviceSeeds(systemRandom)
    const added = ownDevice(seeds, name)
    const body = await device.identity.chains.bodyToAdd(alice, deviceKeysOf(seeds, name))
    const link = await device.identity.chains.signWith(alice, body, DeviceChains.signatureOf(added, body))
    await device.identity.chains.learn(alice, [link])
  }

  const idOf = (device: PersonDevice): Uint8Array =>
    fromBase64Url(device.view.devices.find(({ own }) => own)!.id) ?? new Uint8Array()

  /** Both see both versions. */
  async function meet(): Promise<void> {
    const keysOf = (device: PersonDevice) => device.view.branches.map(({ key }) => key).sort()
    await eventually(async () => {
      for (const each of [desk, phone]) await each.replicas.syncNow({ accountId })
      for (const each of [desk, phone]) expect(each.view).toMatchObject({ state: 'stopped', error: 'devices-forked' })
      expect(keysOf(desk)).toHaveLength(2)
      expect(keysOf(phone)).toEqual(keysOf(desk))
    })
  }

  const branchWith = (device: PersonDevice, kind: string): ChainBranchView =>
    device.view.branches.find(({ changes }) => changes.some((change) => change.kind === kind))!

  async function bothExchange(): Promise<void> {
    for (const each of [desk, phone]) await eventually(() => expect(each.view).toMatchObject({ state: 'current' }))
    await desk.say(desk.entries.incoming('after the fork'))
    await eventually(async () => expect(await phone.texts(bob)).toContain('after the fork'))
    await phone.say(phone.entries.incoming('so it is'))
    await eventually(async () => expect(await desk.texts(bob)).toContain('so it is'))
  }

  it('shows what each says, and goes on along the one that a device picks; what the other added does not count', async () => {
    await addUnseen(desk, 'Stranger')
    await changeUnseen(desk, { kind: 'rename', target: idOf(desk), name: 'Old desk' })
    await changeUnseen(phone, { kind: 'rename', target: idOf(phone), name: 'My phone' })
    await meet()
    expect(branchWith(phone, 'add')).toMatchObject({
      ...{ mayPick: true, hasOwn: true, devices: ['Old desk', 'Phone', 'Stranger'] },
      changes: [
        { kind: 'add', device: 'Stranger', by: 'Desk' },
        { kind: 'rename', device: 'Desk', newName: 'Old desk', by: 'Desk' },
      ],
    })
    await desk.say(desk.entries.incoming('waits for the choice'))
    const { batches } = await phone.replicas.serverCopy({ accountId })
    const { key } = phone.view.branches.find((branch) => !branch.devices.includes('Stranger'))!
    await phone.replicas.pickBranch({ accountId, branch: key, words: null })
    await bothExchange()
    expect((await phone.replicas.serverCopy({ accountId })).batches).toBeGreaterThan(batches)
    for (const each of [desk, phone]) {
      expect(each.view).toMatchObject({ branches: [], aside: [{ name: 'Stranger' }], faults: [] })
      expect(each.view.devices.map(({ name }) => name)).toEqual(['Desk', 'My phone'])
    }
    // Nobody seals any more with the key that was valid at the fork.
    const chain = await desk.identity.chain(alice)
    expect(chain!.state).toMatchObject({ epochIsDue: false, epoch: 2 })
  })

  it('hands the settled chain to a device that is linked afterwards', async () => {
    await addUnseen(desk, 'Stranger')
    await changeUnseen(phone, { kind: 'rename', target: idOf(phone), name: 'My phone' })
    await meet()
    await desk.replicas.pickBranch({ accountId, branch: branchWith(desk, 'rename').key, words: null })
    await bothExchange()
    const tablet = new PersonDevice('Tablet', started.server)
    more.push(tablet)
    await phone.link(tablet, 'qr')
    await eventually(() => expect(tablet.view).toMatchObject({ state: 'current', faults: [], branches: [] }))
    expect(tablet.view.devices.map(({ name }) => name)).toEqual(['Desk', 'My phone', 'Tablet'])
    expect(tablet.view.aside).toMatchObject([{ name: 'Stranger' }])
  })

  it('takes the paper secret where each version removes the other device', async () => {
    const [own, other] = [idOf(desk), idOf(phone)]
    const byDesk = await desk.identity.chains.sign(alice, { kind: 'revoke', target: other })
    const byPhone = await phone.identity.chains.sign(alice, { kind: 'revoke', target: own })
    // A server that had one of them would take the other no more.
    await phone.identity.chains.learn(alice, [byPhone, byDesk])
    await desk.identity.chains.learn(alice, [byDesk, byPhone])
    await meet()
    const { key, mayPick } = desk.view.branches.find(({ hasOwn }) => hasOwn)!
    expect(mayPick).toBe(false)
    const pick = (typed: Uint8Array | null) => desk.replicas.pickBranch({ accountId, branch: key, words: typed })
    await expect(pick(null)).rejects.toMatchObject({ code: 'fork-needs-paper' })
    await expect(pick(new TextEncoder().encode('abandon abandon'))).rejects.toMatchObject({
      code: 'wrong-paper-secret',
    })
    expect(desk.view.state).toBe('stopped')
    await pick(words)
    await eventually(() => expect(desk.view).toMatchObject({ state: 'current', branches: [] }))
    await eventually(() => expect(phone.view).toMatchObject({ state: 'stopped', error: 'device-removed' }))
    await desk.restart()
    await eventually(() => expect(desk.view).toMatchObject({ state: 'current', branches: [] }))
  })

  it('is settled by the paper secret where no device is left, which restores from there', async () => {
    await addUnseen(desk, 'Stranger')
    await changeUnseen(phone, { kind: 'rename', target: idOf(phone), name: 'My phone' })
    await desk.say(desk.entries.incoming('before all was lost'))
    await meet()
    for (const each of more.splice(0)) await each.end()
    const fresh = new PersonDevice('Laptop', started.server)
    more.push(fresh)
    const answer = await fresh.restore(words)
    if (answer.kind !== 'forked') throw new Error('both versions are shown')
    expect(answer.branches.map(({ devices }) => [...devices].sort()).sort()).toEqual([
      ['Desk', 'My phone'],
      ['Desk', 'Phone', 'Stranger'],
    ])
    const elsewhere = { kind: 'forked' }
    expect(await fresh.restore(words, 'A'.repeat(43))).toMatchObject(elsewhere)
    const { key } = answer.branches.find(({ devices }) => devices.includes('My phone'))!
    expect(await fresh.restore(words, key)).toEqual({ kind: 'restored', accountId })
    await eventually(() => expect(fresh.view).toMatchObject({ state: 'current', branches: [], faults: [] }))
    expect(fresh.view.devices.map(({ name }) => name)).toEqual(['Desk', 'My phone', 'Laptop'])
    expect(fresh.view.aside).toMatchObject([{ name: 'Stranger' }])
  })
})
