/** What a home server says of itself to a user, while somebody without a device has asked that their history is erased. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { digestSecrets } from '#main/home/digest-secrets.ts'
import type { Aor } from '#shared/model/ids.ts'
import { genesis } from '#test/fakes/drawn-chain.ts'
import { addressOf, homeClient, startHome, temporaryDirectory } from '#test/fakes/home-server.ts'
import { connectAs, replicaAddressOf } from '#test/fakes/replica-client.ts'

const account = 'sip:alice@sotto.home.arpa' as Aor

test('names an erasure that was asked for, until a device says that the history stays', async () => {
  const directory = temporaryDirectory()
  const server = await startHome(directory.path)
  const token = readFileSync(`${directory.path}/signup-token`, 'utf8').trim()
  const { password } = await homeClient().signUp(addressOf(server), 'alice', { token })
  const secrets = digestSecrets('alice', 'sotto.home.arpa', password)
  const signIn = { user: 'alice', domain: 'sotto.home.arpa', ...secrets }
  const [device, stranger] = ['A', 'M'].map((name) => connectAs(name, account, replicaAddressOf(server))) as [
    ReturnType<typeof connectAs>,
    ReturnType<typeof connectAs>,
  ]
  const erasure = async () => (await homeClient().me(addressOf(server), signIn).describe()).replica.erasure
  try {
    await device.open(genesis('A', account), { kind: 'digest', ...signIn })
    expect(await erasure()).toBeNull()
    const asked = await stranger.askErasure({ kind: 'digest', ...signIn }, true)
    if (asked.state !== 'asked') throw new Error('it was not asked for')
    expect(await erasure()).toEqual({ askedAt: asked.askedAt, dueAt: asked.dueAt })
    await device.keepHistory()
    expect(await erasure()).toBeNull()
  } finally {
    for (const client of [device, stranger]) client.close()
    await server.stop()
    directory.remove()
  }
})
