/** The dialog a caller has with the echo contact (RFC 3261 §12.1.1), from the callee's side. */
import { cseqOf, fromOf, headerLines, headerValue, parseContacts, tagOf, toOf } from '#protocol/sip/headers.ts'
import type { SipHeader, SipRequest } from '#protocol/sip/message.ts'
import type { LocalExchange } from '../../proxy/api.ts'

export class EchoDialog {
  readonly user: string
  readonly #callId: string
  readonly #ownTag: string
  readonly #local: string
  readonly #remote: string
  readonly #remoteTag: string | null
  readonly #routes: readonly string[]
  #target: string
  #sequence = 0
  #heard: number

  constructor({ request, from, toTag }: LocalExchange) {
    this.user = from
    this.#callId = headerValue(request, 'call-id') ?? ''
    this.#ownTag = toTag
    this.#local = `${headerValue(request, 'to') ?? ''};tag=${toTag}`
    this.#remote = headerValue(request, 'from') ?? ''
    this.#remoteTag = tagOf(fromOf(request))
    this.#routes = headerLines(request, 'record-route')
    this.#target = targetOf(request) ?? `sip:${from}@invalid`
    this.#heard = cseqOf(request).sequence
  }

  /** Whether a request is of this dialog, from its other end. */
  owns({ request, from }: LocalExchange): boolean {
    return from === this.user && tagOf(toOf(request)) === this.#ownTag && tagOf(fromOf(request)) === this.#remoteTag
  }

  /** False for a request that a later one has overtaken (RFC 3261 §12.2.2). */
  takes(request: SipRequest): boolean {
    const { sequence } = cseqOf(request)
    if (sequence <= this.#heard) return false
    this.#heard = sequence
    // INVITE and UPDATE may name a new target.
    this.#target = (request.method === 'BYE' ? null : targetOf(request)) ?? this.#target
    return true
  }

  bye(reason: string): SipRequest {
    this.#sequence += 1
    const headers: SipHeader[] = [
      ...this.#routes.map((value) => ({ name: 'route', value })),
      { name: 'from', value: this.#local },
      { name: 'to', value: this.#remote },
      { name: 'call-id', value: this.#callId },
      { name: 'cseq', value: `${this.#sequence} BYE` },
      { name: 'reason', value: reason },
    ]
    return { kind: 'request', method: 'BYE', uri: this.#target, headers, body: new Uint8Array(0) }
  }
}

function targetOf(request: SipRequest): string | null {
  const contacts = headerValue(request, 'contact') === undefined ? [] : parseContacts(request)
  return contacts === '*' ? null : (contacts[0]?.uri ?? null)
}
