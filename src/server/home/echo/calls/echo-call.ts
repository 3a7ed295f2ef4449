/** One call with the echo contact, from its INVITE to its BYE. */
import { withHeader } from '#protocol/sip/headers.ts'
import type { SipHeader, SipRequest } from '#protocol/sip/message.ts'
import type { Timer } from '#shared/ports/clock.ts'
import type { LocalExchange } from '../../proxy/api.ts'
import { readCallOffer, type CallOffer } from './call-offer.ts'
import { EchoDialog } from './echo-dialog.ts'
import { EchoMedia, type EchoMediaPorts } from './echo-media.ts'
import { refusesTimer, sessionTimerOf } from './session-timer.ts'

export interface EchoCallPorts extends EchoMediaPorts {
  readonly contactUri: () => string
  readonly send: (request: SipRequest) => Promise<unknown>
  readonly onEnded: () => void
}

/** It rings for a moment, as a person's phone does. */
const ringMs = 250
const longestMs = 30 * 60_000
const silenceMs = 60_000
const watchMs = 5_000
const callMethods = 'INVITE, ACK, CANCEL, BYE, UPDATE, INFO, MESSAGE, OPTIONS'

export class EchoCall {
  readonly #ports: EchoCallPorts
  readonly #dialog: EchoDialog
  readonly #media: EchoMedia
  readonly #invite: LocalExchange
  #timers: Timer[] = []
  #expiry: Timer | null = null
  #heardAt: number
  #state: 'ringing' | 'talking' | 'ended' = 'ringing'
  #isNegotiating = false

  /** Rings, and answers after a moment; `host` is the address that media is bound to. */
  constructor(invite: LocalExchange, offer: CallOffer, host: string, ports: EchoCallPorts) {
    this.#ports = ports
    this.#invite = invite
    this.#dialog = new EchoDialog(invite)
    this.#heardAt = ports.clock.monotonic()
    this.#media = new EchoMedia({ host, user: invite.from }, ports, {
      onHeard: () => (this.#heardAt = ports.clock.monotonic()),
      onFailed: () => this.#hangUp('SIP;cause=488;text="No keys were agreed"'),
    })
    invite.onCancel(() => {
      invite.respond({ status: 487 })
      this.#end()
    })
    invite.respond({ status: 180, headers: [this.#contact] })
    this.#after(ringMs, () => {
      this.#pickUp(offer).catch((_cause: unknown) => this.#giveUp())
    })
  }

  /** A request with this call's Call-ID. */
  handle(exchange: LocalExchange): void {
    const { request } = exchange
    if (request.method === 'ACK') return
    if (!this.#dialog.owns(exchange)) exchange.respond({ status: 481 })
    else if (!this.#dialog.takes(request)) exchange.respond({ status: 500 })
    else this.#inDialog(exchange)
  }

  /** Ends the call from our side. */
  stop(): void {
    this.#hangUp('SIP;cause=503;text="The server ends"')
  }

  get #contact(): SipHeader {
    return { name: 'contact', value: `<${this.#ports.contactUri()}>` }
  }

  #inDialog(exchange: LocalExchange): void {
    const { method } = exchange.request
    if (method === 'BYE') {
      exchange.respond({ status: 200 })
      if (this.#state === 'ringing') this.#invite.respond({ status: 487 })
      this.#end()
    } else if (method === 'INVITE' || method === 'UPDATE') this.#renegotiate(exchange)
    else exchange.respond({ status: 200 })
  }

  async #pickUp(offer: CallOffer): Promise<void> {
    const answer = await this.#media.answer(offer)
    if (this.#isOver()) return
    if (answer === null) {
      this.#giveUp()
      return
    }
    this.#state = 'talking'
    this.#heardAt = this.#ports.clock.monotonic()
    this.#agree(this.#invite, answer)
    this.#after(longestMs, () => this.#hangUp('SIP;cause=480;text="Half an hour is enough"'))
    this.#watch()
  }

  #giveUp(): void {
    this.#invite.respond({ status: 500 })
    this.#end()
  }

  /** Hold, pictures, another path; without a description it is the session timer's refresh (RFC 4028). */
  #renegotiate(exchange: LocalExchange): void {
    if (this.#state === 'ringing' || this.#isNegotiating) {
      exchange.respond({ status: 491 })
      return
    }
    if (refusesTimer(exchange)) return
    if (exchange.request.body.length === 0) {
      this.#agree(exchange, exchange.request.method === 'INVITE' ? this.#media.description : null)
      return
    }
    const offer = offerOf(exchange)
    if (offer === null) {
      exchange.respond({ status: 488 })
      return
    }
    this.#isNegotiating = true
    const nothing = (): null => null
    void this.#media
      .answer(offer)
      .catch(nothing)
      .then((answer) => this.#renegotiated(exchange, answer))
  }

  #renegotiated(exchange: LocalExchange, answer: string | null): void {
    this.#isNegotiating = false
    this.#heardAt = this.#ports.clock.monotonic()
    if (answer === null || this.#isOver()) exchange.respond({ status: 500 })
    else this.#agree(exchange, answer)
  }

  #agree(exchange: LocalExchange, description: string | null): void {
    const headers: SipHeader[] = [
      this.#contact,
      { name: 'allow', value: callMethods },
      { name: 'supported', value: 'timer' },
      ...this.#expire(exchange.request),
    ]
    if (description !== null) headers.push({ name: 'content-type', value: 'application/sdp' })
    exchange.onUnacknowledged(() => this.#hangUp('SIP;cause=408;text="Nobody acknowledged the answer"'))
    exchange.respond({ status: 200, headers, body: Buffer.from(description ?? '') })
  }

  /** Begins the session interval anew; returns the headers that say so. */
  #expire(request: SipRequest): readonly SipHeader[] {
    const timer = sessionTimerOf(request)
    this.#expiry?.cancel()
    this.#expiry = null
    if (timer === null || timer === 'too-small') return []
    this.#expiry = this.#ports.clock.after(timer.endsAfterMs, () =>
      this.#hangUp('SIP;cause=408;text="The session was not refreshed"'),
    )
    return timer.headers
  }

  #watch(): void {
    const silent = this.#ports.clock.monotonic() - this.#heardAt
    if (this.#media.expectsPackets && silent >= silenceMs) this.#hangUp('SIP;cause=480;text="Nothing is heard"')
    else this.#after(watchMs, () => this.#watch())
  }

  #hangUp(reason: string): void {
    const { send } = this.#ports
    const state = this.#state
    if (state === 'ended') return
    if (state === 'ringing') this.#invite.respond({ status: 480 })
    else void send(withHeader(this.#dialog.bye(reason), 'contact', this.#contact.value))
    this.#end()
  }

  #end(): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    for (const timer of this.#timers) timer.cancel()
    this.#expiry?.cancel()
    this.#media.close()
    this.#ports.onEnded()
  }

  /** Asked again after every wait. */
  #isOver(): boolean {
    return this.#state === 'ended'
  }

  #after(delayMs: number, run: () => void): void {
    if (this.#isOver()) return
    const timer = this.#ports.clock.after(delayMs, () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
      run()
    })
    this.#timers.push(timer)
  }
}

/** The offer in a request, null where it has none that we take. */
export function offerOf({ request }: LocalExchange): CallOffer | null {
  return readCallOffer(Buffer.from(request.body).toString('utf8'))
}
