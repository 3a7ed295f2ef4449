/** A person whose devices are all gone gets identity, contacts and history back from the paper secret, through a real server, on either store. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { utf8, wipe } from '#shared/bytes/bytes.ts'
import { signUpTokenFileName } from '#shared/home/api.ts'
import { paperWords } from '#main/identity/paper-words.ts'
import { aliceAccount as accountId, alice, bob } from '#test/integration/history/history-fixture.ts'
import { addressOf, homeClient, startHome, temporaryDirectory } from '#test/fakes/home-server.ts'
import { PersonDevice, type PersonServer } from '#test/fakes/replica-person.ts'
import { replicaAddressOf } from '#test/fakes/replica-client.ts'
import { ReplicaWorld } from '#test/fakes/replica-server.ts'
import { PostgresServer } from '#test/integration/replica/postgres-server.ts'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

vi.setConfig({ testTimeout: 120_000 })

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await PostgresServer.start()
}, 60_000)
afterAll(() => postgres.stop())

interface Started {
  readonly server: PersonServer
  /** Whether this signs in at the SIP server; null where that is none of this server's business. */
  readonly signsIn: ((ha1Sha256: string) => Promise<boolean>) | null
  end(): Promise<void>
}

async function homeServer(): Promise<Started> {
  const directory = temporaryDirectory()
  const home = await startHome(directory.path, { options: { domain: 'example.org' } })
  const token = readFileSync(join(directory.path, signUpTokenFileName), 'utf8').trim()
  const { ha1Sha256, password } = await homeClient().signUp(addressOf(home), 'alice', { token })
  wipe(password)
  const { sip, msrp, spkiPins } = addressOf(home)
  return {
    server: {
      address: () => replicaAddressOf(home),
      opening: { kind: 'digest', user: 'alice', domain: 'example.org', ha1Sha256 },
      sip: { server: sip.wss, msrpRelay: msrp.wss, spkiPins: [...spkiPins] },
      secrets: { ha1Sha256 },
    },
    signsIn: (secret) => {
      const me = homeClient().me(addressOf(home), { user: 'alice', domain: 'example.org', ha1Sha256: secret })
      return me.describe().then(
        () => true,
        () => false,
      )
    },
    end: async () => {
      await home.stop()
      directory.remove()
    },
  }
}

async function ownReplica(): Promise<Started> {
  const world = await ReplicaWorld.start({ postgres: postgres.url(await postgres.schema()) })
  return {
    server: {
      ...{ address: () => world.address, opening: { kind: 'invitation', token: world.invite() } },
      ...{ sip: { server: null, msrpRelay: null, spkiPins: [] }, secrets: { ha1Sha256: 'a'.repeat(64) } },
    },
    signsIn: null,
    end: () => world.end(),
  }
}

describe.each([
  ['a home server, on SQLite', homeServer],
  ['a replica of its own, on PostgreSQL', ownReplica],
] as const)('the paper secret at %s', (_name, start) => {
  let started: Started
  const devices: PersonDevice[] = []

  const device = (name: string): PersonDevice => {
    const made = new PersonDevice(name, started.server)
    devices.push(made)
    return made
  }
  const eventually = (check: () => unknown): Promise<void> =>
    vi.waitFor(
      async () => {
        await check()
      },
      { timeout: 30_000, interval: 20 },
    )
  const current = (one: PersonDevice) =>
    eventually(() => expect(one.view).toMatchObject({ state: 'current', waiting: 0, unopened: 0, faults: [] }))
  const identityOf = async (one: PersonDevice) => (await one.identity.ensure(alice)).identityHash
  const lose = async (one: PersonDevice) => {
    devices.splice(devices.indexOf(one), 1)
    await one.end()
  }

  beforeEach(async () => {
    started = await start()
  })
  afterEach(async () => {
    for (const each of devices.splice(0)) await each.end()
    await started.end()
  })

  it('brings identity, contacts and history back when every device is gone, again and again', async () => {
    const [desk, phone] = [device('Desk'), device('Phone')]
    await desk.signIn()
    const words = await desk.words()
    await desk.say(desk.entries.incoming('one'), desk.entries.contact({ policy: 'accepted', name: 'Bob' }))
    await desk.switchOn()
    await desk.link(phone, 'qr')
    await phone.say(phone.entries.incoming('two'))
    await eventually(async () => expect(await desk.texts(bob)).toHaveLength(2))
    await Promise.all([current(desk), current(phone)])
    const identity = await identityOf(desk)
    await lose(desk)
    await lose(phone)

    const fresh = device('Laptop')
    await fresh.restore(words)
    await current(fresh)
    expect([...(await fresh.texts(bob))].sort()).toEqual(['one', 'two'])
    expect((await fresh.history.reader.contacts()).map(({ name }) => name)).toEqual(['Bob'])
    expect(await identityOf(fresh)).toBe(identity)
    expect(fresh.view.devices.map(({ name, own }) => [name, own])).toEqual([
      ['Desk', false],
      ['Phone', false],
      ['Laptop', true],
    ])

    for (const { id } of fresh.view.devices.filter(({ own }) => !own))
      await fresh.replicas.revoke({ accountId, deviceId: id })
    await fresh.say(fresh.entries.incoming('three'))
    await fresh.replicas.syncNow({ accountId })
    await current(fresh)
    const { signsIn } = started
    if (signsIn !== null) {
      await eventually(async () => expect(await signsIn(fresh.record.ha1Sha256 ?? '')).toBe(true))
      expect(await signsIn(started.server.secrets.ha1Sha256 ?? '')).toBe(false)
    }
    await lose(fresh)

    const last = device('Tablet')
    await last.restore(words)
    await current(last)
    expect([...(await last.texts(bob))].sort()).toEqual(['one', 'three', 'two'])
    expect(await identityOf(last)).toBe(identity)
    expect(last.view.devices.filter(({ revokedAt }) => revokedAt === null).map(({ name }) => name)).toEqual([
      'Laptop',
      'Tablet',
    ])
  })

  it('begins an epoch of its own, and goes on beside a device that is still there', async () => {
    const desk = device('Desk')
    await desk.signIn()
    const words = await desk.words()
    await desk.switchOn()
    await current(desk)
    const before = (await desk.identity.chains.known(alice))!.state.epoch
    const fresh = device('Laptop')
    await fresh.restore(words)
    expect((await fresh.identity.chains.known(alice))!.state.epoch).toBe(before + 1)
    await fresh.say(fresh.entries.incoming('from the laptop'))
    await eventually(async () => expect(await desk.texts(bob)).toEqual(['from the laptop']))
    await desk.say(desk.entries.incoming('from the desk'))
    await eventually(async () => expect(await fresh.texts(bob)).toHaveLength(2))
    await Promise.all([current(desk), current(fresh)])
  })

  it('takes nothing where the words are of another paper, and leaves the server as it was', async () => {
    const desk = device('Desk')
    await desk.signIn()
    await desk.switchOn()
    await current(desk)
    const other = utf8(paperWords(Uint8Array.from({ length: 16 }, (_, index) => index)).join(' '))
    const fresh = device('Laptop')
    await expect(fresh.restore(other)).rejects.toMatchObject({ code: 'restore-nothing' })
    expect(await fresh.identity.chains.known(alice)).toBeNull()
    await desk.replicas.syncNow({ accountId })
    expect(desk.view.devices.map(({ name }) => name)).toEqual(['Desk'])
  })

  it('says that there is nothing where the copy was erased', async () => {
    const desk = device('Desk')
    await desk.signIn()
    const words = await desk.words()
    await desk.switchOn()
    await current(desk)
    await desk.replicas.switchOff({ accountId, erase: true })
    await expect(device('Laptop').restore(words)).rejects.toMatchObject({ code: 'restore-nothing' })
  })
})
