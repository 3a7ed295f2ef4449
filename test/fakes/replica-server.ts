/** A replica with its real listener on loopback, and connections that say whatever a test wants. */
import { createConnector } from '#main/platform/sockets/connector.ts'
import type { ReplicaAddress, ReplicaClientPort } from '#main/replication/client-ports.ts'
import { serializeRequest, type HttpAnswer } from '#main/replication/transport/http-codec.ts'
import { HttpConnection } from '#main/replication/transport/http-connection.ts'
import { problemIn } from '#main/replication/transport/problems.ts'
import { replicaConnector } from '#main/replication/transport/replica-client.ts'
import { RequestSigning } from '#main/replication/transport/request-signing.ts'
import { createStderrLog, systemClock, systemRandom } from '#server/home/system-ports.ts'
import { loadIdentity } from '#server/home/tls/certificate.ts'
import { openService, type OpenService } from '#server/replica/alone/open-service.ts'
import { ReplicaServer } from '#server/replica/alone/replica-server.ts'
import { defaultReplicaLimits, type ReplicaLimits } from '#server/replica/limits.ts'
import { meetingRoutes } from '#server/replica/rendezvous/rendezvous-routes.ts'
import { ReplicaMetrics } from '#server/replica/metrics.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { ByteStream } from '#shared/ports/sockets.ts'
import { challengeAnswer, decodeBody } from '#shared/replication/api.ts'
import { account, draw } from './drawn-chain.ts'
import { temporaryDirectory } from './home-server.ts'
import { clientPorts, requestSigner } from './replica-client.ts'

export interface ReplicaWorldOptions {
  /** URL of an empty schema; null: SQLite. */
  readonly postgres?: string | null
  readonly clock?: ClockPort
  readonly limits?: Partial<ReplicaLimits>
  /** Of a replica that ran before. */
  readonly directory?: ReturnType<typeof temporaryDirectory>
  readonly port?: number
}

export class ReplicaWorld {
  readonly directory: ReturnType<typeof temporaryDirectory>
  /** Lines of the server's log. */
  readonly logged: string[]
  readonly service: OpenService['service']
  readonly server: ReplicaServer
  readonly address: ReplicaAddress
  readonly metrics: ReplicaMetrics
  readonly #opened: OpenService
  readonly #clients: ReplicaClientPort[] = []
  #halted: Promise<void> | null = null

  static async start(options: ReplicaWorldOptions = {}): Promise<ReplicaWorld> {
    const directory = options.directory ?? temporaryDirectory()
    const logged: string[] = []
    const [metrics, hosts] = [new ReplicaMetrics(), new Set(['127.0.0.1', 'localhost'])]
    const opened = await openService(
      {
        erasures: `${directory.path}.erasures`,
        ...{ directory: directory.path, postgres: options.postgres ?? null, days: 60 },
        ...{ domain: null, digest: { kind: 'none' }, ha1Column: 'ha1' },
      },
      {
        ...{ clock: options.clock ?? systemClock, random: systemRandom, metrics, hosts: () => hosts },
        log: createStderrLog({ verbose: true }, (line) => logged.push(line)),
        limits: { ...defaultReplicaLimits, ...options.limits },
      },
    )
    const identity = await loadIdentity(directory.path, [...hosts], { clock: systemClock, random: systemRandom })
    const server = await ReplicaServer.start(opened.service, {
      ...{ host: '127.0.0.1', port: options.port ?? 0, identity, metrics, metricsToken: null },
      more: [meetingRoutes({ clock: systemClock })],
    })
    const spkiPins = [Buffer.from(identity.spkiSha256).toString('base64')]
    const address = { host: '127.0.0.1', port: server.port, spkiPins }
    return new ReplicaWorld({ directory, logged, opened, server, address, metrics })
  }

  private constructor(parts: {
    directory: ReturnType<typeof temporaryDirectory>
    logged: string[]
    opened: OpenService
    server: ReplicaServer
    address: ReplicaAddress
    metrics: ReplicaMetrics
  }) {
    this.directory = parts.directory
    this.logged = parts.logged
    this.#opened = parts.opened
    this.service = parts.opened.service
    this.server = parts.server
    this.address = parts.address
    this.metrics = parts.metrics
  }

  /** A token that opens one account, or is for that one alone. */
  invite(whose: Aor | null = null): Uint8Array {
    return this.#opened.invitations.create(whose)!.token
  }

  /** The program's client, signing as this device of a picture. */
  as(name: string): ReplicaClientPort {
    const client = replicaConnector(clientPorts())(account, this.address, requestSigner(name))
    this.#clients.push(client)
    return client
  }

  /** Opens the account of a picture (`drawn-chain.ts`) with an invitation, and adds the other links. */
  async holds(picture: string): Promise<void> {
    const [genesis, ...links] = draw(picture).values()
    const invitation = this.#opened.invitations.create()
    const a = this.as('A')
    await a.open(genesis!, { kind: 'invitation', token: invitation!.token })
    for (const link of links) await a.addLink(link, false)
  }

  raw(): Promise<RawConnection> {
    return RawConnection.open(this.address)
  }

  /** Stops the server; its directory stays. */
  async stop(): Promise<void> {
    for (const client of this.#clients) client.close()
    await this.halt()
  }

  /** Stops the server alone: its clients find nobody. */
  halt(): Promise<void> {
    this.#halted ??= this.server.stop().then(() => this.#opened.close())
    return this.#halted
  }

  async end(): Promise<void> {
    await this.stop()
    this.directory.remove()
  }
}

/** What a test wants to be wrong with a request. */
export interface RawWish {
  readonly by?: string
  readonly method?: string
  readonly target?: string
  readonly body?: Uint8Array
  readonly account?: string
  /** Signed, where it is something else than what is sent. */
  readonly signed?: {
    readonly method?: string
    readonly target?: string
    readonly body?: Uint8Array
    readonly host?: string
  }
  readonly channel?: Uint8Array
  readonly challenge?: Uint8Array
  /** Sent as `Host`. */
  readonly host?: string
}

const answerBytes = 8_388_608
const withinMs = 20_000
const none = new Uint8Array()

/** One TLS connection over which anything may be said. */
export class RawConnection {
  readonly #stream: ByteStream
  readonly #connection: HttpConnection
  readonly #address: ReplicaAddress

  static async open(address: ReplicaAddress): Promise<RawConnection> {
    const { host, port, spkiPins } = address
    const stream = await createConnector({ clock: systemClock }).stream({
      host,
      port,
      tls: { serverName: host, spkiPins },
    })
    if (!stream.ok) throw new Error(stream.error.kind)
    return new RawConnection(stream.value, address)
  }

  private constructor(stream: ByteStream, address: ReplicaAddress) {
    this.#stream = stream
    this.#connection = new HttpConnection(stream, systemClock)
    this.#address = address
  }

  get channel(): Uint8Array {
    return this.#connection.channel!
  }

  async challenge(): Promise<Uint8Array> {
    const answer = await this.send(this.#serialize({ target: '/replica/challenge', authorization: null }))
    return decodeBody(challengeAnswer, answer.body).challenge
  }

  /** Bytes of a signed request. */
  async signed(wish: RawWish = {}): Promise<Uint8Array> {
    const { by = 'A', method = 'GET', target = '/replica/heads', body = none, channel = this.channel } = wish
    const host = wish.signed?.host ?? this.#address.host
    const signing = new RequestSigning(
      { account: wish.account ?? account, by: requestSigner(by) },
      { host, clock: systemClock },
    )
    signing.setChallenge(wish.challenge ?? (await this.challenge()))
    const authorization = signing.authorization({ ...{ method, target, body, channel }, ...wish.signed })
    return this.#serialize({ ...wish, method, target, body, authorization })
  }

  /** Part of a request, whose rest is sent with {@link send}. */
  write(bytes: Uint8Array): void {
    this.#stream.write(bytes)
  }

  send(bytes: Uint8Array): Promise<HttpAnswer> {
    return this.#connection.exchange({ bytes, maxAnswerBytes: answerBytes, withinMs })
  }

  /** The problem that the server names, or the status. */
  async outcome(wish: RawWish = {}): Promise<string> {
    return outcomeOf(await this.send(await this.signed(wish)))
  }

  close(): void {
    this.#connection.close()
  }

  #serialize({ method = 'GET', target, body = none, authorization, host }: Sent): Uint8Array {
    const { host: name, port } = this.#address
    return serializeRequest({ method, target, authorization, host: host ?? `${name}:${port}` }, body)
  }
}

interface Sent {
  readonly method?: string
  readonly target: string
  readonly body?: Uint8Array
  readonly authorization: string | null
  readonly host?: string
}

export function outcomeOf(answer: HttpAnswer): string {
  return problemIn(answer)?.problem ?? String(answer.status)
}
