/** Who and what the replica's listener does not let in, over real TLS connections. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { utf8 } from '#shared/bytes/bytes.ts'
import { ManualClock } from '#test/fakes/home-server.ts'
import { BatchWriter, codeOf } from '#test/fakes/replica-client.ts'
import { outcomeOf, ReplicaWorld, type RawConnection } from '#test/fakes/replica-server.ts'
import { account, draw } from '#test/fakes/drawn-chain.ts'
import { maxBatchBytes } from '#shared/replication/api.ts'
import type { ReplicaLimits } from '#server/replica/limits.ts'

const picture = `0: A
1: 0 A adds B`
const worlds: ReplicaWorld[] = []
const raws: RawConnection[] = []
const start = async (limits: Partial<ReplicaLimits> = {}, clock?: ManualClock): Promise<ReplicaWorld> => {
  const world = await ReplicaWorld.start({ limits, ...(clock === undefined ? {} : { clock }) })
  worlds.push(world)
  await world.holds(picture)
  return world
}
const connect = async (world: ReplicaWorld): Promise<RawConnection> => {
  const raw = await world.raw()
  raws.push(raw)
  return raw
}

beforeEach(() => {
  worlds.length = 0
  raws.length = 0
})
afterEach(async () => {
  for (const raw of raws) raw.close()
  for (const world of worlds) await world.end()
})

test('a request counts once', async () => {
  const raw = await connect(await start())
  const bytes = await raw.signed()
  expect(outcomeOf(await raw.send(bytes))).toBe('200')
  expect(outcomeOf(await raw.send(bytes))).toBe('replayed')
})

test('a request counts for its own connection, server, method, path and body', async () => {
  const world = await start()
  const [raw, other] = [await connect(world), await connect(world)]
  const stolen = await raw.signed()
  expect(outcomeOf(await other.send(stolen))).toBe('wrong-channel')
  expect(outcomeOf(await raw.send(stolen))).toBe('200')
  expect(await raw.outcome({ channel: new Uint8Array(0) })).toBe('wrong-channel')
  expect(await raw.outcome({ signed: { host: 'evil.example' } })).toBe('wrong-host')
  expect(await raw.outcome({ host: 'evil.example' })).toBe('wrong-host')
  expect(await raw.outcome({ signed: { method: 'POST' } })).toBe('wrong-target')
  expect(await raw.outcome({ signed: { target: '/replica/usage' } })).toBe('wrong-target')
  const batch = new BatchWriter('A', account).write([utf8('x')]).bytes
  expect(
    await raw.outcome({ method: 'POST', target: '/replica/batches', body: batch, signed: { body: utf8('y') } }),
  ).toBe('wrong-body')
})

test('a challenge ends after five minutes, and with the process that gave it', async () => {
  const clock = new ManualClock()
  const [world, another] = [await start({}, clock), await start()]
  const raw = await connect(world)
  const challenge = await raw.challenge()
  clock.advance(300_000)
  expect(await raw.outcome({ challenge })).toBe('200')
  clock.advance(1_000)
  expect(await raw.outcome({ challenge })).toBe('stale-challenge')
  const foreign = await (await connect(another)).challenge()
  expect(await raw.outcome({ challenge: foreign })).toBe('stale-challenge')
})

test('strangers learn nothing', async () => {
  const raw = await connect(await start())
  const outcomes = [
    await raw.outcome({ by: 'M' }),
    await raw.outcome({ account: 'sip:nobody@example.org' }),
    await raw.outcome({ by: 'paper', account: 'sip:nobody@example.org' }),
  ]
  expect(outcomes).toEqual(['bad-signature', 'bad-signature', 'bad-signature'])
})

test('a revoked device and the paper key do not read', async () => {
  const world = await start()
  await world.as('A').addLink(
    draw(`${picture}
2: 1 A revokes B`).get('2')!,
    false,
  )
  const raw = await connect(world)
  expect(await raw.outcome({ by: 'B' })).toBe('revoked')
  expect(await raw.outcome({ by: 'paper' })).toBe('not-for-paper')
  expect(await raw.outcome({ by: 'paper', target: '/replica/chain' })).toBe('200')
})

test('bodies are read up to what their route needs', async () => {
  const raw = await connect(await start())
  const long = new Uint8Array(maxBatchBytes + 1)
  expect(await raw.outcome({ method: 'POST', target: '/replica/batches', body: long })).toBe('too-large')
  const again = await connect(worlds[0]!)
  expect(await again.outcome({ method: 'POST', target: '/replica/page', body: new Uint8Array(20_000) })).toBe(
    'too-large',
  )
})

test.each([
  ['POST', '/replica/page', utf8('no CBOR'), 'malformed'],
  ['POST', '/replica/chain', Uint8Array.of(0xa0), 'malformed'],
  ['POST', '/replica/boxes', Uint8Array.of(0xa0), 'malformed'],
  ['GET', '/replica/newest?bytes=-1', undefined, 'malformed'],
  ['GET', '/replica/newest?bytes=1&bytes=2', undefined, 'malformed'],
  ['POST', '/replica/batches?begins=2', undefined, 'malformed'],
  ['POST', '/replica/batches', utf8('no batch'), 'batch-refused'],
  ['GET', '/replica/nothing', undefined, 'not-found'],
])('%s %s with nonsense is refused', async (method, target, body, problem) => {
  const raw = await connect(await start())
  expect(await raw.outcome({ method, target, ...(body === undefined ? {} : { body }) })).toBe(problem)
})

test('an account fills up', async () => {
  const world = await start({ accountBytes: 3_000 })
  const [a, writer] = [world.as('A'), new BatchWriter('A', account)]
  for (let i = 0; i < 2; i += 1) await a.push(writer.write([new Uint8Array(800)]).bytes, false)
  expect(await codeOf(a.push(writer.write([new Uint8Array(800)]).bytes, false))).toBe('replica-full')
  expect((await a.copy()).batches).toBe(2)
})

test('an address that claims to be others is not listened to for a while', async () => {
  const raw = await connect(await start({ httpFailuresPerMinute: 3 }))
  const outcomes: string[] = []
  for (let i = 0; i < 5; i += 1) outcomes.push(await raw.outcome({ by: 'M' }).catch(() => 'no challenge'))
  expect(outcomes.slice(0, 3)).toEqual(['bad-signature', 'bad-signature', 'bad-signature'])
  expect(outcomes.slice(3)).toEqual(['no challenge', 'no challenge'])
})

test('an account that asks too often has to wait, another has not', async () => {
  const clock = new ManualClock()
  const world = await start({ accountBurst: 5, accountRequestsPerSecond: 1 }, clock)
  clock.advance(60_000)
  const raw = await connect(world)
  const outcomes: string[] = []
  for (let i = 0; i < 6; i += 1) outcomes.push(await raw.outcome())
  expect(outcomes).toEqual(['200', '200', '200', '200', '200', 'too-many'])
  const refused = await raw.send(await raw.signed())
  expect(refused.headers.get('retry-after')).toBe('2')
  expect(await raw.outcome({ account: 'sip:bob@example.org' })).toBe('bad-signature')
  clock.advance(1_000)
  expect(await raw.outcome()).toBe('200')
})

test('who comes when there is no room is told to come again, before a body is read', async () => {
  const world = await start({ requestsAtWork: 2, requestsAtWorkPerAccount: 1 })
  const [slow, quick] = [await connect(world), await connect(world)]
  const batch = new BatchWriter('A', account).write([utf8('x')]).bytes
  const whole = await slow.signed({ method: 'POST', target: '/replica/batches', body: batch })
  // All but the last byte: it holds the account's one place.
  slow.write(whole.subarray(0, -1))
  await expect.poll(() => world.service.room.taken).toBe(1)
  const answer = await quick.send(await quick.signed())
  expect([outcomeOf(answer), answer.headers.get('retry-after')]).toEqual(['busy', '2'])
  expect(outcomeOf(await slow.send(whole.subarray(-1)))).toBe('200')
  await expect.poll(() => world.service.room.taken).toBe(0)
  expect(await quick.outcome()).toBe('200')
})

test('the client waits as it is told, and gets through', async () => {
  const world = await start({ requestsAtWork: 1, retryAfterSeconds: 1 })
  const slow = await connect(world)
  const whole = await slow.signed({ method: 'POST', target: '/replica/page', body: Uint8Array.of(0xa0) })
  slow.write(whole.subarray(0, -1))
  await expect.poll(() => world.service.room.taken).toBe(1)
  const heads = world.as('A').heads()
  slow.close()
  expect(await heads).toEqual([])
})
