import { AccountStore } from './accounts/account-store.ts'
import { InvitationStore } from './accounts/invitation-store.ts'
import { loadSignUpToken } from './accounts/sign-up-token.ts'
import { HomeDatabase } from './data-dir/database.ts'
import { EchoSecrets } from './echo/calls/echo-secrets.ts'
import type { HomeLimits } from './limits.ts'
import { MailboxStore } from './mailbox/mailbox-store.ts'
import { defaultHomeDomain, homePorts, type HomePorts } from '#shared/home/api.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'

/** Everything the server keeps on disk but its certificate. */
export interface Stores {
  readonly database: HomeDatabase
  readonly domain: string
  readonly accounts: AccountStore
  readonly invitations: InvitationStore
  readonly mailbox: MailboxStore
  readonly echoSecrets: EchoSecrets
  readonly token: string
}

/** Opens the stores of a directory whose lock is held. Throws when the directory belongs to another domain. */
export function openStores(
  directory: string,
  wantedDomain: string | null,
  ports: {
    readonly clock: ClockPort
    readonly random: RandomPort
    readonly log: LogPort
    readonly limits: HomeLimits
  },
): Stores {
  const database = new HomeDatabase(directory)
  const { limits } = ports
  // HA1 values hold the realm: accounts are worth nothing under another domain.
  const domain = database.get('domain') ?? wantedDomain ?? defaultHomeDomain
  if (wantedDomain !== null && wantedDomain !== domain) {
    database.close()
    throw new Error(`this directory belongs to the domain ${domain}`)
  }
  database.set('domain', domain)
  return {
    database,
    domain,
    accounts: new AccountStore({ ...ports, database, domain, maxAccounts: limits.accounts }),
    invitations: new InvitationStore({ ...ports, database }),
    mailbox: new MailboxStore({ ...ports, database, log: ports.log.child('mailbox') }),
    echoSecrets: new EchoSecrets({ ...ports, database, retentionDays: limits.retentionDays }),
    token: loadSignUpToken(directory, ports.random),
  }
}

/** Ports of the last run, so that addresses given to clients stay true. */
export function rememberedPorts(database: HomeDatabase): Partial<HomePorts> {
  const text = database.get('ports')
  const parsed = text === null ? null : homePorts.safeParse(JSON.parse(text))
  return parsed?.success === true ? parsed.data : {}
}

export function rememberPorts(database: HomeDatabase, ports: HomePorts): void {
  const text = JSON.stringify(ports)
  if (database.get('ports') !== text) database.set('ports', text)
}
