/** Bodies that are erased before they come, as after a rollback they may: those of one batch, between others, across a drop, at once. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { openPostgresStore } from '#server/replica/postgres/postgres-store.ts'
import type { BodyToErase, ReplicaStore } from '#server/replica/replica-store.ts'
import { decodeBatch } from '#shared/replication/batch.ts'
import { SetClock } from '#test/contracts/replica-store/world.ts'
import { bodyHashOf, ReplicaDevice, type MadeBatch } from '#test/fixtures/replica/device.ts'
import { PostgresServer } from './postgres-server.ts'

const schemaDirectory = fileURLToPath(new URL('../../../resources/postgres', import.meta.url))
const alice = 'sip:alice@example.org'
let server: PostgresServer
let store: ReplicaStore
let clock: SetClock
let device: ReplicaDevice

beforeAll(async () => {
  server = await PostgresServer.start()
})
afterAll(() => server.stop())
beforeEach(async () => {
  clock = new SetClock()
  device = new ReplicaDevice(alice, 'one')
  const url = server.url(await server.schema())
  store = await openPostgresStore({ url, connections: 4, clock, limits: { accountBytes: 1e9 }, schemaDirectory })
  return () => store.close()
})

const bodyOf = ({ first, bodies }: MadeBatch, index: number): BodyToErase => ({
  ...{ device: device.id, seq: first + index, bodyHash: bodyHashOf(bodies[index]!) },
})
const isThere = async (): Promise<readonly boolean[]> => {
  const { batches } = await store.page(alice, { after: [], maxBytes: 1_048_576 })
  return batches.flatMap(({ bytes }) => decodeBatch(bytes).envelopes.map(({ body }) => body !== null))
}

it('are taken out whoever is first', async () => {
  for (let round = 0; round < 20; round++) {
    const batch = device.write(30)
    await Promise.all([store.append(alice, batch), store.eraseBodies(alice, [bodyOf(batch, 0)])])
  }
  expect(await isThere()).toEqual(Array(20).fill(false))
})

it('a device without a head may begin late if it says so, and then goes on', async () => {
  const [, two, three, four] = [device.write(), device.write(), device.write(), device.write()]
  expect(await store.append(alice, { ...two, begins: false })).toEqual({ kind: 'gap', head: null })
  expect((await store.append(alice, { ...two, begins: true })).kind).toBe('stored')
  expect((await store.append(alice, { ...four, begins: true })).kind).toBe('gap')
  expect((await store.append(alice, { ...three, begins: false })).kind).toBe('stored')
  expect((await store.append(alice, { ...two, begins: true })).kind).toBe('repeated')
  expect((await store.page(alice, { after: [], maxBytes: 1_048_576 })).batches.map(({ first }) => first)).toEqual([
    2, 3,
  ])
})
