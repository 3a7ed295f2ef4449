/** The files of a directory, one for each day on which something was received. */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { dayStart, formatDay } from '../../home/data-dir/day.ts'
import { syncDirectory } from '../../home/data-dir/private-file.ts'
import type { OpenDatabase } from './database.ts'
import { DayFile } from './day-file.ts'

const name = /^day-(\d{4}-\d{2}-\d{2})\.db(-wal|-shm|-journal)?$/
const dayMs = dayStart(1)

export class DayFiles {
  readonly #directory: string
  readonly #open: OpenDatabase
  /** Oldest first; those that were not needed yet are not open. */
  readonly #files = new Map<number, DayFile | null>()

  /** Removes the files of days before `keptFrom`. */
  constructor(directory: string, keptFrom: number, open: OpenDatabase) {
    this.#directory = directory
    this.#open = open
    this.remove(keptFrom)
    const days = this.#found().flatMap(({ day, isMain }) => (isMain ? [day] : []))
    for (const day of days.toSorted((a, b) => a - b)) this.#files.set(day, null)
    // A program that died may have left names that are not durable.
    syncDirectory(directory)
  }

  /** Oldest first. */
  get days(): readonly number[] {
    return [...this.#files.keys()]
  }

  /** The files from that day on, oldest first. */
  from(day: number): readonly DayFile[] {
    return this.days.filter((each) => each >= day).map((each) => this.#get(each))
  }

  /** All files, newest first, each opened when it is its turn. */
  *backwards(): Generator<DayFile> {
    for (const day of this.days.toReversed()) yield this.#get(day)
  }

  /** The file of a day that is not before any other. */
  newest(day: number): DayFile {
    if (this.#files.has(day)) return this.#get(day)
    const file = new DayFile(this.pathOf(day), day, this.#open)
    try {
      // What is stored in it is only as durable as its name.
      syncDirectory(this.#directory)
    } catch (error) {
      file.close()
      throw error
    }
    this.#files.set(day, file)
    return file
  }

  /** The file that holds the first batch of a device that ends at or behind `seq`. */
  reaching(account: string, device: Uint8Array, seq: number): DayFile | null {
    let found: DayFile | null = null
    for (const file of this.backwards()) {
      const span = file.span(account, device)
      if (span === null) continue
      if (span.seq < seq) break
      found = file
      if (span.first <= seq) break
    }
    return found
  }

  pathOf(day: number): string {
    return join(this.#directory, `day-${formatDay(day)}.db`)
  }

  /** Removes the files of days before `keptFrom`, durably. */
  remove(keptFrom: number): void {
    const dropped = this.#found().filter(({ day }) => day < keptFrom)
    for (const { day } of dropped) this.#forget(day)
    for (const { file } of dropped) rmSync(join(this.#directory, file), { force: true })
    if (dropped.length > 0) syncDirectory(this.#directory)
  }

  close(): void {
    for (const file of this.#files.values()) file?.close()
    this.#files.clear()
  }

  #forget(day: number): void {
    this.#files.get(day)?.close()
    this.#files.delete(day)
  }

  #get(day: number): DayFile {
    const open = this.#files.get(day)
    if (open !== null && open !== undefined) return open
    const file = new DayFile(this.pathOf(day), day, this.#open)
    this.#files.set(day, file)
    return file
  }

  #found(): readonly { readonly file: string; readonly day: number; readonly isMain: boolean }[] {
    return readdirSync(this.#directory).flatMap((file) => {
      const [, day, beside] = name.exec(file) ?? []
      return day === undefined ? [] : [{ file, day: Date.parse(day) / dayMs, isMain: beside === undefined }]
    })
  }
}
