import { copyOf } from '#shared/bytes/bytes.ts'
import { SottoError } from '#shared/errors.ts'
import { aorDomain } from '#shared/model/aor.ts'
import type { AccountId, Aor, DeviceId } from '#shared/model/ids.ts'
import type { CallPolicy } from '#shared/model/calls.ts'
import type { AccountView, ConnectionView, SipTransport } from '#shared/model/views.ts'
import { parseAccounts, serializeAccounts, type AccountRecord } from './account-record.ts'
import {
  callAccountOf,
  changedRelay,
  echoContactOf,
  relayView,
  withRelayPassword,
  type CallAccount,
} from './call-account.ts'
import { firstOutcome, reasonOf } from './first-outcome.ts'
import { adoptedRecord, newAccountRecord, type AdoptedAccount, type NewAccount } from './new-account.ts'
import type { AccountIdentity, AccountsPorts, HomeEndpoints } from './ports.ts'
import { signallingAccountOf, withCredentials } from './signalling-account.ts'
import type { SignallingEvent } from './signalling-port.ts'

const settingKey = 'accounts'
const firstOutcomeTimeoutMs = 15_000

/** The accounts of a profile: stored in the encrypted history, registered through the signalling worker. */
export class Accounts {
  readonly #ports: AccountsPorts
  readonly #connections = new Map<AccountId, ConnectionView>()
  readonly #identities = new Map<AccountId, AccountIdentity>()
  /** Typed passwords until the registration has turned them into HA1 values: what is changed meanwhile needs them again. */
  readonly #passwords = new Map<AccountId, Uint8Array>()
  /** Key of the certificate the user was last asked about: no other can be trusted by a call. */
  readonly #askedKeys = new Map<AccountId, { readonly server: string | null; readonly spkiSha256: string }>()
  readonly #listeners = new Set<(accounts: readonly AccountView[]) => void>()
  readonly #disposers: readonly (() => void)[]
  #records: readonly AccountRecord[] = []
  #saving: Promise<void> = Promise.resolve()
  #starting: Promise<void> = Promise.resolve()

  constructor(ports: AccountsPorts) {
    this.#ports = ports
    this.#disposers = [
      ports.signalling.onEvent((event) => this.#handleEvent(event)),
      // What fails here is tried again with the home server's next move, or by the user.
      ports.home.onMoved((endpoints) => void this.#handleHomeMoved(endpoints).catch(() => undefined)),
    ]
  }

  /** Loads what is stored and starts registering the enabled accounts. */
  async start(): Promise<void> {
    this.#records = parseAccounts(await this.#ports.settings.setting(settingKey))
    for (const record of this.#records) this.#identities.set(record.id, await this.#ports.identity.ensure(record.aor))
    const enabled = this.#records.filter((record) => record.enabled)
    await Promise.all(enabled.filter((record) => !record.local).map((record) => this.#configure(record, null)))
    // The home server may take seconds to start: the history is usable meanwhile.
    if (enabled.some((record) => record.local)) this.#starting = this.#startLocal(enabled)
    this.#announce()
  }

  stop(): void {
    for (const dispose of this.#disposers) dispose()
    this.#listeners.clear()
  }

  onChange(handler: (accounts: readonly AccountView[]) => void): () => void {
    this.#listeners.add(handler)
    return () => this.#listeners.delete(handler)
  }

  list(): readonly AccountView[] {
    return this.#records.map((record) => this.#view(record))
  }

  /** Records as they are stored; for the features that need AORs and settings. */
  records(): readonly AccountRecord[] {
    return this.#records
  }

  /** What a call needs of an account, the relay's password included; null for an account that is not there. */
  callAccount(id: AccountId): CallAccount | null {
    const record = this.#records.find((candidate) => candidate.id === id)
    return record === undefined ? null : callAccountOf(record, this.#identities.get(id)?.deviceId)
  }

  /** @throws SottoError `account-exists`, `wrong-password`, `server-unreachable`, … when the first registration fails. */
  async add(request: {
    readonly aor: Aor
    readonly displayName: string
    readonly password: Uint8Array
    readonly transport: SipTransport | null
    readonly server: string | null
  }): Promise<AccountId> {
    const { password, ...rest } = request
    const account = { ...rest, transport: request.transport ?? 'tls', msrpRelay: null, spkiPins: [], local: false }
    return this.#addAndRegister(account, password)
  }

  /** @throws SottoError `address-taken`, `invitation-invalid`, `home-server-failed`. */
  async createLocal(request: {
    readonly user: string
    readonly displayName: string
    readonly invitation: string | null
  }): Promise<AccountId> {
    const { password, onThisComputer, close, ...account } = await this.#ports.home.signUp(request)
    const made = { ...account, displayName: request.displayName, local: onThisComputer }
    try {
      return await this.#addAndRegister(made, password)
    } catch (error) {
      // Nobody else knows its password: left alone it would keep the name for ever.
      await close().catch(() => undefined)
      throw error
    } finally {
      password.fill(0)
    }
  }

  /** @throws SottoError `invalid-argument` for a relay that is no `host:port`. */
  async update(request: {
    readonly accountId: AccountId
    readonly displayName?: string | undefined
    readonly enabled?: boolean | undefined
    readonly sendReceipts?: boolean | undefined
    readonly sendTyping?: boolean | undefined
    readonly callPolicy?: CallPolicy | undefined
    readonly relay?: { readonly server: string; readonly username: string } | null | undefined
    readonly hideAddress?: AccountView['hideAddress'] | undefined
  }): Promise<void> {
    const { accountId, relay, ...changes } = request
    const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
    const before = this.#record(accountId)
    const after = { ...before, ...given, ...(relay === undefined ? {} : { relay: changedRelay(before.relay, relay) }) }
    await this.#replace(after)
    if (!after.enabled && before.enabled) await this.#disable(accountId)
    else if (after.enabled && (!before.enabled || after.displayName !== before.displayName))
      await this.#configure(after, null)
  }

  /** @throws SottoError `invalid-argument` for an account without relay. */
  async setRelayPassword(request: { readonly accountId: AccountId; readonly password: Uint8Array }): Promise<void> {
    await this.#replace(withRelayPassword(this.#record(request.accountId), request.password))
  }

  async changePassword(request: { readonly accountId: AccountId; readonly password: Uint8Array }): Promise<void> {
    // The realm stays pinned: a new password must not be answered to a realm that was never seen.
    const record = { ...this.#record(request.accountId), ha1Md5: null, ha1Sha256: null, passwordEpoch: 0 }
    await this.#replace(record)
    await this.#configure(record, request.password)
  }

  /** Signs in with a password that the server knows already. */
  async adoptPassword(
    accountId: AccountId,
    password: Pick<AccountRecord, 'realm' | 'strongest' | 'passwordEpoch'> & { readonly ha1Sha256: string },
  ): Promise<void> {
    this.#forgetPassword(accountId)
    const record = { ...this.#record(accountId), ...password, ha1Md5: null }
    await this.#replace(record)
    await this.#configure(record, null)
  }

  /** Signs out and erases everything about the account from this device. */
  async remove(request: { readonly accountId: AccountId }): Promise<void> {
    const record = this.#record(request.accountId)
    await this.#ports.signalling.remove(record.id)
    this.#forgetPassword(record.id)
    await this.#ports.identity.remove(record.aor)
    // Before the list forgets it: after a crash in between it can be removed again.
    await this.#ports.registry.erase(record.aor)
    this.#connections.delete(record.id)
    this.#askedKeys.delete(record.id)
    this.#identities.delete(record.id)
    await this.#save(this.#records.filter((other) => other.id !== record.id))
  }

  async reconnect(request: { readonly accountId: AccountId }): Promise<void> {
    await this.#ports.signalling.reconnect(this.#record(request.accountId).id)
  }

  /** @throws SottoError `invalid-argument` for a key that this account's present server did not just show. */
  async trustCertificate(request: {
    readonly accountId: AccountId
    readonly spkiSha256: string
    readonly trust: boolean
  }): Promise<void> {
    if (!request.trust) return
    const record = this.#record(request.accountId)
    const asked = this.#askedKeys.get(record.id)
    if (asked?.spkiSha256 !== request.spkiSha256 || asked.server !== record.server)
      throw new SottoError('invalid-argument')
    this.#askedKeys.delete(record.id)
    const pinned = { ...record, spkiPins: [...new Set([...record.spkiPins, request.spkiSha256])] }
    await this.#replace(pinned)
    await this.#configure(pinned, null)
  }

  async #addAndRegister(account: NewAccount, password: Uint8Array): Promise<AccountId> {
    if (this.#records.some((record) => record.aor === account.aor)) throw new SottoError('account-exists')
    const record = newAccountRecord(account, this.#ports.random)
    await this.#addRecord(record)
    const outcome = firstOutcome(this.#ports, record.id, firstOutcomeTimeoutMs)
    const refused = await this.#configure(record, password).then(() => null, reasonOf)
    const ended = refused === null ? await outcome : ({ kind: 'failed', reason: refused } as const)
    if (ended.kind === 'failed') {
      await this.remove({ accountId: record.id })
      throw new SottoError(ended.reason)
    }
    return record.id
  }

  /** Takes over an account that another device of the person has; one that is here already stays as it is. */
  async adopt(account: AdoptedAccount, password: Uint8Array | null = null): Promise<AccountId> {
    const known = this.#records.find(({ aor }) => aor === account.aor)
    if (known !== undefined) return known.id
    const record = adoptedRecord(account, this.#ports.random)
    await this.#addRecord(record)
    await this.#configure(record, password)
    return record.id
  }

  async #addRecord(record: AccountRecord): Promise<void> {
    this.#identities.set(record.id, await this.#ports.identity.ensure(record.aor))
    await this.#ports.registry.register(record)
    await this.#save([...this.#records, record]).catch((error: unknown) => {
      this.#records = this.#records.filter(({ id }) => id !== record.id)
      this.#announce()
      throw error
    })
  }

  async #startLocal(enabled: readonly AccountRecord[]): Promise<void> {
    try {
      await this.#handleHomeMoved(await this.#ports.home.endpoints())
    } catch (error) {
      const reason = reasonOf(error, 'home-server-failed')
      for (const record of enabled.filter(({ local }) => local)) {
        this.#connections.set(record.id, { kind: 'failed', reason })
      }
      this.#announce()
    }
  }

  /** Resolves when the accounts of the home server were handed to signalling, or could not be. */
  whenStarted(): Promise<void> {
    return this.#starting
  }

  async #handleHomeMoved(endpoints: HomeEndpoints): Promise<void> {
    await this.#moveToHomeServer(endpoints)
    const local = this.#records.filter((record) => record.local && record.enabled)
    await Promise.all(local.map((record) => this.#configure(record, null)))
  }

  async #moveToHomeServer(endpoints: HomeEndpoints): Promise<void> {
    const moved = this.#records.map((record) =>
      record.local ? { ...record, ...endpoints, spkiPins: [...endpoints.spkiPins] } : record,
    )
    await this.#save(moved)
  }

  async #configure(record: AccountRecord, password: Uint8Array | null): Promise<void> {
    if (password !== null) this.#passwords.set(record.id, copyOf(password))
    await this.#ports.signalling.configure(signallingAccountOf(record, this.#passwords.get(record.id) ?? null))
  }

  #forgetPassword(accountId: AccountId): void {
    this.#passwords.get(accountId)?.fill(0)
    this.#passwords.delete(accountId)
  }

  async #disable(accountId: AccountId): Promise<void> {
    await this.#ports.signalling.remove(accountId)
    this.#connections.set(accountId, { kind: 'disabled' })
    this.#announce()
  }

  #handleEvent(event: SignallingEvent): void {
    if (event.kind === 'connection') {
      this.#connections.set(event.accountId, event.connection)
      if (event.connection.kind === 'registered') this.#askedKeys.delete(event.accountId)
      this.#announce()
    } else if (event.kind === 'certificate') {
      const server = this.#records.find(({ id }) => id === event.accountId)?.server ?? null
      this.#askedKeys.set(event.accountId, { server, spkiSha256: event.problem.spkiSha256 })
    } else if (event.kind === 'credentials') {
      this.#forgetPassword(event.accountId)
      const record = this.#records.find((candidate) => candidate.id === event.accountId)
      // Not durable on a full disk: the list in memory has them, and the next change writes it again.
      if (record !== undefined) this.#replace(withCredentials(record, event.credentials)).catch(() => undefined)
    }
  }

  #record(id: AccountId): AccountRecord {
    const record = this.#records.find((candidate) => candidate.id === id)
    if (record === undefined) throw new SottoError('not-found')
    return record
  }

  #replace(record: AccountRecord): Promise<void> {
    return this.#save(this.#records.map((other) => (other.id === record.id ? record : other)))
  }

  /** Saves in order: a later list never loses to an earlier one. */
  #save(records: readonly AccountRecord[]): Promise<void> {
    this.#records = records
    this.#announce()
    this.#saving = this.#saving
      .catch(() => undefined)
      .then(() => this.#ports.settings.setSetting(settingKey, serializeAccounts(this.#records)))
    return this.#saving
  }

  #announce(): void {
    const views = this.list()
    for (const listener of this.#listeners) listener(views)
  }

  #view(record: AccountRecord): AccountView {
    const identity = this.#identities.get(record.id)
    const { id, aor, displayName, enabled, transport, sendReceipts, sendTyping, callPolicy, hideAddress } = record
    return {
      ...{ id, aor, displayName, enabled, transport, sendReceipts, sendTyping, callPolicy, hideAddress },
      relay: relayView(record.relay),
      echoContact: echoContactOf(record),
      server: record.server ?? aorDomain(aor),
      connection: enabled ? (this.#connections.get(id) ?? { kind: 'connecting' }) : { kind: 'disabled' },
      identityHash: identity?.identityHash ?? '',
      deviceId: identity?.deviceId ?? ('' as DeviceId),
      paperSecret: identity?.paperSecret ?? 'not-shown',
    }
  }

  /** The identity feature changed something the views show. */
  setIdentity(aor: Aor, identity: AccountIdentity): void {
    const record = this.#records.find((candidate) => candidate.aor === aor)
    if (record === undefined) return
    this.#identities.set(record.id, identity)
    this.#announce()
  }
}
