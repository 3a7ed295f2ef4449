/** Appending, the days of it, quotas, and many at once. */
import { expect, it } from 'vitest'
import { compareBytes } from '#shared/bytes/bytes.ts'
import type { ReplicaDevice } from '#test/fixtures/replica/device.ts'
import { type MadeBatch } from '#test/fixtures/replica/device.ts'
import { alice, bob, bodyOf, dayMs, headOf, namesOf, plenty, today, type World } from './world.ts'

export function describeAppend(world: World): void {
  it('appends in order and says the day', async () => {
    const device = world.device('one')
    const batches = [device.write(), device.write(10, 2000, 0), device.write(5)]
    for (const batch of batches) expect(await world.store.append(alice, batch)).toEqual({ kind: 'stored', day: today })
    const { batches: read, end } = await world.page()
    expect([namesOf(read), end]).toEqual([namesOf(batches), true])
    expect(read.map(({ day }) => day)).toEqual([today, today, today])
    expect(await world.store.heads(alice)).toEqual([headOf(batches[2]!)])
  })

  it('stores an equal repeat once, whichever it is', async () => {
    const device = world.device('one')
    const batches = [await world.add(device), await world.add(device, 1, 2), await world.add(device)]
    for (const batch of [...batches, ...batches.toReversed()])
      expect(await world.store.append(alice, batch)).toEqual({ kind: 'repeated', day: today })
    expect(namesOf((await world.page()).batches)).toEqual(namesOf(batches))
  })

  it('answers fork, with the head, to another batch in a place that is taken', async () => {
    const device = world.device('one')
    await world.add(device)
    const [copy, early] = [device.split(), device.split()]
    await world.add(device, 1, 1)
    const newest = await world.add(device)
    const fork = { kind: 'fork', head: headOf(newest) }
    for (const other of [copy.write(2, 2), copy.write(), copy.write(), early.write(3), early.write(4, 4, 4)])
      expect(await world.store.append(alice, other), `${other.first}–${other.last}`).toEqual(fork)
    expect((await world.store.usage(alice)).batches).toBe(3)
  })

  it('answers gap, with the head, to what comes too early', async () => {
    const device = world.device('one')
    const [one, two, three] = [device.write(), device.write(), device.write()]
    expect(await world.store.append(alice, two)).toEqual({ kind: 'gap', head: null })
    await world.store.append(alice, one)
    expect(await world.store.append(alice, three)).toEqual({ kind: 'gap', head: headOf(one) })
    for (const batch of [two, three]) expect((await world.store.append(alice, batch)).kind).toBe('stored')
  })

  it('lets a device begin with what its writer still keeps, once', async () => {
    const device = world.device('one')
    const [one, two, three, four] = [device.write(), device.write(), device.write(), device.write()]
    expect(await world.store.append(alice, { ...two, begins: true })).toEqual({ kind: 'stored', day: today })
    expect(await world.store.append(alice, { ...four, begins: true })).toEqual({ kind: 'gap', head: headOf(two) })
    expect(await world.store.append(alice, one)).toEqual({ kind: 'behind', head: headOf(two) })
    expect((await world.store.append(alice, three)).kind).toBe('stored')
    expect(namesOf((await world.page()).batches)).toEqual(namesOf([two, three]))
  })

  it('keeps devices and accounts apart', async () => {
    const [one, two, hers] = [world.device('one'), world.device('two'), world.device('one', bob)]
    const written = [await world.add(one), await world.add(two), await world.add(hers), await world.add(one)]
    expect(namesOf((await world.page()).batches)).toEqual(namesOf([written[0]!, written[1]!, written[3]!]))
    expect(namesOf((await world.page([], { account: bob })).batches)).toEqual(namesOf([written[2]!]))
    const heads = await world.store.heads(alice)
    expect(heads).toHaveLength(2)
    expect(heads).toEqual(expect.arrayContaining([headOf(written[1]!), headOf(written[3]!)]))
    expect(await world.store.heads(bob)).toEqual([headOf(written[2]!)])
    expect(await world.page([], { account: 'sip:nobody@example.org' })).toEqual({ batches: [], end: true })
    expect(await world.store.heads('sip:nobody@example.org')).toEqual([])
  })

  it('keeps two accounts apart also where their devices have one id', async () => {
    const batch = world.device('one').write()
    for (const account of [alice, bob]) expect((await world.store.append(account, batch)).kind).toBe('stored')
    await world.store.eraseAccount(alice)
    expect([await world.store.heads(alice), await world.store.heads(bob)]).toEqual([[], [headOf(batch)]])
    expect((await world.page([], { account: bob })).batches).toHaveLength(1)
  })

  it('has everything when it is opened again', async () => {
    const [one, two] = [world.device('one'), world.device('two')]
    const written = [await world.add(one), await world.add(two, 1, 2)]
    world.clock.setDay(today + 1)
    written.push(await world.add(one, 7))
    const everything = async () => [
      (await world.store.heads(alice)).toSorted((a, b) => compareBytes(a.device, b.device)),
      ...[await world.store.usage(alice), await world.page()],
    ]
    const before = await everything()
    await world.reopen()
    expect(await everything()).toEqual(before)
    expect((await world.store.append(alice, written[0]!)).kind).toBe('repeated')
    await world.add(two)
    await world.add(one)
  })

  it('rejects what is asked after its end', async () => {
    const device = world.device('one')
    const batch = device.write()
    const { store } = world
    const last = store.append(alice, batch)
    const closed = store.close()
    await expect(store.append(alice, device.write())).rejects.toThrow()
    expect((await last).kind).toBe('stored')
    await closed
    await expect(store.heads(alice)).rejects.toThrow()
    await expect(store.page(alice, { after: [], maxBytes: 1 })).rejects.toThrow()
    await store.close()
    await world.reopen()
    expect(await world.store.heads(alice)).toEqual([headOf(batch)])
  })
}

export function describeDays(world: World): void {
  it('answers a repeat with its first day, across midnight too', async () => {
    const device = world.device('one')
    world.clock.setDay(today, dayMs - 1)
    const before = await world.add(device)
    world.clock.setDay(today + 1, 0)
    expect(await world.store.append(alice, before)).toEqual({ kind: 'repeated', day: today })
    const after = await world.add(device)
    expect(await world.store.append(alice, before)).toEqual({ kind: 'repeated', day: today })
    expect(await world.store.append(alice, after)).toEqual({ kind: 'repeated', day: today + 1 })
    expect((await world.page()).batches.map(({ day }) => day)).toEqual([today, today + 1])
    expect(await world.store.heads(alice)).toEqual([headOf(after, today + 1)])
  })

  it('never lets the day go back, when its clock does', async () => {
    const [one, two] = [world.device('one'), world.device('two')]
    const first = await world.add(one)
    world.clock.setDay(today - 400)
    expect(await world.store.append(alice, first)).toEqual({ kind: 'repeated', day: today })
    expect(await world.store.append(alice, one.write())).toEqual({ kind: 'stored', day: today })
    await world.reopen()
    expect(await world.store.append(alice, two.write())).toEqual({ kind: 'stored', day: today })
    world.clock.setDay(today + 1)
    expect(await world.store.append(alice, one.write())).toEqual({ kind: 'stored', day: today + 1 })
    expect((await world.page()).batches.map(({ day }) => day)).toEqual([today, today, today, today + 1])
  })

  it('serves days in the order they were', async () => {
    const [one, two] = [world.device('one'), world.device('two')]
    const written: MadeBatch[] = []
    for (const day of [0, 1, 2, 5, 6, 30]) {
      world.clock.setDay(today + day)
      written.push(await world.add(day % 2 === 0 ? one : two), await world.add(one, 20, 30))
    }
    expect(namesOf((await world.readAll(1)).batches)).toEqual(namesOf(written))
    expect(namesOf((await world.readAll(plenty)).batches)).toEqual(namesOf(written))
    expect((await world.store.usage(alice)).oldestDay).toBe(today)
  })
}

export function describeLimits(world: World): void {
  it('counts what is held', async () => {
    expect(await world.store.usage(alice)).toEqual({ batches: 0, bytes: 0, oldestDay: null })
    const batches = [await world.add(world.device('one'), 1, 2), await world.add(world.device('two'))]
    const bytes = batches.reduce((sum, batch) => sum + batch.bytes.length, 0)
    expect(await world.store.usage(alice)).toEqual({ batches: 2, bytes, oldestDay: today })
    await world.store.append(alice, batches[0]!)
    expect(await world.store.usage(alice)).toEqual({ batches: 2, bytes, oldestDay: today })
    expect((await world.store.usage(bob)).batches).toBe(0)
  })

  it('takes no more of an account than it may have', async () => {
    const device = world.device('one')
    const [one, two, three] = [device.write(2000), device.write(2000), device.write(2000)]
    await world.reopen(one.bytes.length + two.bytes.length)
    for (const batch of [one, two]) expect((await world.store.append(alice, batch)).kind).toBe('stored')
    expect(await world.store.append(alice, three)).toEqual({ kind: 'quota' })
    expect(await world.store.append(alice, two)).toEqual({ kind: 'repeated', day: today })
    expect(await world.store.heads(alice)).toEqual([headOf(two)])
    await world.add(world.device('one', bob))
    await world.reopen(one.bytes.length + two.bytes.length)
    expect(await world.store.append(alice, three)).toEqual({ kind: 'quota' })
    await world.store.eraseBodies(alice, [bodyOf(one, 0), bodyOf(two, 0)])
    expect((await world.store.append(alice, three)).kind).toBe('stored')
  })
}

export function describeConcurrency(world: World): void {
  it('stores a batch once that comes many times at once', async () => {
    const device = world.device('one')
    for (let round = 0; round < 5; round++) {
      const batch = device.write()
      const answers = await Promise.all(Array.from({ length: 8 }, () => world.store.append(alice, batch)))
      expect(answers.map(({ kind }) => kind).toSorted()).toEqual([...Array<string>(7).fill('repeated'), 'stored'])
    }
    expect((await world.page()).batches.map(({ first }) => first)).toEqual([1, 2, 3, 4, 5])
    expect((await world.store.usage(alice)).batches).toBe(5)
  })

  it('lets one of two forks in', async () => {
    const device = world.device('one')
    const copy = device.split()
    const answers = await Promise.all([device, copy].map((each) => world.store.append(alice, each.write())))
    expect(answers.map(({ kind }) => kind).toSorted()).toEqual(['fork', 'stored'])
    expect((await world.page()).batches).toHaveLength(1)
  })

  it('appends for many devices and accounts at once', async () => {
    const devices = Array.from({ length: 24 }, (_, n) => world.device(`d${n}`, n % 3 === 0 ? bob : alice))
    const written: MadeBatch[] = []
    const run = async (device: ReplicaDevice): Promise<void> => {
      for (let n = 0; n < 6; n++) written.push(await world.add(device, n))
    }
    await Promise.all(devices.map(run))
    const read = [...(await world.page()).batches, ...(await world.page([], { account: bob })).batches]
    expect(namesOf(read).toSorted()).toEqual(namesOf(written).toSorted())
    for (const account of [alice, bob]) {
      const { batches } = await world.page([], { account })
      const { batches: count, bytes } = await world.store.usage(account)
      expect([count, bytes]).toEqual([batches.length, batches.reduce((sum, batch) => sum + batch.bytes.length, 0)])
    }
  })
}
