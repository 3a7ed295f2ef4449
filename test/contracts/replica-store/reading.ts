/** Pages and the newest batches. */
import { expect, it } from 'vitest'
import type { Cursor, StoredBatch } from '#server/replica/replica-store.ts'
import { toHex } from '#shared/bytes/bytes.ts'
import type { ReplicaDevice, MadeBatch } from '#test/fixtures/replica/device.ts'
import { ReadingCursor, alice, at, bob, namesOf, plenty, today, type World } from './world.ts'

export function describePages(world: World): void {
  async function threeDevices() {
    const devices = [world.device('one'), world.device('two'), world.device('three')] as const
    const written: MadeBatch[] = []
    for (let round = 0; round < 12; round++) {
      if (round % 4 === 3) world.clock.setDay(today + round)
      written.push(await world.add(devices[(round * 7) % 3 === 0 ? 0 : round % 3]!, 100 + round, round))
    }
    return { devices, written }
  }

  it.each([1, 700, 1500, 4000, plenty])('serves every batch once in pages of up to %i bytes', async (maxBytes) => {
    const { written } = await threeDevices()
    const { batches, pages } = await world.readAll(maxBytes)
    expect(namesOf(batches)).toEqual(namesOf(written))
    if (maxBytes === 1) expect(pages).toBe(written.length)
    if (maxBytes === plenty) expect(pages).toBe(1)
  })

  it('fills a page, and not beyond', async () => {
    const device = world.device('one')
    const [one, two, three] = [await world.add(device), await world.add(device), await world.add(device)]
    const two_ = one.bytes.length + two.bytes.length
    const pages = [two_ - 1, two_, two_ + three.bytes.length - 1, two_ + three.bytes.length]
    const found = await Promise.all(pages.map((maxBytes) => world.page([], { maxBytes })))
    expect(found.map(({ batches, end }) => [batches.length, end])).toEqual([
      ...[
        [1, false],
        [2, false],
        [2, false],
      ],
      [3, true],
    ])
  })

  it('goes on behind a cursor, whichever devices it names', async () => {
    const { devices, written } = await threeDevices()
    const [one, two, three] = devices
    const of = (...some: readonly ReplicaDevice[]) =>
      written.filter(({ device }) => some.some(({ id }) => id === device))
    const read = async (after: Cursor) => namesOf((await world.page(after)).batches)
    expect(await read([])).toEqual(namesOf(written))
    expect(await read([at(one)])).toEqual(namesOf(of(two, three)))
    expect(await read([at(two), at(three)])).toEqual(namesOf(of(one)))
    expect(await read(devices.map((device) => at(device)))).toEqual([])
    expect(await read([at(world.device('stranger'), 5), at(one), at(two)])).toEqual(namesOf(of(three)))
    const third = of(one)[2]!
    expect(await read([at(two), at(three), at(one, third.last)])).toEqual(namesOf(of(one).slice(3)))
    // In the middle of a batch: the reader has not got it whole.
    expect(await read([at(two), at(three), at(one, third.last - 1)])).toEqual(namesOf(of(one).slice(2)))
    expect(await read([at(two), at(three), at(one, one.seq + 10)])).toEqual([])
  })

  it('ends where nothing is new, and goes on when something is', async () => {
    const device = world.device('one')
    await world.add(device)
    const cursor = [at(device)]
    expect(await world.page(cursor)).toEqual({ batches: [], end: true })
    const next = await world.add(device)
    const page = await world.page(cursor)
    expect([namesOf(page.batches), page.end]).toEqual([namesOf([next]), true])
  })

  it('serves every batch once while others append', async () => {
    const devices = [world.device('one'), world.device('two'), world.device('three')]
    const written: MadeBatch[] = []
    const append = async (device: ReplicaDevice): Promise<void> => {
      for (let n = 0; n < 25; n++) {
        if (n === 12) world.clock.setDay(today + 1)
        written.push(await world.add(device, 200))
      }
    }
    const appending = Promise.all(devices.map(append))
    const cursor = new ReadingCursor()
    const read: StoredBatch[] = []
    for (let round = 0; round < 10; round++) read.push(...(await world.readAll(1200, cursor)).batches)
    await appending
    read.push(...(await world.readAll(1200, cursor)).batches)
    expect(namesOf(read).toSorted()).toEqual(namesOf(written).toSorted())
    for (const { id } of devices) {
      const its = read.filter(({ device }) => toHex(device) === toHex(id)).map(({ first }) => first)
      expect(its).toEqual(its.map((_, index) => index + 1))
    }
  })

  it('has the newest first for a screen', async () => {
    const { written } = await threeDevices()
    const newest = written.toReversed()
    expect(namesOf(await world.store.newest(alice, plenty))).toEqual(namesOf(newest))
    expect(namesOf(await world.store.newest(alice, 1))).toEqual(namesOf(newest.slice(0, 1)))
    const bytes = newest.slice(0, 5).reduce((sum, batch) => sum + batch.bytes.length, 0)
    expect(namesOf(await world.store.newest(alice, bytes))).toEqual(namesOf(newest.slice(0, 5)))
    expect(namesOf(await world.store.newest(alice, bytes - 1))).toEqual(namesOf(newest.slice(0, 4)))
    expect(await world.store.newest(bob, plenty)).toEqual([])
  })
}
