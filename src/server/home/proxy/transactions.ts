/** Runs the transaction machines of protocol/sip over flows: owns keys, timers and bounds (RFC 3261 §17). */
import { cseqOf, fromOf, headerLines, headerValue, tagOf, topVia } from '#protocol/sip/headers.ts'
import { newInviteClient, stepInviteClient } from '#protocol/sip/transaction/invite-client.ts'
import { newInviteServer, stepInviteServer } from '#protocol/sip/transaction/invite-server.ts'
import { clientKey, clientKeyOf, serverKeyOf } from '#protocol/sip/transaction/key.ts'
import { newNonInviteClient, stepNonInviteClient } from '#protocol/sip/transaction/non-invite-client.ts'
import { newNonInviteServer, stepNonInviteServer } from '#protocol/sip/transaction/non-invite-server.ts'
import type { ClientEvent, ServerEvent, Step, TimerName, TransactionEffect } from '#protocol/sip/transaction/machine.ts'
import type { SipHeader, SipRequest, SipResponse } from '#protocol/sip/message.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { Connection } from './connection.ts'
import type { ProxyLimits } from './limits.ts'

export interface ClientUser {
  response(response: SipResponse): void
  /** No answer in time, or the flow broke before one came. */
  failed(reason: 'timed-out' | 'transport-failed'): void
}

/** A machine with its state inside. */
interface Machine<Event> {
  phase(): string
  feed(event: Event): readonly TransactionEffect[]
}

function machine<State extends { readonly phase: string }, Event>(
  initial: State,
  step: (state: State, event: Event) => Step<State>,
): Machine<Event> {
  let state = initial
  return {
    phase: () => state.phase,
    feed: (event) => {
      const next = step(state, event)
      state = next.state
      return next.effects
    },
  }
}

interface TransactionSubject {
  readonly request: SipRequest
  readonly connection: Connection
  readonly key: string
}

/** A transaction in progress: its machine, its timers and the way to forget it. */
abstract class Running<Event> {
  readonly request: SipRequest
  readonly connection: Connection
  readonly key: string
  readonly #timers = new Map<TimerName, Timer>()
  readonly #clock: ClockPort
  readonly #machine: Machine<Event>
  readonly #forget: () => void

  constructor(subject: TransactionSubject, running: Machine<Event>, clock: ClockPort, forget: () => void) {
    this.request = subject.request
    this.connection = subject.connection
    this.key = subject.key
    this.#machine = running
    this.#clock = clock
    this.#forget = forget
  }

  get phase(): string {
    return this.#machine.phase()
  }

  /** Ends without a word: nobody wants the outcome any more. */
  abandon(): void {
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
    this.#forget()
  }

  protected abstract act(effect: TransactionEffect): void
  protected abstract timerEvent(timer: TimerName): Event

  protected feed(event: Event): void {
    for (const effect of this.#machine.feed(event)) this.#apply(effect)
  }

  #apply(effect: TransactionEffect): void {
    if (effect.kind === 'start-timer') {
      const { timer, delayMs } = effect
      this.#timers.get(timer)?.cancel()
      const started = this.#clock.after(delayMs, () => this.feed(this.timerEvent(timer)))
      this.#timers.set(timer, started)
    } else if (effect.kind === 'stop-timer') {
      this.#timers.get(effect.timer)?.cancel()
      this.#timers.delete(effect.timer)
    } else if (effect.kind === 'terminated') this.abandon()
    else this.act(effect)
  }
}

export class ClientTransaction extends Running<ClientEvent> {
  readonly #user: ClientUser

  constructor(subject: TransactionSubject, clock: ClockPort, user: ClientUser, forget: () => void) {
    const { isReliable } = subject.connection
    const running =
      subject.request.method === 'INVITE'
        ? machine(newInviteClient(isReliable), stepInviteClient)
        : machine(newNonInviteClient(isReliable), stepNonInviteClient)
    super(subject, running, clock, forget)
    this.#user = user
  }

  start(): void {
    this.feed({ kind: 'start' })
  }

  response(response: SipResponse): void {
    this.feed({ kind: 'response', response })
  }

  flowClosed(): void {
    this.feed({ kind: 'transport-error' })
  }

  protected override timerEvent(timer: TimerName): ClientEvent {
    return { kind: 'timer', timer }
  }

  protected override act(effect: TransactionEffect): void {
    if (effect.kind === 'send-request') this.#sendRequest()
    else if (effect.kind === 'send-ack') this.connection.send(ackFor(this.request, effect.response))
    else if (effect.kind === 'deliver') this.#user.response(effect.response)
    else if (effect.kind === 'timed-out' || effect.kind === 'transport-failed') this.#user.failed(effect.kind)
  }

  #sendRequest(): void {
    if (!this.connection.send(this.request)) this.feed({ kind: 'transport-error' })
  }
}

export class ServerTransaction extends Running<ServerEvent> {
  /** Set by the proxy core while an INVITE is being forked: what a CANCEL stops. */
  cancel: ((reasons?: readonly string[]) => void) | null = null

  constructor(subject: TransactionSubject, clock: ClockPort, forget: () => void) {
    const { isReliable } = subject.connection
    const running =
      subject.request.method === 'INVITE'
        ? machine(newInviteServer(isReliable), stepInviteServer)
        : machine(newNonInviteServer(isReliable), stepNonInviteServer)
    super(subject, running, clock, forget)
  }

  repeat(): void {
    this.feed({ kind: 'request' })
  }

  ack(): void {
    this.feed({ kind: 'ack' })
  }

  respond(response: SipResponse): void {
    this.feed({ kind: 'respond', response })
  }

  protected override timerEvent(timer: TimerName): ServerEvent {
    return { kind: 'timer', timer }
  }

  protected override act(effect: TransactionEffect): void {
    if (effect.kind === 'send-response') this.connection.send(effect.response)
  }
}

/** ACK for a 3xx–6xx: same branch and Routes as the INVITE, To from the response (RFC 3261 §17.1.1.3). */
function ackFor(invite: SipRequest, response: SipResponse): SipRequest {
  const to = headerValue(response, 'to') ?? headerValue(invite, 'to') ?? ''
  const keep = (name: string): SipHeader[] => headerLines(invite, name).map((value) => ({ name, value }))
  const headers: SipHeader[] = [
    ...keep('via').slice(0, 1),
    ...keep('route'),
    { name: 'max-forwards', value: '70' },
    ...keep('from'),
    { name: 'to', value: to },
    ...keep('call-id'),
    { name: 'cseq', value: `${cseqOf(invite).sequence} ACK` },
  ]
  return { kind: 'request', method: 'ACK', uri: invite.uri, headers, body: new Uint8Array(0) }
}

export class Transactions {
  readonly #clock: ClockPort
  readonly #limits: ProxyLimits
  readonly #servers = new Map<string, ServerTransaction>()
  readonly #clients = new Map<string, ClientTransaction>()

  constructor(clock: ClockPort, limits: ProxyLimits) {
    this.#clock = clock
    this.#limits = limits
  }

  get size(): number {
    return this.#servers.size + this.#clients.size
  }

  /** The transaction a request repeats, acknowledges, or (`as` INVITE) cancels; only on the flow it came over. */
  find(request: SipRequest, connection: Connection, as: 'own' | 'INVITE' = 'own'): ServerTransaction | null {
    return this.#servers.get(`${connection.number} ${serverKeyOf(request, as)}`) ?? null
  }

  /** Null when a bound is reached: answer 503 statelessly. */
  startServer(request: SipRequest, connection: Connection): ServerTransaction | null {
    if (this.size >= this.#limits.transactions || connection.transactions >= this.#limits.transactionsPerFlow)
      return null
    const key = `${connection.number} ${serverKeyOf(request)}`
    connection.transactions += 1
    const transaction = new ServerTransaction({ request, connection, key }, this.#clock, () => {
      if (this.#servers.delete(key)) connection.transactions -= 1
    })
    this.#servers.set(key, transaction)
    return transaction
  }

  /** Sends `request`, whose top Via is ours, over the flow. */
  startClient(request: SipRequest, connection: Connection, user: ClientUser): ClientTransaction {
    const branch = topVia(request)?.parameters.get('branch') ?? ''
    const key = `${connection.number} ${clientKey(branch, request.method)}`
    const transaction = new ClientTransaction({ request, connection, key }, this.#clock, user, () => {
      this.#clients.delete(key)
    })
    this.#clients.set(key, transaction)
    transaction.start()
    return transaction
  }

  /** False when the response belongs to nothing: it is dropped (RFC 3261 §16.7, RFC 6026 §8.8). */
  response(response: SipResponse, connection: Connection): boolean {
    const transaction = this.#clients.get(`${connection.number} ${clientKeyOf(response)}`)
    if (transaction === undefined || !sameCall(transaction.request, response)) return false
    transaction.response(response)
    return true
  }

  flowClosed(connection: Connection): void {
    for (const transaction of [...this.#clients.values()]) {
      if (transaction.connection === connection) transaction.flowClosed()
    }
    for (const transaction of [...this.#servers.values()]) {
      if (transaction.connection !== connection) continue
      // Nobody is left to answer: stop asking others on the caller's behalf.
      transaction.cancel?.()
      transaction.abandon()
    }
  }

  stop(): void {
    for (const transaction of [...this.#servers.values(), ...this.#clients.values()]) transaction.abandon()
  }
}

/** A response may only answer the call its branch was made for. */
function sameCall(request: SipRequest, response: SipResponse): boolean {
  if (headerValue(request, 'call-id') !== headerValue(response, 'call-id')) return false
  return tagOf(fromOf(request)) === tagOf(fromOf(response))
}
