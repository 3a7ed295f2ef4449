import type { AccountStore, NewSecrets } from '../accounts/account-store.ts'
import type { HomeDatabase } from '../data-dir/database.ts'
import type { EchoSecrets } from '../echo/calls/echo-secrets.ts'
import { countMailbox, countSent, listDevices, listMessages } from '../mailbox/mailbox-report.ts'
import type { MailboxStore } from '../mailbox/mailbox-store.ts'
import type { ErasedReply, ExportReply, MeReply, ReplicaHolding } from '#shared/home/api.ts'
import type { Aor } from '#shared/model/ids.ts'

/** What `/me` needs of the running proxy: bindings live in its memory only. */
export interface BindingsPort {
  bindings(user: string): MeReply['bindings']
  /** Forgets the user's registrations and closes the connections that were proven to be theirs. */
  disconnectUser(user: string): void
}

/** What `/me` needs of the replica. */
export interface ReplicaHoldingPort {
  describe(account: Aor): Promise<ReplicaHolding>
  erase(account: Aor): Promise<void>
}

/** Everything a user can do with what the server holds about them. */
export class MeService {
  readonly #database: HomeDatabase
  readonly #accounts: AccountStore
  readonly #mailbox: MailboxStore
  readonly #echoSecrets: EchoSecrets
  readonly #bindings: BindingsPort
  readonly #replica: ReplicaHoldingPort
  readonly #domain: string

  constructor(ports: {
    readonly database: HomeDatabase
    readonly accounts: AccountStore
    readonly mailbox: MailboxStore
    readonly echoSecrets: EchoSecrets
    readonly bindings: BindingsPort
    readonly replica: ReplicaHoldingPort
    readonly domain: string
  }) {
    this.#database = ports.database
    this.#accounts = ports.accounts
    this.#mailbox = ports.mailbox
    this.#echoSecrets = ports.echoSecrets
    this.#bindings = ports.bindings
    this.#replica = ports.replica
    this.#domain = ports.domain
  }

  async describe(user: string): Promise<MeReply | null> {
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
      replica: await this.#replica.describe(this.#aor(user)),
    }
  }

  async export(user: string): Promise<ExportReply | null> {
    const described = await this.describe(user)
    if (described === null) return null
    return { ...described, messages: listMessages(this.#database.sql, user, this.#aor(user)) }
  }

  async eraseMailbox(user: string): Promise<ErasedReply> {
    this.#mailbox.erase(user)
    this.#database.purge()
    return this.#remaining(user)
  }

  changePassword(user: string, secrets: NewSecrets): void {
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

  /**
   * Removes the account and all that hangs on it, then counts again what is left: zeros. Null, and nothing is done, while devices have a sealed history here:
   * the password alone does not erase that.
   */
  async close(user: string): Promise<ErasedReply | null> {
    if ((await this.#replica.describe(this.#aor(user))).links > 0) return null
    this.#accounts.remove(user)
    // Until then a device could open it.
    await this.#replica.erase(this.#aor(user))
    this.#bindings.disconnectUser(user)
    this.#mailbox.eraseUser(user, this.#aor(user))
    this.#echoSecrets.eraseUser(user)
    this.#database.purge()
    return this.#remaining(user)
  }

  async #remaining(user: string): Promise<ErasedReply> {
    const { sql } = this.#database
    const { links, boxes, batches } = await this.#replica.describe(this.#aor(user))
    return {
      accounts: this.#accounts.exists(user) ? 1 : 0,
      devices: listDevices(sql, user).length,
      messages: countMailbox(sql, user).messages,
      bindings: this.#bindings.bindings(user).length,
      echoDevices: this.#echoSecrets.list(user).length,
      replica: links + boxes + batches,
    }
  }

  #aor(user: string): Aor {
    return `sip:${user}@${this.#domain}` as Aor
  }
}
