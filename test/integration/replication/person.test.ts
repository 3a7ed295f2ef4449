/** One person's devices through a real server, on either store: switched on, linked, removed, switched off. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { aliceAccount as accountId, bob, EntryMaker } from '#test/integration/history/history-fixture.ts'
import { digestSecrets } from '#main/home/digest-secrets.ts'
import { PersonDevice } from '#test/fakes/replica-person.ts'
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
] as const)('a person with %s', (_name, start) => {
  let started: Started
  const devices: PersonDevice[] = []

  const device = (name: string): PersonDevice => {
    const made = new PersonDevice(name, started.server)
    devices.push(made)
    return made
  }

  beforeEach(async () => {
    started = await start()
  })
  afterEach(async () => {
    for (const each of devices.splice(0)) await each.end()
    await started.end()
  })

  const eventually = (check: () => unknown): Promise<void> =>
    vi.waitFor(
      async () => {
        await check()
      },
      { timeout: 15_000, interval: 20 },
    )
  const current = (one: PersonDevice) =>
    eventually(() => expect(one.view).toMatchObject({ state: 'current', waiting: 0 }))

  it('pushes what was there and what comes, and says what the server holds', async () => {
    const desk = device('Desk')
    await desk.signIn()
    await desk.say(desk.entries.incoming('before'))
    expect(desk.view).toMatchObject({ state: 'off', devices: [{ name: 'Desk', own: true }] })
    await desk.switchOn()
    await current(desk)
    const before = await desk.replicas.serverCopy({ accountId })
    expect(before.batches).toBeGreaterThan(0)
    await desk.say(desk.entries.incoming('after'))
    await eventually(async () =>
      expect((await desk.replicas.serverCopy({ accountId })).batches).toBe(before.batches + 1),
    )
  })

  it.each(['qr', 'code'] as const)('links a device by %s, and both have what either says', async (way) => {
    const [desk, phone] = [device('Desk'), device('Phone')]
    await desk.signIn()
    await desk.say(desk.entries.incoming('one'))
    await desk.switchOn()
    await desk.link(phone, way)
    expect(desk.linking).toMatchObject({ side: 'old', state: 'done', device: 'Phone' })
    await eventually(() => expect(phone.linking).toMatchObject({ state: 'done', accountId }))
    await eventually(async () => expect(await phone.texts(bob)).toEqual(['one']))
    await phone.say(phone.entries.incoming('two'))
    await eventually(async () => expect(await desk.texts(bob)).toHaveLength(2))
    await desk.say(desk.entries.incoming('three'))
    await eventually(async () => expect([...(await phone.texts(bob))].sort()).toEqual(['one', 'three', 'two']))
    await current(desk)
    expect(desk.view.devices.map(({ name, own }) => [name, own])).toEqual([
      ['Desk', true],
      ['Phone', false],
    ])
    expect(desk.view.confirmedBy).toMatchObject({ name: 'Phone' })
    expect([desk.view.faults, phone.view.faults]).toEqual([[], []])
  })

  it('carries the longest message there can be, and what comes behind it', async () => {
    const [desk, phone] = [device('Desk'), device('Phone')]
    await desk.signIn()
    await desk.switchOn()
    await desk.link(phone, 'qr')
    const long = '€'.repeat(1_000_000)
    await desk.say(desk.entries.incoming(long), desk.entries.incoming('behind it'))
    await eventually(async () => expect(await phone.texts(bob)).toHaveLength(2))
    expect(await phone.texts(bob)).toEqual([long, 'behind it'])
    await current(desk)
    expect([desk.view.faults, phone.view.faults]).toEqual([[], []])
  })

  it('gives a linked device the whole history, older than what the server has', async () => {
    const [desk, phone] = [device('Desk'), device('Phone')]
    await desk.signIn()
    const old = new EntryMaker(Date.now() - 400 * 86_400_000)
    const texts = Array.from({ length: 150 }, (_, index) => `long ago ${index}`)
    await desk.say(...texts.map((text) => old.incoming(text)))
    await desk.switchOn()
    await desk.link(phone, 'qr')
    await eventually(async () => expect(await phone.texts(bob)).toEqual(texts))
    await eventually(() => expect([desk.transfers.views(), phone.transfers.views()]).toEqual([[], []]))
    expect((await desk.replicas.serverCopy({ accountId })).batches).toBeLessThan(3)
    await current(phone)
    expect(phone.view.faults).toEqual([])
  })

  it('goes on after a restart of either end, and of the server', async () => {
    const [desk, phone] = [device('Desk'), device('Phone')]
    await desk.signIn()
    await desk.switchOn()
    await desk.link(phone, 'code')
    await current(phone)
    await phone.restart()
    await started.restart(async () => {
      await desk.say(desk.entries.incoming('while it was away'))
      await eventually(() => expect(desk.view.state).toBe('offline'))
    })
    await desk.replicas.syncNow({ accountId })
    await phone.replicas.syncNow({ accountId })
    await eventually(async () => expect(await phone.texts(bob)).toEqual(['while it was away']))
  })

  it('shuts a removed device out, and says so there', async () => {
    const [desk, phone] = [device('Desk'), device('Phone')]
    await desk.signIn()
    await desk.switchOn()
    await desk.link(phone, 'code')
    await phone.say(phone.entries.incoming('still mine'))
    await eventually(async () => expect(await desk.texts(bob)).toEqual(['still mine']))
    const { id } = desk.view.devices.find(({ own }) => !own)!
    await desk.replicas.rename({ accountId, deviceId: id, name: 'Old phone' })
    expect(desk.view.devices.map(({ name }) => name)).toEqual(['Desk', 'Old phone'])
    await desk.replicas.revoke({ accountId, deviceId: id })
    await desk.say(desk.entries.incoming('not for everybody'))
    await current(desk)
    await phone.replicas.syncNow({ accountId })
    expect(phone.view).toMatchObject({ state: 'stopped', error: 'device-removed' })
    expect(await phone.texts(bob)).toEqual(['still mine'])
    expect(desk.view.devices.find((one) => one.id === id)!.revokedAt).not.toBeNull()
  })

  it('changes the password of a home account, which the other devices know by themselves', async () => {
    const [desk, phone, laptop] = [device('Desk'), device('Phone'), device('Laptop')]
    await desk.signIn()
    await desk.switchOn()
    await desk.link(phone, 'qr')
    await desk.link(laptop, 'code')
    await current(laptop)
    const before = desk.record.ha1Sha256
    await desk.replicas.revoke({ accountId, deviceId: phone.view.devices.find(({ own }) => own)!.id })
    expect(desk.view.isPasswordDue).toBe(false)
    if (started.signsIn === null) {
      expect(desk.record).toMatchObject({ ha1Sha256: before, passwordEpoch: 0 })
      return
    }
    expect(desk.record.passwordEpoch).toBe(2)
    await eventually(() => expect(laptop.record).toMatchObject({ passwordEpoch: 2 }))
    expect(laptop.record.ha1Sha256).toBe(desk.record.ha1Sha256)
    await phone.replicas.syncNow({ accountId })
    expect(phone.record).toMatchObject({ ha1Sha256: before, passwordEpoch: 0 })
    expect(await started.signsIn(desk.record.ha1Sha256)).toBe(true)
    expect(await started.signsIn(before)).toBe(false)
    // Whoever comes later is handed the password in use.
    const tablet = device('Tablet')
    await laptop.link(tablet, 'code')
    await current(tablet)
    expect(tablet.record).toMatchObject({ ha1Sha256: desk.record.ha1Sha256, passwordEpoch: 2 })
  })

  it('changes it also where the removed device had changed it first', async () => {
    const { signsIn } = started
    // Only a home server has passwords of accounts.
    if (signsIn === null) return
    const [desk, phone] = [device('Desk'), device('Phone')]
    await desk.signIn()
    await desk.switchOn()
    await desk.link(phone, 'qr')
    await current(phone)
    const taken = digestSecrets('alice', 'example.org', new TextEncoder().encode('taken over'))
    await started.changesPassword!(desk.record.ha1Sha256!, taken)
    expect(await signsIn(taken.ha1Sha256)).toBe(true)
    await desk.replicas.revoke({ accountId, deviceId: phone.view.devices.find(({ own }) => own)!.id })
    expect(desk.view.isPasswordDue).toBe(false)
    expect(desk.record.passwordEpoch).toBe(2)
    expect(await signsIn(desk.record.ha1Sha256)).toBe(true)
    expect(await signsIn(taken.ha1Sha256)).toBe(false)
  })

  it('asks for linking where another device has the account already', async () => {
    const [desk, phone] = [device('Desk'), device('Phone')]
    await desk.signIn()
    await desk.switchOn()
    await phone.signIn()
    await phone.say(phone.entries.incoming('from before'))
    await expect(phone.switchOn()).rejects.toMatchObject({ code: 'replica-needs-linking' })
    expect(phone.view.state).toBe('off')
    await desk.link(phone, 'qr')
    await eventually(async () => expect(await desk.texts(bob)).toEqual(['from before']))
  })

  it('leaves nothing at the server when it is switched off so', async () => {
    const desk = device('Desk')
    await desk.signIn()
    await desk.say(desk.entries.incoming('one'))
    await desk.switchOn()
    await current(desk)
    const copy = await desk.replicas.switchOff({ accountId, erase: true })
    expect(copy).toMatchObject({ batches: 0, bytes: 0, oldestDay: null })
    expect(desk.view.state).toBe('off')
    expect(await desk.texts(bob)).toEqual(['one'])
    await desk.switchOn()
    await current(desk)
    expect((await desk.replicas.serverCopy({ accountId })).batches).toBeGreaterThan(0)
  })

  it('gives nothing to a server again that another device has erased, until the user says so', async () => {
    const [desk, phone] = [device('Desk'), device('Phone')]
    await desk.signIn()
    await desk.switchOn()
    await desk.link(phone, 'code')
    await current(phone)
    await desk.replicas.switchOff({ accountId, erase: true })
    await phone.say(phone.entries.incoming('only here'))
    await phone.replicas.syncNow({ accountId })
    expect(phone.view).toMatchObject({ state: 'stopped', error: 'replica-gone', faults: [] })
    expect(await phone.replicas.serverCopy({ accountId })).toMatchObject({ batches: 0 })
    await desk.switchOn()
    await phone.replicas.syncNow({ accountId })
    await current(phone)
    expect((await phone.replicas.serverCopy({ accountId })).batches).toBeGreaterThan(0)
  })

  it('opens again from any device what was erased, with the devices it had', async () => {
    const [desk, phone] = [device('Desk'), device('Phone')]
    await desk.signIn()
    await desk.switchOn()
    await desk.link(phone, 'code')
    await current(phone)
    await desk.replicas.switchOff({ accountId, erase: true })
    await phone.replicas.syncNow({ accountId })
    expect(phone.view).toMatchObject({ state: 'stopped', error: 'replica-gone' })
    await phone.replicas.switchOff({ accountId, erase: false })
    await phone.say(phone.entries.incoming('kept on the phone'))
    await phone.switchOn()
    await current(phone)
    await desk.switchOn()
    await eventually(async () => expect(await desk.texts(bob)).toEqual(['kept on the phone']))
    await Promise.all([current(desk), current(phone)])
    expect(desk.view.devices.map(({ name }) => name)).toEqual(['Desk', 'Phone'])
    expect([desk.view.faults, phone.view.faults]).toEqual([[], []])
  })

  it('goes on as a new device after its disk was set back', async () => {
    const [desk, phone] = [device('Desk'), device('Phone')]
    await desk.signIn()
    await desk.switchOn()
    await desk.link(phone, 'code')
    await current(phone)
    await phone.keepDisk()
    await phone.say(phone.entries.incoming('lost with the disk'))
    await eventually(async () => expect(await desk.texts(bob)).toEqual(['lost with the disk']))
    await phone.setBackDisk()
    await phone.say(phone.entries.incoming('said since'))
    await phone.replicas.syncNow({ accountId })
    expect(phone.view).toMatchObject({ state: 'stopped', faults: [{ kind: 'ahead' }] })
    expect(await desk.texts(bob)).toEqual(['lost with the disk'])
    await phone.replicas.rejoin({ accountId })
    await current(phone)
    await eventually(async () => expect(await desk.texts(bob)).toHaveLength(2))
    expect([...(await phone.texts(bob))].sort()).toEqual(['lost with the disk', 'said since'])
    expect(phone.view.devices.map(({ name, own, revokedAt }) => [name, own, revokedAt === null])).toEqual([
      ['Desk', false, true],
      ['Phone', true, true],
      ['Phone', false, false],
    ])
  })

  it('goes on under new keys also where the program ended right after it had taken them', async () => {
    const [desk, phone] = [device('Desk'), device('Phone')]
    await desk.signIn()
    await desk.switchOn()
    await desk.link(phone, 'code')
    await current(phone)
    await phone.keepDisk()
    await phone.say(phone.entries.incoming('lost with the disk'))
    await eventually(async () => expect(await desk.texts(bob)).toEqual(['lost with the disk']))
    await phone.setBackDisk()
    await phone.replicas.syncNow({ accountId })
    phone.history.writer.replica.beginAgain = () => Promise.reject(new Error('the program ended'))
    await expect(phone.replicas.rejoin({ accountId })).rejects.toThrow('the program ended')
    expect(phone.view.state).not.toBe('off')
    await phone.restart()
    await current(phone)
    expect(phone.view).toMatchObject({ state: 'current', faults: [] })
    await phone.say(phone.entries.incoming('said since'))
    await eventually(async () => expect(await desk.texts(bob)).toHaveLength(2))
    expect([...(await phone.texts(bob))].sort()).toEqual(['lost with the disk', 'said since'])
    // The keys that it wrote under before are left to the person to remove.
    expect(desk.view.devices.filter(({ revokedAt }) => revokedAt === null)).toHaveLength(3)
  })
})
