/** What every store of device chains and epoch boxes is held to: registers tests for one, each with a place of its own. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { maxBoxBytes, type AccessStore, type BoxRecipient } from '#server/replica/access/chain-store.ts'
import type { AccessLimits } from '#server/replica/access/limits.ts'

/** How to make, open and look into one kind of store. */
export interface ChainStoreKind<Place> {
  readonly makePlace: () => Promise<Place>
  readonly open: (place: Place, limits: Pick<AccessLimits, 'boxes'>) => Promise<AccessStore>
  readonly remove: (place: Place) => Promise<void>
  /** Whether anything on the disk of the place holds these bytes. */
  readonly holds?: (place: Place, bytes: Uint8Array) => Promise<boolean>
}

const [alice, bob] = ['sip:alice@example.org', 'sip:bob@example.org']
const limits = { boxes: 6 }
const filled = (length: number, value: number) => new Uint8Array(length).fill(value)
const linkOf = (number: number) => ({ hash: `hash ${number}`, bytes: filled(600, number) })
const boxOf = (epoch: number, recipient: BoxRecipient, value = epoch) => ({ epoch, recipient, box: filled(80, value) })

export function describeChainStore<Place>(name: string, kind: ChainStoreKind<Place>): void {
  describe(`${name} as a store of device chains`, () => {
    let place: Place
    let store: AccessStore
    const reopen = async (): Promise<void> => {
      await store.close()
      store = await kind.open(place, limits)
    }
    const append = async (account: string, ...numbers: readonly number[]): Promise<void> => {
      for (const number of numbers)
        expect(await store.append(account, linkOf(number), await store.mark(account))).toBe(true)
    }

    beforeEach(async () => {
      place = await kind.makePlace()
      store = await kind.open(place, limits)
    })
    afterEach(async () => {
      await store.close()
      await kind.remove(place)
    })

    describe('chains', () => {
      it('has nothing of an account that was never opened', async () => {
        expect(await store.mark(alice)).toBeNull()
        expect(await store.links(alice)).toBeNull()
      })

      it('gives links back in the order they were stored, each account its own, also after a restart', async () => {
        await append(alice, 1, 2, 3)
        await append(bob, 4)
        await reopen()
        expect(await store.links(alice)).toEqual({
          mark: await store.mark(alice),
          links: [linkOf(1).bytes, linkOf(2).bytes, linkOf(3).bytes],
        })
        expect((await store.links(bob))?.links).toEqual([linkOf(4).bytes])
      })

      it('begins with a whole chain, and only once', async () => {
        expect(await store.begin(alice, [linkOf(1), linkOf(2)])).toBe(true)
        expect(await store.begin(alice, [linkOf(3)])).toBe(false)
        await append(alice, 4)
        await reopen()
        expect((await store.links(alice))?.links).toEqual([linkOf(1).bytes, linkOf(2).bytes, linkOf(4).bytes])
        await store.eraseAccount(alice)
        expect(await store.begin(alice, [linkOf(3)])).toBe(true)
      })

      it('has another mark after every change', async () => {
        const marks = [await store.mark(alice)]
        for (const number of [1, 2, 3]) {
          await append(alice, number)
          marks.push(await store.mark(alice))
        }
        await store.eraseAccount(alice)
        await append(alice, 4)
        marks.push(await store.mark(alice))
        expect(new Set(marks).size).toBe(5)
      })

      it('adds only to what was read', async () => {
        expect(await store.append(alice, linkOf(1), 'never given')).toBe(false)
        await append(alice, 1)
        const read = await store.mark(alice)
        await append(alice, 2)
        expect(await store.append(alice, linkOf(3), read)).toBe(false)
        expect(await store.append(alice, linkOf(3), null)).toBe(false)
        expect((await store.links(alice))?.links).toHaveLength(2)
      })

      it('takes one of many that come at once', async () => {
        const opened = await Promise.all([1, 2, 3, 4].map((number) => store.append(alice, linkOf(number), null)))
        expect(opened.filter(Boolean)).toHaveLength(1)
        const read = await store.mark(alice)
        const added = await Promise.all([5, 6, 7, 8].map((number) => store.append(alice, linkOf(number), read)))
        expect(added.filter(Boolean)).toHaveLength(1)
        expect((await store.links(alice))?.links).toHaveLength(2)
      })

      it('never holds a link twice', async () => {
        await append(alice, 1, 2)
        await expect(store.append(alice, linkOf(1), await store.mark(alice))).rejects.toThrow()
        expect((await store.links(alice))?.links).toHaveLength(2)
      })
    })

    describe('boxes', () => {
      const [phone, laptop] = [filled(16, 0xa), filled(16, 0xb)]

      it('gives each recipient its own, by epoch, also after a restart', async () => {
        const boxes = [boxOf(2, phone), boxOf(1, phone), boxOf(1, laptop), boxOf(1, 'paper')]
        expect(await store.putBoxes(alice, boxes)).toEqual(boxes.map(() => 'stored'))
        await reopen()
        const [one, two] = [1, 2].map((epoch) => ({ epoch, box: boxOf(epoch, phone).box }))
        expect(await store.boxes(alice, phone)).toEqual([one, two])
        expect(await store.boxes(alice, laptop)).toEqual([one])
        expect(await store.boxes(alice, 'paper')).toEqual([one])
        expect(await store.boxes(bob, phone)).toEqual([])
        expect(await store.boxes(alice, filled(16, 0xc))).toEqual([])
      })

      it('keeps the first of an epoch and recipient', async () => {
        await store.putBoxes(alice, [boxOf(1, phone, 7)])
        const later = [boxOf(1, phone, 7), boxOf(1, phone, 8), boxOf(2, phone, 9), boxOf(2, phone, 10)]
        expect(await store.putBoxes(alice, later)).toEqual(['repeated', 'taken', 'stored', 'taken'])
        expect(await store.boxes(alice, phone)).toEqual([
          { epoch: 1, box: filled(80, 7) },
          { epoch: 2, box: filled(80, 9) },
        ])
      })

      it('stores all or nothing, up to its quota and the size of a box', async () => {
        const large = { epoch: 1, recipient: phone, box: filled(maxBoxBytes, 1) }
        expect(await store.putBoxes(alice, [large])).toEqual(['stored'])
        const larger = { epoch: 2, recipient: phone, box: filled(maxBoxBytes + 1, 1) }
        expect(await store.putBoxes(alice, [boxOf(3, phone), larger])).toBe('quota')
        expect(
          await store.putBoxes(
            alice,
            [2, 3, 4, 5, 6, 7].map((epoch) => boxOf(epoch, phone)),
          ),
        ).toBe('quota')
        expect(await store.boxes(alice, phone)).toHaveLength(1)
        const rest = [2, 3, 4, 5, 6].map((epoch) => boxOf(epoch, phone))
        expect(await store.putBoxes(alice, rest)).toEqual(rest.map(() => 'stored'))
        expect(await store.putBoxes(alice, rest)).toEqual(rest.map(() => 'repeated'))
        expect(await store.putBoxes(bob, rest)).toEqual(rest.map(() => 'stored'))
      })

      it('drops older epochs', async () => {
        await store.putBoxes(alice, [boxOf(1, phone), boxOf(2, phone), boxOf(1, 'paper'), boxOf(3, 'paper')])
        await store.putBoxes(bob, [boxOf(1, phone)])
        expect(await store.dropBoxesBefore(alice, 2)).toBe(2)
        expect((await store.boxes(alice, phone)).map(({ epoch }) => epoch)).toEqual([2])
        expect((await store.boxes(alice, 'paper')).map(({ epoch }) => epoch)).toEqual([3])
        expect(await store.boxes(bob, phone)).toHaveLength(1)
      })
    })

    it('erases all of an account, and nothing of another', async () => {
      for (const account of [alice, bob]) {
        await append(account, 1, 2)
        await store.putBoxes(account, [boxOf(1, 'paper')])
      }
      await store.eraseAccount(alice)
      await reopen()
      expect(await store.links(alice)).toBeNull()
      expect(await store.boxes(alice, 'paper')).toEqual([])
      expect((await store.links(bob))?.links).toHaveLength(2)
      expect(await store.boxes(bob, 'paper')).toHaveLength(1)
      await append(alice, 1)
    })

    it.runIf(kind.holds !== undefined)('leaves nothing on the disk of what was erased', async () => {
      await append(alice, 0x51, 0x52)
      await store.putBoxes(alice, [boxOf(1, 'paper', 0x53), boxOf(2, 'paper', 0x54)])
      const held = (value: number): Promise<boolean> | undefined => kind.holds?.(place, filled(16, value))
      for (const value of [0x51, 0x52, 0x53, 0x54]) expect(await held(value), `byte ${value}`).toBe(true)
      await store.dropBoxesBefore(alice, 2)
      expect(await held(0x53)).toBe(false)
      expect(await held(0x54)).toBe(true)
      await store.eraseAccount(alice)
      for (const value of [0x51, 0x52, 0x54]) expect(await held(value), `byte ${value}`).toBe(false)
    })
  })
}
