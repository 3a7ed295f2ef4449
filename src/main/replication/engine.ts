/** Keeps this device and the replica of one account equal: pushes what is new here, reads what is new there. */
import { equalBytes, toHex } from '#shared/bytes/bytes.ts'
import { SottoError } from '#shared/errors.ts'
import { maxBatchEntries } from '#shared/replication/head.ts'
import { lengthBytes, sizeClass } from '#shared/replication/size-classes.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { ReplicaFault } from './faults.ts'
import type { HeardClaim } from './heads/heads-ports.ts'
import { judgeClaims, judgeFrontier, judgeMissing, judgeOwnHead } from './judge.ts'
import type {
  ReplicaCrypto,
  ReplicaDevices,
  ReplicaJournal,
  ReplicaServerPort,
  SealingPort,
  ServerHead,
} from './ports.ts'
import { Reading } from './reading.ts'
import { fitting, writeBatch } from './write-batch.ts'

/** Times that a run goes back to where a server is that loses what it has. */
const pushTries = 3
/** More than these envelopes take a while: first the newest batches of so many bytes, which are a screenful. */
const screenful: NewestFirst = { from: maxBatchEntries, bytes: 65_536 }

/** When the newest batches are asked for before everything else, and for how many bytes of them. */
export interface NewestFirst {
  /** Envelopes that are not read. */
  readonly from: number
  readonly bytes: number
}

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
  readonly newestFirst?: NewestFirst
  /** Does what has to be done before these contents are sealed; `check` throws where the run was cancelled. */
  readonly beforeSealing?: (contents: readonly Uint8Array[], check: () => void) => Promise<void>
  /** What other devices said directly, and is not here yet. */
  readonly heard?: () => readonly HeardClaim[]
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
  #wasStopped = false

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
    await this.#begin()
    const { server } = this.#parts
    // Before the server is asked: what is heard meanwhile, its answer cannot know.
    const heard = this.#parts.heard?.() ?? []
    const heads = await server.heads()
    const head = heads.find(({ device }) => this.#isOwn(device)) ?? null
    await this.#judgeOwn(head)
    await this.#judgeHeard(heard)
    // First what others say: a device that was restored from a copy must not write.
    const read = this.#isStopped() ? 0 : await this.#pull(this.#toRead(heads), heard)
    const pushed = this.#isStopped() ? 0 : await this.#push(head)
    return { pushed, read, faults: this.#faults, stopped: this.#isStopped() }
  }

  async #begin(): Promise<void> {
    this.#faults = []
    this.#isCancelled = false
    // Found in a run before: what showed it is read by now, and is not found again.
    this.#wasStopped = (await this.#parts.journal.faults()).some((fault) => this.#isStop(fault))
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
    return this.#wasStopped || this.#faults.some((fault) => this.#isStop(fault))
  }

  #isStop({ kind, device }: ReplicaFault): boolean {
    return (kind === 'ahead' || kind === 'forked') && this.#isOwn(device)
  }

  async #note(...faults: readonly ReplicaFault[]): Promise<void> {
    for (const fault of faults) {
      await this.#parts.journal.keepFault(fault)
      this.#faults.push(fault)
    }
  }

  /** It may have more than it has confirmed: an answer is lost now and then. */
  async #judgeOwn(head: ServerHead | null): Promise<void> {
    const { journal, devices } = this.#parts
    const fault = judgeOwnHead(head, journal, devices.own)
    if (fault !== null) await this.#note(fault)
    else if (head !== null && head.seq > journal.confirmed()) await journal.keepConfirmed(head.seq)
  }

  // Writing

  /** Goes on from where the server is, which may be before what it once confirmed. */
  async #push(head: ServerHead | null, tries = pushTries): Promise<number> {
    const { journal } = this.#parts
    const { pushed, refused } = await this.#pushFrom(head?.seq ?? journal.oldestSealed() - 1)
    // It lost something just now: again from where it is.
    if (refused === undefined || tries === 1) return pushed
    await this.#judgeOwn(refused)
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

  async #pull(total: number, heard: readonly HeardClaim[]): Promise<number> {
    const { journal, devices, clock, newestFirst = screenful } = this.#parts
    const reading = this.#reading(total)
    // What is on the screen does not wait for everything before it.
    if (total > newestFirst.from) await reading.newest(newestFirst.bytes)
    const read = await reading.catchUp()
    if (this.#isStopped()) return read
    const { lawful, faults } = await judgeMissing(journal, clock.now())
    if (lawful.length > 0) await journal.forgetMissing(lawful)
    await this.#judgeHeard(heard)
    const overdue = heard.filter(({ isDue }) => isDue).map(({ place }) => place)
    const claims = [...journal.claims(), ...overdue]
    await this.#note(...faults, ...judgeClaims(claims, journal, devices, clock.now()))
    return read
  }

  /** What cannot be under the same number as what is here. */
  async #judgeHeard(heard: readonly HeardClaim[]): Promise<void> {
    const places = heard.map(({ place }) => place)
    await this.#note(...judgeFrontier(places, this.#parts.journal, this.#parts.devices.own))
  }

  #reading(total: number): Reading {
    let done = 0
    return new Reading({
      ...this.#parts,
      note: (...faults) => this.#note(...faults),
      throwIfCancelled: () => this.#throwIfCancelled(),
      kept: (envelopes) => {
        done += envelopes
        this.#parts.progress?.({ doing: 'reading', done, total: Math.max(total, done) })
      },
    })
  }
}
