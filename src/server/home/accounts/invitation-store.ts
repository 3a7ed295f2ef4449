import { createHash, timingSafeEqual } from 'node:crypto'
import type { HomeDatabase } from '../data-dir/database.ts'
import { invitationCodeBytes } from '#shared/home/invitation.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'

/** One-time codes for sign-up, kept as hashes until they are used or expire. */
export class InvitationStore {
  readonly #database: HomeDatabase
  readonly #clock: ClockPort
  readonly #random: RandomPort
  readonly #limits: { readonly invitations: number; readonly invitationMs: number }

  constructor(ports: {
    database: HomeDatabase
    clock: ClockPort
    random: RandomPort
    limits: { readonly invitations: number; readonly invitationMs: number }
  }) {
    this.#database = ports.database
    this.#clock = ports.clock
    this.#random = ports.random
    this.#limits = ports.limits
  }

  /** Makes a code; null when too many are open. */
  create(): { readonly code: Uint8Array; readonly expiresAt: number } | null {
    this.dropExpired()
    if (this.#rows().length >= this.#limits.invitations) return null
    const code = this.#random.bytes(invitationCodeBytes)
    const expiresAt = Math.floor((this.#clock.now() + this.#limits.invitationMs) / 1000) * 1000
    this.#database.sql
      .prepare('INSERT INTO invitation (code_hash, expires_at) VALUES (?, ?)')
      .run(hashOf(code), expiresAt)
    return { code, expiresAt }
  }

  /** Uses a code up; false when it was never made, is used, or has expired. Part of the caller's transaction. */
  redeem(code: Uint8Array): boolean {
    const wanted = hashOf(code)
    const now = this.#clock.now()
    let found: Uint8Array | null = null
    // Every row is compared in constant time, so that timing tells nothing about codes that exist.
    for (const row of this.#rows()) {
      if (timingSafeEqual(row.code_hash, wanted) && row.expires_at > now) found = row.code_hash
    }
    if (found === null) return false
    this.#database.sql.prepare('DELETE FROM invitation WHERE code_hash = ?').run(found)
    this.#database.markErased()
    return true
  }

  dropExpired(): void {
    const gone = this.#database.sql.prepare('DELETE FROM invitation WHERE expires_at <= ?').run(this.#clock.now())
    if (gone.changes > 0) this.#database.markErased()
  }

  #rows(): { code_hash: Uint8Array; expires_at: number }[] {
    return this.#database.sql
      .prepare<[], { code_hash: Uint8Array; expires_at: number }>('SELECT code_hash, expires_at FROM invitation')
      .all()
  }
}

function hashOf(code: Uint8Array): Buffer {
  return createHash('sha256').update(code).digest()
}
