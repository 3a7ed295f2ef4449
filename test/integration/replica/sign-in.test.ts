/** A new password for an account of a home server, on the word of a device of its chain, over TLS on loopback. */
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { digestSecrets } from '#main/home/digest-secrets.ts'
import { giveNewSignIn } from '#main/replication/restore/new-sign-in.ts'
import { ReplicaHttp } from '#main/replication/transport/replica-http.ts'
import type { HomeServer } from '#server/home/server.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import type { Aor } from '#shared/model/ids.ts'
import { draw } from '#test/fakes/drawn-chain.ts'
import { addressOf, homeClient, startHome, temporaryDirectory } from '#test/fakes/home-server.ts'
import { clientPorts, codeOf, connectAs, replicaAddressOf, requestSigner } from '#test/fakes/replica-client.ts'
import { ReplicaWorld } from '#test/fakes/replica-server.ts'

const account = 'sip:alice@sotto.home.arpa' as Aor
const foreign = 'sip:alice@voice.example' as Aor
const fresh = digestSecrets('alice', 'sotto.home.arpa', utf8('made just now'))
/** The password goes with epoch 2. */
const removedTwice = `0: A
1: 0 A adds B
2: 1 A adds C
3: 2 A revokes B
4: 3 A epoch 1
5: 4 A revokes C
6: 5 A epoch 2`
let directory: ReturnType<typeof temporaryDirectory>
let server: HomeServer

beforeEach(async () => {
  directory = temporaryDirectory()
  server = await startHome(directory.path)
})
afterEach(async () => {
  await server.stop()
  directory.remove()
})

const token = () => readFileSync(`${directory.path}/signup-token`, 'utf8').trim()
const me = ({ ha1Sha256 }: { ha1Sha256: string }) =>
  homeClient().me(addressOf(server), { user: 'alice', domain: 'sotto.home.arpa', ha1Sha256 })

/** The account, whose chain is as drawn; what signs in until then. */
async function opened(picture: string): Promise<{ readonly ha1Sha256: string }> {
  const { password } = await homeClient().signUp(addressOf(server), 'alice', { token: token() })
  const secrets = digestSecrets('alice', 'sotto.home.arpa', password)
  const links = [...draw(picture, account).values()]
  const client = connectAs('A', account, replicaAddressOf(server))
  await client.open(links[0]!, { kind: 'digest', user: 'alice', domain: 'sotto.home.arpa', ...secrets })
  for (const link of links.slice(1)) await client.addLink(link, false)
  client.close()
  return secrets
}

interface Asked {
  readonly of?: Aor
  readonly address?: ReturnType<typeof replicaAddressOf>
  readonly epoch?: number
  readonly secrets?: { readonly ha1Sha256: string }
}

async function asking(name: string, over: Asked = {}): Promise<string> {
  const { of = account, address = replicaAddressOf(server), epoch = 0, secrets = fresh } = over
  const http = new ReplicaHttp(address, { account: of, by: requestSigner(name) }, clientPorts())
  const code = await codeOf(giveNewSignIn(http, { ...secrets, epoch }))
  http.close()
  return code
}

test('a device that the paper added signs the account in anew; the old password opens nothing', async () => {
  const old = await opened(`0: A
1: 0 paper adds B`)
  expect(await asking('B')).toBe('done')
  expect((await me(fresh).describe()).account.user).toBe('alice')
  expect(await codeOf(me(old).describe())).toBe('wrong-password')
})

test('nobody else does: no stranger, no removed device, nobody for another address', async () => {
  const old = await opened(`0: A
1: 0 A adds B
2: 1 A revokes B`)
  expect(await asking('M')).toBe('device-unknown')
  expect(await asking('B')).toBe('device-removed')
  const client = connectAs('C', foreign, replicaAddressOf(server))
  const [first] = draw('0: C', foreign).values()
  await client.open(first!, { kind: 'invitation', token: utf8(token()) })
  client.close()
  expect(await asking('C', { of: foreign })).toBe('server-refused')
  expect(await codeOf(me(fresh).describe())).toBe('wrong-password')
  expect((await me(old).describe()).account.user).toBe('alice')
})

test('an older request takes no newer password away; the same epoch and newer ones are taken', async () => {
  await opened(removedTwice)
  const [first, second] = ['of the first removal', 'of the second one'].map((password) =>
    digestSecrets('alice', 'sotto.home.arpa', utf8(password)),
  ) as [typeof fresh, typeof fresh]
  expect(await asking('A', { secrets: first, epoch: 1 })).toBe('done')
  expect(await asking('A', { secrets: second, epoch: 2 })).toBe('done')
  expect(await asking('A', { secrets: first, epoch: 1 })).toBe('sign-in-outdated')
  expect((await me(second).describe()).account.passwordEpoch).toBe(2)
  expect(await codeOf(me(first).describe())).toBe('wrong-password')
  await server.stop()
  server = await startHome(directory.path)
  expect(await asking('A', { secrets: first, epoch: 1 })).toBe('sign-in-outdated')
  expect(await asking('A', { epoch: 2 })).toBe('done')
  expect((await me(fresh).describe()).account.user).toBe('alice')
})

test('what was taken counts no further than the chain: one that was begun anew counts from the beginning', async () => {
  await opened(removedTwice)
  expect(await asking('A', { epoch: 99 })).toBe('done')
  expect((await me(fresh).describe()).account.passwordEpoch).toBe(2)
  const secrets = digestSecrets('alice', 'sotto.home.arpa', utf8('of the chain as it is'))
  expect(await asking('A', { secrets, epoch: 1 })).toBe('sign-in-outdated')
  expect(await asking('A', { secrets, epoch: 2 })).toBe('done')
  expect((await me(secrets).describe()).account.passwordEpoch).toBe(2)
})

test('a device that went ahead of the chain takes no later password away, also where that is of no epoch', async () => {
  await opened(`0: A
1: 0 A adds B`)
  expect(await asking('B', { epoch: 99 })).toBe('done')
  const secrets = digestSecrets('alice', 'sotto.home.arpa', utf8('after a restore'))
  expect(await asking('A', { secrets, epoch: 0 })).toBe('done')
  expect((await me(secrets).describe()).account.user).toBe('alice')
})

test('the same password goes with a later epoch, too', async () => {
  await opened(removedTwice)
  expect(await asking('A', { epoch: 1 })).toBe('done')
  expect(await asking('A', { epoch: 2 })).toBe('done')
  expect((await me(fresh).describe()).account.passwordEpoch).toBe(2)
  expect(await asking('A', { secrets: digestSecrets('alice', 'sotto.home.arpa', utf8('old')), epoch: 1 })).toBe(
    'sign-in-outdated',
  )
})

test('a replica apart from the home server knows no passwords', async () => {
  const world = await ReplicaWorld.start()
  await world.holds('0: A')
  expect(await asking('A', { of: 'sip:alice@example.org' as Aor, address: world.address })).toBe('server-refused')
  await world.end()
})
