/**
 * Takes MESSAGE requests (RFC 3428): the answer waits until the receiver has the body safe, repeated requests get the same
 * answer, and memory stays bounded.
 */
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { dateOf, fromOf, headerValue, mediaTypeOf, toOf, topVia, type NameAddress } from '../headers.ts'
import type { SipHeader, SipRequest, SipResponse } from '../message.ts'
import { parseUri } from '../uri.ts'
import { BoundedMap } from './bounded-map.ts'
import { inflateBody } from './inflate-body.ts'
import { telUser } from './normalise.ts'
import { replyTo } from './replies.ts'
import type { IncomingMessage } from './user-agent.ts'

/** Largest body taken, after inflation. */
export const maxPagerBytes = 256 * 1024
const maxPending = 64
/** Below the sender's timer F (32 s, RFC 3261 §17.1.2.2), so that it hears an answer and tries again later. */
const answerTimeoutMs = 25_000

interface PagerOptions {
  readonly domain: string
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly send: (response: SipResponse) => void
  readonly deliver: (message: IncomingMessage) => void
}

type Seen = { readonly kind: 'pending' } | { readonly kind: 'answered'; readonly response: SipResponse }

export class Pager {
  readonly #options: PagerOptions
  readonly #seen = new BoundedMap<string, Seen>(1024)
  readonly #pending = new Map<string, Timer>()

  constructor(options: PagerOptions) {
    this.#options = options
  }

  /** Handles a checked MESSAGE outside of dialogs. */
  handle(request: SipRequest): void {
    const key = transactionKey(request)
    const seen = this.#seen.get(key)
    if (seen?.kind === 'pending') return
    if (seen?.kind === 'answered') {
      this.#options.send(seen.response)
      return
    }
    const refusal = this.#refusalOf(request)
    if (refusal !== null) {
      this.#answer(key, request, refusal.status, refusal.extra)
      return
    }
    const inflated = inflateBody(request, maxPagerBytes)
    if (!inflated.ok) {
      this.#answer(key, request, inflated.error, inflated.error === 415 ? acceptedEncodings : [])
      return
    }
    this.#deliver(key, request, inflated.value)
  }

  /** Forgets what waits; the senders will repeat on another flow. */
  reset(): void {
    for (const timer of this.#pending.values()) timer.cancel()
    for (const key of this.#pending.keys()) this.#seen.delete(key)
    this.#pending.clear()
  }

  #deliver(key: string, request: SipRequest, payload: Uint8Array): void {
    this.#seen.set(key, { kind: 'pending' })
    this.#pending.set(
      key,
      this.#options.clock.after(answerTimeoutMs, () => this.#answer(key, request, 480, [])),
    )
    const [from, to] = [fromOf(request), toOf(request)]
    this.#options.deliver({
      from: aorOf(from, this.#options.domain),
      fromName: from.displayName,
      to: aorOf(to, this.#options.domain),
      callId: headerValue(request, 'call-id') ?? '',
      contentType: headerValue(request, 'content-type') ?? 'text/plain',
      payload,
      date: dateOf(request),
      answer: (status) => {
        if (this.#pending.has(key)) this.#answer(key, request, status, [])
      },
    })
  }

  #answer(key: string, request: SipRequest, status: number, extra: readonly SipHeader[]): void {
    this.#pending.get(key)?.cancel()
    this.#pending.delete(key)
    const response = replyTo(request, status, this.#options.random, extra)
    this.#seen.set(key, { kind: 'answered', response })
    this.#options.send(response)
  }

  #refusalOf(request: SipRequest): { status: number; extra: SipHeader[] } | null {
    if (request.body.length > maxPagerBytes) return { status: 513, extra: [] }
    if (this.#pending.size >= maxPending) return { status: 480, extra: [{ name: 'retry-after', value: '10' }] }
    // RFC 3261 §7.4.1: a body without a type cannot be understood by anyone.
    if (request.body.length > 0 && mediaTypeOf(request) === null) return { status: 415, extra: acceptedTypes }
    return null
  }
}

const acceptedTypes: SipHeader[] = [{ name: 'accept', value: 'message/cpim, text/plain, */*' }]
const acceptedEncodings: SipHeader[] = [{ name: 'accept-encoding', value: 'identity, deflate, gzip' }]

function transactionKey(request: SipRequest): string {
  const branch = topVia(request)?.parameters.get('branch') ?? ''
  return [branch, headerValue(request, 'call-id'), headerValue(request, 'cseq'), headerValue(request, 'from')].join(' ')
}

/** `sip:user@host` of a From or To; a tel URI stands under `domain`, anything else is anonymous. */
export function aorOf(address: NameAddress, domain: string): string {
  const uri = parseUri(address.uri)
  if (uri.scheme === 'tel') return `sip:${telUser(uri)}@${domain}`
  if (uri.scheme === 'other' || uri.user === null) return `sip:anonymous@${domain}`
  return `sip:${uri.user}@${uri.host}`
}
