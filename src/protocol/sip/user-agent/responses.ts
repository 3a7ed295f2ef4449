/** What a response to one of our requests means beyond what the library understands. */
import { headerItems, headerLines, headerValue, optionTags, withoutHeader } from '../headers.ts'
import type { SipRequest, SipResponse } from '../message.ts'
import type { DigestGuard, Refusal } from './digest-guard.ts'
import type { DigestSecrets } from './user-agent.ts'

/** Facts for the owner of the wire, drawn from one final response. */
export interface ResponseFacts {
  readonly method: string
  readonly callId: string
  readonly status: number
  readonly refusal: Refusal | null
  readonly retryAfterMs: number | null
  /** New secrets to store. */
  readonly secrets: DigestSecrets | null
  /** Only from a 2xx to REGISTER (RFC 3608); empty clears. */
  readonly serviceRoute: readonly string[] | null
  readonly expectsPongs: boolean
  /** Min-SE of a 422, seconds (RFC 4028 §6). */
  readonly minSe: number | null
}

/** The challenge the library gets to see instead of the real one; `nonce` carries our ticket. */
function dummyChallenge(ticket: string, stale: boolean): string {
  return `Digest realm="shim", nonce="${ticket}", algorithm=MD5, qop="auth"${stale ? ', stale=true' : ''}`
}

const challengeHeaders = ['www-authenticate', 'proxy-authenticate'] as const

/** Judges a response to `request`; challenges that must not be answered lose their challenge header. */
export function judgeResponse(
  response: SipResponse,
  request: SipRequest,
  digest: DigestGuard,
): { readonly response: SipResponse; readonly fact: ResponseFacts | null } {
  if (response.status < 200) return { response, fact: null }
  const name = response.status === 401 ? challengeHeaders[0] : response.status === 407 ? challengeHeaders[1] : null
  const bare = challengeHeaders.reduce((message, header) => withoutHeader(message, header), response)
  if (name === null) return { response: bare, fact: factOf(response, request, digest, null) }
  const verdict = digest.judge(response, request)
  if (!verdict.ok) return { response: bare, fact: factOf(response, request, digest, verdict.error) }
  const value = dummyChallenge(verdict.value.ticket, verdict.value.stale)
  return { response: { ...bare, headers: [...bare.headers, { name, value }] }, fact: null }
}

function factOf(
  response: SipResponse,
  request: SipRequest,
  digest: DigestGuard,
  refusal: Refusal | null,
): ResponseFacts {
  const { status } = response
  const isRegistered = request.method === 'REGISTER' && status < 300
  const hasFlowTimer = headerValue(response, 'flow-timer') !== undefined
  return {
    method: request.method,
    callId: headerValue(request, 'call-id') ?? '',
    status,
    refusal,
    retryAfterMs: secondsOf(headerValue(response, 'retry-after'), 1000),
    secrets: isRegistered ? digest.confirm(request) : null,
    serviceRoute: isRegistered ? headerItems(response, 'service-route') : null,
    expectsPongs: isRegistered && (hasFlowTimer || optionTags(response, 'require').includes('outbound')),
    minSe: status === 422 ? secondsOf(headerLines(response, 'min-se')[0], 1) : null,
  }
}

function secondsOf(value: string | undefined, factor: number): number | null {
  const digits = /^\s*(\d{1,6})/.exec(value ?? '')?.[1]
  return digits === undefined ? null : Number(digits) * factor
}
