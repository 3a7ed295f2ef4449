/** The files of the spool: one per record, durable before its promise resolves. What they hold is not looked at. */
import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { SottoError } from '#shared/errors.ts'
import { readFileIfPresent, syncDirectory, writeFileAtomically } from '#main/platform/atomic-file.ts'
import { emptyTally, fits, maxAppending, withoutRecord, withRecord, type SpoolTally } from './spool-bounds.ts'

const suffix = '.sealed'
/** Name of a record: its sequence number, so that names in order are records in order. */
const named = /^(\d{15})\.sealed$/

export class SpoolStore {
  readonly #folder: string
  #tally: SpoolTally = emptyTally
  #next = 1
  #appending = 0
  #opening: Promise<void> | null = null
  #isOpen = false

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Counts what is there, and removes what a crash left half written; once per folder. @throws SottoError `disk-full`, `disk-failed`. */
  open(): Promise<void> {
    // Erasing everything takes the folder too, and the next profile of this run begins another.
    if (this.#isOpen && !existsSync(this.#folder)) this.#close()
    this.#opening ??= asStorage(() => this.#open()).catch((error: unknown) => {
      this.#close()
      throw error
    })
    return this.#opening
  }

  #close(): void {
    this.#opening = null
    this.#isOpen = false
  }

  /**
   * Keeps the record that `seal` makes for its sequence number of at most `size` bytes; false when the spool is full.
   * @throws SottoError `disk-full`, `disk-failed`: nothing was kept.
   */
  async append(size: number, seal: (sequence: number) => Uint8Array): Promise<boolean> {
    await this.open()
    if (this.#appending >= maxAppending || !fits(this.#tally, size)) return false
    const sequence = this.#next++
    this.#appending += 1
    this.#tally = withRecord(this.#tally, size)
    try {
      await asStorage(() => writeFileAtomically(this.#fileOf(sequence), seal(sequence)))
      return true
    } catch (error) {
      this.#tally = withoutRecord(this.#tally, size)
      throw error
    } finally {
      this.#appending -= 1
    }
  }

  /** Sequence numbers of what is kept, oldest first. @throws SottoError `disk-failed`. */
  async list(): Promise<readonly number[]> {
    await this.open()
    return asStorage(() => this.#list())
  }

  /** Null when it went meanwhile. @throws SottoError `disk-failed`. */
  read(sequence: number): Promise<Uint8Array | null> {
    return asStorage(() => readFileIfPresent(this.#fileOf(sequence)))
  }

  /** Forgets records. @throws SottoError `disk-failed`. */
  async remove(sequences: readonly number[]): Promise<void> {
    if (sequences.length === 0) return
    await asStorage(async () => {
      for (const sequence of sequences) await this.#removeOne(this.#fileOf(sequence))
      await syncDirectory(this.#folder)
    })
  }

  async #open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await syncDirectory(path.dirname(this.#folder))
    this.#tally = emptyTally
    for (const name of await readdir(this.#folder)) {
      if (named.test(name)) await this.#count(name)
      else await rm(path.join(this.#folder, name), { force: true, recursive: true })
    }
    this.#isOpen = true
  }

  async #count(name: string): Promise<void> {
    const { size } = await stat(path.join(this.#folder, name))
    this.#tally = withRecord(this.#tally, size)
    this.#next = Math.max(this.#next, sequenceOf(name) + 1)
  }

  async #list(): Promise<readonly number[]> {
    const names = (await readdir(this.#folder)).filter((name) => named.test(name))
    return names.map(sequenceOf).toSorted((a, b) => a - b)
  }

  async #removeOne(file: string): Promise<void> {
    const size = await stat(file).then(
      (found) => found.size,
      () => null,
    )
    if (size === null) return
    await rm(file, { force: true })
    this.#tally = withoutRecord(this.#tally, size)
  }

  #fileOf(sequence: number): string {
    return path.join(this.#folder, `${String(sequence).padStart(15, '0')}${suffix}`)
  }
}

function sequenceOf(name: string): number {
  return Number(named.exec(name)?.[1])
}

async function asStorage<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    throw new SottoError(code === 'ENOSPC' || code === 'EDQUOT' ? 'disk-full' : 'disk-failed', {}, error)
  }
}
