/** Bodies and accounts that are erased, days that are dropped, and what is on the disk then. */
import { expect, it } from 'vitest'
import { utf8 } from '#shared/bytes/bytes.ts'
import { decodeBatch } from '#shared/replication/batch.ts'
import { checkBatch } from '#shared/replication/check-batch.ts'
import { bodyHashOf, type MadeBatch } from '#test/fixtures/replica/device.ts'
import { alice, at, bob, bodyOf, headOf, namesOf, plenty, today, type World } from './world.ts'

export function describeErasing(world: World): void {
  it('takes a body out, and serves the rest of its batch', async () => {
    const device = world.device('one')
    const [one, two] = [await world.add(device, 300, 400, 0), await world.add(device)]
    world.clock.setDay(today + 3)
    const three = await world.add(device, 10)
    const erased = await world.store.eraseBodies(alice, [bodyOf(one, 1), bodyOf(three, 0)])
    expect(erased).toBe(2)
    const { batches } = await world.page()
    const bodies = batches.map(({ bytes }) => decodeBatch(bytes).envelopes.map(({ body }) => body))
    expect(bodies).toEqual([[one.bodies[0], null, one.bodies[2]], [...two.bodies], [null]])
    for (const { bytes } of batches) expect(checkBatch(bytes, device.check()).ok).toBe(true)
    expect(batches.map(({ first, last, day }) => [first, last, day])).toEqual([
      ...[
        [1, 3, today],
        [4, 4, today],
      ],
      [5, 5, today + 3],
    ])
    expect((await world.store.usage(alice)).bytes).toBe(batches.reduce((sum, { bytes }) => sum + bytes.length, 0))
  })

  it('leaves alone what was not meant', async () => {
    const [device, other] = [world.device('one'), world.device('two')]
    const batch = await world.add(device, 30, 40)
    const wrong = [
      ...[
        { ...bodyOf(batch, 0), bodyHash: bodyHashOf(utf8('another')) },
        { ...bodyOf(batch, 0), seq: 2 },
      ],
      ...[
        { ...bodyOf(batch, 0), seq: 3 },
        { ...bodyOf(batch, 0), device: other.id },
      ],
    ]
    expect(await world.store.eraseBodies(alice, wrong)).toBe(0)
    expect(await world.store.eraseBodies(bob, [bodyOf(batch, 0)])).toBe(0)
    expect(await world.store.eraseBodies(alice, [])).toBe(0)
    expect(namesOf((await world.page()).batches)).toEqual(namesOf([batch]))
    expect(await world.store.eraseBodies(alice, [bodyOf(batch, 0), bodyOf(batch, 0)])).toBe(1)
    expect(await world.store.eraseBodies(alice, [bodyOf(batch, 0)])).toBe(0)
  })

  it('takes out bodies that were erased before they came, and no others', async () => {
    const [device, other] = [world.device('one'), world.device('one', bob)]
    const [one, two] = [device.write(30, 40), device.write(50)]
    const hers = other.write(30, 40)
    expect(await world.store.eraseBodies(alice, [bodyOf(one, 1), bodyOf(one, 1)])).toBe(0)
    expect(await world.store.eraseBodies(alice, [{ ...bodyOf(two, 0), bodyHash: bodyHashOf(utf8('another')) }])).toBe(0)
    await world.reopen()
    for (const batch of [one, two]) expect((await world.store.append(alice, batch)).kind).toBe('stored')
    expect((await world.store.append(bob, hers)).kind).toBe('stored')
    expect((await world.store.append(alice, one)).kind).toBe('repeated')
    const { batches } = await world.page()
    const bodies = batches.map(({ bytes }) => decodeBatch(bytes).envelopes.map(({ body }) => body))
    expect(bodies).toEqual([[one.bodies[0], null], [...two.bodies]])
    for (const { bytes } of batches) expect(checkBatch(bytes, device.check()).ok).toBe(true)
    expect((await world.store.usage(alice)).bytes).toBe(batches.reduce((sum, { bytes }) => sum + bytes.length, 0))
  })

  it('forgets what was erased too early with the day on which that was said, and with the account', async () => {
    const device = world.device('one')
    const [one, two, three] = [device.write(30), device.write(30), device.write(30)]
    const are = async () => {
      const { batches } = await world.page()
      return batches.flatMap(({ bytes }) => decodeBatch(bytes).envelopes.map(({ body }) => body !== null))
    }
    await world.store.eraseBodies(alice, [bodyOf(one, 0)])
    world.clock.setDay(today + 1)
    await world.store.eraseBodies(alice, [bodyOf(two, 0)])
    await world.store.dropBefore(today + 1)
    for (const batch of [one, two]) await world.store.append(alice, batch)
    expect(await are()).toEqual([true, false])
    await world.store.eraseBodies(alice, [bodyOf(three, 0)])
    await world.store.eraseAccount(alice)
    for (const batch of [one, two, three]) await world.store.append(alice, batch)
    expect(await are()).toEqual([true, true, true])
  })

  it('does not take a body back that is sent again', async () => {
    const device = world.device('one')
    const batch = await world.add(device, 30, 40)
    await world.store.eraseBodies(alice, [bodyOf(batch, 0)])
    expect(await world.store.append(alice, batch)).toEqual({ kind: 'repeated', day: today })
    await world.reopen()
    const [stored] = (await world.page()).batches
    expect(decodeBatch(stored!.bytes).envelopes[0]?.body).toBeNull()
    await world.add(device)
  })

  it('erases an account, its heads too, and no other', async () => {
    const [one, two, hers] = [world.device('one'), world.device('two'), world.device('one', bob)]
    await world.add(one)
    const kept = await world.add(hers)
    world.clock.setDay(today + 1)
    await world.add(two)
    await world.store.dropBefore(today + 1)
    expect(await world.store.heads(alice)).toHaveLength(2)
    await world.store.eraseAccount(alice)
    for (let opened = 0; opened < 2; opened++) {
      expect(await world.store.heads(alice)).toEqual([])
      expect(await world.page()).toEqual({ batches: [], end: true })
      expect(await world.store.newest(alice, plenty)).toEqual([])
      expect(await world.store.usage(alice)).toEqual({ batches: 0, bytes: 0, oldestDay: null })
      expect(await world.store.heads(bob)).toEqual([headOf(kept)])
      await world.reopen()
    }
    await world.add(world.device('one'))
    expect(await world.store.usage(alice)).toMatchObject({ batches: 1, oldestDay: today + 1 })
  })
}

export function describeDropping(world: World): void {
  it('drops whole days, and keeps the heads', async () => {
    const [one, two] = [world.device('one'), world.device('two')]
    const written = [await world.add(one), await world.add(two, 1, 2)]
    world.clock.setDay(today + 1)
    written.push(await world.add(one))
    world.clock.setDay(today + 2)
    written.push(await world.add(one))
    await world.store.dropBefore(today + 1)
    for (let opened = 0; opened < 2; opened++) {
      expect(namesOf((await world.page()).batches)).toEqual(namesOf(written.slice(2)))
      expect(namesOf(await world.store.newest(alice, plenty))).toEqual(namesOf(written.slice(2).toReversed()))
      expect(await world.store.usage(alice)).toMatchObject({ batches: 2, oldestDay: today + 1 })
      const heads = await world.store.heads(alice)
      expect(heads).toHaveLength(2)
      expect(heads).toEqual(expect.arrayContaining([headOf(written[3]!, today + 2), headOf(written[1]!)]))
      await world.reopen()
    }
  })

  it('lets a device go on of which nothing is left, and stores nothing twice', async () => {
    const device = world.device('one')
    const [old, last] = [await world.add(device), await world.add(device, 1, 2)]
    const copy = device.split()
    world.clock.setDay(today + 61)
    await world.store.dropBefore(today + 1)
    expect(await world.page()).toEqual({ batches: [], end: true })
    const usage = { batches: 0, bytes: 0, oldestDay: null }
    expect(await world.store.usage(alice)).toEqual(usage)
    expect(await world.store.append(alice, old)).toEqual({ kind: 'behind', head: headOf(last) })
    expect((await world.store.append(alice, last)).kind).toMatch(/^(behind|repeated)$/)
    expect(await world.store.usage(alice)).toEqual(usage)
    copy.write()
    expect(await world.store.append(alice, copy.write())).toEqual({ kind: 'gap', head: headOf(last) })
    const next = await world.add(device)
    expect(namesOf((await world.page()).batches)).toEqual(namesOf([next]))
    expect((await world.page([at(device, 1)])).batches).toHaveLength(1)
    expect(await world.store.append(alice, old)).toMatchObject({ kind: 'behind', head: { seq: next.last } })
  })

  it('drops nothing of a day that is kept', async () => {
    const device = world.device('one')
    const batch = await world.add(device)
    await world.store.dropBefore(today)
    await world.store.dropBefore(0)
    expect(namesOf((await world.page()).batches)).toEqual(namesOf([batch]))
  })

  it('goes on after a drop when the clock goes back behind it', async () => {
    const device = world.device('one')
    world.clock.setDay(today + 5)
    await world.add(device)
    await world.store.dropBefore(today + 6)
    world.clock.setDay(today)
    const batches = [await world.add(device), await world.add(device)]
    await world.reopen()
    expect(namesOf((await world.page()).batches)).toEqual(namesOf(batches))
  })
}

export function describeDisk(world: World): void {
  /** The middle of a body: pages begin and end anywhere. */
  const middle = (batch: MadeBatch, index = 0): Uint8Array => batch.bodies[index]!.subarray(40, 72)

  it('has an erased body in no file', async () => {
    const device = world.device('one')
    const batch = await world.add(device, 300, 9000, 300)
    world.clock.setDay(today + 1)
    const later = await world.add(device, 300)
    const gone = [middle(batch, 0), middle(batch, 1), batch.bodies[1]!.subarray(8000, 8032), middle(later)]
    expect(await world.onDisk(...gone, middle(batch, 2))).toEqual([true, true, true, true, true])
    await world.store.eraseBodies(alice, [bodyOf(batch, 0), bodyOf(batch, 1), bodyOf(later, 0)])
    expect(await world.onDisk(...gone, middle(batch, 2))).toEqual([false, false, false, false, true])
  })

  it('has nothing of an erased account in any file', async () => {
    const [device, hers] = [world.device('one'), world.device('two', bob)]
    const old = await world.add(device, 100)
    const kept = await world.add(hers, 100)
    world.clock.setDay(today + 1)
    await world.store.dropBefore(today)
    const batch = await world.add(device, 200, 9000)
    world.clock.setDay(today + 2)
    await world.store.dropBefore(today + 1)
    const held = [utf8(alice), device.id, batch.hash, middle(batch), middle(batch, 1)]
    expect(await world.onDisk(...held, hers.id)).toEqual([...held.map(() => true), true])
    await world.store.eraseAccount(alice)
    expect(await world.onDisk(...held, middle(old), hers.id)).toEqual([...held.map(() => false), false, true])
    expect(await world.store.heads(bob)).toEqual([headOf(kept)])
  })

  it('has nothing of a dropped day but its heads', async () => {
    const device = world.device('one')
    const batch = await world.add(device, 200)
    world.clock.setDay(today + 1)
    await world.add(device)
    await world.store.dropBefore(today + 1)
    expect(await world.onDisk(middle(batch), device.id)).toEqual([false, true])
  })
}
