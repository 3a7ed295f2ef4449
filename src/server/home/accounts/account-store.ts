import type { Statement } from 'better-sqlite3'
import type { AccountsPort } from '../proxy/ports.ts'
import type { HomeDatabase } from '../data-dir/database.ts'
import { dayOf, formatDay } from '../data-dir/day.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { MeReply } from '#shared/home/api.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { checkUserName } from './user-name.ts'

/** What digest needs of a user's password, lower-case hex (RFC 7616 §3.4.2); the server never sees the password. */
export interface DigestSecrets {
  readonly ha1Sha256: string
}

/** `epoch` = that of the account's chain with which a device gave it; what a user sets by the password before has none. */
export interface NewSecrets extends DigestSecrets {
  readonly epoch?: number
}

interface AccountRow {
  readonly user: string
  /** Of a password for phones that know no SHA-256; null = none may sign in. */
  readonly phone_ha1_md5: string | null
  readonly ha1_sha256: string
  readonly created_day: number
  readonly password_epoch: number
}

/** The users of the domain. */
export class AccountStore implements AccountsPort {
  readonly #database: HomeDatabase
  readonly #clock: ClockPort
  readonly #domain: string
  readonly #maxAccounts: number
  readonly #find: Statement<[string], AccountRow>

  constructor(ports: { database: HomeDatabase; clock: ClockPort; domain: string; maxAccounts: number }) {
    this.#database = ports.database
    this.#clock = ports.clock
    this.#domain = ports.domain
    this.#maxAccounts = ports.maxAccounts
    this.#find = ports.database.sql.prepare('SELECT * FROM account WHERE user = ?')
  }

  exists(user: string): boolean {
    return this.#row(user) !== undefined
  }

  ha1(user: string, realm: string, algorithm: 'MD5' | 'SHA-256'): string | null {
    if (realm !== this.#domain) return null
    const row = this.#row(user)
    if (row === undefined) return null
    return algorithm === 'MD5' ? row.phone_ha1_md5 : row.ha1_sha256
  }

  /** That of the newest password which a device gave; 0 = none did. */
  passwordEpoch(user: string): number {
    return this.#row(user)?.password_epoch ?? 0
  }

  /** The same password goes with a later epoch, too. */
  raisePasswordEpoch(user: string, epoch: number): void {
    this.#database.sql
      .prepare('UPDATE account SET password_epoch = max(password_epoch, ?) WHERE user = ?')
      .run(epoch, user)
  }

  create(user: string, secrets: DigestSecrets): Result<null, 'address-taken' | 'address-reserved' | 'too-many'> {
    if (checkUserName(user) !== 'free-to-ask') return err('address-reserved')
    if (this.count() >= this.#maxAccounts) return err('too-many')
    const done = this.#database.sql
      .prepare('INSERT OR IGNORE INTO account (user, ha1_sha256, created_day) VALUES (?, ?, ?)')
      .run(user, secrets.ha1Sha256, dayOf(this.#clock.now()))
    return done.changes === 1 ? ok(null) : err('address-taken')
  }

  /** Old phones are out, too, until they are let in again. */
  changeSecrets(user: string, { ha1Sha256, epoch = this.passwordEpoch(user) }: NewSecrets): void {
    this.#database.sql
      .prepare('UPDATE account SET phone_ha1_md5 = NULL, ha1_sha256 = ?, password_epoch = ? WHERE user = ?')
      .run(ha1Sha256, epoch, user)
    this.#database.markErased()
  }

  /** Lets phones sign in that know MD5 alone, or no more with null. */
  setPhoneSecret(user: string, ha1Md5: string | null): void {
    this.#database.sql.prepare('UPDATE account SET phone_ha1_md5 = ? WHERE user = ?').run(ha1Md5, user)
    this.#database.markErased()
  }

  /** Everything in the row but the secrets themselves. */
  describe(user: string): MeReply['account'] | null {
    const row = this.#row(user)
    if (row === undefined) return null
    const holdsHa1 = row.phone_ha1_md5 === null ? ['SHA-256'] : ['MD5', 'SHA-256']
    const { created_day: day, password_epoch: passwordEpoch } = row
    return { user, domain: this.#domain, createdDay: formatDay(day), holdsHa1, passwordEpoch }
  }

  remove(user: string): void {
    this.#database.sql.prepare('DELETE FROM account WHERE user = ?').run(user)
    this.#database.markErased()
  }

  count(): number {
    return this.#database.sql.prepare<[], { n: number }>('SELECT count(*) AS n FROM account').get()?.n ?? 0
  }

  #row(user: string): AccountRow | undefined {
    return this.#find.get(user)
  }
}
