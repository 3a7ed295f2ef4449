/** The SIP domain's registrar and transaction-stateful proxy: accepts flows, answers and forwards (RFC 3261 §10, §16). */
import { statusOfParseCode, SipParseError } from '#protocol/sip/errors.ts'
import { fromOf, headerLines, headerValue, serializeDate, uriOf } from '#protocol/sip/headers.ts'
import { newTag } from '#protocol/sip/ids.ts'
import { escapeUser } from '#protocol/sip/uri.ts'
import type { SipHeader, SipMessage, SipRequest, SipResponse } from '#protocol/sip/message.ts'
import { Authenticator, type Challenger } from './authentication.ts'
import { Connection, type ConnectionUser } from './connection.ts'
import { DeviceSender } from './device-sender.ts'
import { Dialogs } from './dialogs.ts'
import { Fork } from './fork.ts'
import { stampVia } from './forward.ts'
import { defaultLimits, type ProxyLimits } from './limits.ts'
import { LocalEndpoint } from './local-user.ts'
import { Location, type Binding } from './location.ts'
import { MessageDelivery } from './message-delivery.ts'
import { RateLimit, RateTable } from './rate.ts'
import { Registrar } from './registrar.ts'
import { buildResponse, type Answer } from './respond.ts'
import { RouteTokens } from './route-token.ts'
import { decideRoute, userOf, type RouteDecision } from './routing.ts'
import { Targets } from './targets.ts'
import { Transactions, type ServerTransaction } from './transactions.ts'
import type { BindingView, LocalHandler, LocalUser } from './api.ts'
import type { SipFlow } from './flow.ts'
import type { ProxyPorts, StoredMessage } from './ports.ts'

/** A request on its way through: as it came, the transaction that will answer it, and who sent it. */
interface Arrival {
  readonly request: SipRequest
  readonly connection: Connection
  readonly server: ServerTransaction
}

const allowedAtServer: readonly SipHeader[] = [{ name: 'allow', value: 'OPTIONS, REGISTER' }]
const serverMethods: ReadonlySet<string> = new Set([
  ...['INVITE', 'MESSAGE', 'SUBSCRIBE', 'NOTIFY', 'PUBLISH', 'INFO', 'REFER', 'UPDATE', 'PRACK', 'BYE'],
])

export class SipProxy implements ConnectionUser {
  readonly #ports: ProxyPorts
  readonly #limits: ProxyLimits
  readonly #ownHosts: ReadonlySet<string>
  readonly #connections = new Map<number, Connection>()
  readonly #transactions: Transactions
  readonly #location: Location
  readonly #registrar: Registrar
  readonly #authenticator: Authenticator
  readonly #tokens: RouteTokens
  readonly #dialogs: Dialogs
  readonly #targets: Targets
  readonly #deviceSender: DeviceSender
  readonly #userRates: RateTable
  readonly #registeredHandlers = new Set<(binding: BindingView) => void>()
  #nextNumber = 1

  constructor(ports: ProxyPorts) {
    const limits = { ...defaultLimits, ...ports.limits }
    this.#ports = ports
    this.#limits = limits
    this.#ownHosts = new Set([ports.domain, ...(ports.aliases ?? [])].map((host) => host.toLowerCase()))
    this.#transactions = new Transactions(ports.clock, limits)
    this.#location = new Location(ports.clock, limits)
    this.#registrar = new Registrar(this.#location, ports, limits)
    this.#authenticator = new Authenticator(ports, limits)
    this.#tokens = new RouteTokens(ports.random)
    this.#dialogs = new Dialogs(this.#location, this.#connections)
    this.#targets = new Targets({ location: this.#location, tokens: this.#tokens, realm: ports.domain })
    this.#deviceSender = new DeviceSender(this.#transactions, ports, limits.messageBranchMs)
    this.#userRates = new RateTable(
      () => new RateLimit(ports.clock, limits.userRequestsPerSecond, limits.userRequestBurst),
      limits.bindings,
    )
  }

  /** Takes a new flow from a listener; past the bound it is closed at once. */
  acceptFlow(flow: SipFlow): void {
    this.#accept(flow, null)
  }

  /** An in-process user agent of the domain; it needs no account, and its requests and answers no digest. */
  registerLocal(user: string, handler: LocalHandler): LocalUser {
    const endpoint = new LocalEndpoint(user, handler, this.#ports)
    const connection = this.#accept(endpoint.flow, user)
    const contactUri = `sip:${escapeUser(user)}@local.invalid`
    if (connection !== null) {
      const slot = {
        id: Buffer.from(this.#ports.random.bytes(9)).toString('base64url'),
        user,
        instance: '',
        regId: null,
      }
      const times = { expiresAt: Infinity, registeredAt: this.#ports.clock.monotonic() }
      this.#location.put({
        ...slot,
        ...times,
        contact: contactUri,
        parameters: '',
        path: [],
        connection,
        callId: '',
        sequence: 0,
      })
    }
    return { contactUri, send: (request) => endpoint.send(request), stop: () => endpoint.flow.close() }
  }

  /** Calls `handler` after each REGISTER that added or refreshed a binding was answered. Returns a disposer. */
  onRegistered(handler: (binding: BindingView) => void): () => void {
    this.#registeredHandlers.add(handler)
    return () => this.#registeredHandlers.delete(handler)
  }

  /** Live bindings of a user. */
  bindings(user: string): BindingView[] {
    return this.#location.bindings(user).map((binding) => this.#location.view(binding))
  }

  /** Sends a stored message to one device; 408 = no answer in time, 430 = its flow or binding is gone. */
  sendTo(binding: BindingView, message: StoredMessage): Promise<SipResponse> {
    const found = this.#location.bindings(binding.user).find(({ contact, connection }) => {
      return contact === binding.contact && connection.flow.id === binding.flowId
    })
    return this.#deviceSender.send(found ?? null, message)
  }

  /** Forgets the user's bindings and closes his flows: account closed or password changed. */
  disconnectUser(user: string): void {
    this.#location.remove(user, ({ connection }) => connection.trustedUser === null)
    for (const connection of [...this.#connections.values()]) {
      if (connection.users.has(user) && connection.trustedUser === null) connection.close()
    }
  }

  /** Counts for tests and health checks; no names, no addresses. */
  get counts(): { readonly flows: number; readonly transactions: number; readonly bindings: number } {
    return { flows: this.#connections.size, transactions: this.#transactions.size, bindings: this.#location.size }
  }

  stop(): void {
    this.#transactions.stop()
    for (const connection of [...this.#connections.values()]) connection.close()
    this.#registeredHandlers.clear()
  }

  #accept(flow: SipFlow, trustedUser: string | null): Connection | null {
    if (this.#connections.size >= this.#limits.flows) {
      this.#ports.log.warn('sip.flows-full')
      flow.close()
      return null
    }
    const number = this.#nextNumber
    this.#nextNumber += 1
    const ports = { clock: this.#ports.clock, limits: this.#limits }
    const connection = new Connection(flow, { number, trustedUser }, ports, this)
    this.#connections.set(number, connection)
    return connection
  }

  closed(connection: Connection): void {
    this.#connections.delete(connection.number)
    this.#location.flowClosed(connection)
    this.#transactions.flowClosed(connection)
  }

  refused(connection: Connection, error: SipParseError): void {
    this.#ports.log.debug('sip.malformed', { code: error.code, transport: connection.flow.transport })
    if (!connection.requests.take()) {
      connection.close()
      return
    }
    const { partial } = error
    if (partial === null || partial.method === 'ACK') return
    this.#answerStateless(connection, partial, { status: statusOfParseCode(error.code) })
  }

  received(connection: Connection, message: SipMessage): void {
    try {
      if (message.kind === 'request') this.#handleRequest(connection, message)
      else this.#transactions.response(message, connection)
    } catch (error) {
      const request = message.kind === 'request' ? message : null
      // Header values that only routing reads may still be malformed; anything else is the disk's fault, or a bug.
      if (error instanceof SipParseError) this.refused(connection, new SipParseError(error.code, undefined, request))
      else this.#fail(connection, request)
    }
  }

  /** One request that could not be handled must not end the server for everybody. */
  #fail(connection: Connection, request: SipRequest | null): void {
    this.#ports.log.error('sip.handling-failed', { transport: connection.flow.transport })
    if (request !== null && request.method !== 'ACK') this.#answerStateless(connection, request, { status: 500 })
  }

  #handleRequest(connection: Connection, request: SipRequest): void {
    const existing = this.#transactions.find(request, connection)
    if (existing !== null && request.method !== 'ACK') {
      existing.repeat()
      return
    }
    if (request.method === 'ACK') {
      this.#handleAck(connection, request, existing)
      return
    }
    if (connection.trustedUser === null && !connection.requests.take()) {
      this.#answerStateless(connection, request, { status: 503, headers: [{ name: 'retry-after', value: '5' }] })
      return
    }
    if (request.method === 'CANCEL') this.#handleCancel(connection, request)
    else this.#startRequest(connection, request)
  }

  #startRequest(connection: Connection, request: SipRequest): void {
    const decision = this.#decide(request)
    const server = this.#transactions.startServer(stampVia(request, connection), connection)
    if (server === null) {
      this.#answerStateless(connection, request, { status: 503, headers: [{ name: 'retry-after', value: '10' }] })
      return
    }
    const arrival = { request, connection, server }
    try {
      this.#dispatch(arrival, decision)
    } catch (error) {
      server.abandon()
      throw error
    }
  }

  #decide(request: SipRequest): RouteDecision {
    if (this.#tokens.hasLooped(request)) return { kind: 'refuse', status: 482 }
    return decideRoute(request, {
      isOwnHost: (host) => this.#ownHosts.has(host),
      openToken: (text) => this.#tokens.open(text, request),
    })
  }

  #dispatch(arrival: Arrival, decision: RouteDecision): void {
    switch (decision.kind) {
      case 'refuse':
        this.#answer(arrival, decision)
        return
      case 'self':
        this.#answerAsServer(arrival)
        return
      case 'register':
        this.#register(arrival, decision.user)
        return
      case 'dialog':
        this.#forwardInDialog(arrival, decision)
        return
      case 'user':
        this.#toUser(arrival, decision)
    }
  }

  #answerAsServer(arrival: Arrival): void {
    const { method } = arrival.request
    if (method === 'OPTIONS') {
      const headers = [...allowedAtServer, { name: 'supported', value: 'path, outbound, gruu' }]
      this.#answer(arrival, { status: 200, headers })
    } else if (serverMethods.has(method)) this.#answer(arrival, { status: 405, headers: allowedAtServer })
    else this.#answer(arrival, { status: 501 })
  }

  #register(arrival: Arrival, user: string): void {
    const proven = this.#authenticate(arrival, 'registrar')
    if (proven === null) return
    if (proven !== user) {
      this.#answer(arrival, { status: 403 })
      return
    }
    const { answer, registered } = this.#registrar.register(arrival.request, arrival.connection, user)
    for (const binding of registered) this.#ports.mailbox.deviceSeen(user, binding.instance)
    this.#answer(arrival, answer)
    for (const binding of registered) this.#announce(binding)
  }

  #announce(binding: Binding): void {
    for (const handler of this.#registeredHandlers) handler(this.#location.view(binding))
  }

  #toUser(arrival: Arrival, decision: Extract<RouteDecision, { kind: 'user' }>): void {
    const sender = this.#authenticate(arrival, 'proxy')
    if (sender === null) return
    if (!this.#isFrom(arrival.request, sender)) this.#answer(arrival, { status: 403 })
    else if (!this.#isUser(decision.user)) this.#answer(arrival, { status: 404 })
    else if (arrival.request.method === 'MESSAGE') this.#deliverMessage(arrival, decision, sender)
    else this.#fork(arrival, decision, sender)
  }

  #fork(arrival: Arrival, decision: Extract<RouteDecision, { kind: 'user' }>, sender: string): void {
    const targets = this.#targets.forRequest(arrival.request, arrival.connection, { ...decision, sender })
    if (targets.length === 0) {
      this.#answer(arrival, { status: 480 })
      return
    }
    if (arrival.request.method === 'INVITE') this.#answer(arrival, { status: 100 })
    this.#startFork(arrival, targets)
  }

  #startFork({ server }: Arrival, targets: ReturnType<Targets['forRequest']>): void {
    const { clock, random } = this.#ports
    const timerCMs = Math.max(180_000, this.#limits.timerCMs)
    new Fork(server, { clock, transactions: this.#transactions, timerCMs, tag: newTag(random) }).start(targets)
  }

  #deliverMessage(arrival: Arrival, decision: Extract<RouteDecision, { kind: 'user' }>, sender: string): void {
    const { recipients } = this.#targets.forMessage(arrival.request, arrival.connection, { ...decision, sender })
    const { clock, log, mailbox, domain, random } = this.#ports
    const delivery = new MessageDelivery(arrival.server, recipients, {
      ...{ clock, log, mailbox, domain, transactions: this.#transactions, tag: newTag(random) },
      branchMs: this.#limits.messageBranchMs,
      graceMs: this.#limits.messageGraceMs,
    })
    delivery.start()
  }

  #forwardInDialog(arrival: Arrival, decision: Extract<RouteDecision, { kind: 'dialog' }>): void {
    const { request, connection } = arrival
    const next = this.#dialogs.next(decision.token, connection)
    if (next.kind === 'stranger' || !this.#isFromAnyOf(request, connection)) this.#answer(arrival, { status: 403 })
    else if (next.kind === 'gone') this.#answer(arrival, { status: 480 })
    else this.#startFork(arrival, [this.#targets.inDialog(request, next.connection, decision.routes)])
  }

  #handleAck(connection: Connection, ack: SipRequest, existing: ServerTransaction | null): void {
    if (existing !== null && existing.phase !== 'accepted' && existing.phase !== 'proceeding') {
      existing.ack()
      return
    }
    const decision = this.#decide(ack)
    if (decision.kind !== 'dialog' || !this.#isFromAnyOf(ack, connection)) return
    const next = this.#dialogs.next(decision.token, connection)
    if (next.kind === 'found')
      next.connection.send(this.#targets.inDialog(ack, next.connection, decision.routes).request)
  }

  #handleCancel(connection: Connection, request: SipRequest): void {
    const invite = this.#transactions.find(request, connection, 'INVITE')
    const server = this.#transactions.startServer(stampVia(request, connection), connection)
    if (server === null) return
    this.#answer({ request, connection, server }, { status: invite === null ? 481 : 200 })
    invite?.cancel?.(headerLines(request, 'reason'))
  }

  /** The proven user, or null when the request has been answered. */
  #authenticate(arrival: Arrival, challenger: Challenger): string | null {
    const { connection, request } = arrival
    if (connection.trustedUser !== null) return connection.trustedUser
    const result = this.#authenticator.authenticate(request, challenger, connection.flow.transport)
    if (result.kind === 'proven') {
      connection.users.add(result.user)
      if (this.#userRates.take(result.user)) return result.user
      this.#answer(arrival, { status: 503, headers: [{ name: 'retry-after', value: '5' }] })
      return null
    }
    this.#answer(arrival, result)
    if (result.kind === 'refused' || result.wrong) this.#countFailure(connection)
    return null
  }

  #countFailure(connection: Connection): void {
    connection.authenticationFailures += 1
    if (connection.authenticationFailures >= this.#limits.authenticationFailures) connection.close()
  }

  /** Has an account, or lives in this process. */
  #isUser(user: string): boolean {
    const { accounts } = this.#ports
    return (
      accounts.exists(user) || this.#location.bindings(user).some(({ connection }) => connection.trustedUser === user)
    )
  }

  #isFrom(request: SipRequest, user: string): boolean {
    const uri = uriOf(fromOf(request))
    if (uri.scheme !== 'sip' && uri.scheme !== 'sips') return false
    return this.#ownHosts.has(uri.host) && userOf(uri) === user
  }

  #isFromAnyOf(request: SipRequest, connection: Connection): boolean {
    return [...connection.users].some((user) => this.#isFrom(request, user))
  }

  #answer(arrival: Arrival, answer: Answer): void {
    const tag = newTag(this.#ports.random)
    arrival.server.respond(buildResponse(arrival.server.request, answer, tag))
  }

  #answerStateless(connection: Connection, request: SipRequest, answer: Answer): void {
    const headers = [...(answer.headers ?? [])]
    if (headerValue(request, 'via') === undefined) return
    headers.push({ name: 'date', value: serializeDate(this.#ports.clock.now()) })
    connection.send(buildResponse(request, { ...answer, headers }, newTag(this.#ports.random)))
  }
}
