/** All calls with the echo contact. */
import { isIP } from 'node:net'
import { headerValue, optionTags, parseRoutes, tagOf, toOf } from '#protocol/sip/headers.ts'
import type { SipRequest } from '#protocol/sip/message.ts'
import { parseUri } from '#protocol/sip/uri.ts'
import type { LocalExchange } from '../../proxy/api.ts'
import { isUnspecified } from '../../net/host-names.ts'
import { EchoCall, offerOf, type EchoCallPorts } from './echo-call.ts'
import { refusesTimer } from './session-timer.ts'

export type EchoCallsPorts = Omit<EchoCallPorts, 'onEnded'> & {
  /** Where callers find the server when the flow they called over does not tell. */
  readonly host: () => string
}

const maxCalls = 16
/** One on each of a person's devices, and nobody keeps the others out. */
const maxCallsOfUser = 4
const supported: ReadonlySet<string> = new Set(['timer'])

export class EchoCalls {
  readonly #ports: EchoCallsPorts
  /** By Call-ID. */
  readonly #calls = new Map<string, { readonly user: string; readonly call: EchoCall }>()

  constructor(ports: EchoCallsPorts) {
    this.#ports = ports
  }

  /** Takes a request of a call, or one that begins a call; false for anything else. */
  handle(exchange: LocalExchange): boolean {
    const { request } = exchange
    const callId = headerValue(request, 'call-id') ?? ''
    const running = this.#calls.get(callId)
    const isFirst = request.method === 'INVITE' && tagOf(toOf(request)) === null
    if (running === undefined) return isFirst && this.#begin(exchange, callId)
    // The same INVITE on two ways (RFC 3261 §8.2.2.2).
    if (isFirst) exchange.respond({ status: 482 })
    else running.call.handle(exchange)
    return true
  }

  stop(): void {
    for (const { call } of [...this.#calls.values()]) call.stop()
  }

  #begin(exchange: LocalExchange, callId: string): boolean {
    const offer = offerOf(exchange)
    if (offer === null) return false
    const unsupported = optionTags(exchange.request, 'require').filter((tag) => !supported.has(tag))
    if (unsupported.length > 0) {
      exchange.respond({ status: 420, headers: [{ name: 'unsupported', value: unsupported.join(', ') }] })
    } else if (this.#isBusyFor(exchange.from)) exchange.respond({ status: 486 })
    else if (!refusesTimer(exchange)) {
      const ports = { ...this.#ports, onEnded: () => void this.#calls.delete(callId) }
      const call = new EchoCall(exchange, offer, this.#hostFor(exchange.request), ports)
      this.#calls.set(callId, { user: exchange.from, call })
    }
    return true
  }

  #isBusyFor(user: string): boolean {
    const own = [...this.#calls.values()].filter((one) => one.user === user)
    return own.length >= maxCallsOfUser || this.#calls.size >= maxCalls
  }

  /** The address the caller reached the server at: the proxy has put it into its Record-Routes, which are on top. */
  #hostFor(request: SipRequest): string {
    const hosts = parseRoutes(request, 'record-route')
      .slice(0, 2)
      .map(({ uri }) => {
        const parsed = parseUri(uri)
        return 'host' in parsed ? parsed.host.replace(/^\[|\]$/g, '').replace(/^::ffff:(?=\d+\.)/i, '') : ''
      })
    return hosts.find((host) => isIP(host) !== 0 && !isUnspecified(host)) ?? this.#ports.host()
  }
}
