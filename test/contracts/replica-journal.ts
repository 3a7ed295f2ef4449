/** What every journal of replication does, whatever it is kept in. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodeBatch } from '#shared/replication/batch.ts'
import { encodeEnvelopeStart, finishHeader } from '#shared/replication/envelope.ts'
import { encodeHead, maxErased, type Place, type Tombstone } from '#shared/replication/head.ts'
import type { ReplicaFault } from '#main/replication/faults.ts'
import type { OpenedContent, ReadBatch, ReplicaJournal, SealedBatch, Unsealed } from '#main/replication/ports.ts'

/** A journal and what surrounds it in a test. */
export interface JournalWorld {
  readonly journal: ReplicaJournal
  /** A content that is taken for what it is; another for each number. */
  content(number: number): Uint8Array
  /** This device says something. */
  observe(content: Uint8Array): Promise<void>
  /** This device erases what lies in an envelope of its own. */
  erase(body: Tombstone): Promise<void>
  /** Everything this device said or read and did not erase, in no order. */
  contents(): Promise<readonly Uint8Array[]>
  faults(): Promise<readonly ReplicaFault[]>
  /** Everything as it is after the program was ended and started again. */
  reopen(): Promise<void>
  close(): Promise<void>
}

const filled = (byte: number, length: number) => new Uint8Array(length).fill(byte)
const ownDevice = filled(1, 16)
const sibling = filled(2, 16)
const hashOf = (seq: number) => filled(100 + seq, 32)
const bodyOf = (seq: number) => filled(200 + (seq % 50), 32)
const account = 'sip:alice@example.org'
const all = (contents: readonly Uint8Array[]): number => contents.length

export function placeOf(device: Uint8Array, seq: number, at = 5000 + seq): Place {
  return { device, seq, hash: hashOf(seq), at }
}

/** The batch that these contents are sealed into; nothing of it is checked by a journal. */
export function sealedOf(first: number, { contents, cursor, erased }: Unsealed): SealedBatch {
  const count = Math.max(1, contents.length)
  const place = placeOf(ownDevice, first + count - 1)
  const envelopes = Array.from({ length: count }, (_, i) => {
    const epoch = 1
    const start = { device: ownDevice, seq: first + i, epoch, salt: filled(3, 32), previous: filled(4, 32) }
    return { header: finishHeader(encodeEnvelopeStart(start), bodyOf(first + i)), body: filled(5, 300) }
  })
  const head = encodeHead({
    ...{ version: 1 as const, account, ...place, count, epoch: 1, frontier: [] },
    ...(erased.length === 0 ? {} : { erased: [...erased] }),
  })
  return { place, first, cursor, bytes: encodeBatch({ head, signature: filled(6, 64), envelopes }) }
}

export function readOf(seq: number, more: Partial<ReadBatch> = {}): ReadBatch {
  const place = placeOf(sibling, seq)
  return { place, contents: [], unopened: [], missing: [], frontier: [], erased: [], ...more }
}

export const openedOf = (seq: number, content: Uint8Array): OpenedContent => ({ seq, bodyHash: bodyOf(seq), content })
const erasedOf = (seq: number, device = sibling): Tombstone => ({ device, seq, bodyHash: bodyOf(seq) })
const texts = (contents: readonly Uint8Array[]) => contents.map((bytes) => Buffer.from(bytes).toString('hex')).sort()

export function describeReplicaJournal(name: string, open: () => Promise<JournalWorld>): void {
  let world: JournalWorld
  const say = async (...numbers: readonly number[]) => {
    for (const number of numbers) await world.observe(world.content(number))
  }
  /** Seals what waits; returns the batch. */
  const seal = async (most = 256, fitting = all): Promise<SealedBatch> => {
    const { journal } = world
    const found = await journal.unsealed(most, fitting)
    if (found === null) throw new Error('nothing waits')
    const sealed = sealedOf((journal.own()?.seq ?? 0) + 1, found)
    await journal.keepSealed(sealed)
    return sealed
  }
  const kept = async (check: () => Promise<void> | void) => {
    await check()
    await world.reopen()
    await check()
  }

  describe(name, () => {
    beforeEach(async () => {
      world = await open()
    })
    afterEach(() => world.close())

    it('knows nothing at first', async () => {
      await kept(async () => {
        const { journal } = world
        expect([journal.own(), journal.confirmed(), journal.oldestSealed()]).toEqual([null, 0, 1])
        expect([journal.places(), journal.claims(), journal.missing()]).toEqual([[], [], []])
        expect(journal.hashAt(sibling, 1)).toBeNull()
        expect(await journal.unsealed(256, all)).toBeNull()
        expect(await journal.sealed(1)).toBeNull()
      })
    })

    describe('sealing', () => {
      it('hands out what was observed, in order, as much as is wanted and as fits', async () => {
        await say(1, 2, 3)
        await kept(async () => {
          const contents = [1, 2, 3].map((number) => world.content(number))
          expect((await world.journal.unsealed(256, all))?.contents).toEqual(contents)
          expect((await world.journal.unsealed(2, all))?.contents).toEqual(contents.slice(0, 2))
          expect((await world.journal.unsealed(256, () => 1))?.contents).toEqual(contents.slice(0, 1))
        })
      })

      it('hands out once what is in a batch, and keeps the batch', async () => {
        await say(1, 2, 3)
        const sealed = await seal(2)
        await kept(async () => {
          const { journal } = world
          expect((await journal.unsealed(256, all))?.contents).toEqual([world.content(3)])
          expect(await journal.sealed(1)).toEqual(sealed)
          expect(await journal.sealed(2)).toBeNull()
          expect([journal.own(), journal.oldestSealed()]).toEqual([sealed.place, 1])
          expect(journal.hashAt(ownDevice, 2)).toEqual(hashOf(2))
        })
      })

      it('goes on after a batch', async () => {
        await say(1, 2)
        await seal(1)
        const second = await seal()
        await kept(async () => {
          expect(await world.journal.sealed(2)).toEqual(second)
          expect(await world.journal.unsealed(256, all)).toBeNull()
          expect(world.journal.own()).toEqual(second.place)
        })
      })

      it('hands out again what was not sealed before the program ended', async () => {
        await say(1)
        await world.journal.unsealed(256, all)
        await world.reopen()
        expect((await seal()).place.seq).toBe(1)
        expect(await world.journal.unsealed(256, all)).toBeNull()
      })

      it('remembers how far the server confirmed, and never goes back', async () => {
        await world.journal.keepConfirmed(7)
        await world.journal.keepConfirmed(5)
        await kept(() => expect(world.journal.confirmed()).toBe(7))
      })
    })

    describe('reading', () => {
      it('keeps contents and place together', async () => {
        const contents = [1, 2].map((number) => openedOf(number, world.content(number)))
        await world.journal.keepRead([readOf(2, { contents })])
        await kept(async () => {
          expect(texts(await world.contents())).toEqual(texts([world.content(1), world.content(2)]))
          expect(world.journal.places()).toEqual([placeOf(sibling, 2)])
          expect(world.journal.hashAt(sibling, 2)).toEqual(hashOf(2))
          expect(world.journal.hashAt(sibling, 1)).toBeNull()
        })
      })

      it('does not seal what it has read', async () => {
        await world.journal.keepRead([readOf(1, { contents: [openedOf(1, world.content(1))] })])
        await kept(async () => expect(await world.journal.unsealed(256, all)).toBeNull())
      })

      it('changes nothing when a batch comes again', async () => {
        const missing = [{ ...erasedOf(3), at: 100 }]
        const batch = readOf(2, { contents: [openedOf(1, world.content(1))], missing })
        await world.journal.keepRead([batch])
        await world.journal.forgetMissing(missing)
        await world.journal.keepRead([batch])
        await kept(async () => {
          expect(texts(await world.contents())).toEqual(texts([world.content(1)]))
          expect(world.journal.missing()).toEqual([])
          expect(world.journal.places()).toEqual([placeOf(sibling, 2)])
        })
      })

      it('sorts the devices it has read', async () => {
        const others = [9, 5, 7].map((byte) => filled(byte, 16))
        for (const device of others) await world.journal.keepRead([{ ...readOf(1), place: placeOf(device, 1) }])
        await kept(() => expect(world.journal.places().map(({ device }) => device[0])).toEqual([5, 7, 9]))
      })

      it('keeps the farthest claim, and hashes of all', async () => {
        const [far, near] = [placeOf(filled(9, 16), 12), placeOf(filled(9, 16), 4)]
        await world.journal.keepRead([readOf(1, { frontier: [far] })])
        await world.journal.keepRead([readOf(2, { frontier: [near] })])
        await kept(() => {
          expect(world.journal.claims()).toEqual([far])
          expect([12, 4].map((seq) => world.journal.hashAt(far.device, seq))).toEqual([hashOf(12), hashOf(4)])
        })
      })

      it('keeps the hash it knew when somebody claims another', async () => {
        await world.journal.keepRead([readOf(1)])
        const claim = { ...placeOf(sibling, 1), hash: filled(99, 32) }
        await world.journal.keepRead([{ ...readOf(1), place: placeOf(filled(9, 16), 1), frontier: [claim] }])
        await kept(() => expect(world.journal.hashAt(sibling, 1)).toEqual(hashOf(1)))
      })

      it('keeps what is missing until it is explained', async () => {
        const missing = [1, 2].map((seq) => ({ ...erasedOf(seq), at: 1000 + seq }))
        await world.journal.keepRead([readOf(2, { missing })])
        await kept(() => expect(world.journal.missing()).toEqual(missing))
        await world.journal.forgetMissing(missing.slice(0, 1))
        await kept(() => expect(world.journal.missing()).toEqual(missing.slice(1)))
      })
    })

    describe('reading the newest first', () => {
      const contents = () => [5, 6].map((number) => openedOf(number, world.content(number)))

      it('keeps contents, and only claims their place', async () => {
        await world.journal.keepEarly([{ place: placeOf(sibling, 6), contents: contents() }])
        await kept(async () => {
          expect(texts(await world.contents())).toEqual(texts([world.content(5), world.content(6)]))
          expect([world.journal.places(), world.journal.claims()]).toEqual([[], [placeOf(sibling, 6)]])
          expect(world.journal.hashAt(sibling, 6)).toEqual(hashOf(6))
          expect(await world.journal.unsealed(256, all)).toBeNull()
        })
      })

      it('holds each once, however often and in whatever way it comes', async () => {
        const early = { place: placeOf(sibling, 6), contents: contents() }
        await world.journal.keepEarly([early])
        await world.reopen()
        await world.journal.keepEarly([early])
        const before = openedOf(4, world.content(4))
        await world.journal.keepRead([
          readOf(4, { contents: [before] }),
          readOf(6, { contents: contents(), erased: [erasedOf(9)] }),
        ])
        await world.journal.keepEarly([early])
        await kept(async () => {
          expect(texts(await world.contents())).toEqual(texts([4, 5, 6].map((number) => world.content(number))))
          expect(world.journal.places()).toEqual([placeOf(sibling, 6)])
        })
      })

      it('keeps the farther claim and the hash it knew', async () => {
        await world.journal.keepRead([readOf(1, { frontier: [placeOf(sibling, 8)] })])
        const other = { ...placeOf(sibling, 8), hash: filled(99, 32) }
        await world.journal.keepEarly([
          { place: placeOf(sibling, 6), contents: contents() },
          { place: other, contents: [] },
        ])
        await kept(() => {
          expect(world.journal.claims()).toEqual([placeOf(sibling, 8)])
          expect(world.journal.hashAt(sibling, 8)).toEqual(hashOf(8))
        })
      })
    })

    describe('erasing', () => {
      it('knows the bodies that others have erased, by their hashes', async () => {
        await world.journal.keepRead([readOf(1, { erased: [erasedOf(7)] })])
        await kept(async () => {
          const bodies = [erasedOf(7), erasedOf(8), { ...erasedOf(7), bodyHash: filled(9, 32) }]
          const asked = bodies.map((body) => ({ ...body, at: 0 }))
          const erased = await world.journal.erasedAmong(asked)
          expect(erased.map(({ seq, bodyHash }) => [seq, bodyHash[0]])).toEqual([[7, bodyOf(7)[0]]])
        })
      })

      it('says what this device erases, once', async () => {
        await say(1)
        await seal()
        await world.erase(erasedOf(1, ownDevice))
        await kept(async () => {
          expect((await world.journal.unsealed(256, all))?.erased).toEqual([erasedOf(1, ownDevice)])
          expect(await world.journal.erasedAmong([{ ...erasedOf(1, ownDevice), at: 0 }])).toHaveLength(1)
        })
        await seal()
        await kept(async () => {
          expect((await world.journal.unsealed(256, all))?.erased ?? []).toEqual([])
          expect(await world.journal.erasedAmong([{ ...erasedOf(1, ownDevice), at: 0 }])).toHaveLength(1)
        })
      })

      it('says more than one head may hold in several', async () => {
        const numbers = Array.from({ length: maxErased + 2 }, (_, i) => i + 1)
        await say(...numbers)
        await seal()
        for (const seq of numbers) await world.erase(erasedOf(seq, ownDevice))
        const first = await world.journal.unsealed(256, all)
        expect(first?.erased).toHaveLength(maxErased)
        await seal()
        const second = await world.journal.unsealed(256, all)
        expect(second?.erased).toHaveLength(2)
        const said = [...(first?.erased ?? []), ...(second?.erased ?? [])].map(({ seq }) => seq)
        expect(new Set(said).size).toBe(numbers.length)
      })
    })

    it('remembers each fault once', async () => {
      const faults: readonly ReplicaFault[] = [
        { kind: 'forked', device: sibling, seq: 3 },
        { kind: 'withheld', device: sibling, first: 4, last: 9 },
        { kind: 'forked', device: sibling, seq: 3 },
      ]
      for (const fault of faults) await world.journal.keepFault(fault)
      await kept(async () => expect(await world.faults()).toEqual(faults.slice(0, 2)))
    })
  })
}
