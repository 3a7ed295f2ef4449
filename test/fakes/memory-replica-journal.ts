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

interface State {
  own: Place | null
  confirmed: number
  /** Contents this device observed itself, in order; up to `cursor` they are in batches. */
  observed: readonly Uint8Array[]
  cursor: number
  toErase: readonly Tombstone[]
  sealed: readonly SealedBatch[]
  places: ReadonlyMap<string, Place>
  claims: ReadonlyMap<string, Place>
  hashes: ReadonlyMap<string, Uint8Array>
  received: readonly Uint8Array[]
  /** Device and seq of what was received ahead of its turn. */
  early: ReadonlySet<string>
  unopened: ReadBatch['unopened']
  missing: readonly MissingBody[]
  erased: ReadonlyMap<string, Tombstone>
  faults: ReadonlyMap<string, ReplicaFault>
}

const empty: State = {
  ...{
    own: null,
    confirmed: 0,
    observed: [],
    cursor: 0,
    toErase: [],
    sealed: [],
    received: [],
    unopened: [],
    missing: [],
  },
  ...{
    places: new Map(),
    claims: new Map(),
    hashes: new Map(),
    erased: new Map(),
    faults: new Map(),
    early: new Set(),
  },
}

export class MemoryReplicaJournal implements ReplicaJournal {
  #state: State
  readonly #held: readonly Uint8Array[]

  /** `held` = contents that were here before, under another id. */
  constructor(copy?: MemoryReplicaJournal, held: readonly Uint8Array[] = []) {
    this.#held = held
    this.#state = copy === undefined ? { ...empty } : { ...copy.#state }
  }

  /** What this device says, replicated with its next batch. */
  observe(content: Uint8Array): void {
    this.#state = { ...this.#state, observed: [...this.#state.observed, content] }
  }

  erase(body: Tombstone): void {
    const { toErase, erased } = this.#state
    this.#state = { ...this.#state, toErase: [...toErase, body], erased: with_(erased, body, body) }
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
    this.#state = {
      ...this.#state,
      unopened,
      received: [...this.#state.received, ...contents.filter(({ length }) => length > 0)],
    }
  }

  own(): Place | null {
    return this.#state.own
  }

  confirmed(): number {
    return this.#state.confirmed
  }

  places(): readonly Place[] {
    return [...this.#state.places.values()].sort((a, b) => compareBytes(a.device, b.device))
  }

  claims(): readonly Place[] {
    return [...this.#state.claims.values()]
  }

  hashAt(device: Uint8Array, seq: number): Uint8Array | null {
    return this.#state.hashes.get(`${toHex(device)} ${seq}`) ?? null
  }

  missing(): readonly MissingBody[] {
    return this.#state.missing
  }

  erasedAmong(bodies: readonly Tombstone[]): Promise<readonly Tombstone[]> {
    const isErased = ({ device, seq, bodyHash }: Tombstone): boolean => {
      const erased = this.#state.erased.get(`${toHex(device)} ${seq}`)
      return erased !== undefined && equalBytes(erased.bodyHash, bodyHash)
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
    const { sealed, hashes, toErase } = this.#state
    this.#state = {
      ...this.#state,
      ...{ own: batch.place, cursor: batch.cursor, sealed: [...sealed, batch], toErase: toErase.slice(128) },
      hashes: with_(hashes, batch.place, batch.place.hash),
    }
    return Promise.resolve()
  }

  keepConfirmed(seq: number): Promise<void> {
    this.#state = { ...this.#state, confirmed: Math.max(this.#state.confirmed, seq) }
    return Promise.resolve()
  }

  keepRead(batches: readonly ReadBatch[]): Promise<void> {
    for (const batch of batches) this.#keepOne(batch)
    return Promise.resolve()
  }

  keepEarly(batches: readonly EarlyBatch[]): Promise<void> {
    for (const { place, contents } of batches) {
      const { places, early, claims, hashes, received } = this.#state
      const key = toHex(place.device)
      if (place.seq <= (places.get(key)?.seq ?? 0)) continue
      const fresh = contents.filter(({ seq }) => !early.has(`${key} ${seq}`))
      const isFarther = place.seq > (claims.get(key)?.seq ?? 0)
      this.#state = {
        ...this.#state,
        ...{ early: new Set([...early, ...fresh.map(({ seq }) => `${key} ${seq}`)]) },
        ...{ received: [...received, ...fresh.map(({ content }) => content)] },
        ...{ claims: isFarther ? new Map([...claims, [key, place]]) : claims },
        ...{ hashes: with_(hashes, place, hashes.get(`${key} ${place.seq}`) ?? place.hash) },
      }
    }
    return Promise.resolve()
  }

  #keepOne({ place, contents, unopened, missing, frontier, erased }: ReadBatch): void {
    const state = this.#state
    if (place.seq <= (state.places.get(toHex(place.device))?.seq ?? 0)) return
    const fresh = contents.filter(({ seq }) => !state.early.has(`${toHex(place.device)} ${seq}`))
    let hashes = with_(state.hashes, place, place.hash)
    const claims = new Map(state.claims)
    for (const claim of frontier) {
      hashes = with_(hashes, claim, hashes.get(`${toHex(claim.device)} ${claim.seq}`) ?? claim.hash)
      if (claim.seq > (claims.get(toHex(claim.device))?.seq ?? 0)) claims.set(toHex(claim.device), claim)
    }
    this.#state = {
      ...state,
      ...{ hashes, claims, places: new Map([...state.places, [toHex(place.device), place]]) },
      received: [...state.received, ...fresh.map(({ content }) => content)],
      unopened: [...state.unopened, ...unopened],
      missing: [...state.missing, ...missing],
      erased: new Map([...state.erased, ...erased.map((body) => [`${toHex(body.device)} ${body.seq}`, body] as const)]),
    }
  }

  keepFault(fault: ReplicaFault): Promise<void> {
    this.#state = { ...this.#state, faults: new Map([...this.#state.faults, [faultKey(fault), fault]]) }
    return Promise.resolve()
  }

  forgetMissing(bodies: readonly Tombstone[]): Promise<void> {
    const gone = new Set(bodies.map(({ device, seq }) => `${toHex(device)} ${seq}`))
    const missing = this.#state.missing.filter(({ device, seq }) => !gone.has(`${toHex(device)} ${seq}`))
    this.#state = { ...this.#state, missing }
    return Promise.resolve()
  }
}

function with_<T>(
  map: ReadonlyMap<string, T>,
  { device, seq }: Pick<Place, 'device' | 'seq'>,
  value: T,
): ReadonlyMap<string, T> {
  return new Map([...map, [`${toHex(device)} ${seq}`, value]])
}
