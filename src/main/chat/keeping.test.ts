import { afterEach, describe, expect, it } from 'vitest'
import { EntryFactory } from '#shared/model/entry-factory.ts'
import { emptyFilter } from '#shared/model/search.ts'
import { HistoryUpkeep } from '#main/upkeep/upkeep.ts'
import { ChatDevice } from '#test/fakes/chat-device.ts'
import { silentLog } from '#test/fakes/silent-log.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { FakeNetwork } from '#test/fakes/signalling.ts'

const devices: ChatDevice[] = []
const upkeeps: HistoryUpkeep[] = []
const random = new SeededRandom('keeping')

/** Devices of people who know each other, each with the upkeep of its history. */
async function world(...names: readonly string[]) {
  const clock = new FakeClock()
  const network = new FakeNetwork(clock, new SeededRandom('network'))
  const made = names.map((name) => new ChatDevice({ clock, network, seed: 'keep' }, name.slice(0, -1), name.slice(-1)))
  devices.push(...made)
  for (const device of made) await device.start()
  for (const one of made) for (const other of made) if (one.aor !== other.aor) await one.conversation(other)
  for (const device of made) {
    const { writer, reader } = device.history
    const upkeep = new HistoryUpkeep({
      ...{ writer, reader, clock, random, log: silentLog, keepDays: () => 0 },
      entries: new EntryFactory({ clock, random }),
      attachments: { sweep: () => Promise.resolve(0) },
      deviceOf: () => device.account.deviceId,
      withdrawNotification: (id) => device.withdrawn.push(id),
    })
    upkeeps.push(upkeep)
    await upkeep.start()
  }
  return { clock, devices: made as [ChatDevice, ChatDevice, ChatDevice] }
}

afterEach(async () => {
  for (const upkeep of upkeeps.splice(0)) await upkeep.stop()
  for (const device of devices.splice(0)) await device.close()
})

const found = async (device: ChatDevice, text: string) =>
  (await device.history.reader.search({ filter: { ...emptyFilter, text }, before: null, limit: 9 })).hits.length

describe('deleting for me', () => {
  it('takes a row of anybody from all own devices, and the other side hears nothing', async () => {
    const { clock, devices } = await world('alice1', 'alice2', 'bob1')
    const [alice, alice2, bob] = devices
    await bob.send(alice, 'first words')
    await clock.advance(1000)
    await alice.send(bob, 'second words')
    await clock.advance(1000)
    const conversationId = await alice.conversation(bob)
    const [theirs, own] = await alice.messages(bob)
    for (const { author, messageId } of [theirs!, own!])
      await alice.chat.keeping.remove({ conversationId, author, messageId })
    await clock.advance(1000)
    expect(await alice.messages(bob)).toEqual([])
    expect(await alice2.messages(bob)).toEqual([])
    expect(await found(alice2, 'words')).toBe(0)
    expect(await bob.texts(alice)).toEqual(['first words', 'second words'])
  })

  it('keeps what was read as read', async () => {
    const { clock, devices } = await world('alice1', 'bob1')
    const [alice, bob] = devices
    for (const text of ['one', 'two']) await bob.send(alice, text)
    await clock.advance(1000)
    await alice.readAll(bob)
    const conversationId = await alice.conversation(bob)
    const last = (await alice.messages(bob)).at(-1)!
    await alice.chat.keeping.remove({ conversationId, author: last.author, messageId: last.messageId })
    expect((await alice.history.reader.conversation(conversationId))!.unread).toBe(0)
    expect(await alice.texts(bob)).toEqual(['one'])
  })
})

describe('disappearing messages', () => {
  const day = 86_400

  async function agreed(...names: readonly string[]) {
    const made = await world(...names)
    const { clock, devices } = made
    const [alice] = devices
    const bob = devices.at(-1)!
    await alice.chat.keeping.setTimer(await alice.conversation(bob), day)
    await clock.advance(1000)
    return { ...made, bob }
  }

  it('stay while only one side wants them to go', async () => {
    const { clock, devices, bob } = await agreed('alice1', 'bob1')
    const [alice] = devices
    await alice.send(bob, 'stays')
    await bob.send(alice, 'stays too')
    await clock.advance(3 * day * 1000)
    expect(await bob.texts(alice)).toContain('stays')
    expect(await alice.texts(bob)).toContain('stays too')
  })

  it('go from both sides once both agreed: after sending here, after reading there, from search and disk rows as well', async () => {
    const { clock, devices, bob } = await agreed('alice1', 'bob1')
    const [alice] = devices
    await bob.chat.keeping.setTimer(await bob.conversation(alice), day)
    await clock.advance(1000)
    await alice.send(bob, 'vanishing point')
    await clock.advance(1000)
    await clock.advance((day - 10) * 1000)
    expect(await found(alice, 'vanishing')).toBe(1)
    await clock.advance(20_000)
    expect(await found(alice, 'vanishing')).toBe(0)
    expect(await alice.texts(bob)).not.toContain('vanishing point')
    // Not read yet: its time has not begun.
    expect(await found(bob, 'vanishing')).toBe(1)
    await bob.readAll(alice)
    await clock.advance((day + 10) * 1000)
    expect(await found(bob, 'vanishing')).toBe(0)
    expect(bob.withdrawn).toContain(await bob.conversation(alice))
    const again = await bob.history.reader.counts()
    expect(again.messages).toBe(2)
  })

  it('do not come back when the same message arrives once more', async () => {
    const { clock, devices, bob } = await agreed('alice1', 'bob1')
    const [alice] = devices
    await bob.chat.keeping.setTimer(await bob.conversation(alice), 60)
    await clock.advance(1000)
    const messageId = await alice.send(bob, 'only once')
    await clock.advance(1000)
    const held = (await bob.messages(alice)).find((message) => message.messageId === messageId)!
    await bob.readAll(alice)
    await clock.advance(120_000)
    const origin = {
      account: bob.aor,
      device: bob.account.deviceId,
      authenticatedBy: 'server',
      verified: false,
    } as const
    const conversation = await bob.conversation(alice)
    const copy = new EntryFactory({ clock, random }).make(origin, {
      ...{ kind: 'message', conversation, peer: alice.aor, author: alice.aor, messageId, contentType: 'text/plain' },
      ...{ text: held.text, sentAt: held.sentAt },
    })
    await bob.history.writer.commit({ entries: [copy] })
    expect(await found(bob, 'once')).toBe(0)
  })

  it('stay from the moment either side says so', async () => {
    const { clock, devices, bob } = await agreed('alice1', 'bob1')
    const [alice] = devices
    await bob.chat.keeping.setTimer(await bob.conversation(alice), day)
    await clock.advance(1000)
    await bob.chat.keeping.setTimer(await bob.conversation(alice), 0)
    await clock.advance(1000)
    await alice.send(bob, 'stays again')
    await clock.advance(3 * day * 1000)
    expect(await alice.texts(bob)).toContain('stays again')
  })

  it('are not agreed to by a copy that only the servers vouch for', async () => {
    const { clock, devices, bob } = await agreed('alice1', 'alice2', 'bob1')
    const [, alice2] = devices
    await bob.chat.keeping.setTimer(await bob.conversation(alice2), day)
    await clock.advance(1000)
    const view = await alice2.history.reader.conversation(await alice2.conversation(bob))
    expect(view!.timers).toEqual({ own: 0, peer: day })
    await bob.send(alice2, 'kept here')
    await clock.advance(1000)
    await alice2.readAll(bob)
    await clock.advance(3 * day * 1000)
    expect(await alice2.texts(bob)).toContain('kept here')
  })
})

describe('a conversation', () => {
  it('is erased with what waits to be sent, and its outcome brings nothing back', async () => {
    const { clock, devices } = await world('alice1', 'bob1')
    const [alice, bob] = devices
    bob.signalling.goOffline()
    alice.signalling.goOffline()
    await alice.send(bob, 'never sent')
    const conversationId = await alice.conversation(bob)
    await alice.chat.keeping.erase(conversationId)
    alice.signalling.goOnline()
    bob.signalling.goOnline()
    await clock.advance(60_000)
    expect(await bob.texts(alice)).toEqual([])
    expect(await alice.history.reader.conversation(conversationId)).toBeNull()
    expect(await alice.pendingJobs()).toBe(0)
  })

  it('comes back out of the archive with the next message, unless it is muted', async () => {
    const { clock, devices } = await world('alice1', 'bob1')
    const [alice, bob] = devices
    await bob.send(alice, 'before')
    await clock.advance(1000)
    const id = await alice.conversation(bob)
    const view = async () => (await alice.history.reader.conversation(id))!
    await alice.chat.keeping.say(id, { archived: true, pinned: true })
    expect(await view()).toMatchObject({ archived: true, pinned: true })
    await alice.chat.keeping.say(id, { muted: true })
    await bob.send(alice, 'muted')
    await clock.advance(1000)
    expect((await view()).archived).toBe(true)
    await alice.chat.keeping.say(id, { muted: false })
    expect((await view()).archived).toBe(false)
  })
})

describe('a bookmark', () => {
  it('is put and taken off, and found', async () => {
    const { clock, devices } = await world('alice1', 'bob1')
    const [alice, bob] = devices
    await bob.send(alice, 'worth keeping')
    await clock.advance(1000)
    const conversationId = await alice.conversation(bob)
    const { author, messageId } = (await alice.messages(bob))[0]!
    const marked = async () => {
      const page = await alice.history.reader.search({
        ...{ filter: { ...emptyFilter, kind: 'bookmark' }, before: null, limit: 9 },
      })
      return page.hits.map(({ excerpt }) => excerpt)
    }
    await alice.chat.keeping.setBookmarked({ conversationId, author, messageId, bookmarked: true })
    expect(await marked()).toEqual(['worth keeping'])
    await alice.chat.keeping.setBookmarked({ conversationId, author, messageId, bookmarked: false })
    expect(await marked()).toEqual([])
  })
})
