/** A journal without a disk, which can be copied as a disk is. */
import { compareBytes, equalBytes, toHex } from '#shared/bytes/bytes.ts'
import type { Place, Tombstone } from '#shared/replication/head.ts'
import { faultKey, type ReplicaFault } from '#main/replication/faults.ts'
import type {
  EarlyBatch,
  MissingBody,
  ReadBatch,
  ReplicaJournal,
  SealedBatch,
  Unsealed,
} from '#main/replication/ports.ts'

/** Changed in place: a world's journals are written to far more often than copied. */
interface State {
  own: Place | null
  confirmed: number
  /** Contents this device observed itself, in order; up to `cursor` they are in batches. */
  readonly observed: Uint8Array[]
  cursor: number
  readonly toErase: Tombstone[]
  readonly sealed: SealedBatch[]
  readonly places: Map<string, Place>
  /** The same sorted by device; null after a change. */
  sorted: readonly Place[] | null
  readonly claims: Map<string, Place>
  /** By device, then by seq. */
  readonly hashes: Map<string, Map<number, Uint8Array>>
  readonly received: Uint8Array[]
  /** Device and seq of what was received ahead of its turn. */
  readonly early: Set<string>
  unopened: ReadBatch['unopened'][number][]
  missing: readonly MissingBody[]
  readonly erased: Map<string, Tombstone>
  readonly faults: Map<string, ReplicaFault>
}

const empty = (): State => ({
  ...{ own: null, confirmed: 0, cursor: 0, sorted: null },
  ...{ observed: [], toErase: [], sealed: [], received: [], unopened: [], missing: [] },
  ...{ places: new Map(), claims: new Map(), hashes: new Map(), erased: new Map(), faults: new Map() },
  early: new Set(),
})

const copyOf = ({ own, confirmed, cursor, missing, sorted, ...state }: State): State => ({
  ...{ own, confirmed, cursor, missing, sorted },
  ...{ observed: [...state.observed], toErase: [...state.toErase], sealed: [...state.sealed] },
  ...{ received: [...state.received], unopened: [...state.unopened], early: new Set(state.early) },
  ...{ places: new Map(state.places), claims: new Map(state.claims) },
  hashes: new Map([...state.hashes].map(([device, known]) => [device, new Map(known)])),
  ...{ erased: new Map(state.erased), faults: new Map(state.faults) },
})

export class MemoryReplicaJournal implements ReplicaJournal {
  readonly #state: State
  readonly #held: readonly Uint8Array[]

  /** `held` = contents that were here before, under another id. */
  constructor(copy?: MemoryReplicaJournal, held: readonly Uint8Array[] = []) {
    this.#held = held
    this.#state = copy === undefined ? empty() : copyOf(copy.#state)
  }

  /** What this device says, replicated with its next batch. */
  observe(content: Uint8Array): void {
    this.#state.observed.push(content)
  }

  erase(body: Tombstone): void {
    this.#state.toErase.push(body)
    this.#state.erased.set(keyOf(body), body)
  }

  /** Everything known here: what this device said and what it has read. */
  contents(): readonly Uint8Array[] {
    return [...this.#held, ...this.#state.observed, ...this.#state.received]
  }

  /** What this device said that no server has confirmed. */
  unconfirmed(): readonly Uint8Array[] {
    const confirmed = this.#state.sealed.findLast(({ place }) => place.seq <= this.#state.confirmed)?.cursor ?? 0
    return this.#state.observed.slice(confirmed)
  }

  faults(): readonly ReplicaFault[] {
    return [...this.#state.faults.values()]
  }

  /** Opens what waited for a key. */
  openWaiting(open: (header: Uint8Array, body: Uint8Array) => Uint8Array | null | 'no-key'): void {
    const opened = this.#state.unopened.map((envelope) => ({ envelope, content: open(envelope.header, envelope.body) }))
    const contents = opened.map(({ content }) => content).filter((content) => content instanceof Uint8Array)
    const unopened = opened.filter(({ content }) => content === 'no-key').map(({ envelope }) => envelope)
    this.#state.unopened = unopened
    this.#state.received.push(...contents.filter(({ length }) => length > 0))
  }

  own(): Place | null {
    return this.#state.own
  }

  confirmed(): number {
    return this.#state.confirmed
  }

  places(): readonly Place[] {
    this.#state.sorted ??= [...this.#state.places.values()].sort((a, b) => compareBytes(a.device, b.device))
    return this.#state.sorted
  }

  claims(): readonly Place[] {
    return [...this.#state.claims.values()]
  }

  hashAt(device: Uint8Array, seq: number): Uint8Array | null {
    return this.#state.hashes.get(toHex(device))?.get(seq) ?? null
  }

  missing(): readonly MissingBody[] {
    return this.#state.missing
  }

  erasedAmong(bodies: readonly Tombstone[]): Promise<readonly Tombstone[]> {
    const isErased = (body: Tombstone): boolean => {
      const erased = this.#state.erased.get(keyOf(body))
      return erased !== undefined && equalBytes(erased.bodyHash, body.bodyHash)
    }
    return Promise.resolve(bodies.filter(isErased))
  }

  unsealed(most: number, fitting: (contents: readonly Uint8Array[]) => number): Promise<Unsealed | null> {
    const { observed, cursor, toErase } = this.#state
    const candidates = observed.slice(cursor, cursor + most)
    const contents = candidates.slice(0, candidates.length === 0 ? 0 : fitting(candidates))
    if (contents.length === 0 && toErase.length === 0) return Promise.resolve(null)
    return Promise.resolve({ contents, cursor: cursor + contents.length, erased: toErase.slice(0, 128) })
  }

  sealed(first: number): Promise<SealedBatch | null> {
    return Promise.resolve(this.#state.sealed.find((batch) => batch.first === first) ?? null)
  }

  oldestSealed(): number {
    return this.#state.sealed[0]?.first ?? (this.#state.own?.seq ?? 0) + 1
  }

  keepSealed(batch: SealedBatch): Promise<void> {
    const state = this.#state
    state.own = batch.place
    state.cursor = batch.cursor
    state.sealed.push(batch)
    state.toErase.splice(0, 128)
    this.#noteHash(batch.place)
    return Promise.resolve()
  }

  /** The first that was said or read under a number stays, until a batch is read there. */
  #noteClaimed(place: Place): void {
    if (this.hashAt(place.device, place.seq) === null) this.#noteHash(place)
  }

  #noteHash({ device, seq, hash }: Place): void {
    const key = toHex(device)
    const known = this.#state.hashes.get(key)
    if (known === undefined) this.#state.hashes.set(key, new Map([[seq, hash]]))
    else known.set(seq, hash)
  }

  keepConfirmed(seq: number): Promise<void> {
    this.#state.confirmed = Math.max(this.#state.confirmed, seq)
    return Promise.resolve()
  }

  keepRead(batches: readonly ReadBatch[]): Promise<void> {
    for (const batch of batches) this.#keepOne(batch)
    return Promise.resolve()
  }

  keepEarly(batches: readonly EarlyBatch[]): Promise<void> {
    const { places, early, claims, received } = this.#state
    for (const { place, contents } of batches) {
      const device = toHex(place.device)
      if (place.seq <= (places.get(device)?.seq ?? 0)) continue
      const fresh = contents.filter(({ seq }) => !early.has(`${device} ${seq}`))
      for (const { seq } of fresh) early.add(`${device} ${seq}`)
      received.push(...fresh.map(({ content }) => content))
      if (place.seq > (claims.get(device)?.seq ?? 0)) claims.set(device, place)
      this.#noteClaimed(place)
    }
    return Promise.resolve()
  }

  #keepOne({ place, contents, unopened, missing, frontier, erased }: ReadBatch): void {
    const state = this.#state
    const { places, early, claims, received } = state
    const device = toHex(place.device)
    if (place.seq <= (places.get(device)?.seq ?? 0)) return
    this.#noteHash(place)
    for (const claim of frontier) {
      this.#noteClaimed(claim)
      const claimed = toHex(claim.device)
      if (claim.seq > (claims.get(claimed)?.seq ?? 0)) claims.set(claimed, claim)
    }
    places.set(device, place)
    state.sorted = null
    const fresh = contents.filter(({ seq }) => !early.has(`${device} ${seq}`))
    received.push(...fresh.map(({ content }) => content))
    state.unopened.push(...unopened)
    if (missing.length > 0) state.missing = [...state.missing, ...missing]
    for (const body of erased) state.erased.set(keyOf(body), body)
  }

  keepFault(fault: ReplicaFault): Promise<void> {
    this.#state.faults.set(faultKey(fault), fault)
    return Promise.resolve()
  }

  forgetMissing(bodies: readonly Tombstone[]): Promise<void> {
    const gone = new Set(bodies.map(keyOf))
    this.#state.missing = this.#state.missing.filter((body) => !gone.has(keyOf(body)))
    return Promise.resolve()
  }
}

function keyOf({ device, seq }: Pick<Place, 'device' | 'seq'>): string {
  return `${toHex(device)} ${seq}`
}
