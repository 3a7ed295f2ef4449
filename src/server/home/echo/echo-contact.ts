import { answerEcho, type EchoAnswer, type EchoBody } from './echo-replies.ts'
import type { LocalExchange, LocalUser } from '../proxy/api.ts'
import { headerValue } from '#protocol/sip/headers.ts'
import type { SipRequest, SipResponse } from '#protocol/sip/message.ts'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { echoUser } from '#shared/home/api.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { LogPort } from '#shared/ports/log.ts'
import type { RandomPort } from '#shared/ports/random.ts'

export { echoUser }

const accepted = 'message/cpim, text/plain, application/sdp'
const allow = { name: 'allow', value: 'INVITE, ACK, CANCEL, BYE, UPDATE, INFO, MESSAGE, OPTIONS' }

/** Sessions of the echo contact: chats and calls. The SIP side hands INVITE and what belongs to dialogs over. */
export interface EchoSessions {
  handle(exchange: LocalExchange): void
  stop(): void
}

/** Seems to think for a moment, so that the typing notice can be seen. */
const thinkMs = 150
/** Answers under way; beyond it the sender is told to come back later. */
const maxBusy = 500
const maxKnown = 10_000

/** The echo contact: a user agent in the server that answers every line with itself. */
export class EchoContact {
  readonly #domain: string
  readonly #clock: ClockPort
  readonly #random: RandomPort
  readonly #log: LogPort
  readonly #local: LocalUser
  readonly #sessions: EchoSessions
  /** Who has had the introduction; forgotten when the server ends. */
  readonly #known = new Set<string>()
  /** Per user, what is being sent: one after the other. */
  readonly #lanes = new Map<string, Promise<void>>()
  #busy = 0

  constructor(ports: {
    readonly domain: string
    readonly clock: ClockPort
    readonly random: RandomPort
    readonly log: LogPort
    readonly register: (handler: (exchange: LocalExchange) => void) => LocalUser
    readonly makeSessions: (echo: EchoContact) => EchoSessions
  }) {
    this.#domain = ports.domain
    this.#clock = ports.clock
    this.#random = ports.random
    this.#log = ports.log
    this.#sessions = ports.makeSessions(this)
    this.#local = ports.register((exchange) => this.#handle(exchange))
  }

  get contactUri(): string {
    return this.#local.contactUri
  }

  /** Sends a request inside a dialog; resolves with the final answer. */
  send(request: SipRequest): Promise<SipResponse | null> {
    return this.#local.send(request)
  }

  /**
   * Answers one body through `send`, in order; resolves when the last answer is on its way. False at once when too much
   * is under way.
   */
  answer(user: string, body: EchoBody, send: (body: EchoBody) => Promise<void>): boolean {
    if (user === echoUser) return true
    if (this.#busy >= maxBusy) return false
    this.#busy += 1
    const answer = this.#answerFor(user, body)
    const before = this.#lanes.get(user) ?? Promise.resolve()
    const lane = before
      .then(() => this.#say(answer, send))
      .catch((_cause: unknown) => this.#log.warn('echo-failed'))
      .finally(() => {
        this.#busy -= 1
        if (this.#lanes.get(user) === lane) this.#lanes.delete(user)
      })
    this.#lanes.set(user, lane)
    return true
  }

  stop(): void {
    this.#sessions.stop()
    this.#local.stop()
  }

  #handle(exchange: LocalExchange): void {
    const { method } = exchange.request
    switch (method) {
      case 'MESSAGE':
        this.#handleMessage(exchange)
        return
      case 'OPTIONS':
        exchange.respond({ status: 200, headers: [{ name: 'accept', value: accepted }, allow] })
        return
      case 'INVITE':
      case 'ACK':
      case 'BYE':
      case 'UPDATE':
      case 'INFO':
        this.#sessions.handle(exchange)
        return
      default:
        exchange.respond({ status: 405, headers: [allow] })
    }
  }

  #handleMessage(exchange: LocalExchange): void {
    const { request, from } = exchange
    const contentType = headerValue(request, 'content-type') ?? 'text/plain'
    const readable = headerValue(request, 'content-encoding') === undefined
    const body = { contentType, payload: request.body }
    const taken = !readable || this.answer(from, body, (reply) => this.#sendMessage(from, reply))
    exchange.respond({ status: taken ? 200 : 503 })
  }

  async #sendMessage(user: string, body: EchoBody): Promise<void> {
    const to = this.#aorOf(user)
    await this.#local.send({
      kind: 'request',
      method: 'MESSAGE',
      uri: to,
      headers: [
        { name: 'from', value: `"Echo" <${this.#aorOf(echoUser)}>` },
        { name: 'to', value: `<${to}>` },
        { name: 'content-type', value: body.contentType },
      ],
      body: body.payload,
    })
  }

  #answerFor(user: string, body: EchoBody): EchoAnswer {
    const answer = answerEcho(body, {
      echo: this.#aorOf(echoUser),
      peer: this.#aorOf(user),
      now: this.#clock.now(),
      isFirstContact: !this.#known.has(user),
      newMessageId: () => toBase64Url(this.#random.bytes(16)),
    })
    if (answer.later.length > 0 && this.#known.size < maxKnown) this.#known.add(user)
    return answer
  }

  async #say(answer: EchoAnswer, send: (body: EchoBody) => Promise<void>): Promise<void> {
    for (const body of answer.atOnce) await send(body)
    if (answer.later.length === 0) return
    await new Promise<void>((resolve) => this.#clock.after(thinkMs, resolve))
    for (const body of answer.later) await send(body)
  }

  #aorOf(user: string): string {
    return `sip:${user}@${this.#domain}`
  }
}
