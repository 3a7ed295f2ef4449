/** The journals of all accounts that replicate, behind the writer: each change is one of its transactions. */
import type { Database } from 'better-sqlite3'
import { SottoError } from '#shared/errors.ts'
import type { Aor, AttachmentId } from '#shared/model/ids.ts'
import type { Tombstone } from '#shared/replication/head.ts'
import type { EntryApplier, Touched } from '../apply-entry.ts'
import type { ConversationStore } from '../conversation-store.ts'
import type {
  BatchEarly,
  BatchRead,
  BatchToKeep,
  ContentsReceipt,
  FilesToSettle,
  KeptBatch,
  KeptFault,
  KeptJournal,
  OpenedLater,
  QueuedEntries,
  ReplicaKeeperPort,
  SnapshotProgress,
  UnopenedPage,
} from '../replica-port.ts'
import type { PieceReceipt, TransferPiece } from '../transfer-port.ts'
import { isOfContent, ReplicaContents } from './replica-contents.ts'
import { ReplicaDevices } from './replica-devices.ts'
import { ReplicaEnvelopes } from './replica-envelopes.ts'
import { ReplicaPruning } from './replica-pruning.ts'
import { ReplicaSealing } from './replica-sealing.ts'
import { ReplicaSnapshot } from './replica-snapshot.ts'
import type { ReplicaTrace } from './replica-trace.ts'
import { TransferIntake } from './transfer-intake.ts'

const dayMs = 86_400_000
/** What a switch-on brings along, as long as a server keeps it. */
const snapshotMs = 60 * dayMs
/** What was signed longer ago, or comes with more, is told as a whole and raises no notice. */
const live = { ms: dayMs, contents: 8 }
/** With more contents than these much more may be on its way: they are told together. */
const fewContents = 256

/** A transaction that takes contents in. */
interface Taking {
  readonly account: Aor
  readonly replica: number
  readonly touched: Touched
  readonly carefully: boolean
}

/** How others hear what a change touches: of each thing, or of all of it as one, soon or at once. */
export type Told = 'each' | 'as-one-soon' | 'as-one'

/** What the journals need of the writer. */
export interface ReplicaHost {
  readonly db: Database
  readonly applier: EntryApplier
  readonly conversations: ConversationStore
  readonly trace: ReplicaTrace
  readonly now: () => number
  /** Runs a change in the next transaction. */
  change(run: (touched: Touched) => void, told: Told): Promise<void>
  /** Reads between transactions. */
  read<T>(run: () => T): Promise<T>
}

export class ReplicaKeeper implements ReplicaKeeperPort {
  readonly #host: ReplicaHost
  readonly #devices: ReplicaDevices
  readonly #envelopes: ReplicaEnvelopes
  readonly #sealing: ReplicaSealing
  readonly #contents: ReplicaContents
  readonly #snapshot: ReplicaSnapshot
  readonly #intake: TransferIntake
  readonly #pruning: ReplicaPruning

  constructor(host: ReplicaHost) {
    const { db, trace } = host
    this.#host = host
    this.#devices = new ReplicaDevices(db)
    this.#envelopes = new ReplicaEnvelopes(db, this.#devices)
    this.#sealing = new ReplicaSealing(db, this.#devices, trace)
    this.#contents = new ReplicaContents({ ...host, envelopes: this.#envelopes })
    this.#snapshot = new ReplicaSnapshot(db)
    this.#intake = new TransferIntake({ ...host, devices: this.#devices, envelopes: this.#envelopes })
    this.#pruning = new ReplicaPruning(db)
  }

  accounts(): Promise<readonly Aor[]> {
    return this.#host.read(() => [...this.#host.trace.replicas().keys()] as Aor[])
  }

  async switchOn(account: Aor, { snapshot }: { readonly snapshot: boolean }): Promise<void> {
    await this.#change(() => {
      if (this.#host.trace.replicaOf(account) === undefined) this.#add(account, snapshot)
    })
    this.goOn()
  }

  switchOff(account: Aor): Promise<void> {
    return this.#change(() => this.#remove(account))
  }

  async beginAgain(account: Aor): Promise<void> {
    await this.#write(account, (replica) => {
      const queued = this.#sealing.queued(replica)
      this.#remove(account)
      this.#add(account, true)
      // What waits may be older than what a snapshot takes.
      const now = this.#host.trace.replicaOf(account)
      if (now !== undefined) this.#sealing.queueAgain(now, queued)
    })
    this.goOn()
  }

  #add(account: Aor, snapshot: boolean): void {
    const { db, trace, now } = this.#host
    const ends = db.prepare<[], [number | null, number | null]>('SELECT min(seq), max(seq) FROM entry').raw().get()
    const [first, end] = [ends?.[0] ?? 1, ends?.[1] ?? 0]
    db.prepare(
      `INSERT INTO replica (account, snapshot_since, snapshot_first, snapshot_next, snapshot_end)
         VALUES (?, ?, ?, ?, ?)`,
    ).run(account, now() - snapshotMs, first, first, snapshot ? end : first - 1)
    trace.forget()
  }

  #remove(account: Aor): void {
    this.#host.db.prepare('DELETE FROM replica WHERE account = ?').run(account)
    this.#host.trace.forget()
  }

  progress(account: Aor): Promise<SnapshotProgress | null> {
    return this.#ask(account, (replica) => this.#snapshot.progress(replica))
  }

  refreshStanding(account: Aor): Promise<void> {
    return this.#write(account, (replica) => this.#snapshot.queueStanding(replica, account))
  }

  async journal(account: Aor): Promise<KeptJournal | null> {
    const replica = await this.#host.read(() => this.#host.trace.replicaOf(account))
    if (replica === undefined) return null
    await this.#change(() => this.#pruning.prune(replica, this.#host.now()))
    return this.#ask(account, (known) => this.#journalOf(known))
  }

  #journalOf(replica: number): KeptJournal {
    return {
      own: this.#sealing.own(replica),
      confirmed: this.#sealing.confirmed(replica),
      places: this.#devices.placesOf(replica),
      claims: this.#devices.claimsOf(replica),
      hashes: this.#devices.hashesOf(replica),
      missing: this.#envelopes.missing(replica),
      oldestSealed: this.#sealing.oldestSealed(replica),
    }
  }

  unsealed(account: Aor, most: number): Promise<QueuedEntries | null> {
    return this.#ask(account, (replica) => this.#sealing.unsealed(replica, most, this.#host.now()))
  }

  async sealed(account: Aor, first: number): Promise<KeptBatch | null> {
    const [sealed, confirmed] = (await this.#ask(account, (replica) => this.#sealedAt(replica, first))) ?? [null, 0]
    if (sealed !== null && sealed.place.seq <= confirmed)
      await this.#write(account, (replica) => this.#sealing.givesAgain(replica, sealed))
    return sealed
  }

  #sealedAt(replica: number, first: number): readonly [KeptBatch | null, number] {
    return [this.#sealing.sealed(replica, first), this.#sealing.confirmed(replica)]
  }

  async keepSealed(account: Aor, batch: BatchToKeep): Promise<number> {
    let oldest = batch.first
    await this.#write(account, (replica) => {
      this.#sealing.keepSealed(replica, batch, this.#host.now())
      this.#pruning.pruneNowAndThen(replica, this.#host.now())
      oldest = this.#sealing.oldestSealed(replica) ?? batch.first
    })
    return oldest
  }

  keepConfirmed(account: Aor, seq: number): Promise<void> {
    return this.#write(account, (replica) => this.#sealing.keepConfirmed(replica, seq))
  }

  async keepRead(account: Aor, batches: readonly BatchRead[]): Promise<ContentsReceipt> {
    const since = this.#host.now() - live.ms
    const contents = batches.reduce((sum, batch) => sum + batch.contents.ends.length, 0)
    const isLive = contents <= live.contents && batches.every(({ place }) => place.at >= since)
    const told = isLive ? 'each' : contents <= fewContents ? 'as-one' : 'as-one-soon'
    return this.#takeContents(account, told, ({ replica, touched, carefully }) => {
      for (const batch of batches) this.#readOne(batch, { account, replica, touched, carefully })
    })
  }

  keepEarly(account: Aor, batches: readonly BatchEarly[]): Promise<ContentsReceipt> {
    return this.#takeContents(account, 'as-one', ({ replica, touched, carefully }) => {
      for (const { place, contents } of batches) {
        if (place.seq <= this.#devices.readOf(replica, place.device)) continue
        const device = this.#devices.refOf(replica, place.device)
        this.#contents.apply({ account, device, carefully }, contents, touched)
        this.#devices.keepClaim(device, place, this.#host.now())
      }
    })
  }

  /** Once more, carefully, where something in it cannot be stored. */
  async #takeContents(account: Aor, told: Told, take: (taking: Taking) => void): Promise<ContentsReceipt> {
    let receipt: ContentsReceipt = { latest: null, unreadable: 0 }
    const attempt = (carefully: boolean): Promise<void> =>
      this.#write(
        account,
        (replica, touched) => {
          this.#contents.takeReceipt()
          take({ account, replica, touched, carefully })
          receipt = this.#contents.takeReceipt()
        },
        told,
      )
    try {
      await attempt(false)
    } catch (error) {
      if (!isOfContent(error)) throw error
      await attempt(true)
    }
    return receipt
  }

  #readOne(batch: BatchRead, { account, replica, touched, carefully }: Taking): void {
    const { place, contents, unopened, missing, frontier, erased } = batch
    if (place.seq <= this.#devices.readOf(replica, place.device)) return
    const now = this.#host.now()
    const device = this.#devices.refOf(replica, place.device)
    // First: whoever has erased something has said so to the server.
    for (const body of erased) this.#bury(replica, body)
    this.#contents.apply({ account, device, carefully }, contents, touched)
    for (const { header, body } of unopened) this.#envelopes.keepUnopened(device, header, body)
    for (const body of missing) this.#envelopes.addMissing(this.#devices.refOf(replica, body.device), body)
    this.#devices.keepPlace(device, place, now)
    for (const claim of frontier) this.#devices.keepClaim(this.#devices.refOf(replica, claim.device), claim, now)
  }

  #bury(replica: number, { device, seq, bodyHash }: Tombstone): void {
    const ref = this.#devices.refOf(replica, device)
    this.#host.trace.bury({ device: ref, seq, bodyHash }, true)
    this.#envelopes.eraseUnopened(ref, { seq, bodyHash })
  }

  keepFault(account: Aor, fault: KeptFault): Promise<void> {
    return this.#write(account, (replica) => this.#envelopes.keepFault(replica, fault))
  }

  faults(account: Aor): Promise<readonly KeptFault[]> {
    return this.#ask(account, (replica) => this.#envelopes.faults(replica)).then((faults) => faults ?? [])
  }

  forgetMissing(account: Aor, bodies: readonly Tombstone[]): Promise<void> {
    return this.#write(account, (replica) => this.#envelopes.forgetMissing(replica, bodies))
  }

  async erasedAmong(account: Aor, bodies: readonly Tombstone[]): Promise<readonly Tombstone[]> {
    return (await this.#ask(account, (replica) => this.#envelopes.erasedAmong(replica, bodies))) ?? []
  }

  async unopened(account: Aor, after: number): Promise<UnopenedPage> {
    return (
      (await this.#ask(account, (replica) => this.#envelopes.unopened(replica, after))) ?? { envelopes: [], next: null }
    )
  }

  async filesToSettle(account: Aor, after: string): Promise<FilesToSettle> {
    const { files } = this.#host.trace
    const found = await this.#ask(account, (replica) => files.toSettle(replica, after))
    return found ?? { wanted: [], erased: [], next: null }
  }

  async filesSince(account: Aor, since: number, after: string): Promise<readonly AttachmentId[]> {
    const { files } = this.#host.trace
    return (await this.#ask(account, (replica) => files.since(replica, since, after))) ?? []
  }

  settleFiles(account: Aor, ids: readonly AttachmentId[]): Promise<void> {
    return this.#write(account, (replica) => this.#host.trace.files.settle(replica, ids))
  }

  async keepOpened(account: Aor, opened: readonly OpenedLater[]): Promise<ContentsReceipt> {
    return this.#takeContents(account, 'as-one-soon', ({ replica, touched, carefully }) => {
      for (const { device: id, contents } of opened) {
        const device = this.#devices.refOf(replica, id)
        for (const seq of contents.seqs) this.#envelopes.forgetUnopened(device, seq)
        this.#contents.apply({ account, device, carefully }, contents, touched)
      }
    })
  }

  async takePiece(account: Aor, piece: Pick<TransferPiece, 'token' | 'bytes'>): Promise<PieceReceipt> {
    let latest: PieceReceipt['latest'] = null
    await this.#write(
      account,
      (replica, touched) => (latest = this.#intake.take({ account, replica }, piece, touched)),
      'as-one-soon',
    )
    return { latest }
  }

  async takenPiece(account: Aor): Promise<string | null> {
    return this.#ask(account, (replica) => this.#intake.taken(replica))
  }

  /** Between other commits, what a switch-on has to look at; a failure waits for the next start. */
  goOn(): void {
    this.#goOnWhileDue().catch(() => undefined)
  }

  async #goOnWhileDue(): Promise<void> {
    while (await this.#host.read(() => this.#snapshot.isDue())) await this.#change(() => this.#snapshot.step())
  }

  #change(run: (touched: Touched) => void): Promise<void> {
    return this.#host.change(run, 'each')
  }

  /** @throws SottoError `not-found` for an account that does not replicate. */
  #write(account: Aor, run: (replica: number, touched: Touched) => void, told: Told = 'each'): Promise<void> {
    return this.#host.change((touched) => {
      const replica = this.#host.trace.replicaOf(account)
      if (replica === undefined) throw new SottoError('not-found')
      run(replica, touched)
    }, told)
  }

  #ask<T>(account: Aor, run: (replica: number) => T): Promise<T | null> {
    return this.#host.read(() => {
      const replica = this.#host.trace.replicaOf(account)
      return replica === undefined ? null : run(replica)
    })
  }
}
