/** The journal of one account in the history's database; what the engine asks at once is held here, and changed once it is durable. */
import { toHex } from '#shared/bytes/bytes.ts'
import { SottoError } from '#shared/errors.ts'
import type { Hlc } from '#shared/model/entry.ts'
import type { Aor } from '#shared/model/ids.ts'
import { decodeHeader } from '#shared/replication/envelope.ts'
import type { Place, Tombstone } from '#shared/replication/head.ts'
import type { ContentsReceipt, KeptJournal, ReplicaKeeperPort } from '#main/history/replica-port.ts'
import { faultKey, type ReplicaFault } from '../faults.ts'
import type {
  EarlyBatch,
  MissingBody,
  ReadBatch,
  ReplicaJournal,
  SealedBatch,
  SealingPort,
  Unsealed,
} from '../ports.ts'
import { decodeFault, encodeFault } from './fault-json.ts'
import { KnownPlaces } from './known-places.ts'
import { byDevice, ownBytes, ownPlace, ownTombstone, packContents, unpackQueued } from './packing.ts'

export interface HistoryReplicaJournalParts {
  readonly keeper: ReplicaKeeperPort
  readonly account: Aor
  /** Hears of the latest timestamp that was read, for the clock of new entries to go on from. */
  readonly observe?: (hlc: Hlc) => void
}

export class HistoryReplicaJournal implements ReplicaJournal {
  readonly #parts: HistoryReplicaJournalParts
  readonly #known: KnownPlaces
  readonly #missing = new Map<string, MissingBody>()
  #own: Place | null
  #confirmed: number
  #oldestSealed: number | null
  /** What was handed out to be sealed, by the cursor it was handed out with. */
  #handedOut: { readonly cursor: number; readonly queued: readonly number[] } = { cursor: 0, queued: [] }

  private constructor(parts: HistoryReplicaJournalParts, kept: KeptJournal) {
    this.#parts = parts
    this.#known = new KnownPlaces(kept)
    this.#own = kept.own
    this.#confirmed = kept.confirmed
    this.#oldestSealed = kept.oldestSealed
    for (const body of kept.missing) this.#missing.set(keyOf(body), body)
  }

  /** @throws SottoError `not-found` for an account that does not replicate. */
  static async open(parts: HistoryReplicaJournalParts): Promise<HistoryReplicaJournal> {
    const kept = await parts.keeper.journal(parts.account)
    if (kept === null) throw new SottoError('not-found')
    return new HistoryReplicaJournal(parts, kept)
  }

  own(): Place | null {
    return this.#own
  }

  confirmed(): number {
    return this.#confirmed
  }

  places(): readonly Place[] {
    return this.#known.places()
  }

  claims(): readonly Place[] {
    return this.#known.claims()
  }

  hashAt(device: Uint8Array, seq: number): Uint8Array | null {
    return this.#known.hashAt(device, seq)
  }

  missing(): readonly MissingBody[] {
    return [...this.#missing.values()]
  }

  erasedAmong(bodies: readonly MissingBody[]): Promise<readonly Tombstone[]> {
    const { keeper, account } = this.#parts
    return keeper.erasedAmong(account, bodies.map(ownTombstone))
  }

  async unsealed(most: number, fitting: (contents: readonly Uint8Array[]) => number): Promise<Unsealed | null> {
    const { keeper, account } = this.#parts
    const found = await keeper.unsealed(account, most)
    if (found === null) return null
    const contents = unpackQueued(found.contents)
    const count = contents.length === 0 ? 0 : fitting(contents)
    const queued = found.queued.slice(0, count)
    this.#handedOut = { cursor: queued.at(-1) ?? 0, queued }
    return { contents: contents.slice(0, count), cursor: this.#handedOut.cursor, erased: found.erased }
  }

  sealed(first: number): Promise<SealedBatch | null> {
    return this.#parts.keeper.sealed(this.#parts.account, first)
  }

  oldestSealed(): number {
    return this.#oldestSealed ?? (this.#own?.seq ?? 0) + 1
  }

  async keepSealed(batch: SealedBatch): Promise<void> {
    const { keeper, account } = this.#parts
    if (batch.cursor !== this.#handedOut.cursor) throw new Error('a batch of what was not handed out')
    const { queued } = this.#handedOut
    this.#oldestSealed = await keeper.keepSealed(account, { ...batch, queued })
    this.#own = batch.place
    this.#known.noteWritten(batch.place)
  }

  async keepConfirmed(seq: number): Promise<void> {
    await this.#parts.keeper.keepConfirmed(this.#parts.account, seq)
    this.#confirmed = Math.max(this.#confirmed, seq)
  }

  async keepRead(batches: readonly ReadBatch[]): Promise<void> {
    const reads = this.#unread(batches).map(ownBytes)
    if (reads.length === 0) return
    const { keeper, account } = this.#parts
    this.#heard(await keeper.keepRead(account, reads))
    for (const { place, frontier, missing } of reads) {
      this.#known.noteRead(place, frontier)
      for (const body of missing) this.#missing.set(keyOf(body), body)
    }
  }

  async keepEarly(batches: readonly EarlyBatch[]): Promise<void> {
    const early = this.#unread(batches).map(({ place, contents }) => {
      return { place: ownPlace(place), contents: packContents(contents) }
    })
    if (early.length === 0) return
    const { keeper, account } = this.#parts
    this.#heard(await keeper.keepEarly(account, early))
    for (const { place } of early) this.#known.noteClaim(place)
  }

  #unread<T extends EarlyBatch>(batches: readonly T[]): readonly T[] {
    return batches.filter(({ place }) => place.seq > this.#known.readOf(place.device))
  }

  async keepFault(fault: ReplicaFault): Promise<void> {
    await this.#parts.keeper.keepFault(this.#parts.account, { name: faultKey(fault), fault: encodeFault(fault) })
  }

  /** All that were ever found, the oldest first. */
  async faults(): Promise<readonly ReplicaFault[]> {
    return (await this.#parts.keeper.faults(this.#parts.account)).map(({ fault }) => decodeFault(fault))
  }

  async forgetMissing(bodies: readonly Tombstone[]): Promise<void> {
    await this.#parts.keeper.forgetMissing(this.#parts.account, bodies.map(ownTombstone))
    for (const body of bodies) this.#missing.delete(keyOf(body))
  }

  /** Opens what waited for a key, as far as its key is here now; resolves with how many still wait. */
  async openWaiting(open: SealingPort['open']): Promise<number> {
    const { keeper, account } = this.#parts
    let [after, count]: [number | null, number] = [0, 0]
    while (after !== null) {
      const page = await keeper.unopened(account, after)
      const opened = page.envelopes.flatMap(({ header, body }) => {
        const content = open(header, body)
        const { device, seq, bodyHash } = decodeHeader(header)
        return content === null || content === 'no-key' ? [] : [{ device, seq, bodyHash, content }]
      })
      if (opened.length > 0) this.#heard(await keeper.keepOpened(account, byDevice(opened)))
      count += page.envelopes.length - opened.length
      after = page.next
    }
    return count
  }

  #heard({ latest }: ContentsReceipt): void {
    if (latest !== null) this.#parts.observe?.(latest)
  }
}

function keyOf({ device, seq }: Pick<Tombstone, 'device' | 'seq'>): string {
  return `${toHex(device)} ${seq}`
}
