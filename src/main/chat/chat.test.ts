import { afterEach, describe, expect, it } from 'vitest'
import { utf8 } from '#shared/bytes/bytes.ts'
import type { ConversationId, MessageId } from '#shared/model/ids.ts'
import { readBody } from './wire-read.ts'
import { ChatDevice } from '#test/fakes/chat-device.ts'
import { FakeClock, settle } from '#test/fakes/fake-clock.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { FakeNetwork } from '#test/fakes/signalling.ts'

const devices: ChatDevice[] = []

async function world(...names: readonly string[]) {
  const clock = new FakeClock()
  const network = new FakeNetwork(clock, new SeededRandom('network'))
  const made = names.map((name) => new ChatDevice({ clock, network, seed: 'test' }, name.slice(0, -1), name.slice(-1)))
  devices.push(...made)
  for (const device of made) await device.start()
  return { clock, network, devices: made as [ChatDevice, ChatDevice, ChatDevice, ChatDevice] }
}

/** Two people who know each other. */
async function acquainted(...names: readonly string[]) {
  const made = await world(...names)
  const people = made.devices
  for (const one of people) for (const other of people) if (one.aor !== other.aor) await one.conversation(other)
  return made
}

afterEach(async () => {
  for (const device of devices.splice(0)) await device.close()
})

describe('a message', () => {
  it('goes from queued over sent and delivered to displayed', async () => {
    const { clock, devices } = await acquainted('alice1', 'bob1')
    const [alice, bob] = devices
    const states: string[] = []
    alice.history.writer.onChange(({ messages }) => states.push(...messages.map(({ state }) => state)))
    bob.signalling.goOffline()
    await alice.send(bob, 'Hello Bob')
    await clock.advance(1000)
    bob.signalling.goOnline()
    await clock.advance(1000)
    expect(await bob.texts(alice)).toEqual(['Hello Bob'])
    expect((await alice.messages(bob))[0]).toMatchObject({ state: 'delivered', path: 'sip-message' })
    await bob.readAll(alice)
    await clock.advance(1000)
    expect([...new Set(states)]).toEqual(['queued', 'sent', 'delivered', 'displayed'])
    expect(await alice.pendingJobs()).toBe(0)
    expect(await bob.pendingJobs()).toBe(0)
  })

  it('is the same on every device though it was pasted with marks of byte order in front', async () => {
    const { clock, devices } = await acquainted('alice1', 'alice2', 'bob1')
    const [alice, alice2, bob] = devices
    await alice.send(bob, '\u{FEFF}\u{FEFF}Hello Bob')
    await clock.advance(1000)
    expect(await Promise.all([alice.texts(bob), alice2.texts(bob), bob.texts(alice)])).toEqual([
      ...[['Hello Bob'], ['Hello Bob'], ['Hello Bob']],
    ])
  })

  it('waits for a peer and for the own connection, and survives a restart meanwhile', async () => {
    const { clock, devices } = await acquainted('alice1', 'bob1')
    const [alice, bob] = devices
    alice.signalling.goOffline()
    for (const text of ['1', '2', '3']) await alice.send(bob, text)
    await clock.advance(60_000)
    expect(await bob.texts(alice)).toEqual([])
    await alice.restart()
    await clock.advance(1000)
    expect(await bob.texts(alice)).toEqual(['1', '2', '3'])
    expect((await alice.messages(bob)).map(({ state }) => state)).toEqual(['delivered', 'delivered', 'delivered'])
  })

  it('fails in words when nobody takes it, and goes out once more on retry', async () => {
    const { clock, devices } = await acquainted('alice1', 'bob1')
    const [alice, bob] = devices
    await bob.contacts.setPolicy({ conversationId: await bob.conversation(alice), policy: 'blocked' })
    const messageId = await alice.send(bob, 'Are you there?')
    await clock.advance(1000)
    expect((await alice.messages(bob))[0]).toMatchObject({ state: 'failed', failure: 'send-refused' })
    expect(await bob.texts(alice)).toEqual([])
    await bob.contacts.setPolicy({ conversationId: await bob.conversation(alice), policy: 'accepted' })
    await alice.chat.retry({ conversationId: await alice.conversation(bob), messageId })
    expect((await alice.messages(bob))[0]!.state).toBe('queued')
    await clock.advance(1000)
    expect((await alice.messages(bob))[0]!.state).toBe('delivered')
    expect(await bob.texts(alice)).toEqual(['Are you there?'])
  })

  it('fails for good after seven days', async () => {
    const { clock, devices } = await acquainted('alice1', 'bob1')
    const [alice, bob] = devices
    alice.signalling.goOffline()
    await alice.send(bob, 'too late')
    await clock.advance(8 * 86_400_000)
    expect((await alice.messages(bob))[0]).toMatchObject({ state: 'failed', failure: 'send-timed-out' })
    // What is left tells the other own devices, for as long.
    expect(await alice.pendingJobs()).toBe(1)
    await clock.advance(8 * 86_400_000)
    expect(await alice.pendingJobs()).toBe(0)
  })

  it('is refused when empty, too large, or for someone blocked', async () => {
    const { devices } = await acquainted('alice1', 'bob1')
    const [alice, bob] = devices
    const conversationId = await alice.conversation(bob)
    const send = (text: string) => alice.chat.send({ conversationId, text })
    await expect(send(' \n ')).rejects.toMatchObject({ code: 'message-empty' })
    await expect(send('ü'.repeat(600_000))).rejects.toMatchObject({ code: 'message-too-large' })
    await alice.contacts.setPolicy({ conversationId, policy: 'blocked' })
    await expect(send('hi')).rejects.toMatchObject({ code: 'recipient-blocked' })
    await expect(alice.chat.send({ conversationId: 'x' as ConversationId, text: 'hi' })).rejects.toMatchObject({
      code: 'not-found',
    })
  })

  it('falls back to plain text for a peer that takes nothing else, and remembers it', async () => {
    const { clock, network, devices } = await acquainted('alice1', 'bob1')
    const [alice, bob] = devices
    network.refusedTypes.set(bob.aor, 'message/cpim')
    for (const text of ['one', 'two']) await alice.send(bob, text)
    await clock.advance(2000)
    expect(await bob.texts(alice)).toEqual(['one', 'two'])
    expect((await alice.messages(bob)).map(({ state }) => state)).toEqual(['delivered', 'delivered'])
    await alice.restart()
    const before = network.wire.length
    await alice.send(bob, 'three')
    await clock.advance(2000)
    const toBob = network.wire.slice(before).filter(({ request }) => request.to === bob.aor)
    expect(toBob.map(({ request }) => request.body.contentType)).toEqual(['text/plain; charset=utf-8'])
    network.refusedTypes.delete(bob.aor)
    await bob.send(alice, 'I have a better program now')
    await clock.advance(2000)
    await alice.send(bob, 'four')
    expect(await alice.history.reader.setting('chat.plain-text-peers')).toBe('{}')
  })
})

describe('edits and deletes', () => {
  it('reach the peer and every own device', async () => {
    const { clock, devices } = await acquainted('alice1', 'alice2', 'bob1')
    const [alice, alice2, bob] = devices
    const first = await alice.send(bob, 'Helo')
    const second = await alice.send(bob, 'secret')
    await clock.advance(1000)
    const conversationId = await alice.conversation(bob)
    await alice2.chat.edit({ conversationId, messageId: first, text: 'Hello' })
    await alice2.chat.delete({ conversationId, messageId: second })
    await clock.advance(1000)
    for (const [device, peer] of [
      [alice, bob],
      [alice2, bob],
      [bob, alice],
    ] as const) {
      const messages = await device.messages(peer)
      expect(messages.map(({ text, edited, deleted }) => ({ text, edited, deleted }))).toEqual([
        { text: 'Hello', edited: true, deleted: false },
        { text: '', edited: false, deleted: true },
      ])
    }
  })

  it('do not touch what others wrote, here or there', async () => {
    const { clock, network, devices } = await acquainted('alice1', 'bob1')
    const [alice, bob] = devices
    await alice.send(bob, 'mine')
    const messageId = (await alice.messages(bob))[0]!.messageId
    await clock.advance(1000)
    const conversationId = await bob.conversation(alice)
    await expect(bob.chat.edit({ conversationId, messageId, text: 'yours' })).rejects.toMatchObject({
      code: 'edit-not-allowed',
    })
    await expect(bob.chat.delete({ conversationId, messageId })).rejects.toMatchObject({ code: 'edit-not-allowed' })
    const forged = [
      'From: <sip:bob@example.org>',
      'NS: s <urn:x-sotto:chat:1>',
      `s.Retracts: ${messageId}`,
      '',
      'Content-Type: text/plain',
      '',
      'x',
    ].join('\r\n')
    void bob.signalling.send({
      ...{ accountId: bob.account.id, to: alice.aor, prefer: 'message', messageId: 'forged' },
      body: { contentType: 'message/cpim', payload: utf8(forged) },
    })
    await clock.advance(1000)
    expect(await alice.texts(bob)).toEqual(['mine'])
    expect(network.wire.length).toBeGreaterThan(0)
  })

  it('of a message that was never sent leave no trace on the wire', async () => {
    const { clock, network, devices } = await acquainted('alice1', 'bob1')
    const [alice, bob] = devices
    await clock.advance(1000)
    const before = network.wire.length
    alice.signalling.goOffline()
    const messageId = await alice.send(bob, 'rather not')
    await alice.chat.delete({ conversationId: await alice.conversation(bob), messageId })
    expect(await alice.pendingJobs()).toBe(0)
    alice.signalling.goOnline()
    await clock.advance(1000)
    expect(network.wire).toHaveLength(before)
    expect((await alice.messages(bob))[0]).toMatchObject({ deleted: true, text: '' })
  })
})

describe('strangers', () => {
  it('ask first: no sound, no preview, no receipt, no typing, until accepted', async () => {
    const { clock, network, devices } = await world('alice1', 'mallory1')
    const [alice, mallory] = devices
    await mallory.send(alice, 'Buy now')
    await clock.advance(1000)
    const [conversation] = (await alice.chat.list()).conversations
    expect(conversation).toMatchObject({ policy: 'pending', preview: '', unread: 1, name: 'mallory' })
    const last = (await alice.chat.page({ conversationId: conversation!.id, anchor: { at: 'newest' }, limit: 10 }))
      .messages
    expect(last.map(({ text }) => text)).toEqual(['Buy now'])
    await alice.chat.markRead({ conversationId: conversation!.id, position: last[0]!.position })
    await alice.chat.typing({ conversationId: conversation!.id, active: true })
    await clock.advance(1000)
    expect(
      network.wire.filter(({ request }) => request.to === mallory.aor && request.accountId !== mallory.account.id),
    ).toHaveLength(0)
    expect(alice.signalling.typed).toEqual([])
    expect(alice.notifications).toEqual([])
    expect((await mallory.messages(alice))[0]!.state).toBe('sent')
    await alice.contacts.setPolicy({ conversationId: conversation!.id, policy: 'accepted' })
    await mallory.send(alice, 'Thanks')
    await clock.advance(1000)
    expect((await mallory.messages(alice)).map(({ state }) => state)).toEqual(['sent', 'delivered'])
    expect(alice.notifications).toEqual([{ conversationId: conversation!.id, title: 'mallory', body: 'Thanks' }])
  })

  it('cannot tell a device that has their message from a server that keeps it', async () => {
    const { clock, network, devices } = await world('alice1', 'mallory1')
    const [alice, mallory] = devices
    await mallory.send(alice, 'Are you there?')
    await clock.advance(1000)
    expect(await alice.texts(mallory)).toEqual(['Are you there?'])
    const probe = (contentType: string, text: string) =>
      mallory.signalling.send({
        ...{ accountId: mallory.account.id, to: alice.aor, prefer: 'message', messageId: `probe-${text.length}` },
        body: { contentType, payload: utf8(text) },
      })
    const composing = '<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"><state>active</state></isComposing>'
    const probes = [probe('text/plain', 'hello?'), probe('application/im-iscomposing+xml', composing)]
    await clock.advance(1000)
    for (const outcome of await Promise.all(probes)) expect(outcome).toMatchObject({ value: { state: 'sent' } })
    // The same words as for somebody who is away.
    alice.signalling.goOffline()
    const away = probe('text/plain', 'are you away?')
    await clock.advance(1000)
    expect(await away).toEqual(await probes[0])
    expect((await mallory.messages(alice)).map(({ state }) => state)).toEqual(['sent'])
    expect(network.wire.filter(({ from }) => from === alice.aor)).toEqual([])
  })

  it('learn once accepted: of new messages at once, of earlier ones when they are read', async () => {
    const { clock, devices } = await world('alice1', 'bob1')
    const [alice, bob] = devices
    const states = async () => (await bob.messages(alice)).map(({ state }) => state)
    await bob.send(alice, 'It is me, Bob')
    await clock.advance(1000)
    const conversationId = await alice.conversation(bob)
    await alice.contacts.setPolicy({ conversationId, policy: 'accepted' })
    await clock.advance(1000)
    expect(await states()).toEqual(['sent'])
    await bob.send(alice, 'Thank you')
    await clock.advance(1000)
    expect(await states()).toEqual(['sent', 'delivered'])
    await alice.readAll(bob)
    await clock.advance(1000)
    expect(await states()).toEqual(['displayed', 'displayed'])
  })

  it('cannot fill the disk, and once blocked cannot write at all', async () => {
    const { clock, devices } = await world('alice1', 'mallory1')
    const [alice, mallory] = devices
    for (let count = 0; count < 60; count++) await mallory.send(alice, `spam ${count}`)
    await clock.advance(60_000)
    const [conversation] = (await alice.chat.list()).conversations
    expect(conversation!.unread).toBe(50)
    await alice.contacts.setPolicy({ conversationId: conversation!.id, policy: 'blocked' })
    await mallory.send(alice, 'still here')
    await clock.advance(60_000)
    expect(alice.signalling.refusals.at(-1)).toBe(603)
    expect((await alice.chat.list()).conversations[0]).toMatchObject({ policy: 'blocked', unread: 50 })
  })

  it('are answered by writing to them', async () => {
    const { clock, devices } = await world('alice1', 'bob1')
    const [alice, bob] = devices
    await bob.send(alice, 'Hi, it is me')
    await clock.advance(1000)
    await alice.send(bob, 'Hello!')
    expect((await alice.chat.list()).conversations[0]!.policy).toBe('accepted')
  })
})

describe('own devices', () => {
  it('hold the same conversation, without sound or receipts for copies', async () => {
    const { clock, network, devices } = await acquainted('alice1', 'alice2', 'bob1')
    const [alice, alice2, bob] = devices
    await alice.send(bob, 'from one')
    await clock.advance(1000)
    await alice2.send(bob, 'from two')
    await clock.advance(1000)
    await bob.send(alice, 'answer')
    await clock.advance(1000)
    for (const device of [alice, alice2]) {
      expect(await device.texts(bob)).toEqual(['from one', 'from two', 'answer'])
      expect((await device.messages(bob)).slice(0, 2).map(({ state }) => state)).toEqual(['delivered', 'delivered'])
      expect(device.notifications.map(({ body }) => body)).toEqual(['answer'])
    }
    expect(await bob.texts(alice)).toEqual(['from one', 'from two', 'answer'])
    const copied = network.wire
      .filter(({ from, request }) => from === request.to)
      .map(({ request }) => readBody(request.body, ''))
    expect(copied.filter(({ kind }) => kind === 'line').length, 'one copy per message').toBe(3)
    expect(copied.filter(({ kind }) => kind === 'mark').length, 'one mark per message delivered').toBe(3)
  })

  it('share what the user says about people, whatever comes first', async () => {
    const { clock, devices } = await world('alice1', 'alice2', 'bob1', 'carol1')
    const [alice, alice2, bob, carol] = devices
    const both = async (peer: ChatDevice) => {
      const views = await Promise.all(
        [alice, alice2].map(async (device) => {
          const { conversations } = await device.chat.list()
          const { muted, name } = conversations.find((conversation) => conversation.peer === peer.aor)!
          const contact = (await device.contacts.list()).find(({ aor }) => aor === peer.aor)!
          return { muted, name, policy: contact.policy, note: contact.note }
        }),
      )
      expect(views[1]).toEqual(views[0])
      return views[0]
    }
    await bob.send(alice, 'It is me, Bob')
    await clock.advance(1000)
    expect(await both(bob)).toMatchObject({ policy: 'pending' })
    const conversationId = await alice.conversation(bob)
    await alice.contacts.setPolicy({ conversationId, policy: 'accepted' })
    await alice2.contacts.update({ conversationId, name: 'Bobby', note: '  sings\n\\bass' })
    await alice.chat.keeping.say(conversationId, { muted: true })
    await clock.advance(1000)
    expect(await both(bob)).toEqual({ muted: true, name: 'Bobby', policy: 'accepted', note: '  sings\n\\bass' })
    await bob.send(alice, 'Thanks')
    await clock.advance(1000)
    expect((await bob.messages(alice)).at(-1)!.state).toBe('delivered')
    // One device blocks while the other is away and writes; the block is later and stands, on both.
    alice2.signalling.goOffline()
    await alice2.send(bob, 'Written before the block')
    await clock.advance(1000)
    await alice.contacts.setPolicy({ conversationId, policy: 'blocked' })
    await clock.advance(1000)
    alice2.signalling.goOnline()
    await clock.advance(60_000)
    expect(await both(bob)).toMatchObject({ policy: 'blocked' })
    // Blocked by one before the other ever heard of the stranger.
    alice2.signalling.goOffline()
    await carol.send(alice, 'Hello there')
    await clock.advance(1000)
    await alice.contacts.setPolicy({ conversationId: await alice.conversation(carol), policy: 'blocked' })
    await clock.advance(1000)
    alice2.signalling.goOnline()
    await clock.advance(60_000)
    for (const device of [alice, alice2]) {
      const contact = (await device.contacts.list()).find(({ aor }) => aor === carol.aor)
      expect(contact).toMatchObject({ policy: 'blocked' })
    }
    expect([alice.notifications, alice2.notifications]).toEqual([[], []])
  })

  it('take each other’s chat sessions with the decision', async () => {
    const { clock, devices } = await world('alice1', 'alice2', 'bob1')
    const [alice, alice2, bob] = devices
    alice2.chat.activity({ conversationId: null, focused: true })
    await bob.send(alice, 'hello')
    await clock.advance(1000)
    const chat = { accountId: alice2.account.id, session: 's1', from: bob.aor, fromName: '' }
    alice2.signalling.emit({ kind: 'chat-session', chat })
    await settle()
    await alice.contacts.setPolicy({ conversationId: await alice.conversation(bob), policy: 'accepted' })
    await clock.advance(1000)
    expect(alice2.signalling.answers.map(({ answer }) => answer)).toEqual(['ring', 'accept'])
  })

  it('learn what was read elsewhere', async () => {
    const { clock, devices } = await acquainted('alice1', 'alice2', 'bob1')
    const [alice, alice2, bob] = devices
    await bob.send(alice, 'read me')
    await clock.advance(1000)
    expect((await alice2.chat.list()).conversations[0]!.unread).toBe(1)
    await alice.readAll(bob)
    await clock.advance(1000)
    expect((await alice2.chat.list()).conversations[0]!.unread).toBe(0)
    expect(alice2.withdrawn).toEqual([await alice2.conversation(bob)])
    expect((await bob.messages(alice))[0]!.state).toBe('displayed')
  })

  it('share a chat session of one of them, both ways, quietly', async () => {
    const { clock, network, devices } = await acquainted('alice1', 'alice2', 'bob1')
    const [alice, alice2, bob] = devices
    network.msrp = true
    alice.chat.activity({ conversationId: null, focused: true })
    await bob.send(alice, 'over the session')
    await clock.advance(5000)
    await alice.send(bob, 'and back')
    await clock.advance(5000)
    for (const device of [alice, alice2]) expect(await device.texts(bob)).toEqual(['over the session', 'and back'])
    expect((await alice.messages(bob)).map(({ path }) => path)).toEqual(['msrp', 'msrp'])
    expect((await alice2.messages(bob)).map(({ state }) => state)).toEqual(['delivered', 'delivered'])
    expect((await bob.messages(alice))[0]).toMatchObject({ path: 'msrp', state: 'delivered' })
    expect(alice.notifications).toHaveLength(1)
    expect(alice2.notifications).toEqual([])
  })

  it('take no copies from anyone else', async () => {
    const { clock, devices } = await acquainted('alice1', 'mallory1')
    const [alice, mallory] = devices
    const copy = [
      'From: <sip:bob@example.org>',
      'To: <sip:alice@example.org>',
      'NS: s <urn:x-sotto:chat:1>',
      's.Own-Copy: incoming',
      's.Device: anything',
      '',
      'Content-Type: text/plain',
      '',
      'I owe you nothing',
    ].join('\r\n')
    void mallory.signalling.send({
      ...{ accountId: mallory.account.id, to: alice.aor, prefer: 'message', messageId: 'copy' },
      body: { contentType: 'message/cpim', payload: utf8(copy) },
    })
    await clock.advance(1000)
    expect(alice.signalling.refusals).toEqual([403])
    expect((await alice.chat.list()).conversations).toHaveLength(1)
  })
})

describe('chat sessions', () => {
  it('are accepted by the device in use only, for contacts only', async () => {
    const { clock, network, devices } = await acquainted('alice1', 'alice2', 'bob1')
    const [alice, alice2, bob] = devices
    network.msrp = true
    alice2.chat.activity({ conversationId: null, focused: true })
    await bob.send(alice, 'hi')
    await clock.advance(5000)
    expect(alice.signalling.answers.map(({ answer }) => answer)).toEqual(['ring'])
    expect(alice2.signalling.answers.map(({ answer }) => answer)).toEqual(['accept'])
  })

  it('of strangers ring until the user decides', async () => {
    const { clock, devices } = await world('alice1', 'bob1', 'carol1')
    const [alice, bob, carol] = devices
    alice.chat.activity({ conversationId: null, focused: true })
    await bob.send(alice, 'hello')
    await clock.advance(1000)
    const invite = (session: string, from: ChatDevice) =>
      alice.signalling.emit({
        kind: 'chat-session',
        chat: { accountId: alice.account.id, session, from: from.aor, fromName: '' },
      })
    invite('s1', bob)
    await settle()
    expect(alice.signalling.answers).toEqual([{ session: 's1', answer: 'ring' }])
    const [conversation] = (await alice.chat.list()).conversations
    await alice.contacts.setPolicy({ conversationId: conversation!.id, policy: 'accepted' })
    expect(alice.signalling.answers.at(-1)).toEqual({ session: 's1', answer: 'accept' })
    await alice.contacts.setPolicy({ conversationId: await alice.conversation(carol), policy: 'blocked' })
    invite('s2', carol)
    await settle()
    expect(alice.signalling.answers.at(-1)).toEqual({ session: 's2', answer: 'decline' })
  })
})

describe('small things', () => {
  it('keeps drafts over a restart and clears them when sent', async () => {
    const { devices } = await acquainted('alice1', 'bob1')
    const [alice, bob] = devices
    const conversationId = await alice.conversation(bob)
    await alice.chat.setDraft({ conversationId, draft: 'half a thou' })
    await alice.restart()
    expect((await alice.chat.list()).conversations[0]!.draft).toBe('half a thou')
    await alice.send(bob, 'half a thought')
    expect((await alice.chat.list()).conversations[0]!.draft).toBe('')
  })

  it('tells typing once, and stops it after silence', async () => {
    const { clock, devices } = await acquainted('alice1', 'bob1')
    const [alice, bob] = devices
    const conversationId = await alice.conversation(bob)
    for (let key = 0; key < 5; key++) {
      await alice.chat.typing({ conversationId, active: true })
      await clock.advance(1000)
    }
    await clock.advance(20_000)
    expect(alice.signalling.typed).toEqual([
      { to: bob.aor, active: true },
      { to: bob.aor, active: false },
    ])
    alice.account.sendTyping = false
    await alice.chat.typing({ conversationId, active: true })
    expect(alice.signalling.typed).toHaveLength(2)
  })

  it('shows typing of contacts until a message comes or the time is up', async () => {
    const { clock, devices } = await acquainted('alice1', 'bob1')
    const [alice, bob] = devices
    const xml =
      '<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"><state>active</state><refresh>60</refresh></isComposing>'
    const compose = () =>
      bob.signalling.send({
        ...{ accountId: bob.account.id, to: alice.aor, prefer: 'message', messageId: 'c' },
        body: { contentType: 'application/im-iscomposing+xml', payload: utf8(xml) },
      })
    void compose()
    await clock.advance(1000)
    await bob.send(alice, 'done')
    await clock.advance(1000)
    void compose()
    await clock.advance(61_000)
    expect(alice.typing.map(({ active }) => active)).toEqual([true, false, true, false])
  })

  it('notifies nobody who is looking, has muted, or switched it off; without preview no text', async () => {
    const { clock, devices } = await acquainted('alice1', 'bob1')
    const [alice, bob] = devices
    const conversationId = await alice.conversation(bob)
    const receive = async (text: string) => {
      await bob.send(alice, text)
      await clock.advance(1000)
    }
    alice.chat.activity({ conversationId, focused: true })
    await receive('looking')
    alice.chat.activity({ conversationId, focused: false })
    await alice.chat.keeping.say(conversationId, { muted: true })
    await receive('muted')
    await alice.chat.keeping.say(conversationId, { muted: false })
    alice.settings.enabled = false
    await receive('off')
    Object.assign(alice.settings, { enabled: true, preview: false })
    await receive('on')
    expect(alice.notifications).toEqual([{ conversationId, title: 'bob', body: null }])
  })

  it('sends no receipts when the account may not', async () => {
    const { clock, network, devices } = await acquainted('alice1', 'bob1')
    const [alice, bob] = devices
    alice.account.sendReceipts = false
    await bob.send(alice, 'did you get it?')
    await clock.advance(1000)
    await alice.readAll(bob)
    await clock.advance(1000)
    expect(
      network.wire.filter(({ request }) => request.to === bob.aor && request.accountId !== bob.account.id),
    ).toHaveLength(0)
    expect((await bob.messages(alice))[0]!.state).toBe('sent')
  })

  it('keeps notes to oneself, once', async () => {
    const { clock, devices } = await world('alice1', 'alice2')
    const [alice, alice2] = devices
    await alice.send(alice, 'milk')
    await clock.advance(1000)
    expect(await alice.texts(alice)).toEqual(['milk'])
    expect((await alice2.messages(alice)).map(({ text, state }) => [text, state])).toEqual([['milk', 'sent']])
    expect(alice2.notifications).toEqual([])
  })

  it('marks a second content under a used Message-ID', async () => {
    const { clock, devices } = await acquainted('alice1', 'bob1')
    const [alice, bob] = devices
    const send = (text: string) =>
      bob.signalling.send({
        ...{ accountId: bob.account.id, to: alice.aor, prefer: 'message', messageId: 'same' },
        body: { contentType: 'text/plain', payload: utf8(text) },
      })
    for (const text of ['first', 'first', 'second']) {
      void send(text)
      await clock.advance(1000)
    }
    const messages = await alice.messages(bob)
    expect(messages.map(({ text, conflicting }) => [text, conflicting])).toEqual([
      ['first', true],
      ['second', true],
    ])
    expect(alice.notifications).toHaveLength(1)
    expect(
      await alice.history.reader.message(await alice.conversation(bob), bob.aor, 'same' as MessageId),
    ).not.toBeNull()
  })
})
