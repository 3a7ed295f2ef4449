import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Entry } from '#shared/model/entry.ts'
import { EntryFactory } from '#shared/model/entry-factory.ts'
import type { DeviceId, MessageId } from '#shared/model/ids.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { systemRandom } from '#main/platform/system-random.ts'
import { HistoryUpkeep } from '#main/upkeep/upkeep.ts'
import { silentLog } from '#test/fakes/silent-log.ts'
import type { HistoryChange } from '#main/history/port.ts'
import { alice, bob, conversationWith, EntryMaker, eve } from '#test/integration/history/history-fixture.ts'
import { HistoryDevice, SharedServer } from './two-histories.ts'

let server: SharedServer
let desk: HistoryDevice
let phone: HistoryDevice
let onDesk: EntryMaker
let onPhone: EntryMaker

beforeEach(async () => {
  server = new SharedServer()
  desk = new HistoryDevice(server, 'desk')
  phone = new HistoryDevice(server, 'phone')
  onDesk = new EntryMaker(server.now - 60_000)
  onPhone = new EntryMaker(server.now - 30_000)
  await desk.switchOn()
  await phone.switchOn()
})
afterEach(async () => {
  await desk.remove()
  await phone.remove()
})

const tell = async (device: HistoryDevice, ...entries: readonly Entry[]) => {
  for (const entry of entries) await device.history.writer.commit({ entries: [entry] })
}
const sync = async () => {
  for (const device of [desk, phone, desk, phone]) await device.sync()
}
const message = (device: HistoryDevice, id: string) =>
  device.history.reader.message(conversationWith(bob), bob, id as MessageId)
const expectSame = async () => expect(await phone.views()).toEqual(await desk.views())
const stored = async (words: string) => (await server.bodies()).some((body) => body.includes(words))

describe('two devices with histories of their own', () => {
  it('show the same of everything that either saw', async () => {
    await tell(desk, onDesk.contact({ policy: 'accepted', name: 'Bob' }), onDesk.incoming('one', { id: 'm1' }))
    await tell(desk, onDesk.edit('m1', 'one, edited'), onDesk.outgoing('two', { id: 'm2' }))
    await tell(desk, onDesk.delivery('m2', 'sent'), onDesk.delivery('m2', 'displayed', bob))
    await tell(phone, onPhone.incoming('three', { id: 'm3' }), onPhone.read('m3'))
    await tell(phone, onPhone.call({ author: bob, id: 'c1', outcome: 'answered', durationMs: 3000 }))
    await tell(phone, onPhone.contact({ policy: 'blocked' }, eve))
    await sync()
    await expectSame()
    expect((await message(phone, 'm1'))?.text).toBe('one, edited')
    expect((await desk.history.reader.contacts()).map(({ aor }) => aor).sort()).toEqual([bob, eve].sort())
  })

  it('seal nothing that they read', async () => {
    await tell(desk, onDesk.incoming('one'), onDesk.incoming('two'))
    await sync()
    const count = await server.envelopeCount()
    await sync()
    expect([count, await server.envelopeCount()]).toEqual([2, 2])
  })

  it('say once that something came, wherever it came first', async () => {
    const changes: HistoryChange[] = []
    phone.history.writer.onChange((change) => changes.push(change))
    const incoming = onDesk.incoming('only once', { id: 'm1' })
    await tell(desk, incoming)
    await sync()
    await tell(phone, onPhone.incoming('only once', { id: 'm1' }))
    await phone.history.writer.commit({})
    await new Promise((resolve) => setImmediate(resolve))
    expect(changes.flatMap(({ newIncoming }) => newIncoming.map(({ text }) => text))).toEqual(['only once'])
  })

  it('go on with what was not sealed or read when one of them ends', async () => {
    await tell(desk, onDesk.incoming('one', { id: 'm1' }))
    await desk.restart()
    await desk.sync()
    await phone.restart()
    await phone.sync()
    await expectSame()
    expect((await message(phone, 'm1'))?.text).toBe('one')
  })

  it('keep what nobody could open, and show it once the key is there', async () => {
    desk.epochs.newest = 2
    desk.epochs.known.add(2)
    await tell(desk, onDesk.incoming('later', { id: 'm1' }))
    await sync()
    expect(await message(phone, 'm1')).toBeNull()
    await phone.restart()
    phone.epochs.known.add(2)
    const journal = await phone.journal()
    const open = (_header: Uint8Array, body: Uint8Array) => body.subarray(0, body.length - 32)
    expect(await journal.openWaiting(() => 'no-key')).toBe(1)
    expect(await journal.openWaiting(open)).toBe(0)
    expect(await journal.openWaiting(open)).toBe(0)
    expect((await message(phone, 'm1'))?.text).toBe('later')
  })
})

describe('what is erased on one of them', () => {
  it('goes from the other and from the server, whoever sent it there', async () => {
    await tell(desk, onDesk.incoming('taken back', { id: 'm1' }), onDesk.edit('m1', 'still taken back'))
    await sync()
    expect(await stored('taken back')).toBe(true)
    await tell(phone, onPhone.delete('m1'))
    await sync()
    expect(await stored('taken back')).toBe(false)
    expect(await message(desk, 'm1')).toMatchObject({ deleted: true, text: '' })
    await expectSame()
  })

  it('leaves for later devices what is left to see', async () => {
    await tell(desk, onDesk.incoming('taken back', { id: 'm1' }))
    await sync()
    await tell(phone, onPhone.delete('m1'))
    await sync()
    const tablet = new HistoryDevice(server, 'tablet')
    await tablet.switchOn()
    await tablet.sync()
    expect(await tablet.views()).toEqual(await desk.views())
    expect(await message(tablet, 'm1')).toMatchObject({ deleted: true })
    await tablet.remove()
  })

  it('never gets there when nothing was sealed yet', async () => {
    await tell(desk, onDesk.incoming('taken back', { id: 'm1' }), onDesk.delete('m1'))
    await sync()
    expect(await stored('taken back')).toBe(false)
    await expectSame()
  })

  it('is forgotten though it was being sealed just then', async () => {
    await tell(desk, onDesk.incoming('taken back', { id: 'm1' }))
    const journal = await desk.journal()
    const unsealed = journal.unsealed.bind(journal)
    journal.unsealed = async (most, fitting) => {
      const found = await unsealed(most, fitting)
      if (found !== null && found.contents.length === 1) await tell(desk, onDesk.delete('m1'))
      return found
    }
    await desk.sync()
    await sync()
    expect(await stored('taken back')).toBe(false)
    await expectSame()
  })

  it('is gone without a trace when the person removes it', async () => {
    await tell(desk, onDesk.incoming('remove me', { id: 'm1' }), onDesk.delivery('m1', 'displayed', bob))
    await sync()
    const removed = onPhone.remove('m1')
    await tell(phone, { ...removed, body: { ...removed.body, gone: true } as Entry['body'] })
    await sync()
    expect(await stored('remove me')).toBe(false)
    expect([await message(desk, 'm1'), await message(phone, 'm1')]).toEqual([null, null])
    await expectSame()
  })

  it('stays erased when a copy of another device comes later', async () => {
    await tell(phone, onPhone.incoming('taken back', { id: 'm1' }))
    await tell(desk, onDesk.incoming('taken back', { id: 'm1' }), onDesk.delete('m1'))
    await sync()
    expect(await stored('taken back')).toBe(false)
    await expectSame()
    expect(await message(phone, 'm1')).toMatchObject({ deleted: true })
  })

  it('stays where it is when this device alone forgets it', async () => {
    await tell(desk, onDesk.incoming('keep me there', { id: 'm1' }))
    await sync()
    await desk.history.writer.commit({ eraseConversations: [conversationWith(bob)] })
    await sync()
    expect(await stored('keep me there')).toBe(true)
    expect((await message(phone, 'm1'))?.text).toBe('keep me there')
    expect(await message(desk, 'm1')).toBeNull()
  })
})

describe('a reaction that another one replaced', () => {
  const reaction = (maker: EntryMaker, id: string, emojis: string, sentAt: number): Entry => {
    const about = { target: 'm1' as MessageId, targetAuthor: alice, emojis, sentAt }
    const by = { conversation: conversationWith(bob), peer: bob, author: bob, messageId: id as MessageId }
    return maker.entry({ kind: 'reaction', ...by, ...about })
  }
  const shown = async ({ history }: HistoryDevice) =>
    (await history.reader.message(conversationWith(bob), alice, 'm1' as MessageId))?.reactions
  const expectThere = async (...there: readonly boolean[]) => {
    const found = await Promise.all(['first-choice', 'second-choice', 'third-choice'].map(stored))
    expect(found).toEqual(there)
  }

  beforeEach(async () => {
    await tell(desk, onDesk.outgoing('one', { id: 'm1' }), reaction(onDesk, 'first-choice', '👍', 1000))
    await sync()
    await expectThere(true, false, false)
  })

  it('goes from the server, and is told once', async () => {
    await tell(desk, reaction(onDesk, 'second-choice', '😂', 2000))
    await sync()
    await expectThere(false, true, false)
    await tell(phone, reaction(onPhone, 'third-choice', '', 3000))
    await sync()
    await expectThere(false, false, true)
    expect(await server.tombstones()).toBe(2)
    expect(await shown(desk)).toBeUndefined()
    await expectSame()
  })

  it('goes though both devices heard of it, and one of its replacement', async () => {
    await tell(phone, reaction(onPhone, 'first-choice', '👍', 1000))
    const count = await server.envelopeCount()
    await sync()
    expect(await server.envelopeCount()).toBe(count)
    await tell(phone, reaction(onPhone, 'second-choice', '😂', 2000))
    await sync()
    await expectThere(false, true, false)
    expect(await server.tombstones()).toBe(1)
    await expectSame()
  })

  it('goes though its device sent it before hearing that it was replaced', async () => {
    await tell(phone, reaction(onPhone, 'second-choice', '😂', 2000))
    await tell(desk, reaction(onDesk, 'third-choice', '🙏', 3000))
    await phone.sync()
    await expectThere(false, true, false)
    await sync()
    await expectThere(false, false, true)
    expect(await server.tombstones()).toBe(2)
    await expectSame()
  })

  it('stays in every copy while nothing replaced it', async () => {
    await tell(phone, reaction(onPhone, 'second-choice', '😂', 2000))
    await tell(desk, reaction(onDesk, 'second-choice', '😂', 2000))
    await sync()
    await expectThere(false, true, false)
    expect(await server.tombstones()).toBe(1)
    await tell(desk, reaction(onDesk, 'third-choice', '🙏', 3000))
    await sync()
    await expectThere(false, false, true)
    expect(await shown(phone)).toEqual([{ author: bob, emojis: ['🙏'] }])
    await expectSame()
  })
})

describe('what disappears', () => {
  /** As the program does once the time is up. */
  const upkeep = async ({ history }: HistoryDevice, id: string): Promise<void> => {
    const keeping = new HistoryUpkeep({
      ...{ writer: history.writer, reader: history.reader, random: systemRandom, log: silentLog },
      entries: new EntryFactory({ clock: systemClock, random: systemRandom }),
      attachments: { sweep: () => Promise.resolve(0) },
      deviceOf: () => id as DeviceId,
      withdrawNotification: () => undefined,
      keepDays: () => 0,
      clock: systemClock,
    })
    await keeping.start()
    await keeping.stop()
  }
  const fleeting = (): Entry => {
    const base = onDesk.outgoing('a fleeting word', { id: 'm1' })
    return { ...base, body: { ...base.body, expiresAfter: 1 } as Entry['body'] }
  }

  it('is not sealed once its time is up, and shown nowhere', async () => {
    await tell(desk, onDesk.outgoing('stays', { id: 'm2' }))
    await tell(desk, fleeting())
    // Its time is up, though nobody has come round to erase it.
    expect((await desk.history.writer.replica.unsealed(alice, 10))?.queued).toHaveLength(1)
    await upkeep(desk, 'BBBBBBBBBBBBBBBBBBBBBA')
    await sync()
    expect(await stored('fleeting')).toBe(false)
    expect(await phone.history.reader.message(conversationWith(bob), alice, 'm1' as MessageId)).toBeNull()
    await expectSame()
  })

  it('does not come back with a copy that another device had sealed', async () => {
    await tell(phone, { ...fleeting(), head: onPhone.outgoing('').head })
    const late = { ...onPhone.outgoing('a fleeting word', { id: 'm3' }) }
    const longer = { ...late, body: { ...late.body, expiresAfter: 2 * 3600 } as Entry['body'] }
    await tell(phone, longer)
    await sync()
    expect(await stored('fleeting')).toBe(true)
    const gone = { ...onDesk.delete('m3', alice) }
    await tell(desk, { ...gone, body: { ...gone.body, gone: true } as Entry['body'] })
    await upkeep(phone, 'BBBBBBBBBBBBBBBBBBBBBA')
    await sync()
    expect(await stored('fleeting')).toBe(false)
    for (const { history } of [desk, phone])
      for (const id of ['m1', 'm3'])
        expect(await history.reader.message(conversationWith(bob), alice, id as MessageId)).toBeNull()
  })
})

describe('what this device sealed itself', () => {
  /** Bodies in the batches it keeps, in clear: a stub's cipher hides nothing. */
  const kept = async (device: HistoryDevice, words: string): Promise<boolean> => {
    const journal = await device.journal()
    const found: string[] = []
    for (let first = 1; ;) {
      const sealed = await device.history.writer.replica.sealed(alice, first)
      if (sealed === null) break
      found.push(Buffer.from(sealed.bytes).toString('latin1'))
      first = sealed.place.seq + 1
    }
    expect(found.length).toBeGreaterThan(0)
    expect(journal.own()).not.toBeNull()
    return found.some((text) => text.includes(words))
  }

  it.each([
    ['taken back', () => tell(desk, onDesk.delete('m1'))],
    [
      'the conversation is erased here',
      () => desk.history.writer.commit({ eraseConversations: [conversationWith(bob)] }).then(() => undefined),
    ],
  ])('does not lie on this disk any more once it is %s', async (_what, erase) => {
    await tell(desk, onDesk.incoming('not for ever', { id: 'm1' }), onDesk.incoming('stays', { id: 'm2' }))
    await sync()
    expect(await kept(desk, 'not for ever')).toBe(true)
    await erase()
    expect(await kept(desk, 'not for ever')).toBe(false)
    await sync()
  })

  it('goes to the server first where it is not there yet', async () => {
    await tell(desk, onDesk.incoming('not for ever', { id: 'm1' }))
    const push = server.portFor.bind(server)
    server.portFor = (device) => ({ ...push(device), push: () => Promise.reject(new Error('unreachable')) })
    await expect(desk.sync()).rejects.toThrow('unreachable')
    server.portFor = push
    await tell(desk, onDesk.delete('m1'))
    expect(await kept(desk, 'not for ever')).toBe(true)
    await sync()
    expect(await kept(desk, 'not for ever')).toBe(false)
    expect(await stored('not for ever')).toBe(false)
    await expectSame()
  })

  it('is explained when a server that lost it gets it again without what was erased here', async () => {
    const empty = server.store.backup()
    await tell(desk, onDesk.incoming('not for ever', { id: 'm1' }), onDesk.incoming('stays', { id: 'm2' }))
    await desk.sync()
    await desk.history.writer.commit({ eraseConversations: [conversationWith(bob)] })
    empty()
    await expect(desk.sync()).rejects.toThrow('rolled-back')
    await desk.sync()
    await phone.sync()
    expect((await phone.journal()).missing()).toEqual([])
    expect(await message(phone, 'm1')).toBeNull()
  })
})

describe('switching', () => {
  it('brings along what came in the last 60 days, and contacts of any age', async () => {
    const old = new EntryMaker(server.now - 90 * 86_400_000)
    const other = new HistoryDevice(server, 'other')
    await tell(other, old.contact({ policy: 'accepted', name: 'Eve' }, eve), old.incoming('long ago', { id: 'old' }))
    await tell(other, new EntryMaker(server.now - 86_400_000).incoming('yesterday', { id: 'new' }))
    await other.switchOn()
    await other.sync()
    await phone.sync()
    expect((await message(phone, 'new'))?.text).toBe('yesterday')
    expect(await message(phone, 'old')).toBeNull()
    expect((await phone.history.reader.contacts()).map(({ name }) => name)).toEqual(['Eve'])
    await other.remove()
  })

  it('off forgets the journal and leaves the history', async () => {
    await tell(desk, onDesk.incoming('one', { id: 'm1' }))
    await sync()
    const { replica } = desk.history.writer
    await replica.switchOff(alice)
    await tell(desk, onDesk.incoming('two', { id: 'm2' }))
    expect([await replica.accounts(), await replica.journal(alice)]).toEqual([[], null])
    expect((await message(desk, 'm1'))?.text).toBe('one')
    await expect(replica.keepConfirmed(alice, 1)).rejects.toMatchObject({ code: 'not-found' })
  })

  it('queues contacts anew when asked', async () => {
    await tell(desk, onDesk.contact({ policy: 'accepted', name: 'Bob' }), onDesk.incoming('one'))
    await sync()
    const { replica } = desk.history.writer
    expect((await replica.progress(alice))?.waiting).toBe(0)
    await replica.refreshStanding(alice)
    expect((await replica.progress(alice))?.waiting).toBe(1)
    await sync()
    await expectSame()
  })
})

describe('a device that has much to read', () => {
  const many = Array.from({ length: 30 }, (_, index) => `m${index}`)
  /** The newest come, and then nothing. */
  const glance = async () => {
    phone.newestFirst = { from: 5, bytes: 3000 }
    phone.through = (port) => ({ ...port, page: () => Promise.reject(new Error('gone')) })
    await expect(phone.sync()).rejects.toThrow('gone')
    phone.through = (port) => port
  }
  beforeEach(async () => {
    for (const id of many) {
      await tell(desk, onDesk.incoming(`text ${id}`, { id }))
      await desk.sync()
    }
  })

  it('shows the newest first, has each once in the end, and is not told of each', async () => {
    const changes: HistoryChange[] = []
    phone.history.writer.onChange((change) => changes.push(change))
    await glance()
    expect([(await message(phone, 'm29'))?.text, await message(phone, 'm0')]).toEqual(['text m29', null])
    // As one change, at once.
    await expect.poll(() => changes.map(({ bulk, newIncoming }) => [bulk, newIncoming.length])).toEqual([[true, 0]])
    await phone.restart()
    await glance()
    await phone.sync()
    await expectSame()
    expect((await phone.history.reader.counts()).messages).toBe(many.length)
    expect((await phone.history.writer.replica.progress(alice))?.waiting).toBe(0)
  })

  it('erases at the server what it has only seen early, and shows no more what is erased there', async () => {
    await glance()
    await tell(phone, onPhone.delete('m29'))
    await tell(desk, onDesk.delete('m28'))
    await desk.sync()
    await sync()
    await expectSame()
    expect([await stored('text m29'), await stored('text m28'), await stored('text m27')]).toEqual([false, false, true])
    expect((await message(phone, 'm28'))?.deleted).toBe(true)
  })
})
