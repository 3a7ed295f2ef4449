/** Erasing an account on the word of its password alone: announced to its devices for 14 days, over TLS on loopback, on both stores. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ReplicaClientPort } from '#main/replication/client-ports.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import { account } from '#test/fakes/drawn-chain.ts'
import { ManualClock } from '#test/fakes/home-server.ts'
import { BatchWriter, codeOf } from '#test/fakes/replica-client.ts'
import { ReplicaWorld } from '#test/fakes/replica-server.ts'
import { PostgresServer } from './postgres-server.ts'

vi.setConfig({ testTimeout: 60_000 })

const [hourMs, dayMs] = [3_600_000, 86_400_000]
const noticeMs = 14 * dayMs
const stepMs = 6 * hourMs
const nothing = { batches: 0, bytes: 0, oldestDay: null }

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await PostgresServer.start()
}, 60_000)
afterAll(() => postgres.stop())

describe.each(['SQLite', 'PostgreSQL'])('an account on %s', (kind) => {
  let world: ReplicaWorld
  let clock: ManualClock
  let url: string | null

  afterEach(() => world.end())

  /** Held by devices A and B and the paper key, with a batch. */
  const opened = async (): Promise<void> => {
    clock = new ManualClock()
    url = kind === 'SQLite' ? null : postgres.url(await postgres.schema())
    world = await ReplicaWorld.start({ postgres: url, clock })
    await world.holds(`0: A
1: 0 A adds B`)
    await world.as('A').push(new BatchWriter('A', account).write([utf8('held')]).bytes, false)
  }
  const restarted = async (meanwhile: () => void = () => undefined): Promise<void> => {
    const { directory, address } = world
    await world.stop()
    meanwhile()
    world = await ReplicaWorld.start({ postgres: url, clock, directory, port: address.port })
  }
  /** Whoever shows what opens the account, and has none of its devices. */
  const ask = (asks = true) => world.as('M').askErasure({ kind: 'invitation', token: world.invite(account) }, asks)
  const noticeTo = async (client: ReplicaClientPort) => {
    await client.links()
    return client.erasureNotice()
  }
  const usage = () => world.service.usage(account)
  /** What is done every hour waits for the next one. */
  const upkeep = (): Promise<void> =>
    vi.waitFor(() => expect(clock.waiting(hourMs)).toBe(2), { timeout: 10_000, interval: 1 })
  /** All upkeep of that time has ended. */
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= stepMs) {
      clock.advance(Math.min(left, stepMs))
      await upkeep()
    }
  }
  const askedNow = () => ({ askedAt: clock.now(), dueAt: clock.now() + noticeMs })

  it('is there for 13 days and 23 hours, and gone after 14 days; then it can be opened anew', async () => {
    await opened()
    const asked = { state: 'asked', ...askedNow() }
    expect(await ask()).toEqual(asked)
    await pass(noticeMs - hourMs)
    expect((await usage()).batches).toBe(1)
    expect(await ask(false)).toEqual(asked)
    await pass(hourMs)
    expect(await usage()).toEqual(nothing)
    expect(await ask(false)).toEqual({ state: 'none' })
    expect(await world.as('A').links()).toBeNull()
    await world.holds('0: C')
    await world.as('C').push(new BatchWriter('C', account).write([utf8('new')]).bytes, false)
    await pass(noticeMs)
    expect((await usage()).batches).toBe(1)
  })

  it('is not erased because the clock went on while the server did not run: devices hear of it on 14 days', async () => {
    await opened()
    await ask()
    await restarted(() => clock.advance(noticeMs + dayMs))
    await pass(dayMs)
    expect((await usage()).batches).toBe(1)
    expect(await noticeTo(world.as('B'))).not.toBeNull()
    await pass(11 * dayMs)
    await restarted()
    expect((await usage()).batches).toBe(1)
    await pass(2 * dayMs)
    expect(await usage()).toEqual(nothing)
  })

  it('is not touched by an invitation for anybody', async () => {
    await opened()
    const asked = world.as('M').askErasure({ kind: 'invitation', token: world.invite() }, true)
    expect(await codeOf(asked)).toBe('invitation-invalid')
    expect(await noticeTo(world.as('A'))).toBeNull()
  })

  it.each(['A', 'B', 'paper'])('stays on the word of %s, who is told of it', async (who) => {
    await opened()
    const notice = askedNow()
    await ask()
    for (const each of ['A', 'B', 'paper']) expect(await noticeTo(world.as(each))).toEqual(notice)
    await world.as(who).keepHistory()
    for (const each of ['A', 'B', 'paper']) expect(await noticeTo(world.as(each))).toBeNull()
    expect(await ask()).toEqual({ state: 'kept', keptAt: clock.now() })
    await pass(noticeMs)
    expect((await usage()).batches).toBe(1)
  })

  it('can be asked about again a day after a device said no, with 14 days from then', async () => {
    await opened()
    await ask()
    await world.as('A').keepHistory()
    await pass(dayMs - 1)
    expect(await ask()).toMatchObject({ state: 'kept' })
    await pass(1)
    expect(await ask()).toEqual({ state: 'asked', ...askedNow() })
  })

  it('is neither shortened nor hidden by who has the password alone', async () => {
    await opened()
    const asked = { state: 'asked', ...askedNow() }
    expect(await ask()).toEqual(asked)
    await pass(dayMs)
    // Asking again changes nothing, and nothing else is open without a device's key.
    expect(await ask()).toEqual(asked)
    const stranger = world.as('M')
    expect(await codeOf(stranger.keepHistory())).toBe('device-unknown')
    expect(await codeOf(stranger.erase())).toBe('device-unknown')
    const token = world.invite()
    expect(await stranger.open(utf8('no link'), { kind: 'invitation', token }).catch(() => 'refused')).toBe('refused')
    expect(await noticeTo(world.as('A'))).toMatchObject({ dueAt: asked.dueAt })
    expect(await codeOf(stranger.askErasure({ kind: 'invitation', token: utf8('guessed') }, true))).toBe(
      'invitation-invalid',
    )
  })

  it('is not kept by a device that was removed', async () => {
    await opened()
    await world.as('A').links()
    await world.end()
    world = await ReplicaWorld.start({ postgres: url === null ? null : postgres.url(await postgres.schema()), clock })
    await world.holds(`0: A
1: 0 A adds B
2: 1 A revokes B`)
    await ask()
    expect(await codeOf(world.as('B').keepHistory())).toBe('device-removed')
    expect(await codeOf(world.as('B').links())).toBe('device-removed')
    expect(await noticeTo(world.as('A'))).not.toBeNull()
  })

  it('is announced at once to a device that listens', async () => {
    await opened()
    const heard: (number | null)[] = []
    const a = world.as('A')
    a.onNews(() => void noticeTo(a).then((notice) => heard.push(notice?.dueAt ?? null)))
    await vi.waitFor(() => expect(heard).toEqual([null]))
    await ask()
    await vi.waitFor(() => expect(heard.at(-1)).toBe(clock.now() + noticeMs))
  })

  it('that nobody opened has nothing to be asked for', async () => {
    clock = new ManualClock()
    url = kind === 'SQLite' ? null : postgres.url(await postgres.schema())
    world = await ReplicaWorld.start({ postgres: url, clock })
    expect(await ask()).toEqual({ state: 'none' })
    expect(await world.service.ports.access.erasures.of(account)).toBeNull()
  })
})
