/** Reads a history piece by piece for a newly linked device; what a piece is follows from the token of the one before alone. */
import type { Database } from 'better-sqlite3'
import { SottoError } from '#shared/errors.ts'
import type { Place } from '#shared/replication/head.ts'
import type { SeqHashes } from '../replica-port.ts'
import type { TransferPiece } from '../transfer-port.ts'
import { ReplicaDevices } from './replica-devices.ts'
import { ReplicaEnvelopes } from './replica-envelopes.ts'
import { encodePiece, most as mostOf, type Piece, type PieceOf } from './transfer-piece.ts'

/** A piece ends after so many bytes or rows. */
const pieceBytes = 1_048_576
const rowsOf = { newest: 256, entries: 4000, envelopes: 8000, unopened: 500 } as const
/** Part of the whole that the entries are taken for. */
const entriesShare = 0.9
const kinds = ['state', 'newest', 'entries', 'envelopes', 'unopened', 'end'] as const
type Kind = (typeof kinds)[number]

/**
 * Where a piece ends: a row of what it is about, and a second number where one does not say it. Of `newest`, `at` is the row above the next one and
 * `seq` the last there was when it began.
 */
interface Cursor {
  readonly kind: Kind
  readonly at: number
  readonly seq: number
}

/** A piece, and where the next one begins. */
interface Step {
  readonly piece: Piece
  readonly next: Cursor
  readonly share: number
}

interface Source {
  readonly db: Database
  readonly account: string
  readonly replica: number
}

/** @throws SottoError `not-found`, `invalid-argument`. */
export function readTransferPiece(db: Database, account: string, after: string | null): TransferPiece {
  const replica = db.prepare<[string], number>('SELECT ref FROM replica WHERE account = ?').pluck().get(account)
  if (replica === undefined) throw new SottoError('not-found')
  const source: Source = { db, account, replica }
  let step = readStep(source, after === null ? begin('state') : cursorOf(after))
  // Where nothing is left of a kind, the next one begins.
  while (isEmpty(step.piece)) step = readStep(source, step.next)
  const { piece, next, share } = step
  return { token: tokenOf(next), bytes: encodePiece(piece), share, isLast: piece.kind === 'end' }
}

const begin = (kind: Kind): Cursor => ({ kind, at: 0, seq: 0 })
const tokenOf = ({ kind, at, seq }: Cursor): string => `${kind} ${at} ${seq}`

function cursorOf(token: string): Cursor {
  const [, kind, at, seq] = /^([a-z]+) (\d{1,15}) (\d{1,15})$/.exec(token) ?? []
  const known = kinds.find((one) => one === kind)
  if (known === undefined) throw new SottoError('invalid-argument')
  return { kind: known, at: Number(at), seq: Number(seq) }
}

function isEmpty(piece: Piece): boolean {
  if (piece.kind === 'entries') return piece.entries.length === 0
  if (piece.kind === 'envelopes') return piece.seqs.length === 0
  return piece.kind === 'unopened' && piece.envelopes.length === 0
}

function readStep(source: Source, cursor: Cursor): Step {
  switch (cursor.kind) {
    case 'state':
      return { piece: readState(source), next: newestOf(source), share: 0 }
    case 'newest':
      return readNewest(source, cursor)
    case 'entries':
      return readEntries(source, cursor)
    case 'envelopes':
      return readEnvelopes(source, cursor)
    case 'unopened':
      return readUnopened(source, cursor)
    case 'end':
      return { piece: { kind: 'end', account: source.account }, next: begin('end'), share: 1 }
  }
}

function readState({ db, account, replica }: Source): PieceOf<'state'> {
  const devices = new ReplicaDevices(db)
  const own = db
    .prepare<[number], { own_device: Uint8Array | null; own_seq: number; own_hash: Uint8Array; own_at: number }>(
      'SELECT own_device, own_seq, own_hash, own_at FROM replica WHERE ref = ?',
    )
    .get(replica)
  const ownPlace: readonly Place[] =
    own?.own_device == null ? [] : [{ device: own.own_device, seq: own.own_seq, hash: own.own_hash, at: own.own_at }]
  const erased = db.prepare<[number], { id: Uint8Array; seq: number; hash: Uint8Array }>(
    `SELECT id, replica_tombstone.seq AS seq, body_hash AS hash FROM replica_tombstone
       JOIN replica_device ON replica_device.ref = device WHERE replica = ? AND sent < 2`,
  )
  const byDevice = Map.groupBy(erased.all(replica), ({ id }) => Buffer.from(id).toString('hex'))
  return {
    ...{
      kind: 'state',
      account,
      places: [...devices.placesOf(replica), ...ownPlace],
      claims: [...devices.claimsOf(replica)],
    },
    hashes: devices.hashesOf(replica).map(plainHashes),
    erased: [...byDevice.values()].map((rows) => ({
      device: rows[0]?.id ?? new Uint8Array(),
      seqs: rows.map(({ seq }) => seq),
      hashes: new Uint8Array(Buffer.concat(rows.map(({ hash }) => hash))),
    })),
    missing: [...new ReplicaEnvelopes(db, devices).missing(replica)],
  }
}

/** The newest, as many as a piece may have. */
function plainHashes({ device, seqs, hashes }: SeqHashes) {
  const from = Math.max(0, seqs.length - mostOf.hashes)
  return { device, seqs: [...seqs.subarray(from)], hashes: hashes.subarray(from * 32) }
}

function endOf({ db }: Pick<Source, 'db'>): number {
  return db.prepare<[], number | null>('SELECT max(seq) FROM entry').pluck().get() ?? 0
}

function newestOf(source: Source): Cursor {
  const end = endOf(source)
  return { kind: 'newest', at: end + 1, seq: end }
}

/** All entries that were there when it began, the newest pieces first: the new device is of use at once. */
function readNewest(source: Source, { at, seq: end }: Cursor): Step {
  const { account } = source
  // The first piece is what a screen shows, and little more.
  const most = at > end ? rowsOf.newest : rowsOf.entries
  const { entries, last, isLast } = readSome(source, 'seq < ? ORDER BY seq DESC', { at, most })
  // What was stored meanwhile comes at the end.
  const next: Cursor = isLast ? { kind: 'entries', at: end, seq: 0 } : { kind: 'newest', at: last, seq: end }
  const share = isLast || end === 0 ? entriesShare : entriesShare * (1 - last / end)
  // Within a piece the oldest first, as the index of words takes them best.
  return { piece: { kind: 'entries', account, entries: entries.toReversed() }, next, share }
}

/** Entries in the order they were stored. */
function readEntries(source: Source, { at }: Cursor): Step {
  const { entries, last, isLast } = readSome(source, 'seq > ? ORDER BY seq', { at, most: rowsOf.entries })
  const next: Cursor = isLast ? begin('envelopes') : { kind: 'entries', at: last, seq: 0 }
  return { piece: { kind: 'entries', account: source.account, entries }, next, share: entriesShare }
}

/** Entries of the account on one side of a row, of so many rows and as many bytes as a piece has. */
function readSome(
  { db, account }: Source,
  side: 'seq < ? ORDER BY seq DESC' | 'seq > ? ORDER BY seq',
  { at, most }: { readonly at: number; readonly most: number },
): { readonly entries: Uint8Array[]; readonly last: number; readonly isLast: boolean } {
  const rows = db.prepare<[string, number, number], { seq: number; bytes: Uint8Array | null }>(
    `SELECT seq, CASE WHEN account = ? THEN bytes END AS bytes FROM entry WHERE ${side} LIMIT ?`,
  )
  const entries: Uint8Array[] = []
  let [bytes, seen, last] = [0, 0, at]
  for (const row of rows.iterate(account, at, most)) {
    ;[seen, last] = [seen + 1, row.seq]
    if (row.bytes === null) continue
    entries.push(row.bytes)
    bytes += row.bytes.length
    if (bytes >= pieceBytes) break
  }
  return { entries, last, isLast: seen < most && bytes < pieceBytes }
}

/** Envelopes of one device after the other; `at` = row of the device. */
function readEnvelopes({ db, account, replica }: Source, { at, seq }: Cursor): Step {
  const device = db
    .prepare<[number, number], { ref: number; id: Uint8Array }>(
      'SELECT ref, id FROM replica_device WHERE replica = ? AND ref >= ? ORDER BY ref LIMIT 1',
    )
    .get(replica, at)
  if (device === undefined) return { ...noEnvelopes(account), next: begin('unopened') }
  const rows = db
    .prepare<[number, number, number], { seq: number; body_hash: Uint8Array; id: Uint8Array }>(
      `SELECT replica_envelope.seq AS seq, body_hash, id FROM replica_envelope JOIN entry ON entry.seq = replica_envelope.entry
         WHERE device = ? AND replica_envelope.seq > ? ORDER BY replica_envelope.seq LIMIT ?`,
    )
    .all(device.ref, device.ref === at ? seq : 0, rowsOf.envelopes)
  const last = rows.length === rowsOf.envelopes ? rows.at(-1) : undefined
  const next: Cursor = { kind: 'envelopes', at: last === undefined ? device.ref + 1 : device.ref, seq: last?.seq ?? 0 }
  const envelopes = new Uint8Array(Buffer.concat(rows.flatMap(({ body_hash, id }) => [body_hash, id])))
  const seqs = rows.map((row) => row.seq)
  return { piece: { kind: 'envelopes', account, device: device.id, seqs, envelopes }, next, share: entriesShare }
}

function noEnvelopes(account: string): Pick<Step, 'piece' | 'share'> {
  const nothing = { device: new Uint8Array(), seqs: [], envelopes: new Uint8Array() }
  return { piece: { kind: 'envelopes', account, ...nothing }, share: entriesShare }
}

function readUnopened({ db, account, replica }: Source, { at }: Cursor): Step {
  const rows = db.prepare<[number, number, number], PieceOf<'unopened'>['envelopes'][number] & { rowid: number }>(
    `SELECT replica_unopened.rowid AS rowid, id AS device, replica_unopened.seq AS seq, body_hash AS bodyHash, header, content
       FROM replica_unopened JOIN replica_device ON replica_device.ref = device
       WHERE replica = ? AND replica_unopened.rowid > ? ORDER BY replica_unopened.rowid LIMIT ?`,
  )
  const envelopes: PieceOf<'unopened'>['envelopes'] = []
  let [bytes, last] = [0, at]
  for (const { rowid, ...envelope } of rows.iterate(replica, at, rowsOf.unopened)) {
    envelopes.push(envelope)
    last = rowid
    bytes += envelope.content.length
    if (bytes >= pieceBytes) break
  }
  const isLast = envelopes.length < rowsOf.unopened && bytes < pieceBytes
  const next: Cursor = isLast ? begin('end') : { kind: 'unopened', at: last, seq: 0 }
  return { piece: { kind: 'unopened', account, envelopes }, next, share: entriesShare }
}
