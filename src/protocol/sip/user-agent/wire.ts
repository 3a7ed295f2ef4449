/**
 * Stands between the library and the flow as the library's socket: everything either side says is parsed, judged and
 * rewritten here. The library sees one well-behaved server; the server sees a careful client.
 */
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { cseqOf, headerItems, headerLines, headerValue, tagOf, toOf, withHeader, withoutHeader } from '../headers.ts'
import type { SipMessage, SipRequest, SipResponse } from '../message.ts'
import { parseSip } from '../parse.ts'
import { serializeSip } from '../serialize.ts'
import { BoundedMap } from './bounded-map.ts'
import { BranchMap } from './branch-map.ts'
import { CseqShift } from './cseq-shift.ts'
import { descriptionOf, Descriptions, withoutDescription, type Description } from './descriptions.ts'
import { DigestGuard } from './digest-guard.ts'
import { ForkGuard } from './fork-guard.ts'
import { IncomingRequests, nameOf } from './incoming-requests.ts'
import type { LibrarySocket } from './jssip.ts'
import type { LiveSessions } from './live-sessions.ts'
import { realStatusHeader } from './negotiation.ts'
import { bareDescription } from './normalise.ts'
import {
  bodyTicketHeader,
  isCallId,
  startsSomething,
  withAbilities,
  withContact,
  withServiceRoute,
  withTicketedBody,
  withVia,
  type TicketedBody,
} from './outgoing.ts'
import { PrackClient } from './prack-client.ts'
import { PrackServer } from './prack-server.ts'
import { SessionTimers } from './session-timers.ts'
import { judgeResponse, type ResponseFacts } from './responses.ts'
import type { DigestSecrets, IncomingMessage, SipFlow } from './user-agent.ts'

export interface WireOptions {
  readonly domain: string
  readonly transport: string
  /** Host that the library writes into Contact and Via. */
  readonly placeholder: string
  readonly contactUser: string
  readonly secrets: DigestSecrets
  readonly live: LiveSessions
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly log: LogPort
  readonly onMessage: (message: IncomingMessage) => void
  readonly onFact: (fact: ResponseFacts) => void
}

/** The library's socket, and the place where its traffic is put right. */
export class Wire implements LibrarySocket {
  readonly url: string
  readonly via_transport = 'WS'
  readonly sip_uri: string
  onconnect?: () => void
  ondisconnect?: (error: boolean, code: number, reason: string) => void
  ondata?: (text: string) => void
  readonly #digest: DigestGuard
  #isRegistered = false
  #serviceRoute: readonly string[] = []
  readonly #options: WireOptions
  readonly #branches: BranchMap
  readonly #shift = new CseqShift()
  readonly #forks: ForkGuard
  readonly #timers: SessionTimers
  readonly #pracks: PrackClient
  readonly #ringing: PrackServer
  readonly #incoming: IncomingRequests
  readonly #descriptions = new Descriptions()
  readonly #bodies = new BoundedMap<string, TicketedBody>(256)
  #flow: SipFlow | null = null
  #bodyCounter = 0
  #isLeaving = false

  constructor(options: WireOptions) {
    this.#options = options
    this.url = `${options.transport}://${options.domain}`
    this.sip_uri = `sip:${options.domain};transport=${options.transport}`
    this.#digest = new DigestGuard(options.secrets, options.random)
    this.#branches = new BranchMap(options.random)
    this.#forks = new ForkGuard(options.random, this.#shift)
    this.#timers = new SessionTimers(options.clock, options.live)
    this.#pracks = new PrackClient(options.random, this.#shift)
    this.#ringing = new PrackServer({
      ...options,
      send: (response) => this.#transmit(response),
      onSilence: (response) => options.live.find(response)?.end(504),
    })
    this.#incoming = new IncomingRequests({
      ...options,
      isRegistered: () => this.#isRegistered,
      send: (message) => this.#transmit(message),
      forward: (request) => this.#forward(request),
      tooOften: (request) => this.#timers.heard(request),
      acknowledge: (prack) => this.#ringing.acknowledge(prack),
    })
  }

  get flow(): SipFlow | null {
    return this.#flow
  }

  /** Nothing: flows are opened by the owner, and come through {@link attach}. */
  connect(): void {
    return
  }

  disconnect(): void {
    this.#flow?.close()
    this.#flow = null
  }

  attach(flow: SipFlow): void {
    this.#flow = flow
    flow.onMessage((bytes) => {
      if (this.#flow === flow) this.#receive(bytes)
    })
    this.onconnect?.()
  }

  /** The flow is gone: transactions fail, dialogs stay. */
  detach(): void {
    this.#flow = null
    this.#isRegistered = false
    this.#incoming.reset()
    this.#ringing.reset()
    this.#options.live.flowLost()
    this.ondisconnect?.(true, 0, 'flow lost')
  }

  /** From now on no request is taken, and a 2xx to REGISTER registers nothing. */
  leave(): void {
    this.#isLeaving = true
    this.#isRegistered = false
  }

  /** The library took a request. */
  noteTransaction(): void {
    this.#incoming.noteTransaction()
  }

  /** Keeps bytes, and a Call-ID, for the request that will carry the returned extra header. */
  ticketFor(body: Uint8Array, callId: string | null = null): string {
    const ticket = `b${(this.#bodyCounter += 1)}`
    this.#bodies.set(ticket, { body, callId: callId !== null && isCallId(callId) ? callId : null })
    return `${bodyTicketHeader}: ${ticket}`
  }

  /** The description behind what the library took for one. */
  readDescription(ticket: string): Description | null {
    return this.#descriptions.read(ticket)
  }

  /** From the library: one whole message as text. */
  send(text: string): boolean {
    if (this.#flow === null) return false
    try {
      const message = parseSip(Buffer.from(text, 'utf8'))
      if (message.kind === 'request') this.#sendRequest(message, this.#flow)
      else this.#sendResponse(message, this.#flow)
      return true
    } catch (error) {
      this.#options.log.error('library message unusable', { error: nameOf(error) })
      return false
    }
  }

  #sendResponse(written: SipResponse, flow: SipFlow): void {
    const response = this.#incoming.fitResponse(withContact(written, flow, this.#options.placeholder))
    const fit = this.#ringing.fit(withAbilities(this.#timers.answering(response), cseqOf(response).method))
    if (fit !== null) this.#transmit(fit)
  }

  #sendRequest(written: SipRequest, flow: SipFlow): void {
    const libraryBranch = /branch=([^;,\s]+)/.exec(headerValue(written, 'via') ?? '')?.[1] ?? ''
    const branch = this.#branches.wireBranch(libraryBranch, written)
    let request = withTicketedBody(written, (ticket) => this.#bodies.get(ticket))
    request = withContact(withVia(request, flow, branch), flow, this.#options.placeholder)
    request = this.#shift.outgoing(this.#incoming.fitRequest(this.#withRoutes(request, branch)))
    request = this.#withCredentials(withAbilities(this.#timers.outgoing(request), request.method))
    this.#branches.remember(branch, { libraryBranch, request })
    if (request.method === 'INVITE' && tagOf(toOf(request)) === null) this.#forks.sent(request)
    else if (request.method === 'CANCEL') this.#forks.cancelled(request)
    this.#transmit(request)
  }

  #withRoutes(request: SipRequest, branch: string): SipRequest {
    if (startsSomething(request)) return withServiceRoute(request, this.#serviceRoute)
    // RFC 3261 §9.1, §17.1.1.3: CANCEL and the ACK of a refusal take the way of their INVITE.
    const invite = ['ACK', 'CANCEL'].includes(request.method) ? this.#branches.find(branch, 'INVITE') : null
    return invite === null ? request : withServiceRoute(request, headerLines(invite.request, 'route'))
  }

  /** Swaps the library's dummy credentials, made for our dummy challenge, for real ones. */
  #withCredentials(request: SipRequest): SipRequest {
    let fitted = request
    for (const name of ['authorization', 'proxy-authorization']) {
      const dummy = headerValue(request, name)
      if (dummy === undefined) continue
      const ticket = /nonce="([^"]*)"/.exec(dummy)?.[1] ?? ''
      const real = this.#digest.authorize(ticket, request)
      fitted = real === null ? withoutHeader(fitted, name) : withHeader(fitted, name, real)
    }
    return fitted
  }

  #transmit(message: SipMessage): void {
    this.#flow?.send(serializeSip(message))
  }

  #receive(bytes: Uint8Array): void {
    const message = this.#incoming.read(bytes)
    if (message?.kind === 'request') this.#incoming.handle(message)
    if (message?.kind !== 'response') return
    try {
      this.#receiveResponse(message)
    } catch (error) {
      // Bad headers that no check covers, or the library's own grammar: the transaction runs into its time-out.
      this.#options.log.warn('response unusable', { status: message.status, error: nameOf(error) })
    }
  }

  #receiveResponse(response: SipResponse): void {
    const vias = headerItems(response, 'via')
    const branch = /;[ \t]*branch=([^;,\s]+)/i.exec(vias[0] ?? '')?.[1] ?? ''
    const { method } = cseqOf(response)
    const sent = vias.length === 1 ? this.#branches.find(branch, method) : null
    if (sent === null || this.#isUnwanted(response, sent.request)) return
    const { response: judged, fact } = judgeResponse(this.#fit(response, method), sent.request, this.#digest)
    if (fact !== null) this.#noteFact(fact)
    const via = `SIP/2.0/WS ${this.#options.placeholder};branch=${sent.libraryBranch}`
    this.#toLibrary(this.#forLibrary(withHeader(bareDescription(judged), 'via', via), sent.request))
  }

  /** Provisional descriptions go past the library, which knows one of them only; so does 491, which it repeats wrongly. */
  #forLibrary(response: SipResponse, request: SipRequest): SipResponse {
    this.#timers.answered(response)
    const plain = withoutHeader(response, realStatusHeader)
    if (request.method !== 'INVITE') return plain
    if (tagOf(toOf(request)) !== null && plain.status === 491) {
      return withHeader({ ...plain, status: 500 }, realStatusHeader, '491')
    }
    if (plain.status >= 200) return plain
    const { status } = plain
    const provisional = { status, toTag: tagOf(toOf(plain)), sdp: descriptionOf(plain) }
    this.#options.live.find(plain)?.heardProvisional(provisional)
    return withoutDescription(plain)
  }

  #fit(response: SipResponse, method: string): SipResponse {
    const counted = this.#shift.response(response)
    return method === 'INVITE' ? this.#pracks.withAnswer(counted) : counted
  }

  /** Forks nobody wants are ended, reliable provisional responses acknowledged, and known ones dropped. */
  #isUnwanted(response: SipResponse, request: SipRequest): boolean {
    if (request.method !== 'INVITE' || response.status > 299) return false
    if (response.status >= 200) {
      const ending = this.#forks.judge(response)
      for (const end of ending ?? []) this.#transmit(end)
      return ending !== null
    }
    const { kind, prack } = this.#pracks.judge(response, request)
    if (prack !== null) this.#transmit(prack)
    return kind === 'drop'
  }

  #forward(request: SipRequest): void {
    if (request.method === 'INVITE' && tagOf(toOf(request)) === null) this.#ringing.heard(request)
    this.#toLibrary(this.#shift.notification(request))
  }

  #noteFact(fact: ResponseFacts): void {
    if (fact.expectsPongs) this.#flow?.expectPongs()
    if (fact.serviceRoute !== null && !this.#isLeaving) {
      this.#serviceRoute = fact.serviceRoute
      this.#isRegistered = true
    }
    this.#options.onFact(fact)
    if (this.#isRegistered) this.#incoming.registered()
  }

  #toLibrary(message: SipMessage): void {
    this.ondata?.(Buffer.from(serializeSip(this.#descriptions.park(message))).toString('utf8'))
  }
}
