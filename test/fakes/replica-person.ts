/** Devices of one person with real histories, identities and connections, as `compose` wires them. */
import { cpSync } from 'node:fs'
import { toBase64Url, fromBase64Url } from '#shared/bytes/base64url.ts'
import { utf8 } from '#shared/bytes/bytes.ts'
import { serializeInvitation } from '#shared/home/invitation.ts'
import type { AccountId, Aor, DeviceId } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { LinkingView } from '#shared/model/linking-views.ts'
import type { ReplicationView, RestoreAnswer } from '#shared/model/replication-views.ts'
import { accountPasswords } from '#main/compose-password.ts'
import type { AccountRecord } from '#main/accounts/account-record.ts'
import { newAccountRecord } from '#main/accounts/new-account.ts'
import { Identity } from '#main/identity/identity.ts'
import { digestSecrets } from '#main/home/digest-secrets.ts'
import { Linkings } from '#main/linking/linkings.ts'
import { SealedFiles } from '#main/history/attachments/sealed-files.ts'
import { attachmentFiles } from '#main/replication/files/attachment-files.ts'
import { transferEnds } from '#main/linking/transfer-ends.ts'
import { Transfers } from '#main/linking/transfers.ts'
import type { LinkParcel } from '#main/linking/parcel.ts'
import { rendezvousClient } from '#main/linking/rendezvous-client.ts'
import type { OpeningSecret, ReplicaAddress, ReplicaClientPort } from '#main/replication/client-ports.ts'
import { openPaper } from '#main/identity/paper-in-use.ts'
import { Replicas } from '#main/replication/replicas.ts'
import { epochForNow, giveNewSignIn } from '#main/replication/restore/new-sign-in.ts'
import { Restores } from '#main/replication/restore/restores.ts'
import { replicaConnector } from '#main/replication/transport/replica-client.ts'
import { ReplicaHttp } from '#main/replication/transport/replica-http.ts'
import { systemClock, systemRandom } from '#server/home/system-ports.ts'
import {
  alice,
  aliceAccount,
  conversationWith,
  EntryMaker,
  TestHistory,
} from '#test/integration/history/history-fixture.ts'
import { homeClient, silentLog } from './home-server.ts'
import { clientPorts } from './replica-client.ts'
import type { Entry } from '#shared/model/entry.ts'

/** Where the person's replica is, and what opens it. */
export interface PersonServer {
  readonly address: () => ReplicaAddress
  readonly opening: OpeningSecret
  readonly sip: Pick<AccountRecord, 'server' | 'msrpRelay' | 'spkiPins'>
  readonly secrets: Pick<AccountRecord, 'ha1Sha256'>
}

/** An account whose SIP server does not keep the replica. */
export const sipElsewhere = {
  sip: { server: null, msrpRelay: null, spkiPins: [] },
  secrets: { ha1Sha256: 'c0ffee'.repeat(10).padEnd(64, '0') },
} as const satisfies Pick<PersonServer, 'sip' | 'secrets'>

/** As the replica printed it, where one is needed; with another `code` it is somebody's who made it up. */
export function invitationOf(
  { opening, address }: Pick<PersonServer, 'opening' | 'address'>,
  clock: ClockPort = systemClock,
  code?: Uint8Array,
): string | null {
  if (opening.kind === 'digest') return null
  const { host, port, spkiPins } = address()
  const spkiSha256 = Buffer.from(spkiPins[0] ?? '', 'base64')
  const facts = { host, port, spkiSha256, expiresAt: clock.now() + 3_600_000 }
  return serializeInvitation({ ...facts, code: code ?? opening.token })
}

export class PersonDevice {
  readonly test = new TestHistory()
  readonly name: string
  readonly #server: PersonServer
  readonly #log: LogPort
  /** Its clock; changed before it signs in. */
  clock: ClockPort = systemClock
  /** What stands between it and its replica; changed before it signs in. */
  tamper: (client: ReplicaClientPort) => ReplicaClientPort = (client) => client
  readonly entries: EntryMaker
  history = this.test.open()
  identity!: Identity
  replicas!: Replicas
  linkings!: Linkings
  transfers!: Transfers
  views: readonly ReplicationView[] = []
  linking: LinkingView | null = null
  /** How it signs in at the SIP server; without a server it is no home server's. */
  record: AccountRecord
  #hasAccount = false
  #deviceId: DeviceId | null = null

  constructor(name: string, server: PersonServer, log: LogPort = silentLog) {
    this.name = name
    this.#server = server
    this.#log = log
    const fresh = { aor: alice, displayName: 'Alice', transport: 'wss', ...server.sip, local: false } as const
    this.record = { ...newAccountRecord(fresh, systemRandom), ...server.secrets }
    this.entries = new EntryMaker(Date.now() - 60_000)
    this.#compose()
  }

  /** The program ends and is started again. */
  restart(): Promise<void> {
    return this.#closed(() => undefined)
  }

  /** Remembers the disk as it is now, for {@link setBackDisk}. */
  async keepDisk(): Promise<void> {
    await this.#closed(() => cpSync(this.test.path, `${this.test.path}.kept`))
  }

  /** The disk is what it was: restored from a backup. */
  async setBackDisk(): Promise<void> {
    await this.#closed(() => cpSync(`${this.test.path}.kept`, this.test.path))
  }

  async #closed(change: () => void): Promise<void> {
    await this.replicas.stop()
    this.transfers.stop()
    await this.history.close()
    change()
    this.history = this.test.open()
    this.#compose()
    this.#deviceId = (await this.identity.ensure(alice)).deviceId
    await this.replicas.start()
    await this.transfers.start()
  }

  async signIn(): Promise<void> {
    this.#hasAccount = true
    this.#deviceId = (await this.identity.ensure(alice)).deviceId
    await this.replicas.start()
  }

  async switchOn(): Promise<void> {
    await this.replicas.switchOn({
      accountId: aliceAccount,
      server: null,
      invitation: invitationOf(this.#server, this.clock),
    })
  }

  get view(): ReplicationView {
    return this.replicas.list()[0]!
  }

  async say(...entries: readonly Entry[]): Promise<void> {
    for (const entry of entries) await this.history.writer.commit({ entries: [entry] })
  }

  /** Texts of the conversation with somebody, oldest first. */
  async texts(peer: Aor): Promise<readonly string[]> {
    const request = { conversationId: conversationWith(peer), anchor: { at: 'newest' }, limit: 200 } as const
    const { messages } = await this.history.reader.page(request).catch(() => ({ messages: [] }))
    return messages.map(({ text }) => text)
  }

  async end(): Promise<void> {
    await this.replicas.stop()
    this.transfers.stop()
    await this.test.remove()
  }

  /** Links `other` to the account of this device, by digits or picture. */
  async link(other: PersonDevice, way: 'qr' | 'code'): Promise<void> {
    await other.linkings.begin({ aor: alice, server: null })
    const shown = other.linking
    if (shown?.side !== 'new' || shown.qr === null || shown.code === null) throw new Error('nothing is shown')
    if (way === 'qr') await this.linkings.readQr({ accountId: aliceAccount, text: utf8(shown.qr) })
    else await this.linkings.enterCode({ accountId: aliceAccount, code: utf8(shown.code) })
    await this.linkings.confirm()
  }

  /** Words of the account's paper secret, UTF-8. */
  words(): Promise<Uint8Array> {
    return this.identity.showPaperSecret({ accountId: aliceAccount })
  }

  /** Gets the account from the paper secret alone. */
  async restore(words: Uint8Array, branch: string | null = null): Promise<RestoreAnswer> {
    const { reader, writer } = this.history
    const restores = new Restores({
      ...{ random: systemRandom, connect: replicaConnector(clientPorts()), chains: this.identity.chains, openPaper },
      secrets: {
        secret: (name) => reader.secret(name),
        setSecret: (name, value) => writer.setSecret(name, value),
      },
      isHere: () => this.#hasAccount,
      find: () => Promise.resolve({ address: this.#server.address() }),
      take: async ({ aor }, { address }) => {
        await this.replicas.adopt(aor, address, this.#elsewhere(address))
        if (this.#server.sip.server !== null) await this.#signInAnew(address)
        this.#hasAccount = true
        this.replicas.startAdopted(aor)
        return aliceAccount
      },
    })
    const question = { displayName: '', password: null, branch, replica: null, transport: null, server: null }
    return restores.begin({ ...question, aor: alice, words })
  }

  /** The home server takes a new password on this device's word. */
  async #signInAnew(address: ReplicaAddress): Promise<void> {
    const device = (await this.identity.chains.openDevice(alice))!
    const by = { by: device.id, sign: (message: Uint8Array) => device.sign(message) }
    const http = new ReplicaHttp(address, { account: alice, by }, clientPorts())
    const secrets = digestSecrets('alice', 'example.org', systemRandom.bytes(24))
    const { state } = (await this.identity.chains.known(alice))!
    await giveNewSignIn(http, { ...secrets, epoch: epochForNow(state) })
    http.close()
    this.record = { ...this.record, ...secrets, passwordEpoch: 0 }
  }

  #compose(): void {
    const { reader, writer } = this.history
    const secrets = {
      secret: (name: string) => reader.secret(name),
      setSecret: (name: string, value: Uint8Array | null) => writer.setSecret(name, value),
    }
    const clock: ClockPort = {
      now: () => this.clock.now(),
      monotonic: () => this.clock.monotonic(),
      after: (delayMs, run) => this.clock.after(delayMs, run),
    }
    const ports = { clock, random: systemRandom, log: this.#log }
    this.identity = new Identity({
      ...{ ...ports, secrets, deviceName: this.name, aorOf: () => alice },
      paperRung: { set: () => Promise.resolve(), remove: () => Promise.resolve() },
    })
    this.identity.onChange((_account, view) => (this.#deviceId = view.deviceId))
    const account = () => ({
      ...{ id: aliceAccount, aor: alice, deviceId: this.#deviceId },
      ...{ server: () => this.#ownServer(), opening: () => this.#opening() },
    })
    this.replicas = new Replicas({
      ...{
        ...ports,
        secrets,
        keeper: writer.replica,
        files: attachmentFiles(this.test.attachments, reader),
        chains: this.identity.chains,
        connect: (...args) => this.tamper(replicaConnector(clientPorts())(...args)),
      },
      accounts: { list: () => (this.#hasAccount ? [account()] : []) },
      settings: {
        setting: (key) => reader.setting(key),
        setSetting: (key, value) => writer.setSetting(key, value),
      },
      observe: () => undefined,
      shownPins: (server) => Promise.resolve(server.spkiPins),
      passwords: accountPasswords(
        { me: (target, credentials) => homeClient().me(target, credentials) },
        {
          records: () => [this.record],
          adoptPassword: (_id, password) => Promise.resolve(void (this.record = { ...this.record, ...password })),
        },
      ),
      changed: (views) => (this.views = views),
    })
    writer.onChange(() => this.replicas.noteLocal(null))
    this.transfers = this.#composeTransfers()
    this.linkings = this.#composeLinking()
  }

  /** The replica at the SIP server; null where the SIP server has none. */
  #ownServer(): ReplicaAddress | null {
    return this.#server.sip.server === null ? null : this.#server.address()
  }

  #elsewhere(address: ReplicaAddress): ReplicaAddress | null {
    return this.#ownServer() === null ? address : null
  }

  #opening(): OpeningSecret | null {
    return this.#server.opening.kind === 'digest' ? this.#server.opening : null
  }

  #composeLinking(): Linkings {
    const { chains } = this.identity
    const connect = (address: ReplicaAddress, signer: ConstructorParameters<typeof ReplicaHttp>[1]) => {
      const http = new ReplicaHttp(address, signer, clientPorts())
      return { client: rendezvousClient(http), close: () => http.close() }
    }
    return new Linkings({
      ...{ clock: systemClock, random: systemRandom, aorOf: () => alice },
      connectUnknown: () => Promise.resolve(connect(this.#server.address(), null)),
      newDevice: (account) => {
        const { seeds, device } = chains.newDevice()
        return {
          keys: device.keys,
          sign: (message) => device.sign(message),
          take: async ({ identity, links, namesKey, replica, transfer, account: record }): Promise<AccountId> => {
            this.record = { ...this.record, ...record, aor: alice }
            await chains.join(account, { identity: toBase64Url(identity), links, seeds, namesKey })
            await this.replicas.adopt(account, replica, replica === null ? null : this.#elsewhere(replica))
            this.#hasAccount = true
            this.replicas.startAdopted(account)
            if (transfer !== null) await this.transfers.add({ ...transfer, account, doing: 'taking', device: 'Other' })
            return aliceAccount
          },
          wipe: () => device.wipe(),
        }
      },
      connectKnown: () => this.#connectKnown(),
      addDevice: async (id, keys, cosign) => {
        await this.replicas.addDevice(id, keys, async (body) => ({ by: keys.id, signature: await cosign(body) }))
      },
      parcel: (_id, { name }) => this.#parcel(name),
      changed: (view) => (this.linking = view),
    })
  }

  async #connectKnown() {
    const { address, signer } = await this.replicas.reach(aliceAccount)
    const http = new ReplicaHttp(address, signer, clientPorts())
    return { client: rendezvousClient(http), close: () => http.close() }
  }

  #composeTransfers(): Transfers {
    const { reader, writer } = this.history
    return new Transfers({
      ...{ clock: systemClock, random: systemRandom, idOf: () => aliceAccount, changed: () => undefined },
      secrets: {
        secret: (name) => reader.secret(name),
        setSecret: (name, value) => writer.setSecret(name, value),
      },
      ...transferEnds({
        ...{ source: reader, sink: writer.replica, files: new SealedFiles(this.test.attachments) },
        attachmentsOf: (account) => reader.attachmentsOf(account),
        settings: {
          setting: (key) => reader.setting(key),
          setSetting: (key, value) => writer.setSetting(key, value),
        },
      }),
      connect: () => this.#connectKnown(),
    })
  }

  async #parcel(device: string): Promise<LinkParcel> {
    const transfer = { slot: systemRandom.bytes(16), key: systemRandom.bytes(32) }
    await this.transfers.add({ ...transfer, account: alice, doing: 'giving', device })
    const known = (await this.identity.chains.known(alice))!
    const { host, port, spkiPins } = this.#server.address()
    return {
      ...{ identity: fromBase64Url(known.state.identity)!, namesKey: await this.identity.chains.namesKey(alice) },
      ...{ links: [...known.links], picked: [], settings: {}, transfer },
      replica: { host, port, spkiPins: [...spkiPins] },
      account: this.record,
    }
  }
}
