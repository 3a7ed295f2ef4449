/** A SIP domain without sockets: simulated flows, phones that register and answer, a mailbox that remembers. */
import {
  answerChallenge,
  chooseChallenge,
  computeHa1,
  parseChallenges,
  serializeAuthorization,
} from '#protocol/sip/digest.ts'
import { cseqOf, headerLines, headerValue, topVia, withHeader, withoutHeader } from '#protocol/sip/headers.ts'
import { parseSip } from '#protocol/sip/parse.ts'
import { serializeSip } from '#protocol/sip/serialize.ts'
import type { DigestAlgorithm } from '#protocol/sip/digest.ts'
import type { SipHeader, SipMessage, SipRequest, SipResponse } from '#protocol/sip/message.ts'
import type { LogFields, LogPort } from '#shared/ports/log.ts'
import { ok } from '#shared/result.ts'
import { FakeClock } from '#test/fakes/fake-clock.ts'
import { SeededRandom } from '#test/fakes/seeded-random.ts'
import { buildResponse, type Answer } from '#server/home/proxy/respond.ts'
import { SipProxy } from '#server/home/proxy/sip-proxy.ts'
import type { FlowTransport, SipFlow } from '#server/home/proxy/flow.ts'
import type { MailboxPort, ProxyPorts, StoredMessage } from '#server/home/proxy/ports.ts'

export const domain = 'example.com'

export class FakeFlow implements SipFlow {
  static #next = 1
  readonly id: string
  readonly transport: FlowTransport
  readonly remote: { host: string; port: number }
  readonly local: { host: string; port: number }
  bufferedBytes = 0
  isOpen = true
  /** Everything the proxy sent, parsed; CRLFs as they came. */
  readonly sent: (SipMessage | '\r\n')[] = []
  onSent: (message: SipMessage) => void = () => undefined
  #handle: (message: Uint8Array | string) => void = () => undefined
  readonly #closers: (() => void)[] = []

  constructor(transport: FlowTransport = 'ws') {
    const number = FakeFlow.#next
    FakeFlow.#next += 1
    this.id = `flow-${number}`
    this.transport = transport
    this.remote = { host: `192.0.2.${number % 250}`, port: 30_000 + number }
    const ports = { udp: 5060, tcp: 5060, tls: 5061, ws: 8080, wss: 8443 }
    this.local = { host: '127.0.0.1', port: ports[transport] }
  }

  send(message: Uint8Array | string): void {
    if (!this.isOpen) return
    if (message === '\r\n') this.sent.push(message)
    else {
      const parsed = parseSip(typeof message === 'string' ? Buffer.from(message) : message)
      this.sent.push(parsed)
      this.onSent(parsed)
    }
  }

  /** Bytes from the far end. */
  input(message: Uint8Array | string): void {
    if (this.isOpen) this.#handle(message)
  }

  get statuses(): number[] {
    return this.sent.flatMap((message) =>
      typeof message === 'object' && message.kind === 'response' ? [message.status] : [],
    )
  }

  close(): void {
    if (!this.isOpen) return
    this.isOpen = false
    for (const closer of this.#closers) closer()
  }

  onMessage(handler: (message: Uint8Array | string) => void): void {
    this.#handle = handler
  }

  onClose(handler: () => void): void {
    this.#closers.push(handler)
  }
}

export class FakeMailbox implements MailboxPort {
  readonly known = new Map<string, Set<string>>()
  readonly stored: { user: string; instances: readonly string[]; message: StoredMessage; id: string }[] = []
  readonly forgotten: { user: string; instance: string; id: string }[] = []
  failure: 'mailbox-full' | 'mailbox-failed' | null = null

  devices(user: string): readonly string[] {
    return [...(this.known.get(user) ?? [])]
  }

  deviceSeen(user: string, instance: string): void {
    this.known.set(user, (this.known.get(user) ?? new Set()).add(instance))
  }

  store(user: string, instances: readonly string[], message: StoredMessage): ReturnType<MailboxPort['store']> {
    if (this.failure !== null) return Promise.resolve({ ok: false, error: this.failure })
    const id = String(this.stored.length)
    this.stored.push({ user, instances, message, id })
    return Promise.resolve(ok(id))
  }

  forget(user: string, instance: string, id: string): void {
    this.forgotten.push({ user, instance, id })
  }
}

/** Keeps every line, so that a test can look for what must not be in it. */
export class FakeLog implements LogPort {
  readonly lines: string[] = []

  debug(event: string, fields?: LogFields): void {
    this.lines.push(JSON.stringify([event, fields]))
  }
  info = this.debug.bind(this)
  warn = this.debug.bind(this)
  error = this.debug.bind(this)
  child(): LogPort {
    return this
  }
}

export class FakeDomain {
  readonly clock = new FakeClock()
  readonly random: SeededRandom
  readonly mailbox = new FakeMailbox()
  readonly log = new FakeLog()
  readonly passwords = new Map([
    ['alice', 'wonderland'],
    ['bob', 'builder'],
    ['carol', 'singer'],
    ['echo', 'echo'],
  ])
  /** Users who let phones in that know MD5 alone. */
  readonly lettingPhonesIn = new Set<string>()
  readonly proxy: SipProxy

  constructor(options: Partial<ProxyPorts> = {}, seed = 'proxy') {
    this.random = new SeededRandom(seed)
    const accounts = {
      exists: (user: string) => this.passwords.has(user),
      ha1: (user: string, realm: string, algorithm: DigestAlgorithm) => {
        const password = this.passwords.get(user)
        const isKept = algorithm === 'SHA-256' || this.lettingPhonesIn.has(user)
        return password === undefined || !isKept ? null : computeHa1(algorithm, user, realm, password)
      },
    }
    const { clock, random, log, mailbox } = this
    this.proxy = new SipProxy({ clock, random, log, mailbox, accounts, domain, aliases: ['127.0.0.1'], ...options })
  }

  flow(transport: FlowTransport = 'ws'): FakeFlow {
    const flow = new FakeFlow(transport)
    this.proxy.acceptFlow(flow)
    return flow
  }

  phone(user: string, options: { transport?: FlowTransport; instance?: string | null } = {}): FakePhone {
    return new FakePhone(this, user, options)
  }

  async registered(
    user: string,
    options: { transport?: FlowTransport; instance?: string | null } = {},
  ): Promise<FakePhone> {
    const phone = this.phone(user, options)
    const response = await phone.register()
    if (response.status !== 200) throw new Error(`REGISTER got ${response.status}`)
    return phone
  }
}

export interface RequestOptions {
  readonly headers?: readonly SipHeader[]
  readonly body?: string
  readonly from?: string
  readonly to?: string
  readonly callId?: string
  readonly sequence?: number
  readonly algorithm?: DigestAlgorithm
  readonly password?: string
  /** False: send once, without answering a challenge. */
  readonly answer?: boolean
}

/** A user agent on one flow. Answers 200 to what reaches it unless told otherwise. */
export class FakePhone {
  readonly flow: FakeFlow
  readonly user: string
  readonly instance: string | null
  readonly contact: string
  readonly requests: SipRequest[] = []
  readonly responses: SipResponse[] = []
  answer: (request: SipRequest) => Answer | null = () => ({ status: 200 })
  readonly #domain: FakeDomain
  readonly #waiting = new Map<string, (response: SipResponse) => void>()
  readonly tag: string
  #number = 0

  constructor(world: FakeDomain, user: string, options: { transport?: FlowTransport; instance?: string | null }) {
    this.#domain = world
    this.user = user
    this.tag = this.#hex(4)
    this.instance =
      options.instance === undefined ? `urn:uuid:00000000-0000-4000-8000-${this.#hex(6)}` : options.instance
    this.flow = world.flow(options.transport)
    this.contact = `sip:${user}@${this.#hex(4)}.invalid;transport=${this.flow.transport}`
    this.flow.onSent = (message) => this.#receive(message)
  }

  async register(headers: readonly SipHeader[] = [], expires = 600): Promise<SipResponse> {
    const instance = this.instance === null ? '' : `;reg-id=1;+sip.instance="<${this.instance}>"`
    const contact = { name: 'contact', value: `<${this.contact}>${instance};expires=${expires}` }
    const supported = { name: 'supported', value: 'path, outbound, gruu' }
    return this.send('REGISTER', `sip:${domain}`, {
      to: `<sip:${this.user}@${domain}>`,
      headers: [contact, supported, ...headers],
    })
  }

  /** Sends a request and, when challenged, once more with a digest; resolves with the final response. */
  async send(method: string, uri: string, options: RequestOptions = {}): Promise<SipResponse> {
    const request = this.build(method, uri, options)
    const first = await this.transact(request)
    if ((first.status !== 401 && first.status !== 407) || options.answer === false) return first
    return this.transact(this.authorize(request, first, options))
  }

  build(method: string, uri: string, options: RequestOptions = {}): SipRequest {
    this.#number += 1
    const headers: SipHeader[] = [
      { name: 'via', value: this.via() },
      { name: 'max-forwards', value: '70' },
      { name: 'from', value: options.from ?? `<sip:${this.user}@${domain}>;tag=${this.tag}` },
      { name: 'to', value: options.to ?? `<${uri}>` },
      { name: 'call-id', value: options.callId ?? this.#hex(8) },
      { name: 'cseq', value: `${options.sequence ?? this.#number} ${method}` },
      ...(options.headers ?? []),
    ]
    return { kind: 'request', method, uri, headers, body: Buffer.from(options.body ?? '') }
  }

  via(): string {
    return `SIP/2.0/${this.flow.transport.toUpperCase()} ${this.#hex(4)}.invalid;rport;branch=z9hG4bK${this.#hex(8)}`
  }

  authorize(request: SipRequest, challenge: SipResponse, options: RequestOptions = {}): SipRequest {
    const isProxy = challenge.status === 407
    const challenges = parseChallenges(headerLines(challenge, isProxy ? 'proxy-authenticate' : 'www-authenticate'))
    const available = options.algorithm === undefined ? (['MD5', 'SHA-256'] as const) : [options.algorithm]
    const chosen = chooseChallenge(challenges, { realm: domain, strongest: null, available })
    if (!chosen.ok) throw new Error(chosen.error)
    const password = options.password ?? this.#domain.passwords.get(this.user) ?? ''
    const ha1 = computeHa1(chosen.value.algorithm, this.user, domain, password)
    const { method, uri, body } = request
    const input = { ha1, method, uri, body, nc: '00000001', cnonce: this.#hex(8) }
    const value = serializeAuthorization(answerChallenge(chosen.value, this.user, input))
    this.#number = Math.max(this.#number, cseqOf(request).sequence) + 1
    const renumbered = withHeader(request, 'cseq', `${this.#number} ${method}`)
    return withHeader(
      withHeader(withoutHeader(renumbered, 'via'), 'via', this.via()),
      isProxy ? 'proxy-authorization' : 'authorization',
      value,
    )
  }

  /** Sends exactly this and waits for its final response. */
  transact(request: SipRequest): Promise<SipResponse> {
    return new Promise((resolve) => {
      const key = `${topVia(request)?.parameters.get('branch') ?? ''} ${request.method}`
      this.#waiting.set(key, resolve)
      this.input(request)
    })
  }

  input(message: SipMessage): void {
    this.flow.input(serializeSip(message))
  }

  respond(request: SipRequest, answer: Answer): void {
    const contact = { name: 'contact', value: `<${this.contact}>` }
    this.input(buildResponse(request, { ...answer, headers: [contact, ...(answer.headers ?? [])] }, this.tag))
  }

  /** Requests of one method that came in. */
  got(method: string): SipRequest[] {
    return this.requests.filter((request) => request.method === method)
  }

  #receive(message: SipMessage): void {
    if (message.kind === 'response') {
      this.responses.push(message)
      if (message.status >= 200) this.#waiting.get(answerKey(message))?.(message)
      return
    }
    this.requests.push(message)
    if (message.method === 'ACK') return
    const answer = this.answer(message)
    if (answer !== null) queueMicrotask(() => this.respond(message, answer))
  }

  #hex(bytes: number): string {
    return Buffer.from(this.#domain.random.bytes(bytes)).toString('hex')
  }
}

/** Answers to malformed requests repeat their faults: read without a parser. */
function answerKey(response: SipResponse): string {
  const branch = /;\s*branch=([^;,\s]+)/.exec(valueOf(response, 'via'))?.[1] ?? ''
  return `${branch} ${/\S+$/.exec(valueOf(response, 'cseq'))?.[0] ?? ''}`
}

/** Shorthand for a header's value in assertions. */
export function valueOf(message: SipMessage | undefined, name: string): string {
  return message === undefined ? '' : (headerValue(message, name) ?? '')
}
