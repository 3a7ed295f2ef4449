/** Session timers from the side that is refreshed (RFC 4028 §9): we never refresh, so only a caller that does gets one. */
import { headerValue, optionTags } from '#protocol/sip/headers.ts'
import type { SipHeader, SipRequest } from '#protocol/sip/message.ts'
import type { LocalExchange } from '../../proxy/api.ts'

/** Shortest interval there may be, seconds (RFC 4028 §4). */
const minSessionSeconds = 90
const longestMarginSeconds = 32

export interface SessionTimer {
  /** Headers of the 2xx. */
  readonly headers: readonly SipHeader[]
  /** When to hang up unless the session is refreshed before (RFC 4028 §10). */
  readonly endsAfterMs: number
}

/**
 * What an INVITE or UPDATE asks for. Null where there is no timer, also where we were to refresh: a 2xx without Session-Expires means
 * that the session does not expire. `too-small` is to be answered 422 with Min-SE.
 */
export function sessionTimerOf(request: SipRequest): SessionTimer | 'too-small' | null {
  const value = headerValue(request, 'session-expires') ?? ''
  const seconds = Number(/^\s*(\d{1,9})\s*(?:;|$)/.exec(value)?.[1] ?? NaN)
  if (Number.isNaN(seconds) || !optionTags(request, 'supported').includes('timer')) return null
  if (seconds < minSessionSeconds) return 'too-small'
  if (/;\s*refresher\s*=\s*uas\b/i.test(value)) return null
  return {
    headers: [
      { name: 'session-expires', value: `${seconds};refresher=uac` },
      { name: 'require', value: 'timer' },
    ],
    endsAfterMs: (seconds - Math.min(longestMarginSeconds, Math.floor(seconds / 3))) * 1_000,
  }
}

/** Answers 422 where a session timer is too short (RFC 4028 §9). */
export function refusesTimer(exchange: LocalExchange): boolean {
  if (sessionTimerOf(exchange.request) !== 'too-small') return false
  exchange.respond({ status: 422, headers: [{ name: 'min-se', value: String(minSessionSeconds) }] })
  return true
}
