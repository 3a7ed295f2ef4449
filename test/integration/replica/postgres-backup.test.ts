/** A base backup that is put back: docs/scaling.md, "Backups". */
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { openPostgresStore } from '#server/replica/postgres/postgres-store.ts'
import type { ReplicaStore } from '#server/replica/replica-store.ts'
import { SetClock } from '#test/contracts/replica-store/world.ts'
import { ReplicaDevice } from '#test/fixtures/replica/device.ts'
import { PostgresServer } from './postgres-server.ts'

const schemaDirectory = fileURLToPath(new URL('../../../resources/postgres', import.meta.url))
const [alice, bob] = ['sip:alice@example.org', 'sip:bob@example.org']
const today = 20_500
const limits = { accountBytes: 100 * 1_048_576 }
const clock = new SetClock()
const open = (server: PostgresServer): Promise<ReplicaStore> =>
  openPostgresStore({ url: server.url(), connections: 2, clock, limits, schemaDirectory })
const pageOf = async (store: ReplicaStore, account: string) =>
  (await store.page(account, { after: [], maxBytes: 1_048_576 })).batches.map(({ first, day }) => [first, day])

it('has what was stored, past days and erased accounts go before it is used, and devices push what is missing', async () => {
  const server = await PostgresServer.start()
  const [one, hers] = [new ReplicaDevice(alice, 'one'), new ReplicaDevice(bob, 'hers')]
  const store = await open(server)
  await store.append(alice, one.write())
  clock.setDay(today + 7)
  await store.append(alice, one.write())
  await store.append(bob, hers.write())
  const backup = await server.startFromBackup()
  const [later, latest] = [one.write(), one.write()]
  await store.append(alice, later)
  await store.eraseAccount(bob)
  await store.dropBefore(today + 1)
  await store.close()
  await server.stop()

  const restored = await open(backup)
  expect(await pageOf(restored, alice)).toEqual([
    ...[
      [1, today],
      [2, today + 7],
    ],
  ])
  expect(await pageOf(restored, bob)).toEqual([[1, today + 7]])
  await restored.dropBefore(today + 1)
  await restored.eraseAccount(bob)
  expect(await pageOf(restored, bob)).toEqual([])
  expect(await restored.append(alice, latest)).toMatchObject({ kind: 'gap', head: { seq: 2 } })
  for (const batch of [later, latest]) expect((await restored.append(alice, batch)).kind).toBe('stored')
  expect(await pageOf(restored, alice)).toEqual([2, 3, 4].map((first) => [first, today + 7]))
  await restored.close()
  await backup.stop()
}, 120_000)
