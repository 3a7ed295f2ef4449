/** In-process user agents (the echo contact): a flow without a socket, and the little a UA needs on top of it. */
import { SipParseError } from '#protocol/sip/errors.ts'
import { cseqOf, fromOf, headerValue, topVia, uriOf, withHeader } from '#protocol/sip/headers.ts'
import { newBranch, newCallId, newTag } from '#protocol/sip/ids.ts'
import { parseSip } from '#protocol/sip/parse.ts'
import { serializeSip } from '#protocol/sip/serialize.ts'
import { clientKeyOf, serverKeyOf } from '#protocol/sip/transaction/key.ts'
import type { SipRequest, SipResponse } from '#protocol/sip/message.ts'
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { AcceptedInvites } from './accepted-invites.ts'
import { buildResponse, type Answer } from './respond.ts'
import { userOf } from './routing.ts'
import type { LocalExchange, LocalHandler } from './api.ts'
import type { SipFlow } from './flow.ts'

interface Waiting {
  readonly request: SipRequest
  readonly resolve: (response: SipResponse) => void
  readonly timer: Timer
}

const answerMs = 40_000
const outstanding = 1_000

export class LocalEndpoint {
  readonly flow: SipFlow
  readonly #ports: { clock: ClockPort; random: RandomPort }
  readonly #user: string
  readonly #handler: LocalHandler
  readonly #waiting = new Map<string, Waiting>()
  readonly #cancels = new Map<string, () => void>()
  readonly #accepted: AcceptedInvites
  #toProxy: (message: Uint8Array) => void = () => undefined
  #onClose: () => void = () => undefined
  #isOpen = true

  constructor(user: string, handler: LocalHandler, ports: { clock: ClockPort; random: RandomPort }) {
    this.#user = user
    this.#handler = handler
    this.#ports = ports
    this.#accepted = new AcceptedInvites(ports.clock)
    const address = { host: 'local.invalid', port: 5060 }
    this.flow = {
      ...{ id: `local-${user}`, transport: 'ws', remote: address, local: address, bufferedBytes: 0 },
      send: (message) => this.#later(() => this.#receive(typeof message === 'string' ? Buffer.from(message) : message)),
      close: () => this.#close(),
      onMessage: (handle) => (this.#toProxy = handle),
      onClose: (handle) => (this.#onClose = handle),
    }
  }

  /** See `LocalUser.send`. */
  send(request: SipRequest): Promise<SipResponse | null> {
    const complete = this.#complete(request)
    const branch = topVia(complete)?.parameters.get('branch') ?? ''
    if (complete.method === 'ACK') {
      this.#later(() => this.#toProxy(serializeSip(complete)))
      return Promise.resolve(null)
    }
    if (this.#waiting.size >= outstanding)
      return Promise.resolve(buildResponse(complete, { status: 503 }, newTag(this.#ports.random)))
    return new Promise((resolve) => {
      const key = `${complete.method} ${branch}`
      const timer = this.#ports.clock.after(answerMs, () => {
        this.#waiting.delete(key)
        resolve(buildResponse(complete, { status: 408 }, newTag(this.#ports.random)))
      })
      this.#waiting.set(key, { request: complete, resolve, timer })
      this.#later(() => this.#toProxy(serializeSip(complete)))
    })
  }

  #complete(request: SipRequest): SipRequest {
    const { random } = this.#ports
    const via = `SIP/2.0/WS local.invalid:5060;branch=${newBranch(random)}`
    let complete: SipRequest = { ...request, headers: [{ name: 'via', value: via }, ...request.headers] }
    const from = headerValue(complete, 'from') ?? `<sip:${this.#user}>`
    if (!/;\s*tag\s*=/i.test(from)) complete = withHeader(complete, 'from', `${from};tag=${newTag(random)}`)
    const defaults = { 'max-forwards': '70', 'call-id': newCallId(random), cseq: `1 ${request.method}` }
    for (const [name, value] of Object.entries(defaults)) {
      if (headerValue(complete, name) === undefined) complete = withHeader(complete, name, value)
    }
    return complete
  }

  #later(run: () => void): void {
    // Never inside the proxy's own call: a handler may answer before the transaction is in place.
    queueMicrotask(() => {
      if (this.#isOpen) run()
    })
  }

  #receive(bytes: Uint8Array): void {
    const message = parseSip(bytes)
    if (message.kind === 'response') this.#resolve(message)
    else if (message.method === 'CANCEL') this.#cancelled(message)
    else this.#handle(this.#exchange({ ...message, body: Uint8Array.from(message.body) }))
  }

  /** Header values that only a user agent reads may be malformed; no request may end the server. */
  #handle(exchange: LocalExchange): void {
    try {
      if (exchange.request.method === 'ACK') this.#accepted.acknowledged(exchange.request)
      this.#handler(exchange)
    } catch (error) {
      exchange.respond({ status: error instanceof SipParseError ? 400 : 500 })
    }
  }

  #resolve(response: SipResponse): void {
    const key = clientKeyOf(response)
    const waiting = this.#waiting.get(key)
    if (waiting === undefined || response.status < 200) return
    waiting.timer.cancel()
    this.#waiting.delete(key)
    waiting.resolve(response)
  }

  #cancelled(cancel: SipRequest): void {
    this.#toProxy(serializeSip(buildResponse(cancel, { status: 200 }, newTag(this.#ports.random))))
    this.#cancels.get(serverKeyOf(cancel, 'INVITE'))?.()
  }

  #exchange(request: SipRequest): LocalExchange {
    const tag = newTag(this.#ports.random)
    const key = serverKeyOf(request)
    let isDone = request.method === 'ACK'
    let unacknowledged = (): void => undefined
    const respond = (answer: Answer): void => {
      if (isDone || !this.#isOpen) return
      isDone = answer.status >= 200
      if (isDone) this.#cancels.delete(key)
      const response = buildResponse(request, answer, tag)
      const bytes = serializeSip(response)
      this.#toProxy(bytes)
      if (request.method !== 'INVITE' || answer.status < 200 || answer.status >= 300) return
      this.#accepted.wait(
        response,
        () => this.#toProxy(bytes),
        () => unacknowledged(),
      )
    }
    const onUnacknowledged = (handler: () => void): void => {
      unacknowledged = handler
    }
    const onCancel = (handler: () => void): void => {
      if (!isDone && cseqOf(request).method === 'INVITE') this.#cancels.set(key, handler)
    }
    return { request, from: fromUser(request), toTag: tag, respond, onCancel, onUnacknowledged }
  }

  #close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    for (const { request, resolve, timer } of this.#waiting.values()) {
      timer.cancel()
      resolve(buildResponse(request, { status: 503 }, newTag(this.#ports.random)))
    }
    this.#waiting.clear()
    this.#accepted.stop()
    this.#cancels.clear()
    this.#onClose()
  }
}

/** The proxy lets through only requests whose From is the authenticated user. */
function fromUser(request: SipRequest): string {
  const uri = uriOf(fromOf(request))
  return uri.scheme === 'sip' || uri.scheme === 'sips' ? userOf(uri) : ''
}
