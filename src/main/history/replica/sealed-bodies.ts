/** Takes bodies out of the sealed batches that this device keeps: what is erased must not lie here sealed either. */
import type { Database, Statement } from 'better-sqlite3'
import { decodeBatch, encodeBatch } from '#shared/replication/batch.ts'
import { decodeHeader } from '#shared/replication/envelope.ts'

interface KeptRow {
  readonly first: number
  readonly last: number
  readonly bytes: Uint8Array
}

export class SealedBodies {
  readonly #confirmed: Statement<[number], number>
  readonly #holding: Statement<[number, number], KeptRow>
  readonly #rewrite: Statement<[Uint8Array, number, number]>
  readonly #erased: Statement<[{ readonly replica: number; readonly after: number; readonly to: number }], number>

  constructor(db: Database) {
    this.#confirmed = db.prepare<[number], number>('SELECT confirmed FROM replica WHERE ref = ?').pluck()
    this.#holding = db.prepare(
      'SELECT first, last, bytes FROM replica_sealed WHERE replica = ? AND first <= ? ORDER BY first DESC LIMIT 1',
    )
    this.#rewrite = db.prepare('UPDATE replica_sealed SET bytes = ? WHERE replica = ? AND first = ?')
    this.#erased = db
      .prepare<[{ readonly replica: number; readonly after: number; readonly to: number }], number>(
        `SELECT replica_tombstone.seq FROM replica JOIN replica_device ON replica_device.replica = replica.ref AND id = own_device
           JOIN replica_tombstone ON device = replica_device.ref
           WHERE replica.ref = :replica AND replica_tombstone.seq > :after AND replica_tombstone.seq <= :to`,
      )
      .pluck()
  }

  /** Own envelopes lost what they held; one that the server does not have yet goes there first, so that nobody misses it. */
  empty(replica: number, seqs: readonly number[]): void {
    const confirmed = this.#confirmed.get(replica) ?? 0
    const left = new Set(seqs.filter((seq) => seq <= confirmed))
    for (const seq of [...left].sort((a, b) => a - b)) {
      const row = left.has(seq) ? this.#holding.get(replica, seq) : undefined
      if (row === undefined || row.last < seq) continue
      this.#rewrite.run(without(row.bytes, left), replica, row.first)
    }
  }

  /** The server has them now. */
  emptyConfirmed(replica: number, after: number, to: number): void {
    this.empty(replica, this.#erased.all({ replica, after, to }))
  }
}

/** Takes what it does away out of `seqs`. */
function without(bytes: Uint8Array, seqs: Set<number>): Uint8Array {
  const batch = decodeBatch(bytes)
  const envelopes = batch.envelopes.map((envelope) =>
    seqs.delete(decodeHeader(envelope.header).seq) ? { ...envelope, body: null } : envelope,
  )
  return encodeBatch({ ...batch, envelopes })
}
