/** Forgets what no server can lose, say or ask for any more. */
import type { Database, Statement } from 'better-sqlite3'

const dayMs = 86_400_000
/** How long a server may lose what it confirmed. */
const sealedMs = 60 * dayMs
/** How long something may still come or be asked for, clocks and days of devices and server being what they are. */
const knownMs = 67 * dayMs
const hourMs = 3_600_000

interface Values {
  readonly replica: number
  readonly before: number
}

export class ReplicaPruning {
  readonly #sealed: Statement<[Values]>
  readonly #known: readonly Statement<[Values]>[]
  #next = 0

  constructor(db: Database) {
    this.#sealed = db.prepare(
      `DELETE FROM replica_sealed WHERE replica = :replica AND kept_at < :before
         AND last <= (SELECT confirmed FROM replica WHERE ref = :replica)`,
    )
    const devices = 'device IN (SELECT ref FROM replica_device WHERE replica = :replica) AND kept_at < :before'
    this.#known = [
      `DELETE FROM replica_hash WHERE ${devices}
         AND NOT EXISTS (SELECT 1 FROM replica_device WHERE ref = device AND replica_hash.seq IN (seq, claimed_seq))
         AND NOT EXISTS (SELECT 1 FROM replica JOIN replica_device ON replica_device.replica = replica.ref
           WHERE replica_device.ref = device AND id = own_device AND replica_hash.seq >= confirmed)`,
      `DELETE FROM replica_envelope WHERE ${devices}
         AND NOT EXISTS (SELECT 1 FROM replica JOIN replica_device ON replica_device.replica = replica.ref
           WHERE replica_device.ref = device AND id = own_device AND replica_envelope.seq > confirmed)`,
      `DELETE FROM replica_tombstone WHERE ${devices} AND sent > 0`,
      'DELETE FROM replica_blob WHERE replica = :replica AND kept_at < :before',
    ].map((sql) => db.prepare(sql))
  }

  /** Inside a running transaction. */
  prune(replica: number, now: number): void {
    this.#next = now + hourMs
    this.#sealed.run({ replica, before: now - sealedMs })
    for (const statement of this.#known) statement.run({ replica, before: now - knownMs })
  }

  pruneNowAndThen(replica: number, now: number): void {
    if (now >= this.#next) this.prune(replica, now)
  }
}
