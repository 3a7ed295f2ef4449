/**
 * Reliable provisional responses of ours (RFC 3262 §3), sent where an INVITE requires them: repeated until their PRACK
 * comes, the next one only after that.
 */
import type { ClockPort, Timer } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { cseqOf, headerValue, optionTags, tagOf, toOf } from '../headers.ts'
import type { SipRequest, SipResponse } from '../message.ts'
import { T1, transactionTimeoutMs } from '../transaction/machine.ts'
import { callIdOf } from './descriptions.ts'

export interface PrackServerOptions {
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly send: (response: SipResponse) => void
  /** Nobody acknowledges: the INVITE is to be refused with a 5xx. */
  readonly onSilence: (response: SipResponse) => void
}

interface Ringing {
  readonly hasOffer: boolean
  readonly sequence: number
  rseq: number
  /** Until its PRACK comes. */
  waiting: Timer | null
}

/** INVITEs that ring at the same time; more are refused as busy long before. */
const maxRinging = 256

export class PrackServer {
  readonly #options: PrackServerOptions
  /** By Call-ID and From tag. */
  readonly #ringing = new Map<string, Ringing>()

  constructor(options: PrackServerOptions) {
    this.#options = options
  }

  /** An INVITE that starts a session came. */
  heard(invite: SipRequest): void {
    if (!optionTags(invite, 'require').includes('100rel') || this.#ringing.size >= maxRinging) return
    if (this.#ringing.has(keyOf(invite))) return
    const { random } = this.#options
    const bytes = random.bytes(4)
    // RFC 3262 §3: the first number is drawn from the lower half, so that it cannot wrap.
    const first = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) >>> 1 || 1
    const { sequence } = cseqOf(invite)
    this.#ringing.set(keyOf(invite), { hasOffer: invite.body.length > 0, sequence, rseq: first - 1, waiting: null })
  }

  /** A response of ours to an INVITE; null when it must not go out, or goes out by itself. */
  fit(response: SipResponse): SipResponse | null {
    const ringing = this.#ringing.get(keyOf(response))
    if (ringing === undefined || response.status === 100 || cseqOf(response).method !== 'INVITE') return response
    if (response.status >= 200) {
      // Still known: a PRACK may be on its way (RFC 3262 §3).
      ringing.waiting?.cancel()
      ringing.waiting = null
      this.#options.clock.after(transactionTimeoutMs, () => this.#ringing.delete(keyOf(response)))
      return response
    }
    // RFC 3262 §5: our first reliable response would have to carry an offer, and before the user accepts we make none.
    if (!ringing.hasOffer || ringing.waiting !== null) return null
    ringing.rseq += 1
    const headers = [
      ...response.headers,
      { name: 'require', value: '100rel' },
      { name: 'rseq', value: String(ringing.rseq) },
    ]
    const reliable = { ...response, headers }
    this.#repeat(ringing, reliable, { waitMs: T1, leftMs: transactionTimeoutMs })
    return reliable
  }

  /** Status for a PRACK (RFC 3262 §3). */
  acknowledge(prack: SipRequest): 200 | 400 | 481 {
    const match = /^(\d{1,10})[ \t]+(\d{1,10})[ \t]+INVITE$/.exec(headerValue(prack, 'rack') ?? '')
    if (match === null) return 400
    const ringing = this.#ringing.get(keyOf(prack))
    if (ringing?.rseq !== Number(match[1]) || ringing.sequence !== Number(match[2])) return 481
    if (tagOf(toOf(prack)) === null) return 481
    ringing.waiting?.cancel()
    ringing.waiting = null
    return 200
  }

  /** The connection is gone. */
  reset(): void {
    for (const { waiting } of this.#ringing.values()) waiting?.cancel()
    this.#ringing.clear()
  }

  /** RFC 3262 §3: doubling from T1, given up 64·T1 after the first. */
  #repeat(ringing: Ringing, response: SipResponse, { waitMs, leftMs }: { waitMs: number; leftMs: number }): void {
    const isLast = waitMs >= leftMs
    ringing.waiting = this.#options.clock.after(isLast ? leftMs : waitMs, () => {
      ringing.waiting = null
      if (isLast) this.#options.onSilence(response)
      else {
        this.#options.send(response)
        this.#repeat(ringing, response, { waitMs: waitMs * 2, leftMs: leftMs - waitMs })
      }
    })
  }
}

function keyOf(message: SipRequest | SipResponse): string {
  return `${callIdOf(message)} ${/;[ \t]*tag=([^;,\s]+)/i.exec(headerValue(message, 'from') ?? '')?.[1] ?? ''}`
}
