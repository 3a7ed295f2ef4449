import { afterEach, beforeEach, expect, it } from 'vitest'
import { decodePiece, encodePiece } from '#main/history/replica/transfer-piece.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { MessageId } from '#shared/model/ids.ts'
import { alice, bob, conversationWith, EntryMaker, eve } from '#test/integration/history/history-fixture.ts'
import { HistoryDevice, SharedServer } from './two-histories.ts'

let server: SharedServer
let desk: HistoryDevice
let phone: HistoryDevice
let make: EntryMaker

beforeEach(async () => {
  server = new SharedServer()
  desk = new HistoryDevice(server, 'desk')
  phone = new HistoryDevice(server, 'phone')
  make = new EntryMaker(server.now - 60_000)
  await desk.switchOn()
})
afterEach(async () => {
  await desk.remove()
  await phone.remove()
})

const tell = async (device: HistoryDevice, ...entries: readonly Entry[]) => {
  for (const entry of entries) await device.history.writer.commit({ entries: [entry] })
}
/** Something of everything, of which some is erased. */
async function fill(): Promise<void> {
  const old = new EntryMaker(server.now - 400 * 86_400_000)
  await tell(desk, old.contact({ policy: 'accepted', name: 'Eve' }, eve), old.incoming('long ago', { id: 'old' }))
  await tell(
    desk,
    make.incoming('one', { id: 'm1' }),
    make.edit('m1', 'one, edited'),
    make.outgoing('two', { id: 'm2' }),
  )
  await tell(desk, make.incoming('taken back', { id: 'm3' }))
  await desk.sync()
  await tell(desk, make.delete('m3'), make.call({ author: bob, id: 'c1' }), make.read('m1'))
  await desk.sync()
}
/** Hands over piece after piece, up to `most`; returns whether it is done. */
async function handOver(most = Infinity): Promise<boolean> {
  const { reader } = desk.history
  const { replica } = phone.history.writer
  for (let count = 0; count < most; count += 1) {
    const piece = await reader.transferPiece(alice, await replica.takenPiece(alice))
    await replica.takePiece(alice, piece)
    if (piece.isLast) return true
  }
  return false
}

it('a new device has everything, of any age, and reads nothing twice from the server', async () => {
  await fill()
  await phone.switchOn(false)
  expect(await handOver()).toBe(true)
  expect(await phone.views()).toEqual(await desk.views())
  expect((await phone.history.reader.message(conversationWith(bob), bob, 'old' as MessageId))?.text).toBe('long ago')
  const pages: number[] = []
  const page = server.store.page.bind(server.store)
  server.store.page = async (...asked) => {
    const found = await page(...asked)
    pages.push(found.batches.length)
    return found
  }
  await phone.sync()
  expect(pages).toEqual([0])
  expect((await phone.history.writer.replica.progress(alice))?.waiting).toBe(0)
  expect(await phone.views()).toEqual(await desk.views())
})

it('a new device goes on where it was when it, or the other one, ended in between', async () => {
  await fill()
  await phone.switchOn(false)
  for (let pieces = 0; !(await handOver(1)); pieces += 1) {
    expect(pieces).toBeLessThan(20)
    await phone.restart()
    await desk.restart()
  }
  expect(await phone.views()).toEqual(await desk.views())
  await phone.sync()
  expect(await phone.views()).toEqual(await desk.views())
})

it('a new device has the newest at once, and all in the end, however often either begins anew', async () => {
  const ids = Array.from({ length: 600 }, (_, index) => `n${index}`)
  await desk.history.writer.commit({ entries: ids.map((id) => make.incoming(`text ${id}`, { id })) })
  await phone.switchOn(false)
  await handOver(2)
  const has = (id: string) => phone.history.reader.message(conversationWith(bob), bob, id as MessageId)
  expect([(await has('n599'))?.text, (await has('n400'))?.text, await has('n0')]).toEqual([
    ...['text n599', 'text n400'],
    null,
  ])
  await tell(desk, make.incoming('meanwhile', { id: 'later' }), make.edit('n1', 'edited meanwhile'))
  for (let pieces = 0; !(await handOver(1)); pieces += 1) {
    expect(pieces).toBeLessThan(20)
    await phone.restart()
    await desk.restart()
  }
  expect(await phone.views()).toEqual(await desk.views())
  expect([(await has('n1'))?.text, (await has('later'))?.text]).toEqual(['edited meanwhile', 'meanwhile'])
})

it('what is said meanwhile comes from the server', async () => {
  await fill()
  await phone.switchOn(false)
  await handOver(2)
  await tell(desk, make.incoming('meanwhile', { id: 'm9' }))
  await desk.sync()
  expect(await handOver()).toBe(true)
  await phone.sync()
  expect(await phone.views()).toEqual(await desk.views())
  expect((await phone.history.reader.message(conversationWith(bob), bob, 'm9' as MessageId))?.text).toBe('meanwhile')
})

it('a new device that asks the server too early has the same in the end', async () => {
  await fill()
  await phone.switchOn(false)
  await handOver(2)
  await phone.sync()
  expect(await handOver()).toBe(true)
  await phone.restart()
  await phone.sync()
  await desk.sync()
  expect(await phone.views()).toEqual(await desk.views())
})

it('the new device erases at the server what it was handed over', async () => {
  await fill()
  await phone.switchOn(false)
  await handOver()
  await tell(phone, new EntryMaker(server.now - 1000).delete('m1'))
  for (const device of [phone, desk]) await device.sync()
  expect((await server.bodies()).some((body) => body.includes('one'))).toBe(false)
  expect(await phone.views()).toEqual(await desk.views())
})

it('one entry that the new device cannot read keeps nothing else from it', async () => {
  await fill()
  await phone.switchOn(false)
  const { replica } = phone.history.writer
  for (let isDone = false; !isDone;) {
    const given = await desk.history.reader.transferPiece(alice, await replica.takenPiece(alice))
    const piece = decodePiece(alice, given.bytes)
    const unreadable = [Uint8Array.of(0xa0), Uint8Array.of(0xff), new Uint8Array()]
    const bytes =
      piece.kind === 'entries' ? encodePiece({ ...piece, entries: [...unreadable, ...piece.entries] }) : given.bytes
    await replica.takePiece(alice, { ...given, bytes })
    isDone = given.isLast
  }
  expect(await phone.views()).toEqual(await desk.views())
})

it('text that begins with a mark of byte order comes as it was said, in a transfer and from the server', async () => {
  await tell(desk, make.incoming('\u{FEFF}given', { id: 'given' }))
  await phone.switchOn(false)
  expect(await handOver()).toBe(true)
  await tell(desk, make.incoming('\u{FEFF}read', { id: 'read' }))
  for (const device of [desk, phone]) await device.sync()
  const text = async (id: string) =>
    (await phone.history.reader.message(conversationWith(bob), bob, id as MessageId))?.text
  expect([await text('given'), await text('read')]).toEqual(['\u{FEFF}given', '\u{FEFF}read'])
})

it('refuses what is no piece of this account, and changes nothing', async () => {
  await fill()
  await phone.switchOn(false)
  const { replica } = phone.history.writer
  const piece = await desk.history.reader.transferPiece(alice, null)
  const other = Buffer.from(piece.bytes).toString('latin1').replace('alice@', 'alicf@')
  for (const bytes of [new Uint8Array(), Buffer.from(other, 'latin1'), piece.bytes.subarray(1)])
    await expect(replica.takePiece(alice, { token: 'entries 0 0', bytes })).rejects.toMatchObject({
      code: 'invalid-argument',
    })
  expect(await replica.takenPiece(alice)).toBeNull()
  const tokens = ['nonsense', 'entries', 'entries 1', `entries ${'9'.repeat(16)} 0`, 'entries -1 0']
  for (const token of tokens)
    await expect(desk.history.reader.transferPiece(alice, token)).rejects.toMatchObject({ code: 'invalid-argument' })
  await expect(phone.history.reader.transferPiece(eve, null)).rejects.toMatchObject({ code: 'not-found' })
})
