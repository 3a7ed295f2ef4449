/**
 * Sealed histories in SQLite: a file for each day of receipt, which is all of the truth, and one for what outlives the days. One process has
 * the directory.
 */
import { join } from 'node:path'
import type { ClockPort } from '#shared/ports/clock.ts'
import { dayOf } from '../../home/data-dir/day.ts'
import { ensurePrivateDirectory } from '../../home/data-dir/private-file.ts'
import { placeBatch, type Written } from '../place-batch.ts'
import type {
  AppendAnswer,
  BatchPage,
  BatchToStore,
  BodyToErase,
  Cursor,
  ReplicaStore,
  ReplicaStoreLimits,
  ReplicaUsage,
  StoredBatch,
  StoredHead,
} from '../replica-store.ts'
import { AccountStates } from './account-states.ts'
import { Carried } from './carried.ts'
import { openDatabase, type OpenDatabase } from './database.ts'
import type { DayFile } from './day-file.ts'
import { DayFiles } from './day-files.ts'
import { EarlyTombstones } from './early-tombstones.ts'
import { eraseBodies, notYetHere } from './erase-bodies.ts'
import { readNewest, readPage } from './read-batches.ts'
import { storageFailure } from './storage-failure.ts'
import { WriteQueue } from './write-queue.ts'

export interface SqliteReplicaStoreOptions {
  readonly directory: string
  readonly clock: ClockPort
  readonly limits: ReplicaStoreLimits
  /** Opens the databases; a test hands in ones with a small disk. */
  readonly open?: OpenDatabase
}

/** Fails with SottoError `disk-full`, `disk-failed`, `file-damaged` and `busy` (another process has the directory); then nothing was done. */
export class SqliteReplicaStore implements ReplicaStore {
  readonly #clock: ClockPort
  readonly #limits: ReplicaStoreLimits
  readonly #carried: Carried
  readonly #days: DayFiles
  readonly #states: AccountStates
  readonly #tombstones: EarlyTombstones
  readonly #queue: WriteQueue<DayFile>
  /** Accounts that could not be erased yet, and why. */
  readonly #stuck = new Map<string, unknown>()

  /** Ends what was begun when the program died. */
  constructor({ directory, clock, limits, open = openDatabase }: SqliteReplicaStoreOptions) {
    this.#clock = clock
    this.#limits = limits
    ;[this.#carried, this.#days] = openFiles(directory, open)
    this.#states = new AccountStates(this.#days, this.#carried)
    this.#tombstones = new EarlyTombstones(this.#days)
    this.#queue = new WriteQueue((run) => this.#transaction(run))
    this.#finishErasing()
  }

  append(account: string, batch: BatchToStore): Promise<AppendAnswer> {
    return this.#queue.append(batch.bytes.length, (day) => this.#append(day, account, batch))
  }

  heads(account: string): Promise<readonly StoredHead[]> {
    return this.#read(() => this.#states.of(account).heads)
  }

  page(account: string, request: { readonly after: Cursor; readonly maxBytes: number }): Promise<BatchPage> {
    return this.#read(() => readPage(this.#days, { ...request, account, heads: this.#states.of(account).heads }))
  }

  newest(account: string, maxBytes: number): Promise<readonly StoredBatch[]> {
    return this.#read(() => readNewest(this.#days, { account, maxBytes, heads: this.#states.of(account).heads }))
  }

  usage(account: string): Promise<ReplicaUsage> {
    return this.#read(() => this.#states.of(account).usage)
  }

  eraseBodies(account: string, bodies: readonly BodyToErase[]): Promise<number> {
    return this.#queue.alone(() => {
      this.#states.forget(account)
      const early = notYetHere(this.#days, account, bodies)
      this.#tombstones.remember(this.#days.newest(this.#receiptDay()), account, early)
      return eraseBodies(this.#days, account, bodies)
    })
  }

  eraseAccount(account: string): Promise<void> {
    return this.#queue.alone(() => {
      this.#states.forget(account)
      this.#carried.beginErasing(account)
      this.#erase(account)
    })
  }

  dropBefore(day: number): Promise<void> {
    return this.#queue.alone(() => {
      this.#states.forgetAll()
      this.#tombstones.forget()
      try {
        for (const each of this.#days.days) if (each < day) this.#carried.takeOver(this.#days.pathOf(each), each)
      } finally {
        this.#days.remove(this.#carried.keptFrom)
      }
    })
  }

  close(): Promise<void> {
    if (this.#queue.isClosed) return Promise.resolve()
    this.#queue.close()
    return attempt(() => {
      this.#days.close()
      this.#carried.close()
    })
  }

  #read<T>(run: () => T): Promise<T> {
    return this.#queue.isClosed ? Promise.reject(new Error('the store is closed')) : attempt(run)
  }

  #transaction(run: (day: DayFile) => void): void {
    this.#finishErasing()
    const today = this.#days.newest(this.#receiptDay())
    try {
      today.transaction(() => run(today))
    } catch (error) {
      // What they say of appends that were taken back is wrong.
      this.#states.forgetAll()
      throw error
    }
  }

  #receiptDay(): number {
    return Math.max(dayOf(this.#clock.now()), this.#days.days.at(-1) ?? 0, this.#carried.keptFrom)
  }

  #append(today: DayFile, account: string, batch: BatchToStore): AppendAnswer {
    if (this.#stuck.has(account)) throw this.#stuck.get(account)
    const state = this.#states.of(account)
    const answer = placeBatch(batch, this.#written(state.head(batch.device), account, batch))
    if (answer !== 'next') return answer
    if (state.usage.bytes + batch.bytes.length > this.#limits.accountBytes) return { kind: 'quota' }
    const { day } = today
    const stored = this.#tombstones.without(account, batch)
    today.append(account, stored)
    state.setHead({ device: Uint8Array.from(batch.device), seq: batch.last, hash: Uint8Array.from(batch.hash), day })
    state.add(1, stored.bytes.length, day)
    return { kind: 'stored', day }
  }

  #written(head: StoredHead | null, account: string, { device, first }: BatchToStore): Written {
    const file = head === null || first > head.seq ? null : this.#days.reaching(account, device, first)
    const reaching = file?.reaching(account, device, first) ?? null
    return { head, reaching: file === null || reaching === null ? null : { ...reaching, day: file.day } }
  }

  #erase(account: string): void {
    this.#tombstones.forget()
    for (const file of this.#days.from(0)) {
      file.eraseAccount(account)
      file.purge()
    }
    this.#carried.finishErasing(account)
  }

  /** Erases what could not be erased when it was asked for. */
  #finishErasing(): void {
    this.#stuck.clear()
    for (const account of this.#carried.erasing) {
      try {
        this.#erase(account)
      } catch (error) {
        this.#stuck.set(account, error)
      }
    }
  }
}

function openFiles(directory: string, open: OpenDatabase): readonly [Carried, DayFiles] {
  let carried: Carried | null = null
  try {
    ensurePrivateDirectory(directory)
    carried = new Carried(join(directory, 'replica.db'), open)
    return [carried, new DayFiles(directory, carried.keptFrom, open)]
  } catch (error) {
    carried?.close()
    throw storageFailure(error)
  }
}

/** What `run`, now, returns or throws. */
function attempt<T>(run: () => T): Promise<T> {
  return new Promise<T>((resolve) => resolve(run())).catch((error: unknown) => {
    throw storageFailure(error)
  })
}
