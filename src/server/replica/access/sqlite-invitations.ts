import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { InvitationPort } from './opening-proof.ts'
import { SqliteFile } from '../../home/data-dir/sqlite-file.ts'
import { invitationCodeBytes } from '#shared/home/invitation.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'

/** Steps are never edited once released. */
const migrations: readonly string[] = [
  `
  CREATE TABLE invitation (
    token_hash BLOB PRIMARY KEY,
    account TEXT,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
]

export interface InvitationLimits {
  readonly invitations: number
  readonly invitationMs: number
}

/** One-time tokens that open an account of another SIP provider, kept as hashes until they end. */
export class SqliteInvitations implements InvitationPort {
  readonly #file: SqliteFile
  readonly #clock: ClockPort
  readonly #random: RandomPort
  readonly #limits: InvitationLimits

  constructor(
    directory: string,
    ports: { readonly clock: ClockPort; readonly random: RandomPort; readonly limits: InvitationLimits },
  ) {
    this.#file = new SqliteFile(join(directory, 'invitations.db'), migrations)
    this.#clock = ports.clock
    this.#random = ports.random
    this.#limits = ports.limits
  }

  /** Makes a token, for anybody's account or one; null when too many are open. */
  create(account: Aor | null = null): { readonly token: Uint8Array; readonly expiresAt: number } | null {
    this.#dropExpired()
    const { count } = this.#file.sql
      .prepare<[], { count: number }>('SELECT count(*) AS count FROM invitation')
      .get() ?? {
      count: 0,
    }
    if (count >= this.#limits.invitations) return null
    const token = this.#random.bytes(invitationCodeBytes)
    const expiresAt = Math.floor((this.#clock.now() + this.#limits.invitationMs) / 1000) * 1000
    this.#file.sql.prepare('INSERT INTO invitation VALUES (?, ?, ?)').run(hashOf(token), account, expiresAt)
    return { token, expiresAt }
  }

  /** A hash is looked up: what its timing tells says nothing about tokens. */
  redeem(token: Uint8Array, account: Aor): Promise<boolean> {
    this.#dropExpired()
    const used = this.#file.sql
      .prepare('UPDATE invitation SET account = ? WHERE token_hash = ? AND (account IS NULL OR account = ?)')
      .run(account, hashOf(token), account)
    return Promise.resolve(used.changes === 1)
  }

  isOf(token: Uint8Array, account: Aor): Promise<boolean> {
    this.#dropExpired()
    const text = 'SELECT 1 FROM invitation WHERE token_hash = ? AND account = ?'
    return Promise.resolve(this.#file.sql.prepare(text).get(hashOf(token), account) !== undefined)
  }

  close(): void {
    this.#file.close()
  }

  #dropExpired(): void {
    const gone = this.#file.sql.prepare('DELETE FROM invitation WHERE expires_at <= ?').run(this.#clock.now())
    if (gone.changes === 0) return
    this.#file.markErased()
    this.#file.purge()
  }
}

function hashOf(token: Uint8Array): Buffer {
  return createHash('sha256').update(token).digest()
}
