/** What `/healthz` says of a replica alone to whoever runs it, over TLS on loopback. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { serializeRequest } from '#main/replication/transport/http-codec.ts'
import { SottoError } from '#shared/errors.ts'
import { account } from '#test/fakes/drawn-chain.ts'
import type { RawConnection } from '#test/fakes/replica-server.ts'
import { ReplicaWorld } from '#test/fakes/replica-server.ts'
import { PostgresServer } from './postgres-server.ts'

vi.setConfig({ testTimeout: 60_000 })

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await PostgresServer.start()
}, 60_000)
afterAll(() => postgres.stop())

let world: ReplicaWorld
const asked: RawConnection[] = []
afterEach(async () => {
  for (const connection of asked.splice(0)) connection.close()
  await world.end()
})

async function connect(): Promise<RawConnection> {
  const connection = await world.raw()
  asked.push(connection)
  return connection
}

function question(): Uint8Array {
  const { host, port } = world.address
  const asking = { method: 'GET', target: '/healthz', authorization: null, host: `${host}:${port}` }
  return serializeRequest(asking, new Uint8Array())
}

async function finish(connection: RawConnection, bytes = question()): Promise<readonly [number, string]> {
  const { status, body } = await connection.send(bytes)
  return [status, new TextDecoder().decode(body)]
}

/** Asks over one connection that stays open, as a load balancer does. */
async function asker(): Promise<() => Promise<readonly [number, string]>> {
  const connection = await connect()
  return () => finish(connection)
}

describe('the health of a replica on SQLite', () => {
  beforeEach(async () => {
    world = await ReplicaWorld.start()
  })

  it.each(['store', 'blobs'] as const)('is bad once its %s does not answer any more', async (which) => {
    const ask = await asker()
    expect(await ask()).toEqual([200, 'ok\n'])
    await world.service.ports[which].close()
    expect(await ask()).toEqual([503, 'store unavailable\n'])
  })

  it('is bad as long as the chains cannot be read', async () => {
    const ask = await asker()
    const reading = vi.spyOn(world.service.ports.access, 'mark').mockRejectedValue(new SottoError('disk-failed'))
    expect(await ask()).toEqual([503, 'store unavailable\n'])
    reading.mockRestore()
    expect(await ask()).toEqual([200, 'ok\n'])
  })

  it('is bad while it stops, for who was asking just then', async () => {
    const [late, ask] = [await connect(), await asker()]
    const bytes = question()
    late.write(bytes.subarray(0, 8))
    expect(await ask()).toEqual([200, 'ok\n'])
    const leave = world.service.room.enter(account)!
    const halted = world.halt()
    await expect.poll(() => world.service.isStopping).toBe(true)
    expect(await finish(late, bytes.subarray(8))).toEqual([503, 'stopping\n'])
    leave()
    await halted
  })
})

describe('the health of a replica on PostgreSQL', () => {
  it('is bad while the database is gone, and good again with it', async () => {
    world = await ReplicaWorld.start({ postgres: postgres.url(await postgres.schema()) })
    const ask = await asker()
    expect(await ask()).toEqual([200, 'ok\n'])
    await postgres.halt()
    expect(await ask()).toEqual([503, 'store unavailable\n'])
    await postgres.restart()
    await expect.poll(ask, { timeout: 20_000 }).toEqual([200, 'ok\n'])
  })
})
