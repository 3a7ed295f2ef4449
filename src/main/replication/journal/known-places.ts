/** What the engine asks of a journal at once: how far the devices are read, and hashes to compare with. */
import { compareBytes, toHex } from '#shared/bytes/bytes.ts'
import type { Place } from '#shared/replication/head.ts'
import type { KeptJournal } from '#main/history/replica-port.ts'
import { HashesBySeq } from './hashes-by-seq.ts'

type Places = ReadonlyMap<string, Place>

const byDevice = (places: readonly Place[]): Map<string, Place> =>
  new Map(places.map((place) => [toHex(place.device), place]))

export class KnownPlaces {
  readonly #hashes = new Map<string, HashesBySeq>()
  readonly #places: Map<string, Place>
  readonly #claims: Map<string, Place>
  #sorted: readonly Place[] | null = null

  constructor({ places, claims, hashes }: Pick<KeptJournal, 'places' | 'claims' | 'hashes'>) {
    this.#places = byDevice(places)
    this.#claims = byDevice(claims)
    for (const { device, seqs, hashes: packed } of hashes) {
      const known = this.#of(device)
      for (const [i, seq] of seqs.entries()) known.set(seq, packed.subarray(i * 32, i * 32 + 32))
    }
  }

  /** Sorted by device. */
  places(): readonly Place[] {
    this.#sorted ??= [...this.#places.values()].sort((a, b) => compareBytes(a.device, b.device))
    return this.#sorted
  }

  claims(): readonly Place[] {
    return [...this.#claims.values()]
  }

  placeOf(device: Uint8Array): Place | null {
    return this.#places.get(toHex(device)) ?? null
  }

  readOf(device: Uint8Array): number {
    return this.#seqIn(this.#places, device)
  }

  hashAt(device: Uint8Array, seq: number): Uint8Array | null {
    return this.#hashes.get(toHex(device))?.get(seq) ?? null
  }

  noteWritten({ device, seq, hash }: Place): void {
    this.#of(device).set(seq, hash)
  }

  noteRead(place: Place, frontier: readonly Place[]): void {
    this.#places.set(toHex(place.device), place)
    this.#sorted = null
    this.#of(place.device).set(place.seq, place.hash)
    for (const claim of frontier) this.noteClaim(claim)
  }

  noteClaim(claim: Place): void {
    this.#of(claim.device).note(claim.seq, claim.hash)
    if (claim.seq > this.#seqIn(this.#claims, claim.device)) this.#claims.set(toHex(claim.device), claim)
  }

  #seqIn(places: Places, device: Uint8Array): number {
    return places.get(toHex(device))?.seq ?? 0
  }

  #of(device: Uint8Array): HashesBySeq {
    const key = toHex(device)
    const known = this.#hashes.get(key) ?? new HashesBySeq()
    this.#hashes.set(key, known)
    return known
  }
}
