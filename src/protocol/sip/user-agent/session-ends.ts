/** How sessions end, read from what the library says at their end. */
import type { LibraryRequest, LibraryResponse } from './jssip.ts'
import { statusOf } from './negotiation.ts'
import { isElsewhere, readReason } from './reason-header.ts'
import type { SessionEvent } from './sip-session.ts'

/** The library's `failed` and `ended`: a response, a request of the far end, an error text, or nothing. */
export interface EndEvent {
  readonly message?: LibraryRequest | LibraryResponse | string | null
}

const maxTextLength = 200
const silent = { status: null, reason: '', warning: null, retryAfterMs: null, elsewhere: false } as const

/** A session that never came up. */
export function failureOf({ message }: EndEvent): Extract<SessionEvent, { kind: 'failed' }> {
  if (message === null || message === undefined || typeof message === 'string') return { kind: 'failed', ...silent }
  if (!('status_code' in message)) {
    const reason = readReason(message.getHeaders('reason'))
    return { kind: 'failed', ...silent, reason: reason?.text ?? '', elsewhere: isElsewhere(reason) }
  }
  const seconds = /^\s*(\d{1,6})/.exec(message.getHeader('retry-after') ?? '')?.[1]
  return {
    kind: 'failed',
    status: statusOf(message),
    reason: message.reason_phrase.slice(0, maxTextLength),
    warning: message.getHeader('warning')?.slice(0, maxTextLength) ?? null,
    retryAfterMs: seconds === undefined ? null : Number(seconds) * 1_000,
    elsewhere: false,
  }
}

/** A session that was up. */
export function endOf({ message }: EndEvent): Extract<SessionEvent, { kind: 'ended' }> {
  const isRequest = typeof message === 'object' && message !== null && !('status_code' in message)
  return { kind: 'ended', reason: isRequest ? readReason(message.getHeaders('reason')) : null }
}
