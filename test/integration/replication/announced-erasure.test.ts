/** A person who has the password of an account and none of its devices, at a real server on either store, and the devices that hear of it. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '#main/platform/system-clock.ts'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { invitationOf, PersonDevice } from '#test/fakes/replica-person.ts'
import { aliceAccount as accountId, bob } from '#test/integration/history/history-fixture.ts'
import { PostgresServer } from '#test/integration/replica/postgres-server.ts'
import { homeServer, ownReplica, type Started } from './person-servers.ts'

vi.setConfig({ testTimeout: 60_000 })

const noticeMs = 14 * 86_400_000
/** How often a device looks at the chain by itself, ms. */
const lookMs = 3_600_000

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await PostgresServer.start()
}, 60_000)
afterAll(() => postgres.stop())

describe.each([
  ['a home server, on SQLite', homeServer],
  ['a replica of its own, on PostgreSQL', () => ownReplica(postgres)],
] as const)('an erasure that is announced by %s', (_name, start) => {
  let started: Started
  let desk: PersonDevice
  let fresh: PersonDevice

  beforeEach(async () => {
    started = await start()
    ;[desk, fresh] = [new PersonDevice('Desk', started.server), new PersonDevice('Laptop', started.server)]
    await desk.signIn()
    await desk.switchOn()
    await desk.say(desk.entries.incoming('to be kept'))
    await eventually(() => expect(desk.view).toMatchObject({ state: 'current', waiting: 0, erasure: null }))
    await fresh.signIn()
  })
  afterEach(async () => {
    await Promise.all([desk.end(), fresh.end()])
    await started.end()
  })

  const eventually = (check: () => unknown): Promise<void> =>
    vi.waitFor(
      async () => {
        await check()
      },
      { timeout: 15_000, interval: 20 },
    )
  const ask = (asks: boolean) => {
    const invitation = invitationOf(started.server)
    return fresh.replicas.askErasure({ accountId, server: null, invitation, ask: asks })
  }

  it('is told to the device at once, which keeps its history; who asked sees both', async () => {
    await expect(fresh.switchOn()).rejects.toMatchObject({ code: 'replica-needs-linking' })
    expect(await ask(false)).toEqual({ state: 'sealed' })
    const asked = await ask(true)
    if (asked.state !== 'asked') throw new Error('it was not asked for')
    const { askedAt, dueAt } = asked
    expect(dueAt - askedAt).toBe(noticeMs)
    await eventually(() => expect(desk.view.erasure).toEqual({ askedAt, dueAt }))
    await started.restart(() => Promise.resolve())
    await eventually(async () => {
      await desk.replicas.syncNow({ accountId })
      expect(desk.view).toMatchObject({ state: 'current', erasure: { askedAt, dueAt } })
    })
    expect(await ask(true)).toEqual(asked)

    await desk.replicas.keepHistory({ accountId })
    expect(desk.view.erasure).toBeNull()
    expect(await ask(true)).toMatchObject({ state: 'kept' })
    await desk.replicas.syncNow({ accountId })
    expect(desk.view).toMatchObject({ state: 'current', erasure: null })
    expect(await desk.texts(bob)).toEqual(['to be kept'])
  })

  it('is heard of by a device that a fault has stopped, at its next look, and kept on its word', async () => {
    const phone = new PersonDevice('Phone', started.server)
    const looks: (() => void)[] = []
    phone.clock = {
      ...systemClock,
      after: (delayMs, run) => {
        if (delayMs < lookMs) return systemClock.after(delayMs, run)
        looks.push(run)
        return { cancel: () => void looks.splice(looks.indexOf(run), 1) }
      },
    }
    try {
      await desk.link(phone, 'code')
      await eventually(() => expect(phone.view).toMatchObject({ state: 'current', waiting: 0 }))
      await phone.keepDisk()
      await phone.say(phone.entries.incoming('lost with the disk'))
      await eventually(async () => expect(await desk.texts(bob)).toContain('lost with the disk'))
      await phone.setBackDisk()
      await phone.replicas.syncNow({ accountId })
      expect(phone.view).toMatchObject({ state: 'stopped', erasure: null })
      const asked = await ask(true)
      if (asked.state !== 'asked') throw new Error('it was not asked for')
      for (const look of [...looks]) look()
      const { askedAt, dueAt } = asked
      await eventually(() => expect(phone.view).toMatchObject({ state: 'stopped', erasure: { askedAt, dueAt } }))
      await phone.replicas.keepHistory({ accountId })
      expect(await ask(false)).toMatchObject({ state: 'kept' })
      await eventually(() => expect(desk.view.erasure).toBeNull())
    } finally {
      await phone.end()
    }
  })

  it('is not for somebody without the password', async () => {
    fresh.record = { ...fresh.record, ha1Sha256: '0'.repeat(64) }
    const madeUp = new Uint8Array(16)
    const invitation = invitationOf(started.server, systemClock, madeUp) ?? toBase64Url(madeUp)
    const asked = fresh.replicas.askErasure({ accountId, server: null, invitation, ask: true })
    await expect(asked).rejects.toMatchObject({ code: 'invitation-invalid' })
    await desk.replicas.syncNow({ accountId })
    expect(desk.view.erasure).toBeNull()
  })
})
