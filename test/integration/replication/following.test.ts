/** What follows the user beside messages, through a real server on either store: comparisons of keys, settings of the account. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { nameOfDevice } from '#shared/identity/chain-ports.ts'
import type { Aor, DeviceId } from '#shared/model/ids.ts'
import type { AccountSettingsBody } from '#shared/model/entry.ts'
import { EntryFactory, type EntryOrigin } from '#shared/model/entry-factory.ts'
import { ComparisonMarks } from '#main/calls/comparison-marks.ts'
import { systemClock, systemRandom } from '#server/home/system-ports.ts'
import { silentLog } from '#test/fakes/home-server.ts'
import { PersonDevice } from '#test/fakes/replica-person.ts'
import { alice, aliceAccount as accountId, bob, conversationWith } from '#test/integration/history/history-fixture.ts'
import { PostgresServer } from '#test/integration/replica/postgres-server.ts'
import { homeServer, ownReplica, type Started } from './person-servers.ts'

vi.setConfig({ testTimeout: 60_000 })

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await PostgresServer.start()
}, 60_000)
afterAll(() => postgres.stop())

const zid = new Uint8Array(12).fill(7)
const entries = new EntryFactory({ clock: systemClock, random: systemRandom })

/** A device of a person that calls and is set. */
class FollowedDevice extends PersonDevice {
  get origin(): EntryOrigin {
    const device = this.view.devices.find(({ own }) => own)?.id ?? ('' as DeviceId)
    return { account: alice, device, authenticatedBy: 'own-device', verified: true }
  }

  get marks(): ComparisonMarks {
    return new ComparisonMarks({
      ...{ ...this.history, entries, clock: systemClock, log: silentLog, conversationOf: () => conversationWith(bob) },
      origin: () => this.origin,
      ownDevices: async () => {
        const chain = (await this.identity.chain(alice))!
        const valid = [...chain.state.devices].filter(([, { revokedAt }]) => revokedAt === null)
        return new Map(valid.map(([id]) => [id, nameOfDevice(chain, id)]))
      },
    })
  }

  /** A call whose letters were compared, and that left secrets. */
  async compare(verified = true): Promise<void> {
    const { writer } = this.history
    await writer.commit({ accounts: [{ id: accountId, aor: alice }] })
    const ownZid = await writer.zrtpZid(alice)
    const pair = { account: alice, ownZid, peerZid: zid, peer: bob }
    await writer.keepZrtpSecrets({ ...pair, rs1: new Uint8Array(32).fill(9), rs2: null, expiresAt: null, verified })
    await this.marks.tell(alice, bob)
  }

  async elsewhere(): Promise<readonly string[]> {
    return (await this.marks.elsewhere(alice, bob)).map(({ zid: key, deviceName }) => `${deviceName} ${key}`)
  }

  set(said: Omit<AccountSettingsBody, 'kind' | 'at'>): Promise<unknown> {
    const body = { kind: 'account-settings', at: Date.now(), ...said } as const
    return this.history.writer.commit({ entries: [entries.make(this.origin, body)] })
  }
}

const onDesk = [`Desk ${'07'.repeat(12)}`]

describe.each([
  ['a home server, on SQLite', homeServer],
  ['a replica of its own, on PostgreSQL', () => ownReplica(postgres)],
] as const)('with %s', (_name, start) => {
  let started: Started
  let desk: FollowedDevice
  let phone: FollowedDevice

  beforeEach(async () => {
    started = await start()
    desk = new FollowedDevice('Desk', started.server)
    phone = new FollowedDevice('Phone', started.server)
    await desk.signIn()
  })
  afterEach(async () => {
    for (const each of [desk, phone]) await each.end()
    await started.end()
  })

  const eventually = (check: () => Promise<unknown>): Promise<unknown> =>
    vi.waitFor(check, { timeout: 15_000, interval: 20 })

  it('what was compared before replication was switched on is known on a device that is linked', async () => {
    await desk.compare()
    await desk.switchOn()
    await desk.link(phone, 'qr')
    await eventually(async () => expect(await phone.elsewhere()).toEqual(onDesk))
    expect(await desk.elsewhere()).toEqual([])
    // It proves nothing in a call of the other device.
    expect(await phone.history.reader.zrtpVerifiedWith(alice, bob)).toBe(false)
    expect(await phone.history.reader.zrtpDevices(alice, bob)).toEqual([])
  })

  it('a comparison is taken back where the keys changed, and by nobody else', async () => {
    await desk.switchOn()
    await desk.link(phone, 'code')
    await desk.compare()
    await eventually(async () => expect(await phone.elsewhere()).toEqual(onDesk))
    await phone.compare(false)
    await phone.marks.tellAll(alice)
    expect(await phone.elsewhere()).toEqual(onDesk)
    await desk.compare(false)
    await eventually(async () => expect(await phone.elsewhere()).toEqual([]))
  })

  it('a comparison of a device that was removed counts no more', async () => {
    await desk.switchOn()
    await desk.link(phone, 'qr')
    await phone.compare()
    await eventually(async () => expect(await desk.elsewhere()).toEqual([`Phone ${'07'.repeat(12)}`]))
    const { id } = desk.view.devices.find(({ own }) => !own)!
    await desk.replicas.revoke({ accountId, deviceId: id })
    expect(await desk.elsewhere()).toEqual([])
  })

  it('a comparison that only a server vouches for counts for nothing', async () => {
    const place = { conversation: conversationWith(bob), peer: bob } as const
    const body = { kind: 'mark', ...place, way: 'zrtp', key: zid, holds: true, at: Date.now() } as const
    const { fresh } = await desk.history.writer.commit({
      entries: [entries.make({ ...desk.origin, authenticatedBy: 'server', verified: false }, body)],
    })
    expect(fresh).toEqual([false])
    expect(await desk.history.reader.marks(alice, bob)).toEqual([])
  })

  it('settings of the account are the same on both devices, whoever sets them', async () => {
    const told: Aor[] = []
    await desk.set({ sendTyping: false, name: 'Alice' })
    await desk.switchOn()
    await desk.link(phone, 'code')
    const settingsOf = (device: PersonDevice) => device.history.reader.followingSettings(alice)
    await eventually(async () => expect(await settingsOf(phone)).toEqual({ sendTyping: false, name: 'Alice' }))
    desk.history.writer.onChange(({ accountSettings = [] }) => told.push(...accountSettings))
    await phone.set({ name: 'Alice B.', hideAddress: 'everyone' })
    const both = { sendTyping: false, name: 'Alice B.', hideAddress: 'everyone' }
    await eventually(async () => expect(await settingsOf(desk)).toEqual(both))
    expect(await settingsOf(phone)).toEqual(both)
    await eventually(() => {
      expect(told).toEqual([alice])
      return Promise.resolve()
    })
  })
})
