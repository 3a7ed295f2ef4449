/** The spool: takes records while Sotto is locked, and gives them back, each until it is applied, when it is open again. */
import type { RandomPort } from '#shared/ports/random.ts'
import { openSealed, sealBytes, sealRecord, type SpoolOpenKey, type SpoolSealKey } from './sealed-record.ts'
import { decodeSpoolRecord, encodeSpoolRecord, type SpoolRecord } from './spool-record.ts'
import type { SpoolStore } from './spool-store.ts'

/** What became of a record: in the history (or not wanted there), or to be tried at the next unlock. */
export type Applied = 'done' | 'later'

export interface SpoolReport {
  readonly applied: number
  /** Could not be read: changed, cut, or sealed to a key that is lost. They are gone. */
  readonly refused: number
  /** Still in the spool. */
  readonly left: number
}

export class Spool {
  readonly #store: SpoolStore
  readonly #random: RandomPort

  constructor(ports: { readonly store: SpoolStore; readonly random: RandomPort }) {
    this.#store = ports.store
    this.#random = ports.random
  }

  /** Durable when it resolves; false when the spool is full. @throws SottoError `disk-full`, `disk-failed`. */
  append(key: SpoolSealKey, record: SpoolRecord): Promise<boolean> {
    const plaintext = encodeSpoolRecord(record)
    return this.#store.append(plaintext.length + sealBytes, (sequence) =>
      sealRecord(key, sequence, plaintext, this.#random),
    )
  }

  /**
   * Hands every record to `apply`, oldest first, and forgets those that are done. Applying one twice, as after a crash in
   * between, must be harmless. @throws SottoError `disk-failed`.
   */
  async drain(key: SpoolOpenKey | null, apply: (record: SpoolRecord) => Promise<Applied>): Promise<SpoolReport> {
    const done: number[] = []
    let refused = 0
    let left = 0
    for (const sequence of await this.#store.list()) {
      const record = await this.#open(key, sequence)
      if (record === null) refused += 1
      if (record === null || (await apply(record)) === 'done') done.push(sequence)
      else left += 1
    }
    await this.#store.remove(done)
    return { applied: done.length - refused, refused, left }
  }

  async #open(key: SpoolOpenKey | null, sequence: number): Promise<SpoolRecord | null> {
    const sealed = await this.#store.read(sequence)
    if (key === null || sealed === null) return null
    const plaintext = openSealed(key, sequence, sealed)
    return plaintext === null ? null : decodeSpoolRecord(plaintext)
  }
}
