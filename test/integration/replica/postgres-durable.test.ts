/** What PostgreSQL must not be allowed to do: acknowledge what it may lose, lose what it acknowledged, or be used half made. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openPostgresStore } from '#server/replica/postgres/postgres-store.ts'
import type { ReplicaStore } from '#server/replica/replica-store.ts'
import { SetClock } from '#test/contracts/replica-store/world.ts'
import { bodyHashOf, ReplicaDevice } from '#test/fixtures/replica/device.ts'
import { PostgresServer } from './postgres-server.ts'
import { CuttableWay } from './postgres-socket.ts'

const schemaDirectory = fileURLToPath(new URL('../../../resources/postgres', import.meta.url))
const alice = 'sip:alice@example.org'
const code = (expected: string): unknown => expect.objectContaining({ name: 'PostgresStoreError', code: expected })
let server: PostgresServer
let schema: string
const opened: ReplicaStore[] = []

beforeAll(async () => {
  server = await PostgresServer.start()
})
afterAll(() => server.stop())
beforeEach(async () => {
  schema = await server.schema()
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()))
})

async function open({
  url = server.url(schema),
  connections = 2,
  directory = schemaDirectory,
} = {}): Promise<ReplicaStore> {
  const limits = { accountBytes: 100 * 1_048_576 }
  const store = await openPostgresStore({ url, connections, clock: new SetClock(), limits, schemaDirectory: directory })
  opened.push(store)
  return store
}

/** What the commits of this store's sessions wait for: a trigger writes it down with every batch. */
async function commitsOf(work: () => Promise<unknown>): Promise<readonly string[]> {
  await server.sql('CREATE TABLE seen (setting text)', schema)
  await server.sql(
    `CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
       'BEGIN INSERT INTO ${schema}.seen VALUES (current_setting(''synchronous_commit'')); RETURN NULL; END'`,
    schema,
  )
  await server.sql('CREATE TRIGGER see AFTER INSERT ON batch FOR EACH ROW EXECUTE FUNCTION see()', schema)
  await work()
  const rows = await server.sql<{ setting: string }>('SELECT setting FROM seen', schema)
  return rows.map(({ setting }) => setting)
}

describe('commits', () => {
  afterEach(async () => {
    await server.sql('ALTER SYSTEM RESET synchronous_commit')
    await server.sql('ALTER ROLE sotto RESET synchronous_commit')
    await server.sql('SELECT pg_reload_conf()')
  })

  it.each([
    ['cluster', 'ALTER SYSTEM SET synchronous_commit = off'],
    ['role', 'ALTER ROLE sotto SET synchronous_commit = off'],
  ])('wait for the disk where the %s would not', async (_, setting) => {
    await server.sql(setting)
    await server.sql('SELECT pg_reload_conf()')
    await expect
      .poll(async () => (await server.sql('SHOW synchronous_commit'))[0])
      .toEqual({ synchronous_commit: 'off' })
    const store = await open()
    const device = new ReplicaDevice(alice, 'one')
    expect(await commitsOf(() => store.append(alice, device.write()))).toEqual(['on'])
  })

  it('still wait for the disk when the cluster is told otherwise later', async () => {
    const store = await open()
    const device = new ReplicaDevice(alice, 'one')
    const settings = await commitsOf(async () => {
      await store.append(alice, device.write())
      await server.sql('ALTER SYSTEM SET synchronous_commit = off')
      await server.sql('SELECT pg_reload_conf()')
      await expect
        .poll(async () => (await server.sql('SHOW synchronous_commit'))[0])
        .toEqual({ synchronous_commit: 'off' })
      await store.append(alice, device.write())
    })
    expect(settings).toEqual(['on', 'on'])
  })

  it('may wait for more than the own disk', async () => {
    await server.sql('ALTER ROLE sotto SET synchronous_commit = remote_apply')
    const store = await open()
    expect(await commitsOf(() => store.append(alice, new ReplicaDevice(alice, 'one').write()))).toEqual([
      'remote_apply',
    ])
  })
})

describe('a PostgreSQL that does not write through', () => {
  it('is refused', async () => {
    const careless = await PostgresServer.start(['fsync=off'])
    try {
      await expect(open({ url: careless.url() })).rejects.toEqual(code('not-durable'))
    } finally {
      await careless.stop()
    }
  })
})

describe('a connection that is lost', () => {
  it('rejects, and what was stored before the answer is a repeat', async () => {
    const way = await CuttableWay.open(server.directory)
    const store = await open({ url: server.url(schema, way.folder), connections: 1 })
    const device = new ReplicaDevice(alice, 'one')
    const [one, two] = [device.write(), device.write()]
    expect((await store.append(alice, one)).kind).toBe('stored')
    way.swallowAnswers(true)
    await expect(store.append(alice, two)).rejects.toEqual(code('unavailable'))
    way.swallowAnswers(false)
    expect(await store.append(alice, two)).toMatchObject({ kind: 'repeated' })
    expect((await store.page(alice, { after: [], maxBytes: 1_048_576 })).batches).toHaveLength(2)
    await store.close()
    await way.close()
  })

  it('rejects while PostgreSQL is gone, and goes on when it is back', async () => {
    const store = await open()
    const device = new ReplicaDevice(alice, 'one')
    const [one, two] = [device.write(), device.write()]
    await store.append(alice, one)
    await server.halt()
    await expect(store.append(alice, two)).rejects.toEqual(code('unavailable'))
    await expect(store.heads(alice)).rejects.toEqual(code('unavailable'))
    await server.restart()
    expect((await store.append(alice, one)).kind).toBe('repeated')
    expect((await store.append(alice, two)).kind).toBe('stored')
  })

  it('is named in the error without its password', async () => {
    const url = 'postgresql://somebody:hunter2@127.0.0.1:1/nothing'
    const error: unknown = await open({ url }).catch((cause: unknown) => cause)
    expect(error).toEqual(code('unavailable'))
    expect(String(error)).not.toContain('hunter2')
  })
})

describe('a disk that is full', () => {
  it('takes nothing of a batch, and takes it when there is room again', async () => {
    const store = await open()
    const device = new ReplicaDevice(alice, 'one')
    const [one, two] = [device.write(), device.write()]
    await store.append(alice, one)
    const before = [await store.heads(alice), await store.usage(alice)]
    // Its last statement fails as PostgreSQL does where a file cannot grow.
    await server.sql(
      `CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
         'BEGIN RAISE disk_full USING MESSAGE = ''could not extend file''; END'`,
      schema,
    )
    await server.sql('CREATE TRIGGER full_disk BEFORE UPDATE ON account EXECUTE FUNCTION no_room()', schema)
    await expect(store.append(alice, two)).rejects.toEqual(code('disk-full'))
    expect([await store.heads(alice), await store.usage(alice)]).toEqual(before)
    await server.sql('DROP TRIGGER full_disk ON account', schema)
    expect((await store.append(alice, two)).kind).toBe('stored')
  })
})

describe('the schema', () => {
  it('needs a role that owns it, and no more', async () => {
    await server.sql('CREATE ROLE owner LOGIN')
    await server.sql('CREATE SCHEMA owned AUTHORIZATION owner')
    const store = await open({ url: server.url('owned').replace('//sotto@', '//owner@') })
    const device = new ReplicaDevice(alice, 'one')
    const batch = device.write(300)
    expect((await store.append(alice, batch)).kind).toBe('stored')
    const body = { device: device.id, seq: 1, bodyHash: bodyHashOf(batch.bodies[0]!) }
    expect(await store.eraseBodies(alice, [body])).toBe(1)
    await store.eraseAccount(alice)
    await store.dropBefore(1_000_000)
    expect(await store.usage(alice)).toEqual({ batches: 0, bytes: 0, oldestDay: null })
  })

  it('is made once by stores that start together', async () => {
    const stores = await Promise.all([open(), open(), open()])
    const device = new ReplicaDevice(alice, 'one')
    const kinds = []
    for (const store of stores) kinds.push((await store.append(alice, device.write())).kind)
    expect(kinds).toEqual(['stored', 'stored', 'stored'])
    const steps = await server.sql('SELECT step FROM schema_step ORDER BY step', schema)
    expect(steps).toEqual([{ step: 1 }, { step: 2 }, { step: 3 }, { step: 4 }, { step: 5 }])
  })

  it('of a newer version is left alone', async () => {
    await open()
    await server.sql('INSERT INTO schema_step VALUES (99)', schema)
    await expect(open()).rejects.toEqual(code('too-new'))
  })

  it('has the account first in every key of what accounts own', async () => {
    await open()
    const keys = await server.sql<{ name: string; first: string }>(
      `SELECT i.indrelid::regclass::text AS name, a.attname AS first FROM pg_index i
         JOIN pg_class c ON c.oid = i.indrelid AND NOT c.relispartition AND c.relnamespace = '${schema}'::regnamespace
         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] ORDER BY 1`,
      schema,
    )
    const shared = ['erased_account', 'receipt', 'schema_step', 'stored_day']
    expect(keys.filter(({ name }) => !shared.includes(name)).map(({ name, first }) => `${name}: ${first}`)).toEqual([
      ...['account: account', 'batch: account', 'blob: account', 'blob_account: account', 'blob_part: account'],
      ...['head: account', 'span: account', 'tombstone: account'],
    ])
    expect(readFileSync(`${schemaDirectory}/0001-tables.sql`, 'utf8')).not.toMatch(/REFERENCES|SERIAL|IDENTITY/i)
  })
})
