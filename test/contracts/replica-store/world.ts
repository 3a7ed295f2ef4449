/** What the tests of a replica's store share. */
import { expect } from 'vitest'
import type {
  BatchPage,
  BatchToStore,
  BodyToErase,
  Cursor,
  ReplicaStore,
  ReplicaStoreLimits,
  StoredBatch,
} from '#server/replica/replica-store.ts'
import { toHex } from '#shared/bytes/bytes.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import { ReplicaDevice, bodyHashOf, type MadeBatch } from '#test/fixtures/replica/device.ts'

export interface StoreOptions {
  readonly clock: ClockPort
  readonly limits: ReplicaStoreLimits
}

/** How a kind of store is made for a test. */
export interface ReplicaStoreKind<Place> {
  /** Somewhere nothing is stored yet. */
  makePlace(): Promise<Place>
  /** Opens what is stored there; the store before was closed. */
  open(place: Place, options: StoreOptions): Promise<ReplicaStore>
  /** Contents of every file the store may have put something into, while it is open; left out where a test cannot see them. */
  bytesOnDisk?(place: Place): Promise<readonly Uint8Array[]>
  /** Removes what is left after the store was closed. */
  removePlace(place: Place): Promise<void>
}

export const dayMs = 86_400_000
export const today = 20_500
export const alice = 'sip:alice@example.org'
export const bob = 'sip:bob@example.org'
export const plenty = 100 * 1_048_576

/** A clock that a test sets, backwards too. */
export class SetClock implements ClockPort {
  #now = today * dayMs + dayMs / 2

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  after(): never {
    throw new Error('a store has no timers')
  }

  setDay(day: number, msOfDay = dayMs / 2): void {
    this.#now = day * dayMs + msOfDay
  }
}

/** The store of the test that runs, and what tests say often. */
export class World<Place = unknown> {
  readonly #kind: ReplicaStoreKind<Place>
  #place: { readonly at: Place } | null = null
  #store: ReplicaStore | null = null
  clock = new SetClock()

  constructor(kind: ReplicaStoreKind<Place>) {
    this.#kind = kind
  }

  get store(): ReplicaStore {
    if (this.#store === null) throw new Error('no store is open')
    return this.#store
  }

  async start(): Promise<void> {
    this.clock = new SetClock()
    this.#place = { at: await this.#kind.makePlace() }
    await this.#open(plenty)
  }

  async end(): Promise<void> {
    await this.#store?.close()
    this.#store = null
    if (this.#place !== null) await this.#kind.removePlace(this.#place.at)
    this.#place = null
  }

  async reopen(accountBytes = plenty): Promise<void> {
    await this.store.close()
    this.#store = null
    await this.#open(accountBytes)
  }

  async #open(accountBytes: number): Promise<void> {
    if (this.#place === null) throw new Error('no place')
    this.#store = await this.#kind.open(this.#place.at, { clock: this.clock, limits: { accountBytes } })
  }

  device(name: string, account = alice): ReplicaDevice {
    return new ReplicaDevice(account, name)
  }

  /** Appends what has to be new. */
  async add(device: ReplicaDevice, ...lengths: readonly number[]): Promise<MadeBatch> {
    const batch = device.write(...lengths)
    expect((await this.store.append(device.account, batch)).kind).toBe('stored')
    return batch
  }

  page(after: Cursor = [], { maxBytes = plenty, account = alice } = {}): Promise<BatchPage> {
    return this.store.page(account, { after, maxBytes })
  }

  /** Reads pages until the end; returns all batches, and how many pages they were. */
  async readAll(maxBytes: number, cursor = new ReadingCursor()): Promise<{ batches: StoredBatch[]; pages: number }> {
    const batches: StoredBatch[] = []
    for (let pages = 1; ; pages++) {
      const { batches: some, end } = await this.page(cursor.places(), { maxBytes })
      batches.push(...cursor.advance(some))
      if (end) return { batches, pages }
      expect(some.length, 'batches of a page that is not the last').toBeGreaterThan(0)
    }
  }

  async onDisk(...needles: readonly Uint8Array[]): Promise<readonly boolean[]> {
    if (this.#kind.bytesOnDisk === undefined || this.#place === null) throw new Error('its disk cannot be seen')
    const files = await this.#kind.bytesOnDisk(this.#place.at)
    return needles.map((needle) => files.some((file) => bufferOf(file).includes(bufferOf(needle))))
  }
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)

/** How far a reader has come. */
export class ReadingCursor {
  readonly #places = new Map<string, { readonly device: Uint8Array; readonly seq: number }>()

  places(): Cursor {
    return [...this.#places.values()]
  }

  advance(batches: readonly StoredBatch[]): readonly StoredBatch[] {
    for (const { device, last } of batches) this.#places.set(toHex(device), { device, seq: last })
    return batches
  }
}

/** A batch as tests compare it. */
export const nameOf = ({ device, first, last, bytes }: Omit<StoredBatch, 'day'>): string =>
  `${toHex(device)} ${first}–${last} ${toHex(bodyHashOf(bytes))}`
export const namesOf = (batches: readonly Omit<StoredBatch, 'day'>[]): readonly string[] => batches.map(nameOf)
export const at = (device: ReplicaDevice, seq = device.seq): Cursor[number] => ({ device: device.id, seq })
export const headOf = ({ device, last, hash }: BatchToStore, day = today) => ({ device, seq: last, hash, day })

export const bodyOf = ({ device, first, bodies }: MadeBatch, index: number): BodyToErase => ({
  ...{ device, seq: first + index },
  bodyHash: bodyHashOf(bodies[index]!),
})
