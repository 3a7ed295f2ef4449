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

/** Records under way at a time. */
const window = 32

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
    const counts = { applied: 0, refused: 0, left: 0 }
    const all = await this.#store.list()
    for (let from = 0; from < all.length; from += window) {
      const part = all.slice(from, from + window)
      const outcomes = await this.#applyPart(key, part, apply)
      for (const outcome of outcomes) counts[outcome] += 1
      await this.#store.remove(part.filter((_, index) => outcomes[index] !== 'left'))
    }
    return counts
  }

  /** Begun in order and under way together: one that waits for another must not keep that one from coming. */
  async #applyPart(
    key: SpoolOpenKey | null,
    sequences: readonly number[],
    apply: (record: SpoolRecord) => Promise<Applied>,
  ): Promise<readonly (keyof SpoolReport)[]> {
    const records = await Promise.all(sequences.map((sequence) => this.#open(key, sequence)))
    return Promise.all(
      records.map(async (record) => {
        if (record === null) return 'refused'
        return (await apply(record)) === 'done' ? 'applied' : 'left'
      }),
    )
  }

  async #open(key: SpoolOpenKey | null, sequence: number): Promise<SpoolRecord | null> {
    const sealed = await this.#store.read(sequence)
    if (key === null || sealed === null) return null
    const plaintext = openSealed(key, sequence, sealed)
    return plaintext === null ? null : decodeSpoolRecord(plaintext)
  }
}
