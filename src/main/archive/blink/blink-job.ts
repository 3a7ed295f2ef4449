/** The import of one history of Blink: the same batches as of an export, made from its rows. */
import { packEntries } from '#main/history/archive-reader.ts'
import { encodeEntry } from '#shared/model/entry-codec.ts'
import { ProtocolError } from '#shared/errors.ts'
import type { Entry } from '#shared/model/entry.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import { openFileSource } from '../age/byte-source.ts'
import { entriesPerCommit } from '../format/limits.ts'
import type { ImportBatch, ImportProgress } from '../read/import-job.ts'
import { openBlink, type BlinkDatabase, type BlinkRow, type BlinkTable } from './blink-database.ts'
import { BlinkEntries } from './blink-entries.ts'

export interface BlinkJobPorts {
  readonly clock: ClockPort
  readonly textOfHtml: (html: string) => string
  readonly check: () => void
  readonly progress: (progress: ImportProgress) => void
}

/** What a history of Blink holds. */
export interface BlinkFacts {
  readonly messages: number
  readonly calls: number
  /** Rows that are no message or call between two people. */
  readonly leftOut: number
}

type Read = (entries: BlinkEntries, row: BlinkRow) => readonly Entry[] | null

/** Which tables are read, and how; the others are left out. */
const readers: readonly (readonly [table: BlinkTable, read: Read])[] = [
  ['chat_messages', (entries, row) => entries.chatMessage(row)],
  ['messages', (entries, row) => entries.message(row)],
  ['sessions', (entries, row) => entries.session(row)],
]
const uncounted: readonly BlinkTable[] = ['file_transfers', 'downloaded_files']

export class BlinkJob {
  readonly #db: BlinkDatabase
  readonly #ports: BlinkJobPorts
  readonly #nowMs: number
  readonly facts: BlinkFacts

  private constructor(db: BlinkDatabase, ports: BlinkJobPorts) {
    this.#db = db
    this.#ports = ports
    this.#nowMs = ports.clock.now()
    this.facts = this.#count()
  }

  /** Opens and reads all of it once. @throws ProtocolError for what is no history of Blink; SottoError `not-found`, `disk-failed`. */
  static async open(path: string, ports: BlinkJobPorts): Promise<BlinkJob> {
    const source = await openFileSource(path)
    try {
      return new BlinkJob(await openBlink(source), ports)
    } finally {
      await source.close()
    }
  }

  /** The whole history in batches. */
  async *batches(phase: ImportProgress['phase']): AsyncGenerator<ImportBatch> {
    const total = this.facts.messages + this.facts.calls + this.facts.leftOut
    let [pending, leftOut, done]: [Uint8Array[], number, number] = [[], 0, 0]
    for (const entries of this.#entries()) {
      this.#ports.check()
      this.#ports.progress({ phase, done: (done += 1), total })
      if (entries === null) leftOut += 1
      else pending.push(...entries)
      if (pending.length < entriesPerCommit) continue
      yield { ...packEntries(pending), partsDone: 0, leftOut }
      // Cancelling is heard between two batches.
      await Promise.resolve()
      ;[pending, leftOut] = [[], 0]
    }
    if (pending.length > 0 || leftOut > 0) yield { ...packEntries(pending), partsDone: 0, leftOut }
  }

  /** Encoded entries of each row; null for a row that is left out. */
  *#entries(): Generator<readonly Uint8Array[] | null> {
    const entries = new BlinkEntries({ textOfHtml: this.#ports.textOfHtml, nowMs: this.#nowMs })
    for (const [table, read] of readers) {
      for (const row of this.#db.rows(table)) yield encoded(read(entries, row))
    }
    for (let left = this.#countOf(uncounted); left > 0; left--) yield null
  }

  #count(): BlinkFacts {
    let [messages, calls, leftOut] = [0, 0, 0]
    const entries = new BlinkEntries({ textOfHtml: this.#ports.textOfHtml, nowMs: this.#nowMs })
    for (const [table, read] of readers) {
      for (const row of this.#db.rows(table)) {
        const made = encoded(read(entries, row))
        if (made === null) leftOut += 1
        else if (table === 'sessions') calls += 1
        else messages += 1
      }
    }
    return { messages, calls, leftOut: leftOut + this.#countOf(uncounted) }
  }

  #countOf(list: readonly BlinkTable[]): number {
    return list.reduce((sum, table) => sum + [...this.#db.rows(table)].length, 0)
  }

  close(): Promise<void> {
    this.#db.close()
    return Promise.resolve()
  }
}

/** What breaks a limit of the model is left out like everything else that is no message. */
function encoded(entries: readonly Entry[] | null): readonly Uint8Array[] | null {
  try {
    return entries?.map(encodeEntry) ?? null
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}
