import { SottoError } from '#shared/errors.ts'
import type { MeReply } from '#shared/home/api.ts'
import type { AccountLeft, HistoryHoldings, HoldingsView, ServerHoldings } from '#shared/model/holdings.ts'
import type { AccountId, Aor } from '#shared/model/ids.ts'
import type { HistoryReaderPort } from '#main/history/port.ts'
import type { ProfilePaths } from '#main/platform/profile-paths.ts'
import { diskHoldings } from './disk-holdings.ts'

/** `/me` of an account on a home server. */
export interface ServerListPort {
  describe(): Promise<MeReply>
  /** Closes the account there; resolves with what is left. */
  close(): Promise<Readonly<Record<string, number>>>
}

/** An account as this feature needs it. */
export interface HeldAccount {
  readonly id: AccountId
  readonly aor: Aor
  readonly server: string
  /** Null where its server has no list of what it holds. */
  readonly list: ServerListPort | null
}

export interface HoldingsPorts {
  readonly profile: string
  readonly paths: ProfilePaths
  readonly reader: Pick<HistoryReaderPort, 'holdings'>
  readonly accounts: () => readonly HeldAccount[]
  /** Signs out and erases everything about an account here, its attachments included. */
  readonly removeAccount: (id: AccountId) => Promise<void>
}

/** What Sotto holds here and on servers, and erasing an account in both places. */
export class Holdings {
  readonly #ports: HoldingsPorts

  constructor(ports: HoldingsPorts) {
    this.#ports = ports
  }

  /** Counts everything anew. */
  async view(): Promise<HoldingsView> {
    const { profile, paths, reader } = this.#ports
    const [history, disk] = await Promise.all([reader.holdings(), diskHoldings(paths)])
    return { profile, history, disk }
  }

  /** @throws SottoError `not-found`, `server-unreachable`, `wrong-password`, `server-refused` */
  async server({ accountId }: { readonly accountId: AccountId }): Promise<ServerHoldings> {
    const { server, list } = this.#account(accountId)
    if (list === null) return { kind: 'foreign', server }
    const { account, devices, mailbox, sentWaiting, bindings, echoDevices } = await list.describe()
    return {
      kind: 'home',
      server,
      createdDay: account.createdDay,
      devices: devices.length,
      mailbox: { count: mailbox.messages, bytes: mailbox.bytes },
      sentWaiting: { count: sentWaiting.messages, bytes: sentWaiting.bytes },
      bindings: bindings.length,
      echoDevices: echoDevices.length,
    }
  }

  /**
   * Erases an account here and, if asked, on its home server, first: who cannot be reached there is not forgotten here.
   * @throws SottoError as {@link server}; then nothing was erased here.
   */
  async eraseAccount(request: { readonly accountId: AccountId; readonly onServer: boolean }): Promise<AccountLeft> {
    const { id, aor, list } = this.#account(request.accountId)
    const server = request.onServer && list !== null ? sum(await list.close()) : null
    await this.#ports.removeAccount(id)
    return { server, here: rowsOf(await this.#ports.reader.holdings(), aor) }
  }

  /** Closes every account that is on a home server. @throws SottoError with the address of the first that could not be. */
  async closeAccounts(): Promise<void> {
    for (const { aor, list } of this.#ports.accounts()) {
      if (list === null) continue
      await list.close().catch((error: unknown) => {
        if (error instanceof SottoError) throw new SottoError(error.code, { ...error.params, account: aor }, error)
        throw error
      })
    }
  }

  #account(id: AccountId): HeldAccount {
    const found = this.#ports.accounts().find((account) => account.id === id)
    if (found === undefined) throw new SottoError('not-found')
    return found
  }
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}

function rowsOf({ accounts, conversations }: HistoryHoldings, aor: Aor): number {
  const entries = accounts.filter(({ account }) => account === aor).reduce((total, { count }) => total + count, 0)
  return entries + conversations.filter(({ account }) => account === aor).length
}
