import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensurePrivateDirectory, writePrivateFile } from './data-dir/private-file.ts'
import { letPhonesIn } from './accounts/phone-password.ts'
import { createHomeApi } from './http/api.ts'
import { HttpDigest } from './http/digest.ts'
import { MeService, type BindingsPort, type ReplicaHoldingPort } from './http/me.ts'
import { controlPathOf } from './lease/control-path.ts'
import { LeaseServer } from './lease/lease-server.ts'
import { startChat, withEcho, type ChatServices } from './chat-services.ts'
import { defaultHomeLimits, type HomeLimits } from './limits.ts'
import { MailboxDelivery } from './mailbox/mailbox-delivery.ts'
import { Admission } from './net/admission.ts'
import { systemDatagrams } from './net/datagrams.ts'
import { hostNamesFor, isLoopback, isUnspecified, type HostNames } from './net/host-names.ts'
import { Listeners } from './net/listeners.ts'
import { portsFrom, type HomeOptions } from './options.ts'
import { describeAccount } from '../replica/describe-account.ts'
import { signInRoutes } from './http/sign-in-route.ts'
import { addReplicaRoutes } from '../replica/http/replica-routes.ts'
import { meetingRoutes } from '../replica/rendezvous/rendezvous-routes.ts'
import { newsUpgrade } from '../replica/http/news-upgrade.ts'
import type { ReplicaLimits } from '../replica/limits.ts'
import type { ReplicaService } from '../replica/service.ts'
import type { BindingView } from './proxy/api.ts'
import { SipProxy } from './proxy/sip-proxy.ts'
import { openHomeReplica } from './replica.ts'
import { openStores, rememberedPorts, rememberPorts, type Stores } from './stores.ts'
import { loadIdentity, type ServerIdentity } from './tls/certificate.ts'
import { endpointFileName, type HomeEndpoint, type HomePorts, type InvitationReply } from '#shared/home/api.ts'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { serializeInvitation } from '#shared/home/invitation.ts'
import { replicaPath } from '#shared/replication/api.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { DatagramsPort } from '#shared/ports/datagrams.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'

export interface HomeServerPorts {
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly log: LogPort
  readonly limits?: HomeLimits
  readonly replicaLimits?: ReplicaLimits
  /** UDP for the echo contact's calls; the system's where absent. */
  readonly datagrams?: Pick<DatagramsPort, 'bind'>
  /** Profiles have this long to come after the start, and to come back after the last left, ms. */
  readonly firstGraceMs?: number
  readonly graceMs?: number
  /** The last profile has gone and nobody came since; never called with `keep`. */
  readonly onIdle: () => void
}

const sweepMs = 60_000
const housekeepingMs = 3_600_000
const defaultFirstGraceMs = 30_000
const defaultGraceMs = 5_000

/** The whole home server in one object; the caller holds the lock of the directory. */
export class HomeServer {
  readonly #options: HomeOptions
  readonly #ports: HomeServerPorts
  readonly #limits: HomeLimits
  readonly #stores: Stores
  readonly #admission: Admission
  readonly #proxy: SipProxy
  readonly #chat: ChatServices
  readonly #delivery: MailboxDelivery
  readonly #digest: HttpDigest
  readonly #replica: ReplicaService
  readonly #lease: LeaseServer
  readonly #controlSecret: string
  #names: HostNames
  #lan: boolean
  #identity!: ServerIdentity
  #listeners!: Listeners
  #closeListeners: () => Promise<void> = () => Promise.resolve()
  #listening!: HomePorts
  #stopped = false

  /** Starts everything; once it resolves, the endpoint file is there and clients may come. */
  static async start(options: HomeOptions, ports: HomeServerPorts): Promise<HomeServer> {
    ensurePrivateDirectory(options.directory)
    const server = new HomeServer(options, ports)
    try {
      await server.#open()
    } catch (cause) {
      await server.stop()
      throw cause
    }
    return server
  }

  private constructor(options: HomeOptions, ports: HomeServerPorts) {
    const limits = ports.limits ?? defaultHomeLimits
    this.#options = options
    this.#ports = ports
    this.#limits = limits
    this.#stores = openStores(options.directory, options.domain, { ...ports, limits })
    const { accounts, database, domain, echoSecrets, mailbox } = this.#stores
    this.#digest = new HttpDigest({ realm: domain, ...ports, ha1: (user) => accounts.ha1(user, domain, 'SHA-256') })
    this.#replica = this.#makeReplica()
    this.#lan = options.lan || database.get('lan') === 'yes' || !isLoopback(options.host)
    this.#names = this.#hostNames()
    this.#admission = new Admission({ limits, clock: ports.clock })
    this.#proxy = new SipProxy({
      ...portsOf(ports, 'proxy'),
      accounts: withEcho(accounts),
      mailbox,
      domain,
      aliases: this.#names.all.slice(1),
    })
    this.#chat = startChat({
      ...portsOf(ports, 'chat'),
      ...{ accounts, domain, echoSecrets, proxy: this.#proxy, datagrams: ports.datagrams ?? systemDatagrams },
      relayAddress: (secure) => this.#relayAddress(secure),
    })
    this.#delivery = new MailboxDelivery({
      ...portsOf(ports, 'mailbox'),
      mailbox,
      send: (binding, message) => this.#proxy.sendTo(binding, message),
    })
    this.#proxy.onRegistered((binding) => this.#delivery.start(binding))
    this.#controlSecret = toBase64Url(ports.random.bytes(32))
    this.#lease = this.#makeLease()
  }

  /** What the endpoint file says. */
  get endpoint(): HomeEndpoint {
    const { host } = this.#options
    return {
      version: 1,
      pid: process.pid,
      domain: this.#stores.domain,
      host: isUnspecified(host) ? '127.0.0.1' : host,
      ports: this.#listening,
      spkiPin: Buffer.from(this.#identity.spkiSha256).toString('base64'),
      controlPath: controlPathOf(this.#options.directory),
      controlSecret: this.#controlSecret,
      lan: this.#lan,
    }
  }

  /** Devices of a user that are signed in now. */
  bindings(user: string): readonly BindingView[] {
    return this.#proxy.bindings(user)
  }

  /** Removes erased rows from the write-ahead log now; by itself it happens each minute. */
  purge(): void {
    this.#stores.database.purge()
  }

  /** Ends everything and leaves the directory as after a clean exit. Idempotent. */
  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    rmSync(this.#endpointPath, { force: true })
    this.#lease.stop()
    this.#delivery.stop()
    this.#chat.stop()
    this.#proxy.stop()
    await this.#replica.stop()
    await this.#closeListeners()
    this.#stores.mailbox.flush()
    this.#stores.database.close()
  }

  async #open(): Promise<void> {
    const { database } = this.#stores
    const { host, portBase } = this.#options
    this.#identity = await loadIdentity(this.#options.directory, this.#names.all, this.#ports)
    await this.#replica.start()
    const listeners = await this.#makeListeners()
    this.#listeners = listeners
    this.#closeListeners = () => listeners.close()
    const wishes = portBase > 0 ? portsFrom(portBase) : rememberedPorts(database)
    const plain = this.#options.allowPlain || isLoopback(host) ? host : '127.0.0.1'
    this.#listening = await this.#listeners.open(
      { secure: this.#secureHost, plain },
      { wanted: wishes, strict: portBase > 0 },
    )
    rememberPorts(database, this.#listening)
    if (this.#options.lan) database.set('lan', 'yes')
    this.#housekeep()
    this.#sweep()
    await this.#lease.start(this.#ports.firstGraceMs ?? defaultFirstGraceMs)
    this.#writeEndpoint()
    this.#ports.log.info('started', { port: this.#listening.https, pid: process.pid })
  }

  get #endpointPath(): string {
    return join(this.#options.directory, endpointFileName)
  }

  get #secureHost(): string {
    return this.#lan && isLoopback(this.#options.host) ? '0.0.0.0' : this.#options.host
  }

  /** Host and port in the paths that the relay hands out. */
  #relayAddress(secure: boolean): { host: string; port: number } {
    const lanHost = secure && this.#lan ? this.#names.lanAddress : null
    const { msrpTcp, msrpTls } = this.#listening
    return { host: lanHost ?? this.endpoint.host, port: secure ? msrpTls : msrpTcp }
  }

  #writeEndpoint(): void {
    writePrivateFile(this.#endpointPath, `${JSON.stringify(this.endpoint, null, 2)}\n`)
  }

  #hostNames(): HostNames {
    return hostNamesFor(this.#stores.domain, { lan: this.#lan, host: this.#options.host })
  }

  async #makeListeners(): Promise<Listeners> {
    const hosts = (): ReadonlySet<string> => new Set(this.#names.all)
    return new Listeners({
      ...portsOf(this.#ports, 'net'),
      admission: this.#admission,
      limits: this.#limits,
      hosts,
      identity: this.#identity,
      handlers: {
        onFlow: (flow) => this.#proxy.acceptFlow(flow),
        onMsrpStream: (stream) => this.#chat.relay.acceptStream(stream),
        onMsrpSocket: (socket) => this.#chat.relay.acceptSocket(socket),
        onRequest: await this.#makeApi(hosts),
        onUpgrade: newsUpgrade(this.#replica),
      },
    })
  }

  #makeReplica(): ReplicaService {
    const { domain, token } = this.#stores
    return openHomeReplica(this.#options.directory, {
      ...portsOf(this.#ports, 'replica'),
      ...{ domain, token, digest: this.#digest, limits: this.#ports.replicaLimits },
      hosts: () => new Set(this.#names.all),
    })
  }

  #makeLease(): LeaseServer {
    const { clock, graceMs = defaultGraceMs, onIdle } = this.#ports
    return new LeaseServer({
      path: controlPathOf(this.#options.directory),
      secret: this.#controlSecret,
      ...{ clock, graceMs, maxConnections: this.#limits.controlConnections },
      onIdle: () => {
        if (!this.#options.keep) onIdle()
      },
    })
  }

  #makeApi(hosts: () => ReadonlySet<string>): ReturnType<typeof createHomeApi> {
    const { domain } = this.#stores
    const me = new MeService({ ...this.#stores, bindings: this.#presence(), replica: this.#holding() })
    const more = [meetingRoutes(this.#ports), signInRoutes({ ...this.#stores, me })]
    return createHomeApi({
      ...this.#stores,
      ...portsOf(this.#ports, 'http'),
      limits: this.#limits,
      hosts,
      digest: this.#digest,
      me,
      domain: () => ({ domain, ports: this.#listening }),
      invite: (lan) => this.invite(lan),
      more: { path: replicaPath, add: (app) => addReplicaRoutes(app, this.#replica, more) },
    })
  }

  #holding(): ReplicaHoldingPort {
    return {
      describe: (account) => describeAccount(this.#replica, account),
      erase: async (account) => {
        await this.#replica.eraseAccount(account)
      },
    }
  }

  /** Where a user is signed in: with the proxy, and with the relay. */
  #presence(): BindingsPort {
    return {
      bindings: (user) => this.#proxy.bindings(user),
      disconnectUser: (user) => {
        this.#proxy.disconnectUser(user)
        this.#chat.relay.disconnectUser(user)
      },
    }
  }

  /** Makes an invitation, null when too many are open; with `lan`, opens the server to the local network first. */
  async invite(lan: boolean): Promise<InvitationReply | null> {
    if (lan && !this.#lan) await this.#openToLan()
    const made = this.#stores.invitations.create()
    if (made === null) return null
    const host = (this.#lan ? this.#names.lanAddress : null) ?? this.endpoint.host
    const { code, expiresAt } = made
    const { spkiSha256 } = this.#identity
    return {
      invitation: serializeInvitation({ host, port: this.#listening.https, code, spkiSha256, expiresAt }),
      expiresAt,
    }
  }

  /** A new password for phones of a user that know MD5 alone, told this once; null where there is no such user. */
  letPhonesIn(user: string): string | null {
    const password = letPhonesIn(user, { ...this.#stores, random: this.#ports.random })
    if (password !== null) this.#presence().disconnectUser(user)
    return password
  }

  /** False where there is no such user. */
  shutPhonesOut(user: string): boolean {
    const { accounts } = this.#stores
    accounts.setPhoneSecret(user, null)
    this.#presence().disconnectUser(user)
    return accounts.exists(user)
  }

  /** From now on, and at later starts, the TLS listeners take connections from the local network. */
  async #openToLan(): Promise<void> {
    this.#stores.database.set('lan', 'yes')
    this.#lan = true
    await this.#renewNames()
    await this.#listeners.moveSecure(this.#secureHost)
    this.#writeEndpoint()
  }

  /** Addresses of the computer change; certificates end. */
  async #renewNames(): Promise<void> {
    this.#names = this.#hostNames()
    const identity = await loadIdentity(this.#options.directory, this.#names.all, this.#ports)
    if (identity.certificatePem === this.#identity.certificatePem || this.#stopped) return
    this.#identity = identity
    this.#listeners.renew(identity)
  }

  #sweep(): void {
    if (this.#stopped) return
    this.#admission.sweep()
    this.#listeners.sweep()
    this.#withDisk(() => this.#stores.database.purge())
    this.#ports.clock.after(sweepMs, () => this.#sweep())
  }

  /** Upkeep that a full or failing disk puts off until the next time. */
  #withDisk(work: () => void): void {
    try {
      work()
    } catch {
      this.#ports.log.error('upkeep-failed')
    }
  }

  #housekeep(): void {
    if (this.#stopped) return
    this.#withDisk(() => {
      this.#stores.mailbox.expire()
      this.#stores.echoSecrets.expire()
      this.#stores.invitations.dropExpired()
    })
    this.#renewNames().catch((_cause: unknown) => this.#ports.log.error('certificate-renewal-failed'))
    this.#ports.clock.after(housekeepingMs, () => this.#housekeep())
  }
}

/** The three ports everything gets, with a log of its own area. */
function portsOf(ports: HomeServerPorts, area: string): { clock: ClockPort; random: RandomPort; log: LogPort } {
  return { clock: ports.clock, random: ports.random, log: ports.log.child(area) }
}
