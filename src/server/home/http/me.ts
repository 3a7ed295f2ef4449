import type { AccountStore, DigestSecrets } from '../accounts/account-store.ts'
import type { HomeDatabase } from '../data-dir/database.ts'
import type { EchoSecrets } from '../echo/calls/echo-secrets.ts'
import { countMailbox, countSent, listDevices, listMessages } from '../mailbox/mailbox-report.ts'
import type { MailboxStore } from '../mailbox/mailbox-store.ts'
import type { ErasedReply, ExportReply, MeReply } from '#shared/home/api.ts'

/** What `/me` needs of the running proxy: bindings live in its memory only. */
export interface BindingsPort {
  bindings(user: string): MeReply['bindings']
  /** Forgets the user's registrations and closes the connections that were proven to be theirs. */
  disconnectUser(user: string): void
}

/** Everything a user can do with what the server holds about them. */
export class MeService {
  readonly #database: HomeDatabase
  readonly #accounts: AccountStore
  readonly #mailbox: MailboxStore
  readonly #echoSecrets: EchoSecrets
  readonly #bindings: BindingsPort
  readonly #domain: string

  constructor(ports: {
    readonly database: HomeDatabase
    readonly accounts: AccountStore
    readonly mailbox: MailboxStore
    readonly echoSecrets: EchoSecrets
    readonly bindings: BindingsPort
    readonly domain: string
  }) {
    this.#database = ports.database
    this.#accounts = ports.accounts
    this.#mailbox = ports.mailbox
    this.#echoSecrets = ports.echoSecrets
    this.#bindings = ports.bindings
    this.#domain = ports.domain
  }

  describe(user: string): MeReply | null {
    const account = this.#accounts.describe(user)
    if (account === null) return null
    const { sql } = this.#database
    return {
      account,
      devices: listDevices(sql, user),
      mailbox: countMailbox(sql, user),
      sentWaiting: countSent(sql, this.#aor(user)),
      bindings: this.#bindings
        .bindings(user)
        .map(({ instance, contact, expiresAt }) => ({ instance, contact, expiresAt })),
      echoDevices: this.#echoSecrets.list(user),
    }
  }

  export(user: string): ExportReply | null {
    const described = this.describe(user)
    if (described === null) return null
    return { ...described, messages: listMessages(this.#database.sql, user, this.#aor(user)) }
  }

  eraseMailbox(user: string): ErasedReply {
    this.#mailbox.erase(user)
    this.#database.purge()
    return this.#remaining(user)
  }

  changePassword(user: string, secrets: DigestSecrets): void {
    this.#accounts.changeSecrets(user, secrets)
    // Whoever signed in with the old password has to show the new one.
    this.#bindings.disconnectUser(user)
    this.#database.purge()
  }

  letPhonesIn(user: string, ha1Md5: string | null): void {
    this.#accounts.setPhoneSecret(user, ha1Md5)
    // A phone that signed in with what was there before has to show the new one.
    this.#bindings.disconnectUser(user)
    this.#database.purge()
  }

  /** Removes the account and all that hangs on it, then counts again what is left: zeros. */
  close(user: string): ErasedReply {
    this.#accounts.remove(user)
    this.#bindings.disconnectUser(user)
    this.#mailbox.eraseUser(user, this.#aor(user))
    this.#echoSecrets.eraseUser(user)
    this.#database.purge()
    return this.#remaining(user)
  }

  #remaining(user: string): ErasedReply {
    const { sql } = this.#database
    return {
      accounts: this.#accounts.exists(user) ? 1 : 0,
      devices: listDevices(sql, user).length,
      messages: countMailbox(sql, user).messages,
      bindings: this.#bindings.bindings(user).length,
      echoDevices: this.#echoSecrets.list(user).length,
    }
  }

  #aor(user: string): string {
    return `sip:${user}@${this.#domain}`
  }
}
