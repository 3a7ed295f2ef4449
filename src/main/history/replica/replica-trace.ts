/** Which entry stands in which envelope and which waits to be sealed: kept in the transactions that store, empty or remove entries. */
import type { Database, Statement } from 'better-sqlite3'
import type { Entry } from '#shared/model/entry.ts'
import { ReplicaFiles } from './replica-files.ts'
import { SealedBodies } from './sealed-bodies.ts'

/** Where an entry comes from that is being applied. */
export interface EnvelopeRef {
  /** Row of `replica_device`. */
  readonly device: number
  readonly seq: number
  readonly bodyHash: Uint8Array
}

/** Names an entry: its id, and the account it belongs to. */
export interface Known {
  readonly id: Uint8Array
  readonly account: string
}

/** An envelope that an entry stands in. */
interface Standing extends EnvelopeRef {
  readonly replica: number
  /** 1 where this device wrote it. */
  readonly own: number | null
}

interface StandingRow {
  readonly device: number
  readonly seq: number
  readonly body_hash: Uint8Array
  readonly kept_at: number
}

/** As long as a server keeps a file, ms. */
const fileMs = 60 * 86_400_000

export class ReplicaTrace {
  readonly files: ReplicaFiles
  readonly #now: () => number
  readonly #accounts: Statement<[], [string, number]>
  readonly #queue: Statement<[number, number | bigint]>
  readonly #waits: Statement<[number], number>
  readonly #unqueue: Statement<[number]>
  readonly #map: Statement<[number, number, Uint8Array, number, number | bigint]>
  readonly #unmap: Statement<[number]>
  readonly #moveAll: Statement<[Uint8Array, Uint8Array]>
  readonly #standing: Statement<[number], StandingRow>
  readonly #standAgain: Statement<[StandingRow & { readonly entry: number }]>
  readonly #seqOf: Statement<[Uint8Array], number>
  readonly #inEntry: Statement<[number], Standing>
  readonly #inCluster: Statement<[number, string, string], Standing>
  readonly #inConversation: Statement<[number], Standing>
  readonly #forgetHere: Statement<[number, number, Uint8Array, number]>
  readonly #sealed: SealedBodies
  readonly #buryOne: Statement<[number, number, Uint8Array, number, number]>
  /** Rows of `replica` by account; null until they are asked for. */
  #replicas: ReadonlyMap<string, number> | null = null
  #reading: EnvelopeRef | null = null
  #isSilent = false

  constructor(db: Database, now: () => number) {
    this.#now = now
    this.files = new ReplicaFiles(db)
    this.#accounts = db.prepare<[], [string, number]>('SELECT account, ref FROM replica').raw()
    this.#queue = db.prepare('INSERT OR IGNORE INTO replica_unsealed (replica, entry) VALUES (?, ?)')
    this.#waits = db.prepare<[number], number>('SELECT replica FROM replica_unsealed WHERE entry = ?').pluck()
    this.#unqueue = db.prepare('DELETE FROM replica_unsealed WHERE entry = ?')
    this.#map = db.prepare(
      'INSERT OR IGNORE INTO replica_envelope (device, seq, body_hash, kept_at, entry) VALUES (?, ?, ?, ?, ?)',
    )
    this.#unmap = db.prepare('DELETE FROM replica_envelope WHERE entry = ?')
    this.#moveAll = db.prepare(
      'UPDATE replica_envelope SET entry = (SELECT seq FROM entry WHERE id = ?) WHERE entry = (SELECT seq FROM entry WHERE id = ?)',
    )
    this.#standing = db.prepare('SELECT device, seq, body_hash, kept_at FROM replica_envelope WHERE entry = ?')
    this.#standAgain = db.prepare(
      'INSERT INTO replica_envelope (device, seq, body_hash, kept_at, entry) VALUES (:device, :seq, :body_hash, :kept_at, :entry)',
    )
    this.#seqOf = db.prepare<[Uint8Array], number>('SELECT seq FROM entry WHERE id = ?').pluck()
    const standing = `SELECT replica_device.replica AS replica, device, replica_envelope.seq AS seq, body_hash AS bodyHash, id = own_device AS own
      FROM replica_envelope JOIN replica_device ON replica_device.ref = device JOIN replica ON replica.ref = replica_device.replica`
    const entries = 'WHERE entry IN (SELECT seq FROM entry WHERE conversation = ?'
    this.#inEntry = db.prepare(`${standing} WHERE entry = ?`)
    this.#inCluster = db.prepare(`${standing} ${entries} AND subject = ? AND author = ?)`)
    this.#inConversation = db.prepare(`${standing} ${entries})`)
    this.#forgetHere = db.prepare(
      'INSERT OR IGNORE INTO replica_tombstone (device, seq, body_hash, kept_at, sent) VALUES (?, ?, ?, ?, 2)',
    )
    this.#sealed = new SealedBodies(db)
    this.#buryOne = db.prepare(
      `INSERT INTO replica_tombstone (device, seq, body_hash, kept_at, sent) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET sent = CASE sent WHEN 2 THEN excluded.sent ELSE max(sent, excluded.sent) END`,
    )
  }

  /** Row of `replica` of an account; undefined where it does not replicate. */
  replicaOf(account: string): number | undefined {
    this.#replicas ??= new Map(this.#accounts.all())
    return this.#replicas.get(account)
  }

  replicas(): ReadonlyMap<string, number> {
    return (this.#replicas ??= new Map(this.#accounts.all()))
  }

  /** What is remembered belongs to a transaction that was rolled back, or an account was switched on or off. */
  forget(): void {
    this.#replicas = null
    this.#reading = null
  }

  /** Whether an entry of the replica is being applied. */
  get isReading(): boolean {
    return this.#reading !== null
  }

  /** Applies what came in an envelope: it does not wait to be sealed again. */
  reading<T>(envelope: EnvelopeRef, apply: () => T): T {
    this.#reading = envelope
    try {
      return apply()
    } finally {
      this.#reading = null
    }
  }

  /** An entry was stored. */
  stored(seq: number | bigint, account: string): void {
    const replica = this.replicaOf(account)
    if (replica === undefined || this.#isSilent) return
    if (this.#reading === null) this.#queue.run(replica, seq)
    else this.standsIn(this.#reading, seq)
  }

  /** `run` stores an entry as another row: what stands and waits for it is put back. */
  moving(id: Uint8Array, run: () => void): void {
    const before = this.replicas().size === 0 ? undefined : this.#seqOf.get(id)
    const standing = before === undefined ? [] : this.#standing.all(before)
    const replica = before === undefined ? undefined : this.#waits.get(before)
    this.withoutSealing(run)
    const after = before === undefined ? undefined : this.#seqOf.get(id)
    if (after === undefined) return
    for (const row of standing) this.#standAgain.run({ ...row, entry: after })
    if (replica !== undefined) this.#queue.run(replica, after)
  }

  /** What `run` stores neither waits to be sealed nor stands in an envelope. */
  withoutSealing(run: () => void): void {
    this.#isSilent = true
    try {
      run()
    } finally {
      this.#isSilent = false
    }
  }

  /** An entry came from another device: its file, if it has one, is there. */
  wantsFile({ head, body }: Entry): void {
    const replica = body.kind === 'file' ? this.replicaOf(head.account) : undefined
    if (replica === undefined || body.kind !== 'file' || body.attachment === undefined) return
    if (head.observedAt >= this.#now() - fileMs) this.files.want(replica, body.attachment, this.#now())
  }

  /** An entry that is held stands in this envelope; another that is not here does not matter. */
  standsInKnown(envelope: EnvelopeRef, id: Uint8Array): void {
    const seq = this.#seqOf.get(id)
    if (seq !== undefined) this.standsIn(envelope, seq)
  }

  /** The entry being read is held already, or another of its row that says as much. */
  heldAs(id: Uint8Array): void {
    const seq = this.#reading === null ? undefined : this.#seqOf.get(id)
    if (this.#reading !== null && seq !== undefined) this.standsIn(this.#reading, seq)
  }

  standsIn({ device, seq, bodyHash }: EnvelopeRef, entry: number | bigint): void {
    this.#map.run(device, seq, bodyHash, this.#now(), entry)
  }

  /** The envelope being read holds what was erased before. */
  erasedBefore(): void {
    if (this.#reading !== null) this.bury(this.#reading, false)
  }

  bury({ device, seq, bodyHash }: EnvelopeRef, sent: boolean): void {
    this.#buryOne.run(device, seq, bodyHash, this.#now(), Number(sent))
  }

  /**
   * An entry lost its content: whatever carried it is to be forgotten. What is left of it is sealed again, by the device that emptied
   * it first, for devices that come later.
   */
  emptied({ id, account }: Known): void {
    const replica = this.replicaOf(account)
    const seq = replica === undefined ? undefined : this.#seqOf.get(id)
    if (replica === undefined || seq === undefined) return
    this.#buryAll(this.#inEntry.all(seq))
    this.files.eraseOf(seq, this.#now())
    const stood = this.#unmap.run(seq).changes > 0
    // Under another number: whoever is sealing it just now finds that it changed.
    const waited = this.#unqueue.run(seq).changes > 0
    if (waited || (stood && this.#reading === null)) this.#queue.run(replica, seq)
  }

  /** An entry is about to be removed; another one that says the same stands in its envelopes from now on. */
  takenOver(before: Uint8Array, after: Uint8Array): void {
    if (this.replicas().size > 0) this.#moveAll.run(after, before)
  }

  /** An entry is about to be removed because the person erased what it says, or said something else in its place. */
  erasing({ id, account }: Known): void {
    const seq = this.replicaOf(account) === undefined ? undefined : this.#seqOf.get(id)
    if (seq === undefined) return
    this.#buryAll(this.#inEntry.all(seq))
    this.files.eraseOf(seq, this.#now())
  }

  /** All that was said about a row is about to be removed, because its time was up. */
  erasingRow(conversation: number, author: string, subject: string): void {
    if (this.replicas().size === 0) return
    this.#buryAll(this.#inCluster.all(conversation, subject, author))
    this.files.eraseOfRow(conversation, author, subject, this.#now())
  }

  /** All that was said about a row is about to be removed from this device alone. */
  forgettingRow(conversation: number, author: string, subject: string): void {
    if (this.replicas().size > 0) this.#forget(this.#inCluster.all(conversation, subject, author))
  }

  /** A conversation is about to be removed from this device alone. */
  forgettingConversation(conversation: number): void {
    if (this.replicas().size > 0) this.#forget(this.#inConversation.all(conversation))
  }

  #buryAll(envelopes: readonly Standing[]): void {
    for (const envelope of envelopes) this.bury(envelope, false)
    this.#emptySealed(envelopes)
  }

  /** Nobody else hears of it; what this device sealed of it goes from this device. */
  #forget(envelopes: readonly Standing[]): void {
    const own = envelopes.filter((envelope) => envelope.own === 1)
    for (const { device, seq, bodyHash } of own) this.#forgetHere.run(device, seq, bodyHash, this.#now())
    this.#emptySealed(own)
  }

  #emptySealed(envelopes: readonly Standing[]): void {
    const own = Map.groupBy(
      envelopes.filter((envelope) => envelope.own === 1),
      ({ replica }) => replica,
    )
    for (const [replica, mine] of own)
      this.#sealed.empty(
        replica,
        mine.map(({ seq }) => seq),
      )
  }
}
