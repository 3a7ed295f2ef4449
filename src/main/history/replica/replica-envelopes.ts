/** What is known of the envelopes of other devices beside their contents: statements only, inside a running transaction if they write. */
import type { Database, Statement } from 'better-sqlite3'
import { decodeHeader } from '#shared/replication/envelope.ts'
import type { Tombstone } from '#shared/replication/head.ts'
import { boundLimit } from '../bound-limit.ts'
import type { KeptFault, KeptMissing, UnopenedPage } from '../replica-port.ts'
import { copied } from './copied.ts'
import type { ReplicaDevices } from './replica-devices.ts'

/** Envelopes of a page of what waits for a key, and their bytes. */
const page = { envelopes: 256, bytes: 1_048_576 }

export class ReplicaEnvelopes {
  readonly #db: Database
  readonly #devices: ReplicaDevices
  readonly #missing: Statement<[number], KeptMissing>
  readonly #addMissing: Statement<[number, number, Uint8Array, number]>
  readonly #forgetMissing: Statement<[number, number]>
  readonly #isErased: Statement<[number, number, Uint8Array], number>
  readonly #addUnopened: Statement<[number, number, Uint8Array, Uint8Array | null, Uint8Array]>
  readonly #unopened: Statement<[number, number, number], { rowid: number; header: Uint8Array; body: Uint8Array }>
  readonly #forgetUnopened: Statement<[number, number]>
  readonly #eraseUnopened: Statement<[number, number, Uint8Array]>

  constructor(db: Database, devices: ReplicaDevices) {
    this.#db = db
    this.#devices = devices
    this.#missing = db.prepare(
      `SELECT replica_device.id AS device, replica_missing.seq AS seq, body_hash AS bodyHash, replica_missing.at AS at
         FROM replica_missing JOIN replica_device ON replica_device.ref = replica_missing.device WHERE replica = ?`,
    )
    this.#addMissing = db.prepare(
      'INSERT OR IGNORE INTO replica_missing (device, seq, body_hash, at) VALUES (?, ?, ?, ?)',
    )
    this.#forgetMissing = db.prepare('DELETE FROM replica_missing WHERE device = ? AND seq = ?')
    this.#isErased = db
      .prepare<[number, number, Uint8Array], number>(
        'SELECT 1 FROM replica_tombstone WHERE device = ? AND seq = ? AND body_hash = ? AND sent < 2',
      )
      .pluck()
    this.#addUnopened = db.prepare(
      'INSERT OR IGNORE INTO replica_unopened (device, seq, body_hash, header, content) VALUES (?, ?, ?, ?, ?)',
    )
    this.#unopened = db.prepare(
      `SELECT replica_unopened.rowid AS rowid, header, content AS body
         FROM replica_unopened JOIN replica_device ON replica_device.ref = replica_unopened.device
         WHERE replica = ? AND header IS NOT NULL AND replica_unopened.rowid > ? ORDER BY replica_unopened.rowid ${boundLimit}`,
    )
    const forget = 'DELETE FROM replica_unopened WHERE device = ? AND seq = ?'
    this.#forgetUnopened = db.prepare(forget)
    this.#eraseUnopened = db.prepare(`${forget} AND body_hash = ?`)
  }

  missing(replica: number): readonly KeptMissing[] {
    return this.#missing.all(replica).map(({ at, ...body }) => ({ ...copied(body), at }))
  }

  isErased(device: number, { seq, bodyHash }: Pick<Tombstone, 'seq' | 'bodyHash'>): boolean {
    return this.#isErased.get(device, seq, bodyHash) !== undefined
  }

  erasedAmong(replica: number, bodies: readonly Tombstone[]): readonly Tombstone[] {
    return bodies.filter((body) => this.isErased(this.#devices.refOf(replica, body.device), body))
  }

  addMissing(device: number, { seq, bodyHash, at }: KeptMissing): void {
    this.#addMissing.run(device, seq, bodyHash, at)
  }

  forgetMissing(replica: number, bodies: readonly Tombstone[]): void {
    for (const { device, seq } of bodies) this.#forgetMissing.run(this.#devices.refOf(replica, device), seq)
  }

  /** Keeps an envelope that does not open yet, or, without a header, a content that is no entry of this account. */
  addUnopened(
    device: number,
    envelope: {
      readonly seq: number
      readonly bodyHash: Uint8Array
      readonly header: Uint8Array | null
      readonly content: Uint8Array
    },
  ): void {
    const { seq, bodyHash, header, content } = envelope
    this.#addUnopened.run(device, seq, bodyHash, header, content)
  }

  keepUnopened(device: number, header: Uint8Array, content: Uint8Array): void {
    const { seq, bodyHash } = decodeHeader(header)
    this.addUnopened(device, { seq, bodyHash, header, content })
  }

  /** A tombstone names it. */
  eraseUnopened(device: number, { seq, bodyHash }: Pick<Tombstone, 'seq' | 'bodyHash'>): void {
    this.#eraseUnopened.run(device, seq, bodyHash)
  }

  forgetUnopened(device: number, seq: number): void {
    this.#forgetUnopened.run(device, seq)
  }

  unopened(replica: number, after: number): UnopenedPage {
    const rows: { rowid: number; header: Uint8Array; body: Uint8Array }[] = []
    let bytes = 0
    for (const row of this.#unopened.iterate(replica, after, page.envelopes)) {
      rows.push(row)
      bytes += row.body.length
      if (bytes >= page.bytes) break
    }
    const envelopes = rows.map(({ header, body }) => ({ header: new Uint8Array(header), body: new Uint8Array(body) }))
    const isLast = rows.length < page.envelopes && bytes < page.bytes
    return { envelopes, next: isLast ? null : (rows.at(-1)?.rowid ?? null) }
  }

  // Faults

  keepFault(replica: number, { name, fault }: KeptFault): void {
    const insert = 'INSERT OR IGNORE INTO replica_fault (replica, name, fault) VALUES (?, ?, ?)'
    this.#db.prepare(insert).run(replica, name, fault)
  }

  faults(replica: number): readonly KeptFault[] {
    return this.#db
      .prepare<[number], KeptFault>('SELECT name, fault FROM replica_fault WHERE replica = ? ORDER BY rowid')
      .all(replica)
  }
}
