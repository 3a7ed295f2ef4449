/** Keeps this device and the replica of one account equal: pushes what is new here, reads what is new there. */
import { equalBytes, toHex } from '#shared/bytes/bytes.ts'
import { ProtocolError, SottoError } from '#shared/errors.ts'
import { decodeBatch } from '#shared/replication/batch.ts'
import { deviceIdLength, headerBytes } from '#shared/replication/envelope.ts'
import { checkBatch, type BatchFault, type CheckedBatch } from '#shared/replication/check-batch.ts'
import { decodeHead, maxBatchEntries, type Place } from '#shared/replication/head.ts'
import { lengthBytes, sizeClass } from '#shared/replication/size-classes.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { Result } from '#shared/result.ts'
import type { ReplicaFault } from './faults.ts'
import { judgeBatch, judgeClaims, judgeFrontier, judgeMissing, judgeOwnHead, type BatchVerdict } from './judge.ts'
import type {
  MissingBody,
  OpenedContent,
  ReadBatch,
  ReplicaCrypto,
  ReplicaDevices,
  ReplicaJournal,
  ReplicaServerPort,
  SealingPort,
  ServerHead,
} from './ports.ts'
import { fitting, writeBatch } from './write-batch.ts'

/** Times that a run goes back to where a server is that loses what it has. */
const pushTries = 3

export interface ReplicaEngineParts {
  readonly account: string
  readonly server: ReplicaServerPort
  readonly journal: ReplicaJournal
  readonly sealing: SealingPort
  readonly crypto: ReplicaCrypto
  readonly devices: ReplicaDevices
  readonly clock: Pick<ClockPort, 'now'>
  /** Whether this device may seal now; what was sealed already is pushed in any case. */
  readonly maySeal?: () => boolean
  /** Does what has to be done before these contents are sealed; `check` throws where the run was cancelled. */
  readonly beforeSealing?: (contents: readonly Uint8Array[], check: () => void) => Promise<void>
  /** Hears how far a run is. */
  readonly progress?: (progress: SyncProgress) => void
}

/** How far a run is, in entries; `total` by what the server says it has. */
export interface SyncProgress {
  readonly doing: 'pushing' | 'reading'
  readonly done: number
  readonly total: number | null
}

/** What one run did. */
export interface SyncReport {
  /** Batches that the server confirmed and that were read. */
  readonly pushed: number
  readonly read: number
  /** Found in this run; the journal has them too. */
  readonly faults: readonly ReplicaFault[]
  /** This device may not write any more under its id: {@link ReplicaFault} `ahead`, or `forked` by itself. */
  readonly stopped: boolean
}

export class ReplicaEngine {
  readonly #parts: ReplicaEngineParts
  #faults: ReplicaFault[] = []
  #running: Promise<SyncReport> | null = null
  #isCancelled = false
  #hasRefreshed = false
  #done = 0

  constructor(parts: ReplicaEngineParts) {
    this.#parts = parts
  }

  /** Pushes and reads until nothing is left; whoever asks meanwhile gets the same run. Rejects as the server port does. */
  sync(): Promise<SyncReport> {
    this.#running ??= this.#run().finally(() => {
      this.#running = null
    })
    return this.#running
  }

  /** Ends the run that is under way after what it is doing; it rejects with `cancelled`. */
  cancel(): void {
    this.#isCancelled = this.#running !== null
  }

  #throwIfCancelled(): void {
    if (this.#isCancelled) throw new SottoError('cancelled')
  }

  async #run(): Promise<SyncReport> {
    this.#begin()
    const { server, journal, devices } = this.#parts
    const heads = await server.heads()
    const head = heads.find(({ device }) => this.#isOwn(device)) ?? null
    const fault = judgeOwnHead(head, journal, devices.own)
    if (fault !== null) await this.#note(fault)
    // First what others say: a device that was restored from a copy must not write.
    const read = this.#isStopped() ? 0 : await this.#pull(this.#toRead(heads))
    const pushed = this.#isStopped() ? 0 : await this.#push(head)
    return { pushed, read, faults: this.#faults, stopped: this.#isStopped() }
  }

  #begin(): void {
    this.#faults = []
    this.#isCancelled = false
    this.#hasRefreshed = false
    this.#done = 0
  }

  /** Entries that the server says it has and this device has not. */
  #toRead(heads: readonly ServerHead[]): number {
    const places = new Map(this.#parts.journal.places().map(({ device, seq }) => [toHex(device), seq]))
    const others = heads.filter(({ device }) => !this.#isOwn(device))
    return others.reduce((sum, { device, seq }) => sum + Math.max(0, seq - (places.get(toHex(device)) ?? 0)), 0)
  }

  #isOwn(device: Uint8Array): boolean {
    return equalBytes(device, this.#parts.devices.own)
  }

  #isStopped(): boolean {
    return this.#faults.some(({ kind, device }) => kind === 'ahead' || (kind === 'forked' && this.#isOwn(device)))
  }

  async #note(...faults: readonly ReplicaFault[]): Promise<void> {
    for (const fault of faults) {
      await this.#parts.journal.keepFault(fault)
      this.#faults.push(fault)
    }
  }

  // Writing

  /** Goes on from where the server is, which may be before what it once confirmed. */
  async #push(head: ServerHead | null, tries = pushTries): Promise<number> {
    const { journal, devices } = this.#parts
    const { pushed, refused } = await this.#pushFrom(head?.seq ?? journal.oldestSealed() - 1)
    // It lost something just now: again from where it is.
    if (refused === undefined || tries === 1) return pushed
    const fault = judgeOwnHead(refused, journal, devices.own)
    if (fault !== null) await this.#note(fault)
    return this.#isStopped() ? pushed : pushed + (await this.#push(refused, tries - 1))
  }

  /** `refused` = where the server is when it would not go on from here. */
  async #pushFrom(confirmed: number): Promise<{ readonly pushed: number; readonly refused?: ServerHead | null }> {
    const { journal, server } = this.#parts
    let [at, pushed] = [confirmed, 0]
    for (;;) {
      this.#throwIfCancelled()
      const sealed =
        (await journal.sealed(at + 1)) ?? (at === (journal.own()?.seq ?? 0) ? await this.#sealNext() : null)
      if (sealed === null) return { pushed }
      const answer = await server.push(sealed.bytes, sealed.first === journal.oldestSealed())
      if (answer.kind === 'refused') return { pushed, refused: answer.head }
      at = sealed.place.seq
      await journal.keepConfirmed(at)
      pushed += 1
      this.#parts.progress?.({ doing: 'pushing', done: at - confirmed, total: null })
    }
  }

  /** Seals what no batch has yet; stored before it is sent, so that a crash only repeats it. */
  async #sealNext() {
    const { account, journal, sealing, crypto, devices, clock, maySeal } = this.#parts
    if (maySeal?.() === false) return null
    const unsealed = await journal.unsealed(maxBatchEntries, (contents) =>
      fitting(contents, (content) => sizeClass(lengthBytes + content.length)),
    )
    if (unsealed === null) return null
    await this.#parts.beforeSealing?.(unsealed.contents, () => this.#throwIfCancelled())
    const frontier = journal.places()
    const writing = { account, device: devices.own, own: journal.own(), frontier, at: clock.now(), sealing, crypto }
    const sealed = writeBatch(unsealed, writing)
    await journal.keepSealed(sealed)
    return sealed
  }

  // Reading

  async #pull(total: number): Promise<number> {
    const { journal, server, devices, clock } = this.#parts
    const held: Held = new Map()
    let read = 0
    for (;;) {
      const page = await server.page(this.#cursor(held))
      const before = read + held.size
      for (const bytes of page.batches) {
        this.#throwIfCancelled()
        if (await this.#readBatch(bytes, held)) read += 1
      }
      if (read > 0) this.#parts.progress?.({ doing: 'reading', done: this.#done, total: Math.max(total, this.#done) })
      // A page that brings nothing on would come again for ever.
      if (page.end || read + held.size === before) break
    }
    if (this.#isStopped()) return read
    const { lawful, faults } = await judgeMissing(journal, clock.now())
    if (lawful.length > 0) await journal.forgetMissing(lawful)
    await this.#note(...faults, ...judgeClaims(journal, devices, clock.now()))
    return read
  }

  #cursor(held: Held): readonly Pick<Place, 'device' | 'seq'>[] {
    const { journal } = this.#parts
    const own = journal.own()
    const places = new Map([...journal.places(), ...(own === null ? [] : [own])].map((at) => [toHex(at.device), at]))
    const passed = [...held].map(([key, at]) => [key, at] as const)
    return [...new Map([...places, ...passed]).values()].map(({ device, seq }) => ({ device, seq }))
  }

  /** Returns whether something new was read. */
  async #readBatch(bytes: Uint8Array, held: Held): Promise<boolean> {
    const { journal, devices } = this.#parts
    const checked = await this.#check(bytes)
    const claimed = checked.ok ? checked.value.head : claimedHead(bytes)
    if (this.#isOwn(claimed.device) || held.has(toHex(claimed.device))) return false
    const place = journal.places().find(({ device }) => equalBytes(device, claimed.device)) ?? null
    const pass = (): false => {
      held.set(toHex(claimed.device), { device: claimed.device, seq: Math.max(claimed.seq, place?.seq ?? 0) })
      return false
    }
    // Written by a device after it was revoked: nobody's fault, and not read.
    if (claimed.seq > (devices.countsUntil(claimed.device) ?? Infinity)) return pass()
    const verdict = checked.ok ? this.#judge(checked.value, place) : forged(claimed)
    if (checked.ok && verdict.kind === 'read') {
      await this.#keep(checked.value)
      return true
    }
    if (verdict.kind !== 'fault') return false
    await this.#note(verdict.fault)
    return pass()
  }

  async #keep(checked: CheckedBatch): Promise<void> {
    const { journal, devices } = this.#parts
    await this.#note(...judgeFrontier(checked.head.frontier, journal, devices.own))
    await journal.keepRead(this.#open(checked))
    this.#done += checked.head.count
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
    const { journal, clock } = this.#parts
    return judgeBatch(checked, { place, now: clock.now(), hashAt: (device, seq) => journal.hashAt(device, seq) })
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
    const place: Place = { device: head.device, seq: head.seq, hash: head.hash, at: head.at }
    return { place, contents, unopened, missing, frontier: head.frontier, erased: head.erased ?? [] }
  }
}

/** Devices that are not read any further in this run, and what is passed over of them. */
type Held = Map<string, Pick<Place, 'device' | 'seq'>>

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
