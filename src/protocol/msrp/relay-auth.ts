import { err, ok, type Result } from '#shared/result.ts'
import {
  authorize,
  chooseChallenge,
  digestRspauth,
  digestsEqual,
  parseChallenge,
  parseParameterList,
  type ChallengeRefusal,
  type DigestChallenge,
  type DigestCredentials,
} from './auth.ts'
import { MsrpError } from './errors.ts'
import { findHeader, requestHead, type Header, type RequestHead, type ResponseHead } from './head.ts'
import { parsePath, serializeMsrpUri } from './uri.ts'

/** Why a relay gave no path. */
export type RelayRefusal =
  | { readonly kind: ChallengeRefusal | 'rejected' | 'timed-out' | 'closed' | 'malformed' | 'unproven' }
  | { readonly kind: 'refused'; readonly status: number }

/** What a relay granted (RFC 4976 §5.1). */
export interface RelayGrant {
  /** In the order of a To-Path. */
  readonly usePath: readonly string[]
  readonly expiresSeconds: number
}

export interface AuthOptions {
  /** To-Path of the AUTH request; the last is the relay that is asked. */
  readonly relayPath: readonly string[]
  readonly ownUri: string
  readonly credentials: DigestCredentials
  readonly expiresSeconds: number
  readonly newId: () => string
  /** Sends AUTH and resolves with its response, null = nothing in time, `closed` = connection lost. */
  request(head: RequestHead): Promise<ResponseHead | null | 'closed'>
}

/** Answers are tried this often: challenge, stale nonce, 423, and one more. */
const maxAttempts = 4
const defaultExpiresSeconds = 600

interface Attempt {
  authorization: string | null
  answered: boolean
  expiresSeconds: number
  /** Value `rspauth` must have if the relay sends one. */
  expectedRspauth: string | null
}

/** Asks a relay for a path: AUTH, challenge, AUTH, with 423 and stale nonces followed (RFC 4976 §5.1, §6.3). */
export async function requestRelayPath(options: AuthOptions): Promise<Result<RelayGrant, RelayRefusal>> {
  const attempt: Attempt = {
    authorization: null,
    answered: false,
    expiresSeconds: options.expiresSeconds,
    expectedRspauth: null,
  }
  for (let count = 0; count < maxAttempts; count += 1) {
    const response = await options.request(authHead(options, attempt))
    if (response === 'closed') return err({ kind: 'closed' })
    if (response === null) return err({ kind: 'timed-out' })
    const verdict = judge(options, attempt, response)
    if (verdict !== 'again') return verdict
  }
  return err({ kind: 'rejected' })
}

function authHead(options: AuthOptions, attempt: Attempt): RequestHead {
  const headers: Header[] = [{ name: 'Expires', value: String(attempt.expiresSeconds) }]
  if (attempt.authorization !== null) headers.push({ name: 'Authorization', value: attempt.authorization })
  return requestHead('AUTH', {
    transactionId: options.newId(),
    toPath: options.relayPath,
    fromPath: [options.ownUri],
    headers,
  })
}

type Verdict = Result<RelayGrant, RelayRefusal> | 'again'

function judge(options: AuthOptions, attempt: Attempt, response: ResponseHead): Verdict {
  try {
    if (response.code === 200) return readGrant(attempt, response)
    if (response.code === 401) return answerChallenge(options, attempt, response)
    if (response.code === 423) return adjustExpiry(attempt, response)
    return err({ kind: 'refused', status: response.code })
  } catch (error) {
    if (!(error instanceof MsrpError)) throw error
    return err({ kind: 'malformed' })
  }
}

function answerChallenge(options: AuthOptions, attempt: Attempt, response: ResponseHead): Verdict {
  const challenges = response.headers
    .filter((header) => header.name.toLowerCase() === 'www-authenticate')
    .map((header) => parseChallenge(header.value))
    .filter((challenge): challenge is DigestChallenge => challenge !== null)
  if (attempt.answered && !challenges.some((challenge) => challenge.stale)) return err({ kind: 'rejected' })
  const chosen = chooseChallenge(challenges, options.credentials)
  if (typeof chosen === 'string') return err({ kind: chosen })
  const input = { uri: options.relayPath.at(-1) ?? '', cnonce: options.newId(), nc: 1 }
  const { nonce, algorithm } = chosen.challenge
  attempt.authorization = authorize(chosen, options.credentials, input)
  attempt.expectedRspauth = digestRspauth(chosen.ha1, { ...input, nonce, algorithm })
  attempt.answered = true
  return 'again'
}

/** 423 names the bounds; the answered challenge cannot be used twice, so the next round starts without it. */
function adjustExpiry(attempt: Attempt, response: ResponseHead): Verdict {
  const bound = readSeconds(findHeader(response, 'Min-Expires') ?? findHeader(response, 'Max-Expires'))
  if (bound === null || bound === attempt.expiresSeconds) return err({ kind: 'refused', status: 423 })
  attempt.expiresSeconds = bound
  attempt.authorization = null
  attempt.answered = false
  return 'again'
}

function readGrant(attempt: Attempt, response: ResponseHead): Verdict {
  const info = findHeader(response, 'Authentication-Info')
  const rspauth = info === null ? undefined : parseParameterList(info).get('rspauth')
  const proven =
    rspauth === undefined || (attempt.expectedRspauth !== null && digestsEqual(rspauth, attempt.expectedRspauth))
  if (!proven) return err({ kind: 'unproven' })
  const usePath = parsePath(findHeader(response, 'Use-Path') ?? '').map(serializeMsrpUri)
  return ok({ usePath, expiresSeconds: readSeconds(findHeader(response, 'Expires')) ?? defaultExpiresSeconds })
}

function readSeconds(text: string | null): number | null {
  return text !== null && /^\d{1,9}$/.test(text) && Number(text) > 0 ? Number(text) : null
}
