/** What every store of sealed attachments is held to: registers tests for one, each with a place of its own. */
import { createHash, randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BlobAnswer, BlobStore, BlobStoreLimits } from '#server/replica/blob-store.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import { alice, bob, SetClock, today } from './replica-store/world.ts'

/** How a kind of store is made for a test. */
export interface BlobStoreKind<Place> {
  makePlace(): Promise<Place>
  /** Opens what is stored there; the store before was closed. */
  open(
    place: Place,
    options: { readonly clock: ClockPort; readonly limits: BlobStoreLimits },
  ): Promise<BlobStore> | BlobStore
  /** Contents of every file the store may have put something into, while it is open. */
  bytesOnDisk(place: Place): Promise<readonly Uint8Array[]>
  removePlace(place: Place): Promise<void>
}

interface Blob {
  readonly bytes: Uint8Array
  readonly hash: Uint8Array
}

const blobOf = (size: number): Blob => {
  const bytes = Uint8Array.from(randomBytes(size))
  return { bytes, hash: Uint8Array.from(createHash('sha256').update(bytes).digest()) }
}
const partBytes = 5000
const plenty = 10_000_000

export function describeBlobStore<Place>(name: string, kind: BlobStoreKind<Place>): void {
  describe(`${name} as a store of sealed attachments`, () => {
    let place: { readonly at: Place } | null = null
    let store: BlobStore
    let clock = new SetClock()

    const open = async (accountBlobBytes = plenty): Promise<void> => {
      place ??= { at: await kind.makePlace() }
      store = await kind.open(place.at, { clock, limits: { accountBlobBytes } })
    }
    const reopen = async (accountBlobBytes = plenty): Promise<void> => {
      await store.close()
      await open(accountBlobBytes)
    }
    beforeEach(async () => {
      clock = new SetClock()
      await open()
    })
    afterEach(async () => {
      await store.close()
      if (place !== null) await kind.removePlace(place.at)
      place = null
    })

    const part = ({ bytes, hash }: Blob, at: number) => ({
      ...{ hash, size: bytes.length, at },
      bytes: bytes.subarray(at, at + partBytes),
    })
    /** Puts part after part from `from` on; the last answer. */
    const put = async (blob: Blob, { account = alice, from = 0 } = {}): Promise<BlobAnswer> => {
      let answer: BlobAnswer = { kind: 'part', next: from }
      while (answer.kind === 'part') answer = await store.put(account, part(blob, answer.next))
      return answer
    }
    const get = async ({ hash }: Blob, account = alice): Promise<Uint8Array | null> => {
      const parts: Uint8Array[] = []
      for (let at = 0; ;) {
        const read = await store.read(account, hash, { at, most: 3333 })
        if (read === null) return null
        parts.push(read.bytes)
        at += read.bytes.length
        if (at >= read.size) return Uint8Array.from(Buffer.concat(parts))
      }
    }
    const onDisk = async (...needles: readonly Uint8Array[]): Promise<readonly boolean[]> => {
      const files = await kind.bytesOnDisk(place!.at)
      return needles.map((needle) => files.some((file) => Buffer.from(file).includes(Buffer.from(needle))))
    }
    const middle = ({ bytes }: Blob): Uint8Array => bytes.subarray(100, 132)

    it.each([1, 300, partBytes, partBytes + 1, 3 * partBytes + 7])('gives %i bytes back as they came', async (size) => {
      const blob = blobOf(size)
      expect(await put(blob)).toEqual({ kind: 'stored', day: today })
      await reopen()
      expect(await get(blob)).toEqual(blob.bytes)
      expect(await store.states(alice, [blob.hash])).toEqual([{ whole: true, next: size }])
      expect(await store.usage(alice)).toEqual({ blobs: 1, bytes: size, oldestDay: today })
    })

    it('answers an equal repeat with the same receipt, whenever it comes', async () => {
      const blob = blobOf(partBytes + 10)
      await put(blob)
      clock.setDay(today + 5)
      expect(await store.put(alice, part(blob, 0))).toEqual({ kind: 'repeated', day: today })
      expect(await store.put(alice, part(blob, partBytes))).toEqual({ kind: 'repeated', day: today })
      expect((await store.usage(alice)).blobs).toBe(1)
    })

    it('goes on where it was, and says where that is', async () => {
      const blob = blobOf(3 * partBytes)
      expect(await store.put(alice, part(blob, 0))).toEqual({ kind: 'part', next: partBytes })
      await reopen()
      clock.setDay(today + 1)
      expect(await store.states(alice, [blob.hash])).toEqual([{ whole: false, next: partBytes }])
      expect(await store.read(alice, blob.hash, { at: 0, most: 10 })).toBeNull()
      expect(await store.put(alice, part(blob, 0))).toEqual({ kind: 'part', next: partBytes })
      expect(await store.put(alice, part(blob, 2 * partBytes))).toEqual({ kind: 'part', next: partBytes })
      expect(await put(blob, { from: partBytes })).toEqual({ kind: 'stored', day: today })
      expect(await get(blob)).toEqual(blob.bytes)
    })

    it('keeps nothing of what is not what its hash says', async () => {
      const [blob, other] = [blobOf(2 * partBytes), blobOf(2 * partBytes)]
      const forged = { ...blob, bytes: other.bytes }
      expect(await put(forged)).toEqual({ kind: 'wrong-hash' })
      expect(await store.states(alice, [blob.hash])).toEqual([{ whole: false, next: 0 }])
      expect(await store.usage(alice)).toEqual({ blobs: 0, bytes: 0, oldestDay: null })
      expect(await put(blob)).toMatchObject({ kind: 'stored' })
    })

    it('begins anew where another size was said before', async () => {
      const blob = blobOf(2 * partBytes)
      await store.put(alice, { ...part(blob, 0), size: 9 * partBytes })
      expect(await put(blob)).toMatchObject({ kind: 'stored' })
      expect(await store.usage(alice)).toMatchObject({ blobs: 1, bytes: 2 * partBytes })
    })

    it('takes no more than an account may have, and counts what has only begun', async () => {
      await reopen(5 * partBytes)
      const [one, two, small] = [blobOf(3 * partBytes), blobOf(3 * partBytes), blobOf(2 * partBytes)]
      await store.put(alice, part(one, 0))
      expect(await store.put(alice, part(two, 0))).toEqual({ kind: 'quota' })
      expect(await put(small)).toMatchObject({ kind: 'stored' })
      expect(await put(one, { from: partBytes })).toMatchObject({ kind: 'stored' })
      expect(await put(two, { account: bob })).toMatchObject({ kind: 'stored' })
      await store.erase(alice, [one.hash])
      expect(await put(two)).toMatchObject({ kind: 'stored' })
    })

    it('keeps accounts apart', async () => {
      const blob = blobOf(partBytes)
      await put(blob)
      expect(await get(blob, bob)).toBeNull()
      expect(await store.states(bob, [blob.hash])).toEqual([{ whole: false, next: 0 }])
      await put(blob, { account: bob })
      await store.eraseAccount(alice)
      expect([await get(blob), await get(blob, bob)]).toEqual([null, blob.bytes])
    })

    it('has an erased blob in no file, and the others untouched', async () => {
      const [one, two, begun] = [blobOf(2 * partBytes), blobOf(2 * partBytes), blobOf(2 * partBytes)]
      await put(one)
      clock.setDay(today + 1)
      await put(two)
      await store.put(alice, part(begun, 0))
      const all = [one, two, begun].map(middle)
      expect(await onDisk(...all, one.hash)).toEqual([true, true, true, true])
      expect(await store.erase(alice, [one.hash, begun.hash, blobOf(1).hash])).toBe(2)
      expect(await onDisk(...all, one.hash)).toEqual([false, true, false, false])
      expect([await get(one), await get(two)]).toEqual([null, two.bytes])
      expect(await store.erase(alice, [one.hash])).toBe(0)
    })

    it('has nothing of an erased account in any file', async () => {
      const [one, two, hers] = [blobOf(partBytes), blobOf(2 * partBytes), blobOf(partBytes)]
      await put(one)
      await put(hers, { account: bob })
      clock.setDay(today + 1)
      await store.put(alice, part(two, 0))
      await store.eraseAccount(alice)
      expect(await onDisk(middle(one), middle(two), utf8(alice), middle(hers))).toEqual([false, false, false, true])
      expect(await store.usage(alice)).toEqual({ blobs: 0, bytes: 0, oldestDay: null })
      await store.eraseAccount(alice)
    })

    it('drops whole days, and nothing else', async () => {
      const [one, two] = [blobOf(partBytes), blobOf(partBytes)]
      await put(one)
      clock.setDay(today + 1)
      await put(two)
      await store.dropBefore(today + 1)
      expect([await get(one), await get(two)]).toEqual([null, two.bytes])
      expect(await onDisk(middle(one), middle(two))).toEqual([false, true])
      expect(await store.usage(alice)).toEqual({ blobs: 1, bytes: partBytes, oldestDay: today + 1 })
      expect(await put(one)).toEqual({ kind: 'stored', day: today + 1 })
    })

    it('receives on no earlier day than before', async () => {
      clock.setDay(today + 3)
      await put(blobOf(10))
      clock.setDay(today - 20)
      expect(await put(blobOf(10))).toEqual({ kind: 'stored', day: today + 3 })
    })

    it('takes parts of many at once', async () => {
      const blobs = Array.from({ length: 6 }, () => blobOf(2 * partBytes + 5))
      const answers = await Promise.all([...blobs, ...blobs].map((blob) => put(blob)))
      expect(answers.every(({ kind }) => kind === 'stored' || kind === 'repeated')).toBe(true)
      for (const blob of blobs) expect(await get(blob)).toEqual(blob.bytes)
    })

    it('does nothing more once it is closed', async () => {
      await store.close()
      await expect(store.usage(alice)).rejects.toThrow()
      await open()
    })
  })
}
