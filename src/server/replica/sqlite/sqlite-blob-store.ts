/** Sealed attachments in SQLite, a file for each day on which one began. One process has the directory. */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ClockPort } from '#shared/ports/clock.ts'
import { dayOf, dayStart, formatDay } from '../../home/data-dir/day.ts'
import { ensurePrivateDirectory, syncDirectory } from '../../home/data-dir/private-file.ts'
import type { BlobAnswer, BlobPart, BlobState, BlobStore, BlobStoreLimits, BlobUsage } from '../blob-store.ts'
import { BlobDay, type BlobRow } from './blob-day.ts'
import { openDatabase, type OpenDatabase } from './database.ts'
import { storageFailure } from './storage-failure.ts'

export interface SqliteBlobStoreOptions {
  readonly directory: string
  readonly clock: ClockPort
  readonly limits: BlobStoreLimits
  /** Opens the databases; a test hands in ones with a small disk. */
  readonly open?: OpenDatabase
}

const name = /^blobs-(\d{4}-\d{2}-\d{2})\.db(-wal|-shm|-journal)?$/
const dayMs = dayStart(1)

interface Found {
  readonly file: BlobDay
  readonly row: BlobRow
}

/** Fails with SottoError `disk-full`, `disk-failed`, `file-damaged` and `busy` (another process has the directory). */
export class SqliteBlobStore implements BlobStore {
  readonly #directory: string
  readonly #clock: ClockPort
  readonly #limits: BlobStoreLimits
  readonly #open: OpenDatabase
  /** Oldest first; null: not open yet. */
  readonly #days = new Map<number, BlobDay | null>()
  #isClosed = false

  constructor({ directory, clock, limits, open = openDatabase }: SqliteBlobStoreOptions) {
    this.#directory = directory
    this.#clock = clock
    this.#limits = limits
    this.#open = open
    try {
      ensurePrivateDirectory(directory)
      for (const day of this.#found().flatMap(({ day, isMain }) => (isMain ? [day] : []))) this.#days.set(day, null)
      // A program that died may have left names that are not durable.
      syncDirectory(directory)
    } catch (error) {
      throw storageFailure(error)
    }
  }

  put(account: string, part: BlobPart): Promise<BlobAnswer> {
    return this.#run(() => {
      const found = this.#find(account, part.hash)
      if (found?.row.whole === 1) return { kind: 'repeated', day: found.file.day }
      if (found === null || found.row.size === part.size) return this.#put(account, part, found)
      found.file.remove(found.row)
      return this.#put(account, part, null)
    })
  }

  states(account: string, hashes: readonly Uint8Array[]): Promise<readonly BlobState[]> {
    return this.#run(() =>
      hashes.map((hash) => {
        const row = this.#find(account, hash)?.row
        return { whole: row?.whole === 1, next: row?.received ?? 0 }
      }),
    )
  }

  read(
    account: string,
    hash: Uint8Array,
    range: { readonly at: number; readonly most: number },
  ): Promise<{ readonly size: number; readonly bytes: Uint8Array } | null> {
    return this.#run(() => {
      const found = this.#find(account, hash)
      if (found?.row.whole !== 1) return null
      return { size: found.row.size, bytes: found.file.read(found.row, range) }
    })
  }

  erase(account: string, hashes: readonly Uint8Array[]): Promise<number> {
    return this.#run(() => {
      if (hashes.length === 0) return 0
      const found = hashes.flatMap((hash) => this.#find(account, hash) ?? [])
      for (const { file, row } of found) file.remove(row)
      // Of all days: an earlier one may have ended before this.
      for (const file of this.#files()) file.purge()
      return found.length
    })
  }

  eraseAccount(account: string): Promise<void> {
    return this.#run(() => {
      for (const file of this.#files()) {
        file.eraseAccount(account)
        // Also of an erasure that was interrupted before this.
        file.purge()
      }
    })
  }

  dropBefore(day: number): Promise<void> {
    return this.#run(() => {
      const dropped = this.#found().filter((one) => one.day < day)
      for (const { day: one } of dropped) {
        this.#days.get(one)?.close()
        this.#days.delete(one)
      }
      for (const { file } of dropped) rmSync(join(this.#directory, file), { force: true })
      if (dropped.length > 0) syncDirectory(this.#directory)
    })
  }

  usage(account: string): Promise<BlobUsage> {
    return this.#run(() => this.#usage(account))
  }

  close(): Promise<void> {
    this.#isClosed = true
    for (const file of this.#days.values()) file?.close()
    this.#days.clear()
    return Promise.resolve()
  }

  /** `begun` = what is here of it. */
  #put(account: string, part: BlobPart, begun: Found | null): BlobAnswer {
    const next = begun?.row.received ?? 0
    if (part.at !== next) return { kind: 'part', next }
    const isTooMuch = (): boolean => this.#usage(account).bytes + part.size > this.#limits.accountBlobBytes
    if (begun === null && isTooMuch()) return { kind: 'quota' }
    const file = begun?.file ?? this.#newest()
    const kind = file.add(account, begun?.row ?? null, part)
    if (kind === 'part') return { kind, next: part.at + part.bytes.length }
    return kind === 'stored' ? { kind, day: file.day } : { kind }
  }

  #usage(account: string): BlobUsage {
    let [blobs, bytes, oldestDay]: [number, number, number | null] = [0, 0, null]
    for (const file of this.#files()) {
      const some = file.usage(account)
      if (some.blobs > 0) oldestDay ??= file.day
      blobs += some.blobs
      bytes += some.bytes
    }
    return { blobs, bytes, oldestDay }
  }

  #find(account: string, hash: Uint8Array): Found | null {
    for (const file of this.#files().toReversed()) {
      const row = file.find(account, hash)
      if (row !== null) return { file, row }
    }
    return null
  }

  /** Oldest first. */
  #files(): readonly BlobDay[] {
    return [...this.#days.keys()].toSorted((a, b) => a - b).map((day) => this.#fileOf(day))
  }

  #fileOf(day: number): BlobDay {
    const file = this.#days.get(day) ?? new BlobDay(this.#pathOf(day), day, this.#open)
    this.#days.set(day, file)
    return file
  }

  /** Never before a day that has a file. */
  #newest(): BlobDay {
    const day = Math.max(dayOf(this.#clock.now()), ...this.#days.keys())
    const isNew = !this.#days.has(day)
    const file = this.#fileOf(day)
    // What is stored in it is only as durable as its name.
    if (isNew) syncDirectory(this.#directory)
    return file
  }

  #pathOf(day: number): string {
    return join(this.#directory, `blobs-${formatDay(day)}.db`)
  }

  #found(): readonly { readonly file: string; readonly day: number; readonly isMain: boolean }[] {
    return readdirSync(this.#directory).flatMap((file) => {
      const [, day, beside] = name.exec(file) ?? []
      return day === undefined ? [] : [{ file, day: Date.parse(day) / dayMs, isMain: beside === undefined }]
    })
  }

  #run<T>(run: () => T): Promise<T> {
    if (this.#isClosed) return Promise.reject(new Error('the store is closed'))
    return new Promise<T>((resolve) => resolve(run())).catch((error: unknown) => {
      throw storageFailure(error)
    })
  }
}
