/** Calls among the lines of a conversation: what chat must and must not do with them. */
import { afterEach, describe, expect, it } from 'vitest'
import { utf8 } from '#shared/bytes/bytes.ts'
import type { CallRecordView } from '#shared/model/calls.ts'
import { newEntryId } from '#shared/model/derive-ids.ts'
import type { MessageId } from '#shared/model/ids.ts'
import { ChatDevice } from '#test/fakes/chat-device.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { FakeNetwork } from '#test/fakes/signalling.ts'

const devices: ChatDevice[] = []
const random = new SeededRandom('calls')
const messageId = 'c0ffee' as MessageId

async function people() {
  const clock = new FakeClock()
  const network = new FakeNetwork(clock, new SeededRandom('network'))
  const [alice, bob] = ['alice', 'bob'].map((name) => new ChatDevice({ clock, network, seed: 'calls' }, name)) as [
    ChatDevice,
    ChatDevice,
  ]
  devices.push(alice, bob)
  for (const device of [alice, bob]) await device.start()
  await alice.conversation(bob)
  await bob.conversation(alice)
  await clock.advance(10_000)
  return { alice, bob, clock, network }
}

/** Writes what the calls feature of `device` writes when a call with `peer` is over. */
async function over(
  { device, peer, author }: { device: ChatDevice; peer: ChatDevice; author: ChatDevice },
  record: Partial<CallRecordView>,
  clock: FakeClock,
): Promise<void> {
  const now = clock.now()
  const conversation = await device.conversation(peer)
  const head = {
    ...{ id: newEntryId(random), account: device.aor, device: device.account.deviceId, observedAt: now },
    ...{ hlc: { wallMs: now, counter: 0 }, authenticatedBy: 'server' as const, verified: false },
  }
  const facts = { outcome: 'missed', video: false, durationMs: 0, readers: 'securing', ...record } as const
  const by = { conversation, peer: peer.aor, author: author.aor, messageId, sentAt: now }
  await device.history.writer.commit({ entries: [{ head, body: { kind: 'call', ...by, ...facts } }] })
}

afterEach(async () => {
  for (const device of devices.splice(0)) await device.close()
})

describe('a call among messages', () => {
  it('is deleted here, whoever called, and nobody is told', async () => {
    const { alice, bob, clock, network } = await people()
    for (const author of [alice, bob]) {
      await over({ device: alice, peer: bob, author }, { outcome: 'answered' }, clock)
      const before = network.wire.length
      await alice.chat.delete({ conversationId: await alice.conversation(bob), messageId })
      await clock.advance(1000)
      expect(await alice.messages(bob)).toEqual([])
      expect(network.wire).toHaveLength(before)
      expect(await alice.pendingJobs()).toBe(0)
    }
  })

  it('cannot be edited, and the caller cannot take it back', async () => {
    const { alice, bob, clock } = await people()
    await over({ device: alice, peer: bob, author: alice }, {}, clock)
    const conversationId = await alice.conversation(bob)
    await expect(alice.chat.edit({ conversationId, messageId, text: 'x' })).rejects.toMatchObject({
      code: 'edit-not-allowed',
    })
    await over({ device: bob, peer: alice, author: alice }, {}, clock)
    const forged = ['From: <sip:alice@example.org>', 'NS: s <urn:x-sotto:chat:1>', `s.Retracts: ${messageId}`, '']
    const payload = utf8([...forged, 'Content-Type: text/plain', '', 'x'].join('\r\n'))
    void alice.signalling.send({
      ...{ accountId: alice.account.id, to: bob.aor, prefer: 'message', messageId: 'forged' },
      body: { contentType: 'message/cpim', payload },
    })
    await clock.advance(1000)
    expect(await bob.messages(alice)).toMatchObject([{ call: { outcome: 'missed' } }])
  })

  it('that was missed is unread until it was seen, without a receipt or a notification', async () => {
    const { alice, bob, clock } = await people()
    await over({ device: bob, peer: alice, author: alice }, {}, clock)
    const unread = async () => (await bob.chat.list()).conversations[0]?.unread
    expect(await unread()).toBe(1)
    expect(bob.notifications).toEqual([])
    await bob.readAll(alice)
    expect(await unread()).toBe(0)
    await clock.advance(1000)
    expect(await alice.messages(bob)).toEqual([])
  })

  it('is not the line before a line: nobody waits for it', async () => {
    const { alice, bob, clock } = await people()
    await alice.send(bob, 'calling you')
    await clock.advance(1000)
    // After a restart the message before is looked up in the history.
    await alice.restart()
    await over({ device: alice, peer: bob, author: alice }, {}, clock)
    await alice.send(bob, 'you were away')
    // Less than a line waits for one that is missing.
    await clock.advance(500)
    expect(await bob.texts(alice)).toEqual(['calling you', 'you were away'])
  })
})
