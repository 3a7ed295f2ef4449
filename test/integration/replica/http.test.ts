/** The replica of a home server, over TLS on loopback, with the client that the program has. */
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { digestSecrets } from '#main/home/digest-secrets.ts'
import type { OpeningSecret, ReplicaClientPort } from '#main/replication/client-ports.ts'
import type { HomeServer } from '#server/home/server.ts'
import { draw as drawOf, genesis as genesisOf, idOf, keysOf } from '#test/fakes/drawn-chain.ts'
import { addressOf, homeClient, startHome, temporaryDirectory } from '#test/fakes/home-server.ts'
import { BatchWriter, codeOf, connectAs, DrawnDevice, replicaAddressOf } from '#test/fakes/replica-client.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import type { Aor } from '#shared/model/ids.ts'

const account = 'sip:alice@sotto.home.arpa' as Aor
const draw = (picture: string): Map<string, Uint8Array> => drawOf(picture, account)
const genesis = (name: string): Uint8Array => genesisOf(name, account)
let directory: ReturnType<typeof temporaryDirectory>
let server: HomeServer
let clients: ReplicaClientPort[]

const as = (name: string, of: string = account): ReplicaClientPort => {
  const client = connectAs(name, of, replicaAddressOf(server))
  clients.push(client)
  return client
}
const secrets = new Map<string, OpeningSecret>()
const homeSecret = (user: string): OpeningSecret => secrets.get(user)!
const signUp = async (user: string): Promise<OpeningSecret> => {
  const token = readFileSync(`${directory.path}/signup-token`, 'utf8').trim()
  const { password } = await homeClient().signUp(addressOf(server), user, { token })
  const { domain } = server.endpoint
  const secret: OpeningSecret = { kind: 'digest', user, domain, ...digestSecrets(user, domain, password) }
  secrets.set(user, secret)
  return secret
}

beforeEach(async () => {
  directory = temporaryDirectory()
  server = await startHome(directory.path)
  clients = []
})
afterEach(async () => {
  for (const client of clients) client.close()
  await server.stop()
  directory.remove()
})

const aliceAndBob = `0: A
1: 0 A adds B`
const opened = async (picture = aliceAndBob): Promise<void> => {
  const links = [...draw(picture).values()].map((link) => link)
  const a = as('A')
  expect(await a.open(links[0]!, await signUp('alice'))).toBe('stored')
  for (const link of links.slice(1)) expect(await a.addLink(link, false)).toBe('stored')
}
/** Resolves at the next news. */
const newsOf = (client: ReplicaClientPort): { next(): Promise<void>; readonly count: number } => {
  let count = 0
  let wake = (): void => undefined
  client.onNews(() => {
    count += 1
    wake()
  })
  return {
    get count() {
      return count
    },
    next: () => new Promise((resolve) => (wake = resolve)),
  }
}
const text = (words: string): Uint8Array => utf8(words)

test('opens an account once, by whoever has its password', async () => {
  const secret = await signUp('alice')
  const [a, mallory] = [as('A'), as('M')]
  expect(await a.links()).toBeNull()
  expect(await codeOf(a.open(genesis('A'), { ...secret, ha1Sha256: '0'.repeat(64) } as OpeningSecret))).toBe(
    'wrong-password',
  )
  expect(await a.open(genesis('A'), secret)).toBe('stored')
  expect(await a.open(genesis('A'), secret)).toBe('stored')
  expect(await mallory.open(genesis('M'), secret)).toBe('open')
  expect(await a.links()).toEqual([genesis('A')])
  expect(await mallory.links()).toBeNull()
  expect(await codeOf(mallory.heads())).toBe('device-unknown')
  expect(await a.copy()).toEqual({ batches: 0, bytes: 0, oldestDay: null })
})

test('two engines have the same in the end', async () => {
  await opened()
  const [a, b] = ['A', 'B'].map((name) => new DrawnDevice(name, account, { server: as(name), all: ['A', 'B'] }))
  for (let i = 0; i < 300; i += 1) a!.say(`a ${i}`)
  b!.say('b 1')
  expect(await a!.engine.sync()).toEqual({ pushed: 2, read: 0, faults: [], stopped: false })
  expect(await b!.engine.sync()).toEqual({ pushed: 1, read: 2, faults: [], stopped: false })
  expect(await a!.engine.sync()).toEqual({ pushed: 0, read: 1, faults: [], stopped: false })
  expect(a!.texts).toEqual(b!.texts)
  expect(a!.texts).toHaveLength(301)
})

test('gives batches out in pages with an end, and the newest first', { timeout: 30_000 }, async () => {
  await opened()
  const [a, b] = [as('A'), as('B')]
  const writer = new BatchWriter('A', account)
  const batches = [1, 2, 3].map((n) => writer.write([new Uint8Array(600_000).fill(n)]))
  for (const { bytes } of batches) expect(await a.push(bytes, false)).toEqual({ kind: 'taken' })
  const [first, second, third] = batches.map(({ bytes }) => bytes)
  const page = await b.page([])
  expect(page).toEqual({ batches: [first], end: false })
  const { device } = batches[0]!.place
  expect(await b.page([{ device, seq: 1 }])).toEqual({ batches: [second], end: false })
  expect(await b.page([{ device, seq: 2 }])).toEqual({ batches: [third], end: true })
  expect(await b.page([{ device, seq: 3 }])).toEqual({ batches: [], end: true })
  expect(await b.newest(1)).toEqual([third])
  expect(await b.heads()).toEqual([{ device, seq: 3, hash: batches[2]!.place.hash }])
  const { bytes, ...rest } = await b.copy()
  expect(rest).toEqual({ batches: 3, oldestDay: Math.floor(Date.now() / 86_400_000) })
  expect(bytes).toBe(first!.length + second!.length + third!.length)
})

test('takes only what comes next', async () => {
  await opened()
  const a = as('A')
  const [one, other] = [new BatchWriter('A', account), new BatchWriter('A', account)]
  const [first, second, third] = [text('1'), text('2'), text('3')].map((content) => one.write([content]))
  expect(await a.push(second!.bytes, false)).toEqual({ kind: 'refused', head: null })
  expect(await a.push(first!.bytes, false)).toEqual({ kind: 'taken' })
  expect(await a.push(first!.bytes, false)).toEqual({ kind: 'taken' })
  const head = { device: first!.place.device, seq: 1, hash: first!.place.hash }
  expect(await a.push(other.write([text('else')]).bytes, false)).toEqual({ kind: 'refused', head })
  expect(await a.push(third!.bytes, false)).toEqual({ kind: 'refused', head })
  expect(await codeOf(as('B').push(second!.bytes, false))).toBe('server-refused')
  expect(await codeOf(a.push(text('no batch'), false))).toBe('server-refused')
})

test('keeps boxes for those they are for', async () => {
  await opened(`${aliceAndBob}
2: 1 A epoch 1`)
  const [a, b] = [as('A'), as('B')]
  const boxes = (['A', 'B', 'paper'] as const).map((name) => ({
    ...{ epoch: 1, box: text(`box for ${name}`) },
    recipient: name === 'paper' ? ('paper' as const) : keysOf(name).id,
  }))
  await a.putBoxes(boxes)
  await a.putBoxes(boxes.map((box) => ({ ...box, box: text('another') })))
  expect(await b.boxes()).toEqual([{ epoch: 1, box: text('box for B') }])
  expect(await b.boxes('paper')).toEqual([{ epoch: 1, box: text('box for paper') }])
  await b.dropBoxesBefore(2)
  expect(await a.boxes()).toEqual([])
  expect(await codeOf(a.putBoxes([{ ...boxes[0]!, epoch: 7 }]))).toBe('server-refused')
})

test('a link that comes second has to be made anew, or stands as a fork', async () => {
  await opened('0: A')
  const [a, b] = [as('A'), as('B')]
  const links = draw(`0: A
b: 0 A adds B
c: 0 A adds C`)
  expect(await a.addLink(links.get('b')!, false)).toBe('stored')
  expect(await a.addLink(links.get('b')!, false)).toBe('stored')
  expect(await a.addLink(links.get('c')!, false)).toBe('head-moved')
  expect(await b.links()).toHaveLength(2)
  expect(await a.addLink(links.get('c')!, true)).toBe('stored')
  expect(await a.links()).toHaveLength(3)
  expect(await codeOf(a.push(new BatchWriter('A', account).write([text('x')]).bytes, false))).toBe('devices-forked')
})

test('tells the others of each push, and of a new link', async () => {
  await opened()
  const [a, b] = [as('A'), as('B')]
  const [newsOfA, newsOfB] = [newsOf(a), newsOf(b)]
  // Each hears once when its connection stands: nobody knows what was before.
  await Promise.all([newsOfA.next(), newsOfB.next()])
  const heard = newsOfB.next()
  await a.push(new BatchWriter('A', account).write([text('x')]).bytes, false)
  await heard
  const again = newsOfA.next()
  await b.push(new BatchWriter('B', account).write([text('y')]).bytes, false)
  await again
  expect([newsOfA.count, newsOfB.count]).toEqual([2, 2])
})

test('shows a device out that is revoked', async () => {
  await opened()
  const [a, b] = [as('A'), as('B')]
  const newsOfB = newsOf(b)
  await newsOfB.next()
  await a.addLink(
    draw(`${aliceAndBob}
2: 1 A revokes B`).get('2')!,
    false,
  )
  expect(await codeOf(b.heads())).toBe('device-removed')
  expect(await codeOf(b.push(new BatchWriter('B', account).write([text('y')]).bytes, false))).toBe('device-removed')
})

test.each(['A', 'paper'])('erases all of an account for %s', async (by) => {
  await opened()
  const a = as('A')
  await a.push(new BatchWriter('A', account).write([text('x')]).bytes, false)
  await as(by).erase()
  expect(await a.links()).toBeNull()
  expect(await codeOf(a.heads())).toBe('device-unknown')
  const secret = homeSecret('alice')
  expect(await a.open(genesis('A'), secret)).toBe('stored')
  expect(await a.copy()).toEqual({ batches: 0, bytes: 0, oldestDay: null })
})

test('/me says what the replica holds; the password closes the account once a device has erased that', async () => {
  await opened(`${aliceAndBob}
2: 1 A epoch 1`)
  const a = as('A')
  await a.push(new BatchWriter('A', account).write([text('x')]).bytes, false)
  await a.putBoxes([{ epoch: 1, recipient: 'paper', box: text('box') }])
  const secret = homeSecret('alice')
  if (secret.kind !== 'digest') throw new Error('made with a password')
  const me = homeClient().me(addressOf(server), secret)
  const { bytes } = await a.copy()
  const today = new Date().toISOString().slice(0, 10)
  expect((await me.describe()).replica).toEqual({
    ...{ links: 3, boxes: 1, batches: 1, bytes, oldestDay: today, erasure: null },
    devices: [{ device: idOf('A'), written: 1, lastDay: today }],
  })
  expect(await codeOf(me.close())).toBe('history-sealed')
  expect(await a.links()).toHaveLength(3)
  expect((await me.describe()).account.user).toBe('alice')
  await a.erase()
  expect((await me.close()).replica).toBe(0)
  expect(await a.links()).toBeNull()
})

test('an account of another provider is opened by the owner of the computer alone', async () => {
  const token = utf8(readFileSync(`${directory.path}/signup-token`, 'utf8').trim())
  const elsewhere = 'sip:alice@example.org'
  const a = as('A', elsewhere)
  const link = genesisOf('A', elsewhere as Aor)
  expect(await codeOf(a.open(link, { kind: 'invitation', token: token.slice(1) }))).toBe('invitation-invalid')
  expect(await a.open(link, { kind: 'invitation', token })).toBe('stored')
  expect(await a.copy()).toMatchObject({ batches: 0 })
  // Users of this server have a password.
  expect(await codeOf(as('A').open(genesis('A'), { kind: 'invitation', token }))).toBe('invitation-invalid')
})
