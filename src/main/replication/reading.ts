/** One run's reading of what other devices wrote: checked, judged and opened batch by batch, kept many at a time. */
import { equalBytes, toHex } from '#shared/bytes/bytes.ts'
import { ProtocolError } from '#shared/errors.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import { decodeBatch } from '#shared/replication/batch.ts'
import { checkBatch, type BatchCrypto, type BatchFault, type CheckedBatch } from '#shared/replication/check-batch.ts'
import { deviceIdLength, headerBytes } from '#shared/replication/envelope.ts'
import { decodeHead, type Place, type Tombstone } from '#shared/replication/head.ts'
import type { Result } from '#shared/result.ts'
import type { ReplicaFault } from './faults.ts'
import { KnownPlaces } from './journal/known-places.ts'
import { judgeBatch, judgeEarly, judgeFrontier, type BatchVerdict } from './judge.ts'
import type {
  EarlyBatch,
  MissingBody,
  OpenedContent,
  ReadBatch,
  ReplicaDevices,
  ReplicaJournal,
  ReplicaServerPort,
  SealingPort,
} from './ports.ts'

export interface ReadingParts {
  readonly account: string
  readonly server: Pick<ReplicaServerPort, 'page' | 'newest'>
  readonly journal: ReplicaJournal
  readonly sealing: Pick<SealingPort, 'open'>
  readonly crypto: BatchCrypto
  readonly devices: ReplicaDevices
  readonly clock: Pick<ClockPort, 'now'>
  /** Keeps what was found. */
  readonly note: (...faults: readonly ReplicaFault[]) => Promise<void>
  readonly throwIfCancelled: () => void
  /** So many envelopes are durable. */
  readonly kept: (envelopes: number) => void
}

/** As many envelopes as one transaction takes, about: small batches do not wait for the disk one by one, and this thread has pauses. */
const atOnce = 512

/** Devices that are not read any further in this run, and what is passed over of them. */
type Held = Map<string, Pick<Place, 'device' | 'seq'>>

export class Reading {
  readonly #parts: ReadingParts
  readonly #held: Held = new Map()
  /** What this run has read and the journal may not have yet. */
  readonly #ahead = new KnownPlaces({ places: [], claims: [], hashes: [] })
  /** Read, and not yet on its way to the disk. */
  readonly #gathered: ReadBatch[] = []
  #envelopes = 0
  #keeping: Promise<void> = Promise.resolve()
  #hasRefreshed = false
  #read = 0

  constructor(parts: ReadingParts) {
    this.#parts = parts
  }

  /**
   * Keeps the contents of the newest batches before everything older is here. Each is signed by a device that may write, but nothing says yet
   * that what lies between leads to it: {@link catchUp} does, since the place of each is claimed from now on.
   */
  async newest(maxBytes: number): Promise<void> {
    const { server, journal, throwIfCancelled } = this.#parts
    const early: CheckedBatch[] = []
    // In the order they were written: rows go into the index of words in order.
    for (const bytes of (await server.newest(maxBytes)).toReversed()) {
      throwIfCancelled()
      const checked = await this.#early(bytes)
      if (checked !== null) early.push(checked)
    }
    if (early.length > 0) await journal.keepEarly(this.#openEarly(early))
  }

  /** Reads until the server has no more; resolves with the number of batches, all of them durable. */
  async catchUp(): Promise<number> {
    try {
      while (await this.#readPage());
    } finally {
      await this.#keeping
    }
    return this.#read
  }

  /** Returns whether there is more. */
  async #readPage(): Promise<boolean> {
    const { server, throwIfCancelled } = this.#parts
    const page = await server.page(this.#cursor())
    const before = this.#read + this.#held.size
    for (const bytes of page.batches) {
      throwIfCancelled()
      const checked = await this.#next(bytes)
      if (checked !== null) await this.#gather(checked)
    }
    await this.#keep()
    // A page that brings nothing on would come again for ever.
    return !page.end && this.#read + this.#held.size > before
  }

  async #gather(checked: CheckedBatch): Promise<void> {
    this.#gathered.push(this.#open(checked))
    this.#envelopes += checked.head.count
    this.#read += 1
    if (this.#envelopes >= atOnce) await this.#keep()
  }

  /** Begins to store what was gathered once what was gathered before is stored; what comes next is checked meanwhile. */
  async #keep(): Promise<void> {
    const { journal, kept } = this.#parts
    const [reads, envelopes] = [this.#gathered.splice(0), this.#envelopes]
    this.#envelopes = 0
    await this.#keeping
    if (reads.length === 0) return
    this.#keeping = journal.keepRead(reads).then(() => kept(envelopes))
    // Whoever waits for it hears of a failure.
    this.#keeping.catch(() => undefined)
  }

  #cursor(): readonly Pick<Place, 'device' | 'seq'>[] {
    const { journal } = this.#parts
    const own = journal.own()
    const known = [...journal.places(), ...this.#ahead.places(), ...(own === null ? [] : [own])]
    const places = new Map<string, Pick<Place, 'device' | 'seq'>>(known.map((at) => [toHex(at.device), at]))
    return [...new Map([...places, ...this.#held]).values()].map(({ device, seq }) => ({ device, seq }))
  }

  #placeOf(device: Uint8Array): Place | null {
    const known = () => this.#parts.journal.places().find((place) => equalBytes(place.device, device)) ?? null
    return this.#ahead.placeOf(device) ?? known()
  }

  readonly #hashAt = (device: Uint8Array, seq: number): Uint8Array | null =>
    this.#parts.journal.hashAt(device, seq) ?? this.#ahead.hashAt(device, seq)

  #isOwn(device: Uint8Array): boolean {
    return equalBytes(device, this.#parts.devices.own)
  }

  /** The batch, where it is the next one of its device; from then on the one after it is. */
  async #next(bytes: Uint8Array): Promise<CheckedBatch | null> {
    const { devices, note } = this.#parts
    const checked = await this.#check(bytes)
    const claimed = checked.ok ? checked.value.head : claimedHead(bytes)
    if (this.#isOwn(claimed.device) || this.#held.has(toHex(claimed.device))) return null
    const place = this.#placeOf(claimed.device)
    const pass = (): null => {
      this.#held.set(toHex(claimed.device), { device: claimed.device, seq: Math.max(claimed.seq, place?.seq ?? 0) })
      return null
    }
    // Written by a device after it was revoked: nobody's fault, and not read.
    if (claimed.seq > (devices.countsUntil(claimed.device) ?? Infinity)) return pass()
    const verdict = checked.ok ? this.#judge(checked.value, place) : forged(claimed)
    if (checked.ok && verdict.kind === 'read') {
      await this.#follow(checked.value)
      return checked.value
    }
    if (verdict.kind !== 'fault') return null
    await note(verdict.fault)
    return pass()
  }

  async #follow({ head }: CheckedBatch): Promise<void> {
    const { journal, devices, note } = this.#parts
    const known = { own: () => journal.own(), hashAt: this.#hashAt }
    await note(...judgeFrontier(head.frontier, known, devices.own))
    this.#ahead.noteRead(placeIn(head), head.frontier)
  }

  /** The batch, where it is a new one of another device that was never removed. */
  async #early(bytes: Uint8Array): Promise<CheckedBatch | null> {
    const { devices, note } = this.#parts
    const checked = await this.#check(bytes)
    const claimed = checked.ok ? checked.value.head : claimedHead(bytes)
    // What a removed device wrote counts up to a place that only reading in order finds.
    if (this.#isOwn(claimed.device) || devices.countsUntil(claimed.device) !== null) return null
    const hashAt = this.#hashAt
    const verdict = checked.ok
      ? judgeEarly(checked.value, { place: this.#placeOf(claimed.device), hashAt })
      : forged(claimed)
    if (verdict.kind === 'fault') await note(verdict.fault)
    if (!checked.ok || verdict.kind !== 'read') return null
    this.#ahead.noteClaim(placeIn(checked.value.head))
    return checked.value
  }

  /** Nothing that one of them says is to be forgotten; all else of them waits for its turn. */
  #openEarly(checked: readonly CheckedBatch[]): readonly EarlyBatch[] {
    const erased = new Set(checked.flatMap(({ head }) => head.erased ?? []).map(bodyKey))
    return checked.map((one) => {
      const { place, contents } = this.#open(one)
      const { device } = place
      return { place, contents: contents.filter((content) => !erased.has(bodyKey({ device, ...content }))) }
    })
  }

  /** A device that is not known may have been added just now. */
  async #check(bytes: Uint8Array): Promise<Result<CheckedBatch, BatchFault>> {
    const { account, crypto, devices } = this.#parts
    const check = () => checkBatch(bytes, { account, keyOf: (device) => devices.keyOf(device), crypto })
    const checked = check()
    if (checked.ok || checked.error !== 'unknown-device' || this.#hasRefreshed) return checked
    this.#hasRefreshed = true
    await devices.refresh()
    return check()
  }

  #judge(checked: CheckedBatch, place: Place | null): BatchVerdict {
    return judgeBatch(checked, { place, now: this.#parts.clock.now(), hashAt: this.#hashAt })
  }

  #open({ head, batch, headers }: CheckedBatch): ReadBatch {
    const { sealing } = this.#parts
    const contents: OpenedContent[] = []
    const unopened: ReadBatch['unopened'][number][] = []
    const missing: MissingBody[] = []
    for (const [index, { header, body }] of batch.envelopes.entries()) {
      const { seq, bodyHash } = headers[index] ?? { seq: 0, bodyHash: header.subarray(headerBytes) }
      if (body === null) {
        missing.push({ device: head.device, seq, bodyHash, at: head.at })
        continue
      }
      const opened = sealing.open(header, body)
      if (opened === 'no-key' || opened === null) unopened.push({ header, body })
      else if (opened.length > 0) contents.push({ seq, bodyHash, content: opened })
    }
    return { place: placeIn(head), contents, unopened, missing, frontier: head.frontier, erased: head.erased ?? [] }
  }
}

function placeIn({ device, seq, hash, at }: CheckedBatch['head']): Place {
  return { device, seq, hash, at }
}

function bodyKey({ device, seq, bodyHash }: Tombstone): string {
  return `${toHex(device)} ${seq} ${toHex(bodyHash)}`
}

/** Who a batch says has written it, though nothing proves it. */
function claimedHead(bytes: Uint8Array): Pick<Place, 'device' | 'seq'> {
  try {
    return decodeHead(decodeBatch(bytes).head)
  } catch (error) {
    if (error instanceof ProtocolError) return { device: new Uint8Array(deviceIdLength), seq: 1 }
    throw error
  }
}

function forged({ device, seq }: Pick<Place, 'device' | 'seq'>): BatchVerdict {
  return { kind: 'fault', fault: { kind: 'forged', device, seq } }
}
