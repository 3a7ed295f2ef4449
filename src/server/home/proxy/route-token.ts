/**
 * Route tokens: what the proxy writes into Record-Route so that it can carry a dialog without keeping it (RFC 5626 §5.2).
 * `a~ab~b~bb~mac`: flow number and binding id of caller and callee under an HMAC that also covers Call-ID and caller's
 * tag, so that a token opens its own dialog only.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { cseqOf, fromOf, headerLines, headerValue, tagOf, toOf } from '#protocol/sip/headers.ts'
import { branchCookie } from '#protocol/sip/ids.ts'
import type { SipRequest } from '#protocol/sip/message.ts'
import type { RandomPort } from '#shared/ports/random.ts'

/** One side of a dialog: a flow, and the binding to look for when that flow is gone. Binding '' = not registered. */
export interface RouteEnd {
  readonly flow: number
  readonly binding: string
}

export interface RouteToken {
  readonly caller: RouteEnd
  readonly callee: RouteEnd
}

/** What `newBranch` makes: spares the HMAC where no Via can be ours. */
const ownBranchForm = /z9hG4bK[0-9a-f]{40}/
const tokenPattern = /^(\d{1,12})~([\w-]{0,16})~(\d{1,12})~([\w-]{0,16})~([\w-]{22})$/

export class RouteTokens {
  readonly #key: Uint8Array
  readonly #random: RandomPort

  constructor(random: RandomPort) {
    this.#random = random
    this.#key = random.bytes(32)
  }

  seal(token: RouteToken, request: SipRequest): string {
    const text = `${token.caller.flow}~${token.caller.binding}~${token.callee.flow}~${token.callee.binding}`
    return `${text}~${this.#mac(text, request, tagOf(fromOf(request)))}`
  }

  /** The token if it is ours and belongs to the dialog of this request, sent by either side. */
  open(text: string, request: SipRequest): RouteToken | null {
    const match = tokenPattern.exec(text)
    if (match?.[5] === undefined) return null
    const covered = text.slice(0, text.lastIndexOf('~'))
    const given = Buffer.from(match[5])
    const isOurs = [tagOf(fromOf(request)), tagOf(toOf(request))].some((tag) =>
      timingSafeEqual(given, Buffer.from(this.#mac(covered, request, tag))),
    )
    if (!isOurs) return null
    return {
      caller: { flow: Number(match[1]), binding: match[2] ?? '' },
      callee: { flow: Number(match[3]), binding: match[4] ?? '' },
    }
  }

  /** Branch that lets the proxy know its own request again (RFC 3261 §16.6 step 8): cookie, loop mark, random. */
  newBranch(received: SipRequest): string {
    return `${branchCookie}${this.#loopMark(received)}${Buffer.from(this.#random.bytes(12)).toString('hex')}`
  }

  /** True when a Via of the request carries the mark that this very request would get (RFC 3261 §16.3 step 4). */
  hasLooped(request: SipRequest): boolean {
    const vias = headerLines(request, 'via').filter((value) => ownBranchForm.test(value))
    if (vias.length === 0) return false
    const mark = `${branchCookie}${this.#loopMark(request)}`
    return vias.some((value) => value.includes(mark))
  }

  /** Covers what routing depends on (RFC 5393 §4.2.1): a spiral with another target is no loop. */
  #loopMark(request: SipRequest): string {
    const fields = [
      request.uri,
      headerValue(request, 'call-id'),
      cseqOf(request).sequence,
      ...headerLines(request, 'route'),
    ]
    fields.push(tagOf(fromOf(request)) ?? '', tagOf(toOf(request)) ?? '')
    return createHmac('sha256', this.#key).update(JSON.stringify(fields)).digest('hex').slice(0, 16)
  }

  #mac(text: string, request: SipRequest, callerTag: string | null): string {
    const covered = JSON.stringify([text, headerValue(request, 'call-id'), callerTag ?? ''])
    return createHmac('sha256', this.#key).update(covered).digest('base64url').slice(0, 22)
  }
}
