import { createSocket } from 'node:dgram'
import { createConnector } from '#main/platform/sockets/connector.ts'
import { systemClock } from '#main/platform/system-clock.ts'
import { answerChallenge, chooseChallenge, parseChallenges, serializeAuthorization } from '#protocol/sip/digest.ts'
import { SipStreamFramer } from '#protocol/sip/framing.ts'
import { headerLines, headerValue } from '#protocol/sip/headers.ts'
import { newBranch, newCallId, newTag } from '#protocol/sip/ids.ts'
import type { SipHeader, SipMessage, SipRequest, SipResponse } from '#protocol/sip/message.ts'
import { parseSip } from '#protocol/sip/parse.ts'
import { serializeSip } from '#protocol/sip/serialize.ts'
import type { FlowTransport } from '#server/home/proxy/flow.ts'
import { systemRandom } from '#server/home/system-ports.ts'
import type { HomeEndpoint } from '#shared/home/api.ts'

const connector = createConnector({ clock: systemClock })
const random = systemRandom

/** The wire below a phone: whole SIP messages out and in. */
interface Wire {
  readonly via: string
  send(bytes: Uint8Array): void
  close(): void
}

export interface PhoneOptions {
  readonly server: HomeEndpoint
  readonly transport: FlowTransport
  readonly user: string
  readonly ha1Sha256: string
  readonly instance?: string
}

/** What a request says beyond method and URI; the tags are for requests inside a dialog. */
export interface RequestExtra {
  readonly to?: string
  readonly headers?: readonly SipHeader[]
  readonly body?: string | Uint8Array
  readonly callId?: string
  readonly fromTag?: string
  readonly toTag?: string
}

/** A SIP user agent for tests, over real sockets; answers requests with 200 unless `answer` says otherwise. */
export class SocketPhone {
  readonly received: SipRequest[] = []
  /** Statuses of the provisional answers that came. */
  readonly provisional: number[] = []
  /** Status for the next requests; null leaves them unanswered. */
  answer: (request: SipRequest) => number | null = () => 200
  readonly #options: PhoneOptions
  readonly #waiting = new Map<string, (response: SipResponse) => void>()
  readonly #rejections = new Set<(cause: Error) => void>()
  readonly #arrivals = new Set<() => void>()
  #wire!: Wire
  #isClosed = false
  #sequence = 1

  static async connect(options: PhoneOptions): Promise<SocketPhone> {
    const phone = new SocketPhone(options)
    phone.#wire = await openWire(options, (bytes) => phone.#receive(bytes))
    return phone
  }

  private constructor(options: PhoneOptions) {
    this.#options = options
  }

  get aor(): string {
    return `sip:${this.#options.user}@${this.#options.server.domain}`
  }

  /** What goes into Contact. */
  get contact(): string {
    return `sip:${this.#options.user}@device.invalid;transport=${this.#options.transport}`
  }

  /** Binds this phone; resolves with the final response. */
  register(expires = 600): Promise<SipResponse> {
    const { instance, server } = this.#options
    const parameters = instance === undefined ? '' : `;+sip.instance="<${instance}>"`
    return this.request('REGISTER', `sip:${server.domain}`, {
      to: this.aor,
      headers: [
        { name: 'contact', value: `<${this.contact}>${parameters}` },
        { name: 'expires', value: String(expires) },
      ],
    })
  }

  message(to: string, body: string | Uint8Array, contentType = 'text/plain'): Promise<SipResponse> {
    return this.request('MESSAGE', to, { body, headers: [{ name: 'content-type', value: contentType }] })
  }

  /** Sends a request and, when it is challenged, once more with credentials. */
  async request(method: string, uri: string, extra: RequestExtra = {}): Promise<SipResponse> {
    const base = this.#headersOf(uri, extra)
    const body = typeof extra.body === 'string' ? Buffer.from(extra.body) : (extra.body ?? new Uint8Array())
    const request: SipRequest = { kind: 'request', method, uri, headers: base, body }
    const first = await this.#exchange(request)
    const isProxy = first.status === 407
    if (first.status !== 401 && !isProxy) return first
    const challenge = chooseChallenge(
      parseChallenges(headerLines(first, isProxy ? 'proxy-authenticate' : 'www-authenticate')),
      { realm: this.#options.server.domain, strongest: null, available: ['SHA-256'] },
    )
    if (!challenge.ok) return first
    const value = serializeAuthorization(
      answerChallenge(challenge.value, this.#options.user, {
        ...{ ha1: this.#options.ha1Sha256, method, uri, body, nc: '00000001' },
        cnonce: newTag(random),
      }),
    )
    const credentials = { name: isProxy ? 'proxy-authorization' : 'authorization', value }
    return this.#exchange({ ...request, headers: [...base, credentials] })
  }

  /** Acknowledges a 2xx, inside its dialog. */
  acknowledge(uri: string, extra: RequestExtra & { readonly sequence: number }): void {
    const headers = [
      { name: 'via', value: `${this.#wire.via};branch=${newBranch(random)};rport` },
      { name: 'max-forwards', value: '70' },
      { name: 'cseq', value: `${extra.sequence} ACK` },
      ...this.#headersOf(uri, extra),
    ]
    this.raw(serializeSip({ kind: 'request', method: 'ACK', uri, headers, body: new Uint8Array() }))
  }

  #headersOf(uri: string, extra: RequestExtra): SipHeader[] {
    const toTag = extra.toTag === undefined ? '' : `;tag=${extra.toTag}`
    return [
      { name: 'from', value: `<${this.aor}>;tag=${extra.fromTag ?? newTag(random)}` },
      { name: 'to', value: `<${extra.to ?? uri}>${toTag}` },
      { name: 'call-id', value: extra.callId ?? newCallId(random) },
      ...(extra.headers ?? []),
    ]
  }

  /** Sends bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.#wire.send(bytes)
  }

  /** The `count`th received request that fits; waits for it up to 5 s. */
  async got(fits: (request: SipRequest) => boolean = () => true, count = 1): Promise<SipRequest> {
    const deadline = Date.now() + 5_000
    for (;;) {
      const found = this.received.filter(fits)[count - 1]
      if (found !== undefined) return found
      if (Date.now() > deadline) throw new Error(`nothing arrived for ${this.aor}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100)
        this.#arrivals.add(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#wire.close()
    for (const reject of this.#rejections) reject(new Error('phone was closed'))
  }

  #exchange(request: SipRequest): Promise<SipResponse> {
    const branch = newBranch(random)
    const headers = [
      { name: 'via', value: `${this.#wire.via};branch=${branch};rport` },
      { name: 'max-forwards', value: '70' },
      { name: 'cseq', value: `${this.#sequence} ${request.method}` },
      ...request.headers,
    ]
    this.#sequence += 1
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${request.method} was not answered`)), 8_000)
      const fail = (cause: Error): void => {
        clearTimeout(timer)
        reject(cause)
      }
      this.#rejections.add(fail)
      this.#waiting.set(branch, (response) => {
        clearTimeout(timer)
        this.#rejections.delete(fail)
        resolve(response)
      })
      this.#wire.send(serializeSip({ ...request, headers }))
    })
  }

  #receive(bytes: Uint8Array): void {
    const message: SipMessage = parseSip(bytes)
    if (message.kind === 'response') {
      const branch = /;branch=([^;]+)/.exec(headerValue(message, 'via') ?? '')?.[1] ?? ''
      if (message.status < 200) this.provisional.push(message.status)
      else this.#waiting.get(branch)?.(message)
      return
    }
    const status = this.answer(message)
    if (status !== null && message.method !== 'ACK') this.#respond(message, status)
    this.received.push({ ...message, body: Uint8Array.from(message.body) })
    for (const wake of [...this.#arrivals]) wake()
    this.#arrivals.clear()
  }

  #respond(request: SipRequest, status: number): void {
    const copied = request.headers.filter(({ name }) => ['via', 'from', 'call-id', 'cseq'].includes(name))
    const to = { name: 'to', value: `${headerValue(request, 'to') ?? ''};tag=${newTag(random)}` }
    this.#wire.send(
      serializeSip({ kind: 'response', status, reason: 'Test', headers: [...copied, to], body: new Uint8Array() }),
    )
  }
}

async function openWire(options: PhoneOptions, onMessage: (bytes: Uint8Array) => void): Promise<Wire> {
  switch (options.transport) {
    case 'udp':
      return openUdp(options.server, onMessage)
    case 'tcp':
    case 'tls':
      return openStream(options, onMessage)
    case 'ws':
    case 'wss':
      return openWebSocket(options, onMessage)
  }
}

async function openUdp({ host, ports }: HomeEndpoint, onMessage: (bytes: Uint8Array) => void): Promise<Wire> {
  const socket = createSocket('udp4')
  socket.on('message', (bytes) => onMessage(bytes))
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  return {
    via: `SIP/2.0/UDP 127.0.0.1:${socket.address().port}`,
    send: (bytes) => socket.send(bytes, ports.sipUdp, host),
    close: () => socket.close(),
  }
}

async function openStream({ server, transport }: PhoneOptions, onMessage: (bytes: Uint8Array) => void): Promise<Wire> {
  const isTls = transport === 'tls'
  const opened = await connector.stream({
    host: server.host,
    port: isTls ? server.ports.sipTls : server.ports.sipTcp,
    ...(isTls ? { tls: { serverName: server.domain, spkiPins: [server.spkiPin] } } : {}),
  })
  if (!opened.ok) throw new Error(`no connection: ${opened.error.kind}`)
  const framer = new SipStreamFramer('server')
  opened.value.onData((bytes) => {
    for (const input of framer.push(bytes)) if (input.kind === 'message') onMessage(input.bytes)
  })
  opened.value.onClose(() => undefined)
  return {
    via: `SIP/2.0/${transport.toUpperCase()} device.invalid:5060`,
    send: (bytes) => void opened.value.write(bytes),
    close: () => opened.value.close(),
  }
}

async function openWebSocket(
  { server, transport }: PhoneOptions,
  onMessage: (bytes: Uint8Array) => void,
): Promise<Wire> {
  const isTls = transport === 'wss'
  const url = isTls ? `wss://${server.host}:${server.ports.https}/` : `ws://${server.host}:${server.ports.ws}/`
  const tls = isTls ? { serverName: server.domain, spkiPins: [server.spkiPin] } : undefined
  const opened = await connector.webSocket(url, 'sip', tls)
  if (!opened.ok) throw new Error(`no connection: ${opened.error.kind}`)
  opened.value.onMessage((message) => onMessage(typeof message === 'string' ? Buffer.from(message) : message))
  opened.value.onClose(() => undefined)
  return {
    via: `SIP/2.0/${transport.toUpperCase()} device.invalid:5060`,
    send: (bytes) => opened.value.send(Buffer.from(bytes).toString('utf8')),
    close: () => opened.value.close(),
  }
}
