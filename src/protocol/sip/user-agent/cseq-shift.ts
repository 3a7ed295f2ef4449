/**
 * PRACK takes CSeq numbers of dialogs that the library counts by itself: what it sends later is counted on from there, and
 * what comes back is counted down again.
 */
import { cseqOf, headerValue, tagOf, toOf, fromOf, withHeader } from '../headers.ts'
import type { SipMessage, SipRequest, SipResponse } from '../message.ts'
import { BoundedMap } from './bounded-map.ts'
import { callIdOf } from './descriptions.ts'

interface Shift {
  /** CSeq number of the INVITE, the last one both count alike. */
  readonly from: number
  by: number
}

export class CseqShift {
  /** By Call-ID and tag of the far end. */
  readonly #shifts = new BoundedMap<string, Shift>(256)

  /** How many numbers a dialog has used beside the library. */
  usedIn(callId: string, remoteTag: string): number {
    return this.#shifts.get(keyOf(callId, remoteTag))?.by ?? 0
  }

  /** Takes the next number after those of `invite`; gives the step from it. */
  take(invite: SipRequest, remoteTag: string): number {
    const key = keyOf(callIdOf(invite), remoteTag)
    const shift = this.#shifts.get(key) ?? { from: cseqOf(invite).sequence, by: 0 }
    shift.by += 1
    this.#shifts.set(key, shift)
    return shift.by
  }

  /** A request of the library, as it is to be sent. */
  outgoing(request: SipRequest): SipRequest {
    return this.#renumber(request, tagOf(toOf(request)), 1)
  }

  /** A response, as the library expects it. */
  response(response: SipResponse): SipResponse {
    return this.#renumber(response, tagOf(toOf(response)), -1)
  }

  /** A NOTIFY about a REFER of ours, which it names by its number (RFC 3515 §2.4.6). */
  notification(request: SipRequest): SipRequest {
    const shift = this.#shifts.get(keyOf(callIdOf(request), tagOf(fromOf(request)) ?? ''))
    const match = /^(refer;id=)(\d{1,10})$/i.exec((headerValue(request, 'event') ?? '').replace(/\s/g, ''))
    if (shift === undefined || match === null || request.method !== 'NOTIFY') return request
    return withHeader(request, 'event', `${match[1] ?? ''}${Number(match[2]) - shift.by}`)
  }

  #renumber<M extends SipMessage>(message: M, remoteTag: string | null, sign: 1 | -1): M {
    const shift = remoteTag === null ? undefined : this.#shifts.get(keyOf(callIdOf(message), remoteTag))
    const { sequence, method } = cseqOf(message)
    if (shift === undefined || sequence <= shift.from) return message
    return withHeader(message, 'cseq', `${sequence + sign * shift.by} ${method}`)
  }
}

function keyOf(callId: string, remoteTag: string): string {
  return `${callId} ${remoteTag}`
}
