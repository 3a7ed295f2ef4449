import { latestDateTime } from '#shared/model/limits.ts'
import { afterEach, describe, expect, it } from 'vitest'
import { utf8 } from '#shared/bytes/bytes.ts'
import { decodeStoredEntry } from '#shared/model/entry-codec.ts'
import type { Aor, MessageId } from '#shared/model/ids.ts'
import type { MessageView } from '#shared/model/views.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import { ChatDevice } from '#test/fakes/chat-device.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { FakeNetwork } from '#test/fakes/signalling.ts'
import type { Line } from './wire-forms.ts'
import { writeLine } from './wire-write.ts'

const devices: ChatDevice[] = []

/** Two people who know each other. */
async function acquainted(...names: readonly string[]) {
  return acquaintedAhead(0, ...names)
}

/** The clock of the first device is ahead of all others. */
async function acquaintedAhead(aheadMs: number, ...names: readonly string[]) {
  const clock = new FakeClock()
  const network = new FakeNetwork(clock, new SeededRandom('network'))
  const ahead: ClockPort = {
    now: () => clock.now() + aheadMs,
    monotonic: () => clock.monotonic(),
    after: (delayMs, run) => clock.after(delayMs, run),
  }
  const made = names.map((name, at) => {
    const world = { clock: at === 0 ? ahead : clock, network, seed: 'test' }
    return new ChatDevice(world, name.slice(0, -1), name.slice(-1))
  })
  devices.push(...made)
  for (const device of made) await device.start()
  for (const one of made) for (const other of made) if (one.aor !== other.aor) await one.conversation(other)
  return { clock, network, devices: made as [ChatDevice, ChatDevice, ChatDevice] }
}

afterEach(async () => {
  for (const device of devices.splice(0)) await device.close()
})

describe('reactions', () => {
  const chosen = (messages: readonly MessageView[]) => messages.map(({ reactions = [] }) => reactions)

  it('reach the peer and every own device, the newest in place of the former, and are taken back', async () => {
    const { clock, network, devices } = await acquainted('alice1', 'alice2', 'bob1')
    const [alice, alice2, bob] = devices
    const messageId = await alice.send(bob, 'Shall we sing?')
    await clock.advance(1000)
    await bob.readAll(alice)
    await clock.advance(1000)
    const row = { conversationId: await alice.conversation(bob), author: alice.aor, messageId }
    const atBob = { ...row, conversationId: await bob.conversation(alice) }
    const everywhere = async (...expected: readonly { author: Aor; emojis: readonly string[] }[]) => {
      await clock.advance(2000)
      for (const [device, peer] of [
        [alice, bob],
        [alice2, bob],
        [bob, alice],
      ] as const)
        expect(chosen(await device.messages(peer))).toEqual([expected])
    }
    await bob.chat.react({ ...atBob, emoji: '👍', chosen: true })
    await everywhere({ author: bob.aor, emojis: ['👍'] })
    expect(alice.reactions).toMatchObject([{ emojis: '👍' }])
    await bob.chat.react({ ...atBob, emoji: '❤', chosen: true })
    await everywhere({ author: bob.aor, emojis: ['👍', '❤️'] })
    // What is chosen already is not said again.
    const said = network.wire.length
    await bob.chat.react({ ...atBob, emoji: '👍', chosen: true })
    await everywhere({ author: bob.aor, emojis: ['👍', '❤️'] })
    expect(network.wire).toHaveLength(said)
    await alice2.chat.react({ ...row, emoji: '😂', chosen: true })
    await everywhere({ author: alice.aor, emojis: ['😂'] }, { author: bob.aor, emojis: ['👍', '❤️'] })
    await bob.chat.react({ ...atBob, emoji: '👍', chosen: false })
    await bob.chat.react({ ...atBob, emoji: '❤️', chosen: false })
    await everywhere({ author: alice.aor, emojis: ['😂'] })
    // One notice for each emoji that was new; it is no message and counts as none.
    expect(alice.reactions.map(({ emojis }) => emojis)).toEqual(['👍', '👍 ❤️'])
    expect(alice.notifications).toEqual([])
    expect((await alice.chat.list()).conversations[0]).toMatchObject({ unread: 0, preview: 'Shall we sing?' })
    // With its message it goes from everywhere.
    await alice.chat.delete({ conversationId: row.conversationId, messageId })
    await everywhere()
    await expect(bob.chat.react({ ...atBob, emoji: '👍', chosen: true })).rejects.toMatchObject({
      code: 'reaction-not-allowed',
    })
    for (const device of devices.slice(0, 3)) expect(await device.pendingJobs()).toBe(0)
  })

  it('wait in the outbox as messages do; of what was not sent, only the last choice leaves', async () => {
    const { clock, network, devices } = await acquainted('alice1', 'bob1')
    const [alice, bob] = devices
    await bob.send(alice, 'Here I am')
    await clock.advance(1000)
    const [{ messageId }] = (await alice.messages(bob)) as [MessageView]
    const row = { conversationId: await alice.conversation(bob), author: bob.aor, messageId }
    alice.signalling.goOffline()
    for (const emoji of ['👍', '😂', '🙏']) await alice.chat.react({ ...row, emoji, chosen: true })
    await alice.chat.react({ ...row, emoji: '😂', chosen: false })
    const before = network.wire.length
    await alice.restart()
    await clock.advance(10_000)
    expect(chosen(await bob.messages(alice))).toEqual([[{ author: alice.aor, emojis: ['👍', '🙏'] }]])
    expect(network.wire.slice(before).filter(({ request }) => request.to === bob.aor)).toHaveLength(1)
    expect(await alice.pendingJobs()).toBe(0)
  })

  it('are what the person chose last, whichever of their devices has a clock that is ahead', async () => {
    const { clock, devices } = await acquaintedAhead(86_400_000, 'alice1', 'alice2', 'bob1')
    const [ahead, alice2, bob] = devices
    const messageId = await bob.send(ahead, 'Which one?')
    await clock.advance(2000)
    const row = { conversationId: await ahead.conversation(bob), author: bob.aor, messageId }
    const everywhere = async (...emojis: readonly string[]) => {
      await clock.advance(2000)
      const expected = emojis.length === 0 ? [] : [{ author: ahead.aor, emojis }]
      expect(chosen(await ahead.messages(bob))).toEqual([expected])
      expect(chosen(await alice2.messages(bob))).toEqual([expected])
      expect(chosen(await bob.messages(ahead))).toEqual([expected])
    }
    await ahead.chat.react({ ...row, emoji: '👍', chosen: true })
    await everywhere('👍')
    await alice2.chat.react({ ...row, emoji: '👍', chosen: false })
    await everywhere()
    await alice2.chat.react({ ...row, emoji: '😂', chosen: true })
    await everywhere('😂')
    await ahead.chat.react({ ...row, emoji: '🙏', chosen: true })
    await everywhere('😂', '🙏')
  })

  it('stay taken back when an older one comes once more, from somebody whose clock is ahead', async () => {
    const { clock, devices } = await acquainted('alice1', 'bob1')
    const [alice, bob] = devices
    const messageId = await alice.send(bob, 'mine')
    await clock.advance(1000)
    const said = clock.now() + 86_400_000
    const say = async (id: string, emojis: string, sentAt: number) => {
      const by = { author: bob.aor, recipient: alice.aor, messageId: id as MessageId, sentAt }
      const content = { kind: 'reaction', target: messageId, of: 'recipient', emojis: emojis === '' ? [] : [emojis] }
      const none = { previous: null, ownCopy: null, expiresAfter: null, wanted: { delivered: false, displayed: false } }
      const body = writeLine({ ...by, content, ...none } as Line)
      const request = { accountId: bob.account.id, to: alice.aor, body, messageId: id, prefer: 'sip-message' }
      void bob.signalling.send(request as never)
      await clock.advance(1000)
    }
    await say('r1', '👍', said)
    expect(chosen(await alice.messages(bob))).toEqual([[{ author: bob.aor, emojis: ['👍'] }]])
    await say('r2', '', said + 5000)
    expect(chosen(await alice.messages(bob))).toEqual([[]])
    expect(alice.reactions).toHaveLength(1)
    // From a mailbox.
    await say('r1', '👍', said)
    expect(chosen(await alice.messages(bob))).toEqual([[]])
    expect(alice.reactions).toHaveLength(1)
  })

  it('stand while nobody knows what was said in their place', async () => {
    const { clock, devices } = await acquainted('alice1', 'bob1')
    const [alice, bob] = devices
    const messageId = await alice.send(bob, 'mine')
    await clock.advance(1000)
    const statuses: number[] = []
    const say = async (id: string, words: string, at: readonly string[] = []) => {
      const payload = utf8(
        [
          ...[`From: <${bob.aor}>`, ...at, 'NS: s <urn:x-sotto:chat:1>', 'NS: imdn <urn:ietf:params:imdn>'],
          ...[`imdn.Message-ID: ${id}`, `s.In-Reply-To: ${messageId}`, 's.In-Reply-To-Author: to', ''],
          ...['Content-Type: text/plain; charset=utf-8', 'Content-Disposition: reaction', '', words],
        ].join('\r\n'),
      )
      const by = {
        from: bob.aor,
        fromName: '',
        to: alice.aor,
        transportId: id,
        storedAt: null,
        fromSelf: false,
      } as const
      const observedAt = clock.now() - 400
      const body = { ...by, path: 'sip-message', contentType: 'message/cpim', payload, observedAt } as const
      alice.signalling.deliver(body, (status) => statuses.push(status))
      await clock.advance(1000)
    }
    await say('r1', '👍')
    await say('r2', 'something else')
    expect(chosen(await alice.messages(bob))).toEqual([[{ author: bob.aor, emojis: ['👍'] }]])
    await say('r3', '')
    expect(chosen(await alice.messages(bob))).toEqual([[]])
    expect(statuses).toEqual([200, 200, 200])
    // When it came, not when Sotto was unlocked.
    const { scope, ...rest } = { scope: { kind: 'all' }, after: 0, lastSeq: Number.MAX_SAFE_INTEGER } as const
    const { bytes, ends } = await alice.history.reader.archivePage({ scope, ...rest })
    const entries = [...ends].map((end, at) => decodeStoredEntry(bytes.subarray(ends[at - 1] ?? 0, end)))
    const observed = entries.filter(({ body }) => body.kind === 'reaction').map(({ head }) => head.observedAt)
    expect(observed).toEqual([clock.now() - 1400])
    // No line can carry a later time to another device.
    await say('r4', '👍', ['DateTime: 9999-12-31T23:59:59-23:59'])
    const { bytes: last, ends: lengths } = await alice.history.reader.archivePage({ scope, ...rest })
    const sent = [...lengths].map((end, at) => decodeStoredEntry(last.subarray(lengths[at - 1] ?? 0, end)).body)
    expect(sent.flatMap((one) => (one.kind === 'reaction' ? [one.sentAt] : []))).toEqual([latestDateTime])
  })

  it('count only from the two who talk, and of a stranger only where there is a message', async () => {
    const { clock, devices } = await acquainted('alice1', 'bob1')
    const [alice, bob] = devices
    const messageId = await alice.send(bob, 'mine')
    await clock.advance(1000)
    const reactionOf = (author: string, target: string, id: string) => ({
      contentType: 'message/cpim',
      payload: utf8(
        [
          ...[`From: <${author}>`, 'NS: s <urn:x-sotto:chat:1>', 'NS: imdn <urn:ietf:params:imdn>'],
          ...[`imdn.Message-ID: ${id}`, `s.In-Reply-To: ${target}`, 's.In-Reply-To-Author: to', ''],
          ...['Content-Type: text/plain; charset=utf-8', 'Content-Disposition: reaction', '', '👍'],
        ].join('\r\n'),
      ),
    })
    const say = async (author: string, target: string, id: string) => {
      const body = reactionOf(author, target, id)
      const request = {
        accountId: bob.account.id,
        to: alice.aor,
        body,
        messageId: id as MessageId,
        prefer: 'sip-message',
      }
      void bob.signalling.send(request as never)
      await clock.advance(1000)
    }
    await say('sip:eve@example.org', messageId, 'r-forged')
    expect(chosen(await alice.messages(bob))).toEqual([[]])
    // It overtook the message that another device sent.
    await say(bob.aor, 'not-here-yet', 'r-early')
    expect(chosen(await alice.messages(bob))).toEqual([[]])
    // Twice the same is once.
    for (const id of ['r-1', 'r-1', 'r-2']) await say(bob.aor, messageId, id)
    expect(chosen(await alice.messages(bob))).toEqual([[{ author: bob.aor, emojis: ['👍'] }]])
    expect(alice.reactions).toHaveLength(1)
  })

  it('are emoji for a peer that takes plain text only, which is not told when they are taken back', async () => {
    const { clock, network, devices } = await acquainted('alice1', 'bob1')
    const [alice, bob] = devices
    network.refusedTypes.set(bob.aor, 'message/cpim')
    const messageId = await alice.send(bob, 'one')
    await clock.advance(5000)
    const row = { conversationId: await alice.conversation(bob), author: alice.aor, messageId }
    await alice.chat.react({ ...row, emoji: '👍', chosen: true })
    await clock.advance(5000)
    await alice.chat.react({ ...row, emoji: '👍', chosen: false })
    await clock.advance(5000)
    expect(await bob.texts(alice)).toEqual(['one', '👍'])
    expect(chosen(await alice.messages(bob))).toEqual([[]])
    expect(await alice.pendingJobs()).toBe(0)
    expect(alice.notices).toEqual([])
  })
})
