/** What waits to be sealed, and the batches that this device has sealed: statements only, inside a running transaction if they write. */
import type { Database, Statement } from 'better-sqlite3'
import { decodeBatch } from '#shared/replication/batch.ts'
import { decodeHeader } from '#shared/replication/envelope.ts'
import { decodeHead, maxErased, type Place, type Tombstone } from '#shared/replication/head.ts'
import { packEntries } from '../archive-reader.ts'
import { boundLimit } from '../bound-limit.ts'
import type { BatchToKeep, KeptBatch, QueuedEntries } from '../replica-port.ts'
import { copied } from './copied.ts'
import type { ReplicaDevices } from './replica-devices.ts'
import type { ReplicaTrace } from './replica-trace.ts'
import { SealedBodies } from './sealed-bodies.ts'

/** Entries are handed out for sealing until they are about so many bytes: more fit into no batch. */
const handedOutBytes = 1_048_576

interface ReplicaRow {
  readonly own_device: Uint8Array | null
  readonly own_seq: number | null
  readonly own_hash: Uint8Array | null
  readonly own_at: number | null
  readonly confirmed: number
}

interface QueuedRow {
  readonly id: number
  readonly bytes: Uint8Array
}

interface SealedRow {
  readonly last: number
  readonly hash: Uint8Array
  readonly at: number
  readonly cursor: number
  readonly bytes: Uint8Array
}

export class ReplicaSealing {
  readonly #devices: ReplicaDevices
  readonly #trace: ReplicaTrace
  readonly #row: Statement<[number], ReplicaRow>
  readonly #own: Statement<[Uint8Array, number, Uint8Array, number, number]>
  readonly #confirm: Statement<[number, number]>
  readonly #db: Database
  readonly #next: Statement<[number, number, number], QueuedRow>
  readonly #due: Statement<[number, number], Tombstone>
  readonly #sent: Statement<[number, number, Uint8Array]>
  readonly #take: Statement<[number, number], number>
  readonly #keepSealed: Statement<[number, number, number, Uint8Array, number, number, number, Uint8Array]>
  readonly #sealed: Statement<[number, number], SealedRow>
  readonly #say: Statement<[number, number, number]>
  readonly #bodies: SealedBodies
  readonly #oldest: Statement<[number], number | null>

  constructor(db: Database, devices: ReplicaDevices, trace: ReplicaTrace) {
    this.#db = db
    this.#devices = devices
    this.#trace = trace
    this.#row = db.prepare('SELECT * FROM replica WHERE ref = ?')
    this.#own = db.prepare('UPDATE replica SET own_device = ?, own_seq = ?, own_hash = ?, own_at = ? WHERE ref = ?')
    this.#confirm = db.prepare('UPDATE replica SET confirmed = max(confirmed, ?) WHERE ref = ?')
    // What has disappeared by now is not sealed, though nobody has come round to erase it.
    this.#next = db.prepare(
      `SELECT replica_unsealed.id AS id, bytes FROM replica_unsealed JOIN entry ON entry.seq = replica_unsealed.entry
         WHERE replica = ? AND NOT EXISTS (SELECT 1 FROM message
           WHERE message.conversation = entry.conversation AND message.message_id = entry.subject
             AND message.author = entry.author AND message.expires_at <= ?)
         ORDER BY replica_unsealed.id ${boundLimit}`,
    )
    this.#due = db.prepare(
      `SELECT replica_device.id AS device, replica_tombstone.seq AS seq, body_hash AS bodyHash
         FROM replica_tombstone JOIN replica_device ON replica_device.ref = replica_tombstone.device
         WHERE replica = ? AND sent = 0 ${boundLimit}`,
    )
    this.#sent = db.prepare('UPDATE replica_tombstone SET sent = 1 WHERE device = ? AND seq = ? AND body_hash = ?')
    this.#take = db
      .prepare<[number, number], number>('DELETE FROM replica_unsealed WHERE replica = ? AND id = ? RETURNING entry')
      .pluck()
    this.#keepSealed = db.prepare(
      `INSERT OR REPLACE INTO replica_sealed (replica, first, last, hash, at, cursor, kept_at, bytes)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#sealed = db.prepare(
      'SELECT last, hash, at, cursor, bytes FROM replica_sealed WHERE replica = ? AND first = ?',
    )
    this.#say = db.prepare(
      'UPDATE replica_tombstone SET sent = 0 WHERE device = ? AND seq BETWEEN ? AND ? AND sent = 2',
    )
    this.#bodies = new SealedBodies(db)
    this.#oldest = db
      .prepare<[number], number | null>('SELECT min(first) FROM replica_sealed WHERE replica = ?')
      .pluck()
  }

  /** Rows of the entries that wait, in their order. */
  queued(replica: number): readonly number[] {
    const queued = this.#db.prepare<[number], number>(
      'SELECT entry FROM replica_unsealed WHERE replica = ? ORDER BY id',
    )
    return queued.pluck().all(replica)
  }

  queueAgain(replica: number, entries: readonly number[]): void {
    const queue = this.#db.prepare('INSERT OR IGNORE INTO replica_unsealed (replica, entry) VALUES (?, ?)')
    for (const entry of entries) queue.run(replica, entry)
  }

  confirmed(replica: number): number {
    return this.#row.get(replica)?.confirmed ?? 0
  }

  own(replica: number): Place | null {
    const { own_device: device, own_seq: seq, own_hash: hash, own_at: at } = this.#row.get(replica) ?? {}
    if (device == null || seq == null || hash == null || at == null) return null
    return { device: new Uint8Array(device), seq, hash: new Uint8Array(hash), at }
  }

  oldestSealed(replica: number): number | null {
    return this.#oldest.get(replica) ?? null
  }

  unsealed(replica: number, most: number, now: number): QueuedEntries | null {
    const rows: QueuedRow[] = []
    let bytes = 0
    for (const row of this.#next.iterate(replica, now, most)) {
      rows.push(row)
      bytes += row.bytes.length
      if (bytes >= handedOutBytes) break
    }
    const erased = this.#due.all(replica, maxErased).map(copied)
    if (rows.length === 0 && erased.length === 0) return null
    return { queued: rows.map(({ id }) => id), contents: packEntries(rows.map((row) => row.bytes)), erased }
  }

  sealed(replica: number, first: number): KeptBatch | null {
    const row = this.#sealed.get(replica, first)
    const own = this.own(replica)
    if (row === undefined || own === null) return null
    const { last, at, cursor } = row
    const place = { device: own.device, seq: last, hash: new Uint8Array(row.hash), at }
    return { place, first, cursor, bytes: new Uint8Array(row.bytes) }
  }

  keepSealed(replica: number, { place, first, bytes, cursor, queued }: BatchToKeep, now: number): void {
    const { head, envelopes } = decodeBatch(bytes)
    const device = this.#devices.refOf(replica, place.device)
    this.#own.run(place.device, place.seq, place.hash, place.at, replica)
    this.#devices.keepHash(device, place, now)
    this.#keepSealed.run(replica, first, place.seq, place.hash, place.at, cursor, now, bytes)
    for (const [i, id] of queued.entries()) {
      const { seq, bodyHash } = decodeHeader(envelopes[i]?.header ?? new Uint8Array())
      const entry = this.#take.get(replica, id)
      if (entry !== undefined) this.#trace.standsIn({ device, seq, bodyHash }, entry)
      // Emptied or erased while it was being sealed.
      else this.#trace.bury({ device, seq, bodyHash }, false)
    }
    for (const body of decodeHead(head).erased ?? [])
      this.#sent.run(this.#devices.refOf(replica, body.device), body.seq, body.bodyHash)
  }

  keepConfirmed(replica: number, seq: number): void {
    const before = this.confirmed(replica)
    this.#confirm.run(seq, replica)
    if (seq > before) this.#bodies.emptyConfirmed(replica, before, seq)
  }

  /**
   * A batch that was confirmed is to be given to the server once more: of what this device forgot meanwhile for itself it has no body any
   * more, which nobody could tell from a body withheld.
   */
  givesAgain(replica: number, { place, first }: Pick<KeptBatch, 'place' | 'first'>): void {
    const device = this.#devices.refOf(replica, place.device)
    if (place.seq <= this.confirmed(replica)) this.#say.run(device, first, place.seq)
  }
}
