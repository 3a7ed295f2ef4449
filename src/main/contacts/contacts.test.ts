import { afterEach, describe, expect, it } from 'vitest'
import type { AccountId, ConversationId } from '#shared/model/ids.ts'
import { ChatDevice } from '#test/fakes/chat-device.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { FakeNetwork } from '#test/fakes/signalling.ts'

const devices: ChatDevice[] = []

async function people() {
  const clock = new FakeClock()
  const network = new FakeNetwork(clock, new SeededRandom('contacts'))
  const [alice, bob] = ['alice', 'bob'].map((name) => new ChatDevice({ clock, network, seed: 'contacts' }, name)) as [
    ChatDevice,
    ChatDevice,
  ]
  devices.push(alice, bob)
  for (const device of devices) await device.start()
  return { alice, bob, clock }
}

afterEach(async () => {
  for (const device of devices.splice(0)) await device.close()
})

describe('contacts', () => {
  it('are made by starting a conversation, once', async () => {
    const { alice, bob } = await people()
    const first = await alice.conversation(bob)
    expect(await alice.conversation(bob)).toBe(first)
    expect(await alice.contacts.list()).toMatchObject([{ aor: bob.aor, policy: 'accepted', nameSource: 'none' }])
    await expect(alice.contacts.start({ accountId: 'x' as AccountId, peer: bob.aor })).rejects.toMatchObject({
      code: 'not-found',
    })
  })

  it('carry the name the user gives, cleaned, before the one they give themselves', async () => {
    const { alice, bob, clock } = await people()
    await bob.send(alice, 'hi')
    await clock.advance(1000)
    const conversationId = (await alice.chat.list()).conversations[0]!.id
    expect(await alice.contacts.get({ conversationId })).toMatchObject({ name: 'bob', nameSource: 'peer' })
    await alice.contacts.update({ conversationId, name: ' Bob\u202e\u0000 Baker ', note: 'from work' })
    const named = { name: 'Bob Baker', nameSource: 'user', note: 'from work', policy: 'pending' }
    expect(await alice.contacts.get({ conversationId })).toMatchObject(named)
    await alice.restart()
    expect(await alice.contacts.get({ conversationId })).toMatchObject(named)
  })

  it('stay requests until they are accepted, also when the address is typed', async () => {
    const { alice, bob, clock } = await people()
    await bob.send(alice, 'hi')
    await clock.advance(1000)
    const conversationId = await alice.conversation(bob)
    expect(await alice.contacts.get({ conversationId })).toMatchObject({ policy: 'pending' })
    const told: string[] = []
    alice.contacts.onPolicy((_, policy) => told.push(policy))
    await alice.contacts.setPolicy({ conversationId, policy: 'blocked' })
    await alice.contacts.setPolicy({ conversationId, policy: 'accepted' })
    expect(told).toEqual(['blocked', 'accepted'])
    await expect(
      alice.contacts.setPolicy({ conversationId: 'none' as ConversationId, policy: 'blocked' }),
    ).rejects.toMatchObject({ code: 'not-found' })
  })

  it('have a policy for calls of their own, which no other device is told', async () => {
    const { alice, bob, clock } = await people()
    const conversationId = await alice.conversation(bob)
    await clock.advance(10_000)
    expect(await alice.contacts.get({ conversationId })).toMatchObject({ callPolicy: null })
    await alice.contacts.update({ conversationId, callPolicy: 'zrtp-required' })
    expect(await alice.pendingJobs()).toBe(0)
    await alice.contacts.update({ conversationId, name: 'Bob' })
    expect(await alice.contacts.list()).toMatchObject([{ name: 'Bob', callPolicy: 'zrtp-required' }])
    await alice.restart()
    expect(await alice.contacts.get({ conversationId })).toMatchObject({ callPolicy: 'zrtp-required' })
    await alice.contacts.update({ conversationId, callPolicy: null })
    expect(await alice.contacts.get({ conversationId })).toMatchObject({ callPolicy: null })
  })
})
