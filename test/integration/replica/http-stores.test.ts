/** The whole way from one device's engine over the listener into a store and out to another device: on SQLite and on PostgreSQL. */
import { cp, rename, rm } from 'node:fs/promises'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { utf8 } from '#shared/bytes/bytes.ts'
import { decodeBody, pushAnswer } from '#shared/replication/api.ts'
import { decodeBatch } from '#shared/replication/batch.ts'
import { decodeHeader } from '#shared/replication/envelope.ts'
import { account, keysOf } from '#test/fakes/drawn-chain.ts'
import { ManualClock } from '#test/fakes/home-server.ts'
import { BatchWriter, codeOf, DrawnDevice } from '#test/fakes/replica-client.ts'
import { outcomeOf, ReplicaWorld, type ReplicaWorldOptions } from '#test/fakes/replica-server.ts'
import { PostgresServer } from './postgres-server.ts'

const dayMs = 86_400_000
const nothing = (): Promise<void> => Promise.resolve()
const picture = `0: A
1: 0 A adds B
2: 1 A epoch 1`
let postgres: PostgresServer
beforeAll(async () => {
  postgres = await PostgresServer.start()
}, 60_000)
afterAll(() => postgres.stop())

describe.each(['SQLite', 'PostgreSQL'])('a replica on %s', (kind) => {
  let world: ReplicaWorld | null = null
  let url: string | null = null
  const halted: ReplicaWorld[] = []

  const start = async (options: ReplicaWorldOptions = {}): Promise<ReplicaWorld> => {
    url = kind === 'SQLite' ? null : postgres.url(await postgres.schema())
    world = await ReplicaWorld.start({ ...options, postgres: url })
    await world.holds(picture)
    return world
  }
  /** Stops it and starts it again on the same stores and the same port. */
  const restart = async (options: ReplicaWorldOptions = {}, meanwhile = nothing): Promise<ReplicaWorld> => {
    const before = world!
    await before.halt()
    await meanwhile()
    halted.push(before)
    world = await ReplicaWorld.start({
      ...{ ...options, directory: before.directory, postgres: url, port: before.address.port },
    })
    return world
  }
  /** Copies what is stored; returns what puts it back while nothing runs. */
  const backup = async ({ directory }: ReplicaWorld): Promise<() => Promise<void>> => {
    const copy = `${directory.path}-copy`
    if (kind === 'SQLite') {
      await restart({}, () => cp(directory.path, copy, { recursive: true }))
      return async () => {
        await rm(directory.path, { recursive: true })
        await rename(copy, directory.path)
      }
    }
    const schema = /search_path%3D(\w+)|search_path=(\w+)/.exec(decodeURIComponent(url!))?.[2] ?? ''
    const dumped = await postgres.dump(schema)
    return () => postgres.restore(schema, dumped)
  }
  afterEach(async () => {
    for (const before of halted.splice(0)) await before.stop()
    await world?.end()
    world = null
  })
  const device = (name: string): DrawnDevice =>
    new DrawnDevice(name, account, { server: world!.as(name), all: ['A', 'B'] })

  test('two engines have the same in the end, and what one erases is gone', { timeout: 30_000 }, async () => {
    const { service } = await start()
    const [a, b] = [device('A'), device('B')]
    for (let i = 0; i < 300; i += 1) a.say(`a ${i}`)
    b.say('b secret')
    expect((await a.engine.sync()).faults).toEqual([])
    expect(await b.engine.sync()).toEqual({ pushed: 1, read: 2, faults: [], stopped: false })
    await a.engine.sync()
    expect(a.texts).toEqual(b.texts)
    expect(a.texts).toHaveLength(301)
    const before = await service.ports.store.usage(account)
    const sealed = (await b.journal.sealed(1))!
    a.journal.erase({ device: b.id, seq: 1, bodyHash: bodyHashOf(sealed.bytes) })
    expect((await a.engine.sync()).pushed).toBe(1)
    const page = await service.ports.store.page(account, { after: [{ device: a.id, seq: 300 }], maxBytes: 1 })
    expect(page.batches[0]?.bytes.length).toBeLessThan(sealed.bytes.length)
    expect((await service.ports.store.usage(account)).batches).toBe(before.batches + 1)
  })

  test('the same batch again after midnight gets its first answer', async () => {
    const clock = new ManualClock()
    clock.advance(dayMs - 60_000)
    const { service } = await start({ clock })
    const raw = await world!.raw()
    const { bytes } = new BatchWriter('A', account).write([utf8('x')])
    const push = async () => {
      const answer = await raw.send(await raw.signed({ method: 'POST', target: '/replica/batches', body: bytes }))
      return decodeBody(pushAnswer, answer.body)
    }
    const day = Math.floor(clock.now() / dayMs)
    expect(await push()).toEqual({ kind: 'stored', day })
    clock.advance(120_000)
    expect(Math.floor(clock.now() / dayMs)).toBe(day + 1)
    expect(await push()).toEqual({ kind: 'repeated', day })
    raw.close()
    expect((await service.ports.store.usage(account)).batches).toBe(1)
  })

  test('days are dropped after 60 days by the service itself', async () => {
    const clock = new ManualClock()
    const { service } = await start({ clock })
    await world!.as('A').push(new BatchWriter('A', account).write([utf8('x')]).bytes, false)
    clock.advance(60 * dayMs)
    await expect.poll(async () => (await service.ports.store.usage(account)).batches).toBe(1)
    clock.advance(dayMs)
    await expect.poll(async () => (await service.ports.store.usage(account)).batches).toBe(1)
    const anHourLater = async (): Promise<number> => {
      clock.advance(3_600_000)
      return (await service.ports.store.usage(account)).batches
    }
    await expect.poll(anHourLater).toBe(0)
    expect(await service.ports.store.heads(account)).toHaveLength(1)
  })

  test('what runs when the server stops is finished, and what comes then is refused', async () => {
    await start()
    const [raw, late] = [await world!.raw(), await world!.raw()]
    const batch = new BatchWriter('A', account).write([utf8('x')])
    const whole = await raw.signed({ method: 'POST', target: '/replica/batches', body: batch.bytes })
    const request = await late.signed()
    raw.write(whole.subarray(0, -1))
    await expect.poll(() => world!.service.room.taken).toBe(1)
    const stopped = world!.halt()
    expect(await late.send(request).then(outcomeOf, () => 'closed')).toBe('closed')
    expect(outcomeOf(await raw.send(whole.subarray(-1)))).toBe('200')
    await stopped
    const again = await restart()
    expect(await again.as('A').heads()).toEqual([{ device: batch.place.device, seq: 1, hash: batch.place.hash }])
  })

  test('a client goes on over a restart of the server', { timeout: 30_000 }, async () => {
    await start()
    const a = device('A')
    a.say('before')
    await a.engine.sync()
    await restart()
    a.say('after')
    expect((await a.engine.sync()).pushed).toBe(1)
    const b = device('B')
    expect((await b.engine.sync()).read).toBe(2)
    expect(b.texts).toEqual(['after', 'before'])
  })

  test('after a restart a listener hears that there may be news', { timeout: 30_000 }, async () => {
    await start()
    let heard = 0
    world!.as('B').onNews(() => {
      heard += 1
    })
    await expect.poll(() => heard).toBe(1)
    expect(world!.service.news.size).toBe(1)
    await restart()
    await expect.poll(() => heard, { timeout: 15_000 }).toBe(2)
  })

  test(
    'nothing of what is said is on the server’s disk, in its database, its log or its metrics',
    { timeout: 30_000 },
    async () => {
      await start()
      const canary = 'CANARY-of-what-was-said-51c0'
      const a = device('A')
      for (let i = 0; i < 20; i += 1) a.say(`${canary} ${i}`)
      await a.engine.sync()
      const raw = await world!.raw()
      await raw.outcome({ by: 'M' })
      raw.close()
      const gauges = { requestsAtWork: 0, listeners: 0, listedErasures: 0, hasErasureList: true }
      const said = [...world!.logged, world!.metrics.text(gauges)].join('\n')
      expect(world!.metrics.text(gauges)).toContain('sotto_replica_stored_batches_total 1')
      const files = readdirSync(world!.directory.path, { recursive: true, encoding: 'utf8' })
        .map((name) => join(world!.directory.path, name))
        .filter((path) => statSync(path).isFile())
        .map((path) => readFileSync(path))
      const stored =
        kind === 'SQLite' ? files : [...files, ...(await postgres.dataFiles()).map((bytes) => Buffer.from(bytes))]
      const holds = (text: string | Uint8Array): boolean => stored.some((file) => file.includes(Buffer.from(text)))
      // The search finds what is there: the device that wrote.
      expect(holds(keysOf('A').id)).toBe(true)
      expect(holds(canary)).toBe(false)
      expect(holds(Buffer.from(canary).toString('base64'))).toBe(false)
      for (const word of [canary, 'alice', 'example.org', '127.0.0.1']) expect(said).not.toContain(word)
    },
  )

  test('what a backup lost devices push again, and what it brings back they erase', { timeout: 30_000 }, async () => {
    await start()
    const [a, b] = [device('A'), device('B')]
    a.say('to be erased')
    await a.engine.sync()
    const restore = await backup(world!)
    const { bytes } = (await a.journal.sealed(1))!
    a.journal.erase({ device: a.id, seq: 1, bodyHash: bodyHashOf(bytes) })
    a.say('said later')
    await a.engine.sync()
    await restart({}, restore)
    const raw = await world!.service.ports.store.page(account, { after: [], maxBytes: 1_000_000 })
    expect(raw.batches.map((batch) => Uint8Array.from(batch.bytes))).toEqual([bytes])
    expect((await a.engine.sync()).faults.map((fault) => fault.kind)).toEqual(['rolled-back'])
    expect(await b.engine.sync()).toEqual({ pushed: 0, read: 2, faults: [], stopped: false })
    expect(b.texts).toEqual(['said later'])
  })

  test('an erased account is gone from the disk of the chain, and its devices from the door', async () => {
    await start()
    const a = world!.as('A')
    await a.push(new BatchWriter('A', account).write([utf8('x')]).bytes, false)
    await a.putBoxes([{ epoch: 1, recipient: 'paper', box: utf8('BOX-CANARY') }])
    await a.erase()
    expect(await codeOf(a.heads())).toBe('device-unknown')
    const files = readdirSync(world!.directory.path).filter((name) => name.startsWith('access.db'))
    const left = files.map((name) => readFileSync(join(world!.directory.path, name)))
    expect(left.length).toBeGreaterThan(0)
    expect(left.some((file) => file.includes('BOX-CANARY') || file.includes(Buffer.from(keysOf('A').id)))).toBe(false)
  })
})

/** Of the first body in a batch, as its header names it. */
function bodyHashOf(batch: Uint8Array): Uint8Array {
  return decodeHeader(decodeBatch(batch).envelopes[0]!.header).bodyHash
}
