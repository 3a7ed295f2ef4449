/** Backups of a replica that are put back from before something was erased, on both stores. */
import { cpSync, rmSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { utf8 } from '#shared/bytes/bytes.ts'
import { account } from '#test/fakes/drawn-chain.ts'
import { ManualClock } from '#test/fakes/home-server.ts'
import { BatchWriter, codeOf } from '#test/fakes/replica-client.ts'
import { ReplicaWorld } from '#test/fakes/replica-server.ts'
import { PostgresServer } from './postgres-server.ts'

vi.setConfig({ testTimeout: 60_000 })

const dayMs = 86_400_000

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await PostgresServer.start()
}, 60_000)
afterAll(() => postgres.stop())

describe.each(['SQLite', 'PostgreSQL'])('an account on %s that was erased', (kind) => {
  let world: ReplicaWorld
  let clock: ManualClock
  let schema: string

  const start = async (before?: ReplicaWorld): Promise<void> => {
    const again = before === undefined ? {} : { directory: before.directory, port: before.address.port }
    world = await ReplicaWorld.start({ clock, ...again, postgres: kind === 'SQLite' ? null : postgres.url(schema) })
  }
  const stopped = async (meanwhile: () => Promise<void> | void): Promise<void> => {
    await world.stop()
    await meanwhile()
    await start(world)
  }
  /** Copies what is stored; returns what puts the directory, the database, or both back. */
  const backUp = async (): Promise<(what?: 'all' | 'directory' | 'database') => Promise<void>> => {
    const { path } = world.directory
    let dumped = ''
    await stopped(async () => {
      cpSync(path, `${path}-copy`, { recursive: true })
      if (kind === 'PostgreSQL') dumped = await postgres.dump(schema)
    })
    return (what = 'all') =>
      stopped(async () => {
        if (what !== 'database') {
          rmSync(path, { recursive: true })
          cpSync(`${path}-copy`, path, { recursive: true })
        }
        if (kind === 'PostgreSQL' && what !== 'directory') await postgres.restore(schema, dumped)
      })
  }
  const writes = async (name: string): Promise<void> => {
    await world.as(name).push(new BatchWriter(name, account).write([utf8('held')]).bytes, false)
  }
  const held = async () => ({
    batches: (await world.service.usage(account)).batches,
    links: (await world.service.chains.read(account))?.links.length ?? 0,
  })
  const health = () => world.metrics.text({ requestsAtWork: 0, listeners: 0, listedErasures: 0, hasErasureList: true })

  beforeEach(async () => {
    clock = new ManualClock()
    schema = await postgres.schema()
    await start()
    await world.holds('0: A')
    await writes('A')
  })
  afterEach(async () => {
    await world.end()
    rmSync(`${world.directory.path}-copy`, { recursive: true, force: true })
  })

  it('does not come back with a backup', async () => {
    const restore = await backUp()
    expect(await held()).toEqual({ batches: 1, links: 1 })
    await world.as('A').erase()
    await restore()
    expect(await held()).toEqual({ batches: 0, links: 0 })
    expect(health()).toMatch(/erased_again_accounts_total [12]\n/)
    // A second restore finds it again.
    await restore()
    expect(await held()).toEqual({ batches: 0, links: 0 })
  })

  it('is not erased once more where nothing went back, however often it starts', async () => {
    await world.as('A').erase()
    await world.holds('0: A')
    await writes('A')
    await stopped(() => undefined)
    expect(await held()).toEqual({ batches: 1, links: 1 })
    expect(health()).toContain('erased_again_accounts_total 0\n')
  })

  it('comes back neither way where it was opened anew since', async () => {
    const restore = await backUp()
    await world.as('A').erase()
    await world.holds('0: C')
    await writes('C')
    await restore()
    expect(await held()).toEqual({ batches: 0, links: 0 })
  })

  it('is forgotten when no backup may be as old any more', async () => {
    await world.as('A').erase()
    const { erasureList } = world.service.ports
    expect(erasureList?.size).toBe(1)
    clock.advance(67 * dayMs)
    await stopped(() => clock.advance(1))
    expect(world.service.ports.erasureList?.size).toBe(0)
    expect((await world.service.ports.access.marks.marks()).size).toBe(0)
  })

  it('is known not to be listed where the list was lost', async () => {
    await world.as('A').erase()
    await stopped(() => rmSync(`${world.directory.path}.erasures`))
    expect(health()).toContain('erasure_list_lost 1\n')
    expect(world.logged.join('')).toContain('replica-erasure-list-lost')
  })

  it('stays where a device said so after the backup, though the wish for it comes back', async () => {
    const invitation = { kind: 'invitation', token: world.invite(account) } as const
    await world.as('M').askErasure(invitation, true)
    const restore = await backUp()
    clock.advance(dayMs)
    await world.as('A').keepHistory()
    clock.advance(14 * dayMs)
    await restore()
    expect(await held()).toEqual({ batches: 1, links: 1 })
  })

  it.each(['blobs', 'store', 'access'] as const)(
    'is not erased at a start because it could not be in its %s',
    async (place) => {
      const failing = vi.spyOn(world.service.ports[place], 'eraseAccount').mockRejectedValue(new Error('disk'))
      expect(await codeOf(world.as('A').erase())).toBe('server-refused')
      failing.mockRestore()
      const left = await held()
      expect(left.links).toBe(1)
      await stopped(() => undefined)
      expect(await held()).toEqual(left)
      await world.as('A').erase()
      await stopped(() => undefined)
      expect(await held()).toEqual({ batches: 0, links: 0 })
    },
  )

  it('is erased again after a backup where only the end of its erasure failed', async () => {
    const restore = await backUp()
    const { access } = world.service.ports
    const erase = access.eraseAccount.bind(access)
    const failing = vi.spyOn(access, 'eraseAccount').mockImplementation(async (...of) => {
      await erase(...of)
      throw new Error('disk')
    })
    expect(await codeOf(world.as('A').erase())).toBe('server-refused')
    failing.mockRestore()
    await restore()
    expect(await held()).toEqual({ batches: 0, links: 0 })
  })

  it('stays where a device said so after an erasure of which nobody knows how far it came', async () => {
    await world.as('M').askErasure({ kind: 'invitation', token: world.invite(account) }, true)
    const { access } = world.service.ports
    const [erasing, asking] = [vi.spyOn(access, 'eraseAccount'), vi.spyOn(access, 'mark')]
    for (const failing of [erasing, asking]) failing.mockRejectedValue(new Error('disk'))
    await expect(world.service.eraseAccount(account)).rejects.toThrow('disk')
    for (const failing of [erasing, asking]) failing.mockRestore()
    expect(world.service.ports.erasureList?.size).toBe(1)
    await world.as('A').keepHistory()
    expect(world.service.ports.erasureList?.size).toBe(0)
    await stopped(() => undefined)
    expect((await held()).links).toBe(1)
  })

  // Two places that may go back apart.
  if (kind === 'PostgreSQL') {
    it('is erased in the database alone where that alone went back', async () => {
      const restore = await backUp()
      await world.as('A').erase()
      await world.holds('0: C')
      await restore('database')
      expect(await held()).toEqual({ batches: 0, links: 1 })
      await writes('C')
      await stopped(() => undefined)
      expect(await held()).toEqual({ batches: 1, links: 1 })
    })

    it('is erased beside the database alone where that alone went back', async () => {
      const restore = await backUp()
      await world.as('A').erase()
      await restore('directory')
      expect(await held()).toEqual({ batches: 0, links: 0 })
    })
  }
})
