/** What the echo contact keeps of ZRTP calls, durably, so that callers who know it meet the same device after a restart. */
import type { Statement } from 'better-sqlite3'
import { copyOf } from '#shared/bytes/bytes.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import type { RetainedSecrets } from '#protocol/zrtp/secrets.ts'
import type { HomeDatabase } from '../../data-dir/database.ts'
import { dayOf, formatDay } from '../../data-dir/day.ts'
import type { ZrtpMemory } from './zrtp-memory.ts'

interface SecretRow {
  readonly rs1: Uint8Array
  readonly rs2: Uint8Array | null
}

const zidBytes = 12
const zidSetting = 'echo-zid'
/** A user's devices; beyond it those go that have not called for longest. */
const devicesPerUser = 32

export class EchoSecrets implements ZrtpMemory {
  readonly zid: Uint8Array
  readonly #database: HomeDatabase
  readonly #clock: ClockPort
  readonly #retentionDays: number
  readonly #find: Statement<[string, Uint8Array], SecretRow>

  constructor(ports: {
    readonly database: HomeDatabase
    readonly clock: ClockPort
    readonly random: RandomPort
    readonly retentionDays: number
  }) {
    this.#database = ports.database
    this.#clock = ports.clock
    this.#retentionDays = ports.retentionDays
    this.#find = ports.database.sql.prepare('SELECT rs1, rs2 FROM echo_secret WHERE user = ? AND zid = ?')
    this.zid = storedZid(ports.database, ports.random)
  }

  find(user: string, peerZid: Uint8Array): RetainedSecrets | null {
    const row = this.#find.get(user, peerZid)
    if (row === undefined) return null
    return { rs1: copyOf(row.rs1), rs2: row.rs2 && copyOf(row.rs2), sasVerified: false }
  }

  keep(user: string, peerZid: Uint8Array, { rs1, rs2 }: Pick<RetainedSecrets, 'rs1' | 'rs2'>): void {
    const { sql } = this.#database
    sql.transaction(() => {
      sql
        .prepare('INSERT OR REPLACE INTO echo_secret (user, zid, rs1, rs2, last_call_day) VALUES (?, ?, ?, ?, ?)')
        .run(user, peerZid, rs1, rs2, dayOf(this.#clock.now()))
      sql
        .prepare(
          `DELETE FROM echo_secret WHERE user = ? AND zid <> ? AND zid NOT IN
             (SELECT zid FROM echo_secret WHERE user = ? AND zid <> ? ORDER BY last_call_day DESC, zid LIMIT ?)`,
        )
        .run(user, peerZid, user, peerZid, devicesPerUser - 1)
    })()
    this.#database.markErased()
  }

  /** What the server shows a user of it: never the secrets. */
  list(user: string): { zid: string; lastCallDay: string }[] {
    return this.#database.sql
      .prepare<[string], { zid: Buffer; day: number }>(
        'SELECT zid, last_call_day AS day FROM echo_secret WHERE user = ? ORDER BY zid',
      )
      .all(user)
      .map(({ zid, day }) => ({ zid: zid.toString('hex'), lastCallDay: formatDay(day) }))
  }

  eraseUser(user: string): void {
    this.#database.sql.prepare('DELETE FROM echo_secret WHERE user = ?').run(user)
    this.#database.markErased()
  }

  /** Devices that have not called for the retention are forgotten. */
  expire(): void {
    const before = dayOf(this.#clock.now()) - this.#retentionDays
    const gone = this.#database.sql.prepare('DELETE FROM echo_secret WHERE last_call_day < ?').run(before)
    if (gone.changes > 0) this.#database.markErased()
  }
}

/** Our own number, made once (RFC 6189 §4.9). */
function storedZid(database: HomeDatabase, random: RandomPort): Uint8Array {
  const stored = database.get(zidSetting)
  if (stored !== null && /^[0-9a-f]{24}$/.test(stored)) return Uint8Array.from(Buffer.from(stored, 'hex'))
  const zid = random.bytes(zidBytes)
  database.set(zidSetting, Buffer.from(zid).toString('hex'))
  return zid
}
