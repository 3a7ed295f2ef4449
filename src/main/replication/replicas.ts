/** The replication of every account of a profile: switched on and off, shown, and the devices that share a history. */
import { SottoError } from '#shared/errors.ts'
import type { KnownChain } from '#shared/identity/chain-ports.ts'
import type { DeviceOffer, LinkSignature } from '#shared/model/device-link.ts'
import type { AccountId, Aor, DeviceId } from '#shared/model/ids.ts'
import type { ErasureView, ReplicationView, ServerCopyView } from '#shared/model/replication-views.ts'
import { wipe } from '#shared/bytes/bytes.ts'
import { AccountReplica } from './account-replica.ts'
import { beginEpoch } from './begin-epoch.ts'
import { isValidIn } from './chain-devices.ts'
import { syncChain } from './chain-sync.ts'
import { addressOf, readQuestion, serverToKeep, type BranchPick, type ServerQuestion } from './server-question.ts'
import type { OpeningSecret, ReplicaAddress, ReplicaClientPort, RequestSignerPort } from './client-ports.ts'
import { addDevice, pickBranch, renameDevice, revokeDevice, type DeviceChangeParts } from './devices.ts'
import { forgetEpochs } from './epoch-store.ts'
import type { FileRequest } from './files/file-fetcher.ts'
import type { HeadsPort } from './heads/heads-ports.ts'
import { dayOf } from './judge.ts'
import type { OpenReplicaParts } from './open-replica.ts'
import { switchedOff, type ReplicaSettings } from './replication-record.ts'
import { showServer } from '#shared/model/server-address.ts'
import { noFacts, replicaView } from './replica-view.ts'
import { ReplicationSettings } from './replication-settings.ts'
import type {
  JoiningChainPort,
  PickingChainPort,
  ReplicaAccount,
  ReplicaAccountsPort,
  ReplicaSettingsPort,
} from './service-ports.ts'

export interface ReplicasPorts extends Omit<OpenReplicaParts, 'account' | 'address' | 'chains' | 'notes'> {
  readonly accounts: ReplicaAccountsPort
  readonly settings: ReplicaSettingsPort
  readonly chains: JoiningChainPort & PickingChainPort
  readonly changed: (views: readonly ReplicationView[]) => void
  /** Pins of the key that a server shows; none where an authority vouches for it. @throws SottoError `server-unreachable`. */
  readonly shownPins: (server: ReplicaAddress) => Promise<readonly string[]>
}

/** Contacts and the like are pushed anew as often: a server forgets them after 60 days, ms. */
const refreshMs = 30 * 86_400_000

export class Replicas {
  readonly #ports: ReplicasPorts
  readonly #settings: ReplicationSettings
  readonly #running = new Map<Aor, AccountReplica>()
  /** Chains of accounts that do not replicate, to show their devices. */
  readonly #chains = new Map<Aor, KnownChain>()
  #ended = false

  constructor(ports: ReplicasPorts) {
    this.#ports = ports
    this.#settings = new ReplicationSettings(ports.settings)
  }

  async start(): Promise<void> {
    await this.#settings.load()
    for (const { aor } of this.#ports.accounts.list()) if (this.#of(aor).on) this.#startOne(aor)
    await this.accountsChanged()
  }

  async stop(): Promise<void> {
    this.#ended = true
    await Promise.all([...this.#running.values()].map((replica) => replica.stop()))
    this.#running.clear()
  }

  /** An account came, went, or its server moved. */
  async accountsChanged(): Promise<void> {
    const accounts = this.#ports.accounts.list()
    for (const [aor, replica] of this.#running) {
      if (accounts.some((account) => account.aor === aor)) continue
      this.#running.delete(aor)
      await replica.stop()
    }
    for (const { aor } of accounts) {
      const chain = await this.#ports.chains.known(aor)
      if (chain !== null) this.#chains.set(aor, chain)
    }
    this.#announce()
  }

  /** The account is being removed from this device: nothing of it goes on. */
  async forget(account: Aor): Promise<void> {
    await this.#stopOne(account)
    this.#chains.delete(account)
    await forgetEpochs(this.#ports.secrets, account)
    await this.#settings.set(account, null)
  }

  list(): readonly ReplicationView[] {
    return this.#ports.accounts.list().map((account) => this.#view(account))
  }

  /** Something of these accounts was stored on this device; null = of any. */
  noteLocal(accounts: readonly AccountId[] | null): void {
    for (const { id, aor } of this.#ports.accounts.list()) {
      if (accounts === null || accounts.includes(id)) this.#running.get(aor)?.noteLocal()
    }
  }

  /** @throws SottoError `replica-unknown`, `replica-needs-linking`, and whatever keeps the server from being reached. */
  async switchOn(question: ServerQuestion): Promise<void> {
    const account = this.#account(question.accountId)
    if (this.#running.has(account.aor)) return
    const { server, opening } = readQuestion(question, account, this.#ports.clock.now())
    const asked: ReplicaSettings = { ...this.#of(account.aor), on: true, server }
    await this.#contact(account, asked, (client) => this.#join(account.aor, client, opening))
    const settings = { ...asked, server: await serverToKeep(server, this.#ports) }
    await this.#ports.keeper.switchOn(account.aor, { snapshot: true })
    await this.#settings.set(account.aor, { ...settings, refreshedAt: this.#ports.clock.now() })
    this.#startOne(account.aor)
  }

  /**
   * Where the history is sealed for other devices, which are lost: asks that the server erases it, or only how that stands.
   * @throws SottoError `wrong-password` where nothing here shows whose the account is, `invitation-invalid`, and what keeps the server from being reached.
   */
  async askErasure(question: ServerQuestion & { readonly ask: boolean }): Promise<ErasureView> {
    const account = this.#account(question.accountId)
    const { server, opening } = readQuestion(question, account, this.#ports.clock.now())
    if (opening === null) throw new SottoError('wrong-password')
    const settings = { ...this.#of(account.aor), ...(server === null ? {} : { server }) }
    return this.#contact(account, settings, (client) => client.askErasure(opening, question.ask))
  }

  /** @throws SottoError `replica-off`, `server-unreachable`, `device-removed`. */
  async keepHistory({ accountId }: { readonly accountId: AccountId }): Promise<void> {
    const replica = this.#replica(accountId)
    if (replica.open === null) throw new SottoError('server-unreachable')
    await replica.open.client.keepHistory()
    this.#announce()
  }

  /** Ends it here, after the server's copy was erased if `erase`; resolves with what the server holds then. */
  async switchOff({
    accountId,
    erase,
  }: {
    readonly accountId: AccountId
    readonly erase: boolean
  }): Promise<ServerCopyView | null> {
    const account = this.#account(accountId)
    const settings = this.#of(account.aor)
    await this.#stopOne(account.aor)
    try {
      if (erase) await this.#contact(account, settings, (client) => client.erase())
    } catch (error) {
      if (settings.on) this.#startOne(account.aor)
      throw error
    }
    await this.#ports.keeper.switchOff(account.aor)
    await forgetEpochs(this.#ports.secrets, account.aor)
    await this.#settings.set(account.aor, { ...switchedOff, server: settings.server })
    this.#announce()
    return erase ? this.serverCopy({ accountId }) : null
  }

  /** Asked just now. */
  async serverCopy({ accountId }: { readonly accountId: AccountId }): Promise<ServerCopyView> {
    const account = this.#account(accountId)
    const settings = this.#of(account.aor)
    const at = this.#ports.clock.now()
    return this.#contact(account, settings, async (client, address) => {
      const copy = (await client.links()) === null ? nothing : await client.copy()
      const oldestDay = copy.oldestDay === null ? null : dayOf(copy.oldestDay)
      return { server: showServer(address), batches: copy.batches, bytes: copy.bytes, oldestDay, at }
    })
  }

  /** What the devices of the account say to each other directly; null where it does not replicate. */
  headsOf(account: Aor): HeadsPort | null {
    return this.#running.get(account)?.heads ?? null
  }

  async syncNow({ accountId }: { readonly accountId: AccountId }): Promise<void> {
    await this.#replica(accountId).run()
  }

  async pause({ accountId }: { readonly accountId: AccountId }): Promise<void> {
    await this.#replica(accountId).pause()
  }

  async dismissFault({ accountId, key }: { readonly accountId: AccountId; readonly key: string }): Promise<void> {
    const { aor } = this.#account(accountId)
    const settings = this.#of(aor)
    await this.#settings.set(aor, { ...settings, dismissed: [...new Set([...settings.dismissed, key])] })
    this.#announce()
  }

  /** Under new keys, and everything of the last 60 days once more: others know it by its ids. */
  async rejoin({ accountId }: { readonly accountId: AccountId }): Promise<void> {
    const { aor } = this.#account(accountId)
    const parts = this.#change(accountId)
    const old = parts.open.chain.state.devices.get(parts.own)
    const { link, seeds } = await this.#ports.chains.prepareRejoin(aor)
    try {
      if ((await parts.open.client.addLink(link, false)) !== 'stored') throw new SottoError('busy')
      await this.#ports.chains.learn(aor, [link])
      await this.#ports.chains.keepNewKeys(aor, seeds)
    } finally {
      wipe(seeds.ed25519, seeds.x25519, seeds.omemo)
    }
    await this.#stopOne(aor)
    // Where that fails, whoever opens the journal next sees that it has to begin again.
    await this.#ports.keeper.beginAgain(aor).finally(() => void this.#startOne(aor))
    await this.#replica(accountId).run()
    // What the copy of this disk wrote under the old id was read by now.
    if (old !== undefined) await this.revoke({ accountId, deviceId: parts.own })
  }

  async rename(request: { readonly accountId: AccountId; readonly deviceId: DeviceId; readonly name: string }) {
    await renameDevice(this.#change(request.accountId), request.deviceId, request.name)
    this.#announce()
  }

  async revoke({ accountId, deviceId }: { readonly accountId: AccountId; readonly deviceId: DeviceId }): Promise<void> {
    await this.#replica(accountId).run()
    await revokeDevice(this.#change(accountId), deviceId)
    this.#announce()
  }

  /**
   * The person says which branch of a forked chain counts, by its last link; `words` = the paper secret as typed, null = by this device.
   * @throws SottoError `not-found`, `wrong-paper-secret`, `fork-needs-paper`, and whatever keeps the server from being reached.
   */
  async pickBranch({ accountId, branch, words }: BranchPick): Promise<void> {
    const replica = this.#replica(accountId)
    await replica.run()
    await pickBranch(this.#change(accountId), (account) => this.#ports.chains.signPick(account, branch, words))
    await replica.run()
  }

  /**
   * Fetches a file that another device has.
   * @throws SottoError `not-found` where the account does not replicate; `server-unreachable`, `file-not-there-yet`, `file-damaged`, `cancelled`.
   */
  async fetchFile(accountId: AccountId, request: FileRequest): Promise<void> {
    const aor = this.#ports.accounts.list().find(({ id }) => id === accountId)?.aor
    const replica = aor === undefined ? undefined : this.#running.get(aor)
    if (replica === undefined) throw new SottoError('not-found')
    if (replica.open === null) throw new SottoError('server-unreachable')
    await replica.open.fetcher.fetch(request)
  }

  /** Where the account replicates, and who signs there, until it is wiped. @throws SottoError `replica-off`. */
  async reach(accountId: AccountId): Promise<ReplicaReach> {
    const account = this.#account(accountId)
    const settings = this.#of(account.aor)
    if (!settings.on) throw new SottoError('replica-off')
    const device = await this.#ports.chains.openDevice(account.aor)
    if (device === null) throw new SottoError('not-found')
    return {
      address: addressOf(account, settings),
      signer: { account: account.aor, by: { by: device.id, sign: (message) => device.sign(message) } },
      wipe: () => device.wipe(),
    }
  }

  /**
   * An account that another device handed over, or a paper secret, replicates from the start; `elsewhere` = where the user said, if
   * not at the account's own server.
   */
  async adopt(account: Aor, server: ReplicaAddress | null, elsewhere: ReplicaAddress | null = null): Promise<void> {
    const isHere = this.#ports.accounts.list().some(({ aor }) => aor === account)
    await this.#ports.keeper.switchOn(account, { snapshot: isHere })
    const settings = { ...switchedOff, on: server !== null, server: elsewhere, refreshedAt: this.#ports.clock.now() }
    await this.#settings.set(account, settings)
  }

  /** The adopted account is in the list. */
  startAdopted(account: Aor): void {
    if (this.#of(account).on && !this.#running.has(account)) this.#startOne(account)
  }

  /** Adds a device that signs what `join` is shown. */
  async addDevice(
    accountId: AccountId,
    device: DeviceOffer,
    join: (body: Uint8Array) => Promise<LinkSignature>,
  ): Promise<KnownChain> {
    const chain = await addDevice(this.#change(accountId), device, join)
    this.#announce()
    return chain
  }

  #of(aor: Aor): ReplicaSettings {
    return this.#settings.of(aor)
  }

  #account(id: AccountId): ReplicaAccount {
    const account = this.#ports.accounts.list().find((candidate) => candidate.id === id)
    if (account === undefined) throw new SottoError('not-found')
    return account
  }

  #replica(id: AccountId): AccountReplica {
    const replica = this.#running.get(this.#account(id).aor)
    if (replica === undefined) throw new SottoError('replica-off')
    return replica
  }

  #change(id: AccountId): DeviceChangeParts & { readonly own: DeviceId } {
    const { open } = this.#replica(id)
    if (open === null) throw new SottoError('server-unreachable')
    const { aor } = this.#account(id)
    return { account: aor, open, chains: this.#ports.chains, own: open.ownId }
  }

  #startOne(aor: Aor): AccountReplica {
    const found = (): ReplicaAccount => {
      const account = this.#ports.accounts.list().find((candidate) => candidate.aor === aor)
      if (account === undefined) throw new SottoError('not-found')
      return account
    }
    const replica = new AccountReplica({
      ...this.#ports,
      account: aor,
      address: () => Promise.resolve(addressOf(found(), this.#of(aor))),
      notes: this.#settings.notesOf(aor),
      changed: () => this.#announce(),
    })
    this.#running.set(aor, replica)
    void replica.run().then(() => this.#refreshStanding(aor))
    return replica
  }

  async #stopOne(aor: Aor): Promise<void> {
    const replica = this.#running.get(aor)
    this.#running.delete(aor)
    await replica?.stop()
  }

  async #refreshStanding(aor: Aor): Promise<void> {
    const settings = this.#of(aor)
    const now = this.#ports.clock.now()
    if (!settings.on || now - settings.refreshedAt < refreshMs || !this.#running.has(aor)) return
    await this.#ports.keeper.refreshStanding(aor)
    await this.#settings.set(aor, { ...settings, refreshedAt: now })
  }

  /** A connection of its own for something that is no run. */
  async #contact<T>(
    account: ReplicaAccount,
    settings: ReplicaSettings,
    ask: (client: ReplicaClientPort, address: ReplicaAddress) => Promise<T>,
  ): Promise<T> {
    const address = addressOf(account, settings)
    const device = await this.#ports.chains.openDevice(account.aor)
    if (device === null) throw new SottoError('not-found')
    const client = this.#ports.connect(account.aor, address, { by: device.id, sign: (message) => device.sign(message) })
    try {
      return await ask(client, address)
    } finally {
      client.close()
      device.wipe()
    }
  }

  async #join(account: Aor, client: ReplicaClientPort, opening: OpeningSecret | null): Promise<void> {
    const server = { isNew: false }
    const chain = await syncChain({ ...this.#ports, account, client, opening, onOpened: () => (server.isNew = true) })
    const device = await this.#ports.chains.openDevice(account)
    const isIn = device !== null && isValidIn(chain, device.id)
    device?.wipe()
    if (!isIn) throw new SottoError('device-removed')
    // Nobody can have the newest key from a server that had nothing; others may have forgotten it, too.
    if (server.isNew && chain.fork === null) await beginEpoch({ ...this.#ports, account, client }, chain)
  }

  #view(account: ReplicaAccount): ReplicationView {
    const { id, aor, deviceId } = account
    const settings = this.#of(aor)
    const replica = this.#running.get(aor)
    const address = settings.server ?? account.server()
    return replicaView({
      accountId: id,
      server: address === null ? null : showServer(address),
      own: deviceId,
      chain: replica?.open?.chain ?? this.#chains.get(aor) ?? null,
      facts: replica?.facts() ?? noFacts,
      notes: settings,
    })
  }

  #announce(): void {
    if (!this.#ended) this.#ports.changed(this.list())
  }
}

/** A server and a device that signs for it. */
export interface ReplicaReach {
  readonly address: ReplicaAddress
  readonly signer: { readonly account: Aor; readonly by: RequestSignerPort }
  readonly wipe: () => void
}

const nothing = { batches: 0, bytes: 0, oldestDay: null }
