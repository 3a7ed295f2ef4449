/** Devices of accounts that replicate: how far they are read, what others say of them, and hashes of headers to compare with. */
import type { Database, Statement } from 'better-sqlite3'
import { compareBytes } from '#shared/bytes/bytes.ts'
import type { Place } from '#shared/replication/head.ts'
import type { SeqHashes } from '../replica-port.ts'

interface DeviceRow {
  readonly ref: number
  readonly id: Uint8Array
  readonly seq: number | null
  readonly hash: Uint8Array | null
  readonly at: number | null
  readonly claimed_seq: number | null
  readonly claimed_hash: Uint8Array | null
  readonly claimed_at: number | null
}

interface HashRow {
  readonly seq: number
  readonly hash: Uint8Array
}

export class ReplicaDevices {
  readonly #find: Statement<[number, Uint8Array], number>
  readonly #add: Statement<[number, Uint8Array]>
  readonly #all: Statement<[number], DeviceRow>
  readonly #place: Statement<[number, Uint8Array, number, number]>
  readonly #claim: Statement<[number, Uint8Array, number, number, number]>
  readonly #keepHash: Statement<[number, number, Uint8Array, number]>
  readonly #noteHash: Statement<[number, number, Uint8Array, number]>
  readonly #hashes: Statement<[number], HashRow>

  constructor(db: Database) {
    this.#find = db
      .prepare<[number, Uint8Array], number>('SELECT ref FROM replica_device WHERE replica = ? AND id = ?')
      .pluck()
    this.#add = db.prepare('INSERT INTO replica_device (replica, id) VALUES (?, ?)')
    this.#all = db.prepare('SELECT * FROM replica_device WHERE replica = ? ORDER BY ref')
    this.#place = db.prepare('UPDATE replica_device SET seq = ?, hash = ?, at = ? WHERE ref = ?')
    this.#claim = db.prepare(
      `UPDATE replica_device SET claimed_seq = ?, claimed_hash = ?, claimed_at = ? WHERE ref = ? AND coalesce(claimed_seq, 0) < ?`,
    )
    const hash = 'INTO replica_hash (device, seq, hash, kept_at) VALUES (?, ?, ?, ?)'
    this.#keepHash = db.prepare(`INSERT OR REPLACE ${hash}`)
    this.#noteHash = db.prepare(`INSERT OR IGNORE ${hash}`)
    this.#hashes = db.prepare('SELECT seq, hash FROM replica_hash WHERE device = ? ORDER BY seq')
  }

  /** Row of a device, made if it is new. */
  refOf(replica: number, device: Uint8Array): number {
    return this.#find.get(replica, device) ?? Number(this.#add.run(replica, device).lastInsertRowid)
  }

  placesOf(replica: number): readonly Place[] {
    return this.#all
      .all(replica)
      .flatMap(({ id, seq, hash, at }) => placeOf(id, seq, hash, at))
      .sort((a, b) => compareBytes(a.device, b.device))
  }

  claimsOf(replica: number): readonly Place[] {
    return this.#all
      .all(replica)
      .flatMap(({ id, claimed_seq, claimed_hash, claimed_at }) => placeOf(id, claimed_seq, claimed_hash, claimed_at))
  }

  hashesOf(replica: number): readonly SeqHashes[] {
    return this.#all.all(replica).map(({ ref, id }) => {
      const rows = this.#hashes.all(ref)
      const hashes = new Uint8Array(rows.length * 32)
      for (const [i, { hash }] of rows.entries()) hashes.set(hash, i * 32)
      return { device: new Uint8Array(id), seqs: Float64Array.from(rows, ({ seq }) => seq), hashes }
    })
  }

  /** How far a device is read; 0 for nothing. */
  readOf(replica: number, device: Uint8Array): number {
    const row = this.#all.all(replica).find(({ id }) => compareBytes(id, device) === 0)
    return row?.seq ?? 0
  }

  keepPlace(ref: number, { seq, hash, at }: Place, now: number): void {
    this.#place.run(seq, hash, at, ref)
    this.keepHash(ref, { seq, hash }, now)
  }

  keepHash(ref: number, { seq, hash }: Pick<Place, 'seq' | 'hash'>, now: number): void {
    this.#keepHash.run(ref, seq, hash, now)
  }

  /** Somebody says that a device is there; what is known already stays. */
  keepClaim(ref: number, { seq, hash, at }: Place, now: number): void {
    this.#noteHash.run(ref, seq, hash, now)
    this.#claim.run(seq, hash, at, ref, seq)
  }
}

function placeOf(device: Uint8Array, seq: number | null, hash: Uint8Array | null, at: number | null): readonly Place[] {
  return seq === null || hash === null || at === null
    ? []
    : [{ device: new Uint8Array(device), seq, hash: new Uint8Array(hash), at }]
}
