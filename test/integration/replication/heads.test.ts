/** Heads that a person's devices send each other through a real home server's SIP, beside its replica. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { equalBytes } from '#shared/bytes/bytes.ts'
import { headsMediaType } from '#shared/replication/heads.ts'
import { decodeBatch } from '#shared/replication/batch.ts'
import { decodeHead } from '#shared/replication/head.ts'
import { alice, aliceAccount as accountId, bob } from '#test/integration/history/history-fixture.ts'
import type { ReplicaClientPort } from '#main/replication/client-ports.ts'
import { graceMs } from '#main/replication/heads/heard-heads.ts'
import { systemClock } from '#server/home/system-ports.ts'
import { PersonDevice } from '#test/fakes/replica-person.ts'
import { signInAtSip, type SipLine } from '#test/fakes/replica-line.ts'
import { homeServer, type Started } from './person-servers.ts'

vi.setConfig({ testTimeout: 60_000 })

let started: Started
const devices: PersonDevice[] = []
const lines: SipLine[] = []

const device = (name: string): PersonDevice => {
  const made = new PersonDevice(name, started.server)
  devices.push(made)
  return made
}
const online = async (one: PersonDevice): Promise<SipLine> => {
  const line = await signInAtSip(one)
  lines.push(line)
  return line
}
const eventually = (check: () => unknown): Promise<void> =>
  vi.waitFor(
    async () => {
      await check()
    },
    { timeout: 20_000, interval: 20 },
  )

beforeEach(async () => {
  started = await homeServer()
})
afterEach(async () => {
  for (const line of lines.splice(0)) await line.stop()
  for (const each of devices.splice(0)) await each.end()
  await started.end()
})

async function pair(): Promise<readonly [PersonDevice, PersonDevice]> {
  const [desk, phone] = [device('Desk'), device('Phone')]
  await desk.signIn()
  await desk.switchOn()
  await desk.link(phone, 'qr')
  await eventually(() => expect([desk.view.state, phone.view.state]).toEqual(['current', 'current']))
  // What is said from here on comes from the server alone.
  await eventually(() => expect([desk.transfers.views(), phone.transfers.views()]).toEqual([[], []]))
  return [desk, phone]
}

it('tells each device who has confirmed its history last, also after a start', async () => {
  const [desk, phone] = await pair()
  await desk.say(desk.entries.incoming('one'))
  await eventually(async () => expect(await phone.texts(bob)).toEqual(['one']))
  const before = Date.now()
  const [atDesk, atPhone] = [await online(desk), await online(phone)]
  await eventually(() => expect(desk.view.confirmedBy?.at ?? 0).toBeGreaterThan(before))
  await eventually(() => expect(phone.view.confirmedBy?.at ?? 0).toBeGreaterThan(before))
  expect(phone.view).toMatchObject({
    confirmedBy: { name: 'Desk' },
    completeUpTo: phone.view.confirmedBy!.at,
    faults: [],
  })
  expect([desk.view.faults, (await phone.texts(bob)).length]).toEqual([[], 1])
  // What came is heads alone, and nobody made a conversation with oneself of it.
  expect(new Set([...atDesk.bodies, ...atPhone.bodies].map(({ contentType }) => contentType))).toEqual(
    new Set([headsMediaType]),
  )
  expect(await phone.texts(alice)).toEqual([])
  const { at } = phone.view.confirmedBy!
  await atPhone.stop()
  await phone.restart()
  await eventually(() => expect(phone.view.confirmedBy?.at ?? 0).toBeGreaterThanOrEqual(at))
})

/** The phone, started again behind a server that answers some requests in its own way; `skip` lets the time of grace go by. */
async function behind(phone: PersonDevice, lies: (client: ReplicaClientPort) => Partial<ReplicaClientPort>) {
  let skipped = 0
  phone.clock = { ...systemClock, now: () => systemClock.now(), monotonic: () => systemClock.monotonic() + skipped }
  phone.tamper = (client) => {
    const lying = lies(client)
    return new Proxy(client, {
      get: (honest, name: keyof ReplicaClientPort) => lying[name] ?? (honest[name].bind(honest) as unknown),
    })
  }
  await phone.restart()
  return { skip: () => (skipped += graceMs) }
}

it('names a server that hides what the other device wrote', async () => {
  const [desk, phone] = await pair()
  const id = (await desk.identity.chains.openDevice(alice))!.id
  const isDesk = (bytes: Uint8Array) => equalBytes(decodeHead(decodeBatch(bytes).head).device, id)
  const time = await behind(phone, (client) => ({
    heads: async () => (await client.heads()).filter(({ device: one }) => !equalBytes(one, id)),
    page: async (after) => {
      const page = await client.page(after)
      return { ...page, batches: page.batches.filter((bytes) => !isDesk(bytes)) }
    },
  }))
  await desk.say(desk.entries.incoming('kept back'))
  await eventually(() => expect(desk.view).toMatchObject({ state: 'current', waiting: 0 }))
  await phone.replicas.syncNow({ accountId })
  expect([await phone.texts(bob), phone.view.faults]).toEqual([[], []])
  await Promise.all([online(desk), online(phone)])
  await eventually(() => expect(phone.view.completeUpTo).toBeNull())
  time.skip()
  await phone.replicas.syncNow({ accountId })
  expect(phone.view.faults).toMatchObject([{ kind: 'withheld', entries: 1 }])
  const [fault] = phone.view.faults
  expect(fault?.foundAt).toBeGreaterThan(0)
  expect(desk.view.faults).toEqual([])
})

it('names a server that hides a change to the list of devices', async () => {
  const [desk, phone] = await pair()
  const before = (await phone.identity.chains.known(alice))!.links.length
  const time = await behind(phone, (client) => ({
    links: async () => (await client.links())?.slice(0, before) ?? null,
  }))
  const own = desk.view.devices.find((one) => one.own)!
  await desk.replicas.rename({ accountId, deviceId: own.id, name: 'Renamed' })
  await phone.replicas.syncNow({ accountId })
  expect(phone.view).toMatchObject({ state: 'current', faults: [] })
  const line = await online(phone)
  await online(desk)
  await eventually(() => expect(line.bodies).not.toEqual([]))
  await phone.replicas.syncNow({ accountId })
  expect(phone.view.faults).toEqual([])
  time.skip()
  await phone.replicas.syncNow({ accountId })
  expect(phone.view.faults).toMatchObject([{ kind: 'chain-withheld', device: own.id }])
})
