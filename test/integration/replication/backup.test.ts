/** A server that goes back to a backup from before something was erased and a device removed: devices do both again. */
import { cpSync, rmSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { toHex } from '#shared/bytes/bytes.ts'
import { decodeBatch } from '#shared/replication/batch.ts'
import { decodeHeader } from '#shared/replication/envelope.ts'
import { aliceAccount as accountId, alice, bob } from '#test/integration/history/history-fixture.ts'
import { PersonDevice, sipElsewhere, type PersonServer } from '#test/fakes/replica-person.ts'
import { ReplicaWorld } from '#test/fakes/replica-server.ts'
import { PostgresServer } from '#test/integration/replica/postgres-server.ts'

vi.setConfig({ testTimeout: 120_000 })

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await PostgresServer.start()
}, 60_000)
afterAll(() => postgres.stop())

describe.each(['SQLite', 'PostgreSQL'])('a server on %s', (kind) => {
  const people: PersonDevice[] = []
  let world: ReplicaWorld
  let schema: string
  afterEach(async () => {
    for (const each of people.splice(0)) await each.end()
    await world.end()
    rmSync(`${world.directory.path}-copy`, { recursive: true, force: true })
  })

  const start = async (again?: ReplicaWorld): Promise<void> => {
    const where = again === undefined ? {} : { directory: again.directory, port: again.address.port }
    world = await ReplicaWorld.start({ ...where, postgres: kind === 'SQLite' ? null : postgres.url(schema) })
  }
  const stopped = async (meanwhile: () => Promise<void>): Promise<void> => {
    await world.stop()
    await meanwhile()
    await start(world)
  }
  /** Copies what is stored; returns what puts it back. */
  const backUp = async (): Promise<() => Promise<void>> => {
    const { path } = world.directory
    let dumped = ''
    await stopped(async () => {
      cpSync(path, `${path}-copy`, { recursive: true })
      if (kind === 'PostgreSQL') dumped = await postgres.dump(schema)
    })
    return () =>
      stopped(async () => {
        rmSync(path, { recursive: true })
        cpSync(`${path}-copy`, path, { recursive: true })
        if (kind === 'PostgreSQL') await postgres.restore(schema, dumped)
      })
  }
  const device = (name: string, server: PersonServer): PersonDevice => {
    const made = new PersonDevice(name, server)
    people.push(made)
    return made
  }
  const eventually = (check: () => unknown) =>
    vi.waitFor(
      async () => {
        await check()
      },
      { timeout: 30_000, interval: 20 },
    )
  const synced = async (one: PersonDevice) => {
    await one.replicas.syncNow({ accountId })
    await eventually(() => expect(one.view).toMatchObject({ state: 'current', waiting: 0 }))
  }
  /** Bodies that are there, by what their headers say. */
  const bodies = async (): Promise<ReadonlySet<string>> => {
    const { batches } = await world.service.ports.store.page(alice, { after: [], maxBytes: 10_000_000 })
    const envelopes = batches.flatMap(({ bytes }) => decodeBatch(bytes).envelopes)
    return new Set(
      envelopes.flatMap(({ header, body }) => (body === null ? [] : [toHex(decodeHeader(header).bodyHash)])),
    )
  }

  it('gets back neither what was erased nor the device that was removed since', async () => {
    schema = await postgres.schema()
    await start()
    const opening = { kind: 'invitation', token: world.invite() } as const
    const server = { ...sipElsewhere, address: () => world.address, opening }
    const [desk, phone, tablet] = ['Desk', 'Phone', 'Tablet'].map((name) => device(name, server)) as [
      ...[PersonDevice, PersonDevice, PersonDevice],
    ]
    await desk.signIn()
    await desk.switchOn()
    await desk.link(phone, 'code')
    await desk.link(tablet, 'code')
    await desk.say(desk.entries.incoming('to be erased', { id: 'm1' }), desk.entries.incoming('to stay'))
    for (const each of [desk, phone, tablet]) await synced(each)
    const before = await bodies()
    const restore = await backUp()

    // Both are not there while it happens.
    await phone.replicas.pause({ accountId })
    await tablet.replicas.pause({ accountId })
    await synced(desk)
    const { id } = desk.view.devices.find(({ name }) => name === 'Phone')!
    await desk.replicas.revoke({ accountId, deviceId: id })
    await desk.say(desk.entries.remove('m1'), desk.entries.incoming('under a new key'))
    await synced(desk)
    const after = await bodies()
    const erased = [...before].filter((body) => !after.has(body))
    expect(erased.length).toBeGreaterThan(0)

    await restore()
    const back = await bodies()
    expect(erased.every((body) => back.has(body))).toBe(true)
    await desk.replicas.syncNow({ accountId })
    await eventually(async () => {
      const now = await bodies()
      expect(erased.filter((body) => now.has(body))).toEqual([])
    })
    await phone.replicas.syncNow({ accountId })
    expect(phone.view).toMatchObject({ state: 'stopped', error: 'device-removed' })
    expect(await phone.texts(bob)).not.toContain('under a new key')
    await synced(tablet)
    await eventually(async () =>
      expect([...(await tablet.texts(bob))].sort()).toEqual(['', 'to stay', 'under a new key']),
    )
    expect([desk, tablet].flatMap(({ view }) => view.faults.map(({ kind: fault }) => fault))).toEqual(['rolled-back'])
  })
})
