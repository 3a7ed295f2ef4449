/** The tables `zrtp_zid`, `zrtp_peer` and `call_memory`. */
import type { Database } from 'better-sqlite3'
import { SottoError } from '#shared/errors.ts'
import type { Aor } from '#shared/model/ids.ts'
import { maxNameLength, maxZrtpDevices, maxZrtpPeers } from '#shared/model/limits.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type {
  CallKeysWriterPort,
  CallMemory,
  KeptZrtpPeer,
  KnownZrtpDevice,
  ZrtpPair,
  ZrtpSecretsToKeep,
} from './call-keys-port.ts'

const zidBytes = 12
const secretBytes = 32

interface PeerRow {
  readonly peer: Aor
  readonly rs1: Uint8Array | null
  readonly rs2: Uint8Array | null
  readonly verified: number
  readonly name: string
  readonly expires_at: number | null
}

interface DeviceRow {
  readonly peer_zid: Uint8Array
  readonly verified: number
  readonly name: string
  readonly updated_at: number
}

type Verdict = Parameters<CallKeysWriterPort['setZrtpVerified']>[0]
type Memory = Parameters<CallKeysWriterPort['rememberCallKeys']>[0]

function rowOf(db: Database, { ownZid, peerZid }: ZrtpPair): PeerRow | undefined {
  return db
    .prepare<[Uint8Array, Uint8Array], PeerRow>(
      'SELECT peer, rs1, rs2, verified, name, expires_at FROM zrtp_peer WHERE own_zid = ? AND peer_zid = ?',
    )
    .get(ownZid, peerZid)
}

function isAlive(row: PeerRow, now: number): boolean {
  return row.rs1 !== null && (row.expires_at === null || row.expires_at > now)
}

/** As {@link CallKeysReaderPort.zrtpPeer}. */
export function readZrtpPeer(db: Database, pair: ZrtpPair & { readonly now: number }): KeptZrtpPeer | null {
  const row = rowOf(db, pair)
  if (row === undefined) return null
  const alive = isAlive(row, pair.now)
  const same = row.peer === pair.peer
  return {
    rs1: alive ? copyOf(row.rs1) : null,
    rs2: alive ? copyOf(row.rs2) : null,
    verified: alive && same && row.verified === 1,
    name: same ? row.name : '',
  }
}

/** As {@link CallKeysReaderPort.zrtpVerifiedWith}. */
export function isVerifiedWith(db: Database, account: Aor, peer: Aor): boolean {
  const found = db.prepare('SELECT 1 FROM zrtp_peer WHERE account = ? AND peer = ? AND verified = 1 LIMIT 1')
  return found.get(account, peer) !== undefined
}

/** As {@link CallKeysReaderPort.zrtpDevices}. */
export function readZrtpDevices(db: Database, account: Aor, peer: Aor): readonly KnownZrtpDevice[] {
  const found = db.prepare<[string, string], DeviceRow>(
    `SELECT peer_zid, verified, name, updated_at FROM zrtp_peer
       WHERE account = ? AND peer = ? ORDER BY updated_at DESC, peer_zid`,
  )
  return found.all(account, peer).map(({ peer_zid: zid, verified, name, updated_at: updatedAt }) => ({
    ...{ peerZid: new Uint8Array(zid), verified: verified === 1, name, updatedAt },
  }))
}

/** As {@link CallKeysReaderPort.zrtpContacts}. */
export function readZrtpContacts(db: Database, account: Aor): readonly Aor[] {
  return db.prepare<[string], Aor>('SELECT DISTINCT peer FROM zrtp_peer WHERE account = ?').pluck().all(account)
}

/** As {@link CallKeysReaderPort.callMemory}. */
export function readCallMemory(db: Database, account: Aor, peer: Aor): CallMemory | null {
  const found = db.prepare<[string, string], CallMemory>(
    'SELECT keys, learned_at AS learnedAt FROM call_memory WHERE account = ? AND peer = ?',
  )
  return found.get(account, peer) ?? null
}

/** Writes inside a running transaction. */
export class CallKeyStore {
  readonly #db: Database
  readonly #random: RandomPort

  constructor(db: Database, random: RandomPort) {
    this.#db = db
    this.#random = random
  }

  zid(account: Aor): Uint8Array {
    this.#requireAccount(account)
    const known = this.#zidOf(account)
    if (known !== null) return known
    const zid = this.#random.bytes(zidBytes)
    this.#db.prepare('INSERT INTO zrtp_zid (account, zid) VALUES (?, ?)').run(account, zid)
    return zid
  }

  keep(secrets: ZrtpSecretsToKeep, now: number): void {
    const { account, ownZid, peerZid, peer, rs1, rs2, expiresAt } = secrets
    requireLength(zidBytes, ownZid, peerZid)
    requireLength(secretBytes, rs1, rs2)
    // A call may end after its account was removed: then nothing of it stays.
    const own = this.#zidOf(account)
    if (own === null || Buffer.compare(own, ownZid) !== 0) throw new SottoError('not-found')
    const before = rowOf(this.#db, secrets)
    const same = before?.peer === peer
    const verified = secrets.verified ?? (same && isAlive(before, now) && before.verified === 1)
    this.#db
      .prepare(
        `INSERT OR REPLACE INTO zrtp_peer
           (own_zid, peer_zid, account, peer, rs1, rs2, verified, name, updated_at, expires_at)
         VALUES (:ownZid, :peerZid, :account, :peer, :rs1, :rs2, :verified, :name, :now, :expiresAt)`,
      )
      .run({
        ...{ ownZid, peerZid, account, peer, rs1, rs2, expiresAt, now },
        ...{ verified: Number(verified), name: same ? before.name : '' },
      })
    this.#expire(now)
    this.#trim(account, peer)
  }

  setVerified({ ownZid, peerZid, peer, verified, name }: Verdict): void {
    requireLength(zidBytes, ownZid, peerZid)
    if (name.length > maxNameLength) throw new SottoError('invalid-argument')
    this.#db
      .prepare('UPDATE zrtp_peer SET verified = ?, name = ? WHERE own_zid = ? AND peer_zid = ? AND peer = ?')
      .run(Number(verified), name, ownZid, peerZid, peer)
  }

  remember({ account, peer, keys }: Memory, now: number): void {
    this.#requireAccount(account)
    if (keys === null) this.#db.prepare('DELETE FROM call_memory WHERE account = ? AND peer = ?').run(account, peer)
    else if (keys === 'as-before')
      this.#db.prepare('UPDATE call_memory SET learned_at = ? WHERE account = ? AND peer = ?').run(now, account, peer)
    else
      this.#db
        .prepare('INSERT OR REPLACE INTO call_memory (account, peer, keys, learned_at) VALUES (?, ?, ?, ?)')
        .run(account, peer, keys, now)
  }

  erase(account: Aor): void {
    for (const table of ['zrtp_peer', 'zrtp_zid', 'call_memory'])
      this.#db.prepare(`DELETE FROM ${table} WHERE account = ?`).run(account)
  }

  #zidOf(account: Aor): Uint8Array | null {
    const found = this.#db.prepare<[string], Uint8Array>('SELECT zid FROM zrtp_zid WHERE account = ?')
    return copyOf(found.pluck().get(account) ?? null)
  }

  #requireAccount(account: Aor): void {
    if (this.#db.prepare('SELECT 1 FROM account WHERE aor = ?').get(account) === undefined)
      throw new SottoError('not-found')
  }

  /** Secrets that ended are erased; that the user compared stays known. */
  #expire(now: number): void {
    this.#db.prepare('UPDATE zrtp_peer SET rs1 = NULL, rs2 = NULL WHERE rs1 IS NOT NULL AND expires_at <= ?').run(now)
  }

  /** Who calls with ever new ZIDs fills no disk; devices the user compared with are never pushed out. */
  #trim(account: Aor, peer: Aor): void {
    const oldest = 'ORDER BY verified DESC, updated_at DESC, peer_zid DESC LIMIT -1'
    const remove = (where: string) =>
      this.#db.prepare(
        `DELETE FROM zrtp_peer WHERE verified = 0 AND (own_zid, peer_zid) IN
           (SELECT own_zid, peer_zid FROM zrtp_peer WHERE ${where} ${oldest} OFFSET ?)`,
      )
    remove('account = ? AND peer = ?').run(account, peer, maxZrtpDevices)
    remove('account = ?').run(account, maxZrtpPeers)
  }
}

function requireLength(length: number, ...values: readonly (Uint8Array | null)[]): void {
  if (values.some((value) => value !== null && value.length !== length)) throw new SottoError('invalid-argument')
}

/** A plain array of its own: what SQLite hands out is a Buffer. */
function copyOf(bytes: Uint8Array | null): Uint8Array | null {
  return bytes === null ? null : new Uint8Array(bytes)
}
