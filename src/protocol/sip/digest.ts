/** SIP digest authentication: RFC 2617 and 7616 as profiled by RFC 3261 §22 and RFC 8760 (MD5, SHA-256, -sess, auth, auth-int). */
import { createHash, timingSafeEqual } from 'node:crypto'
import { err, ok, type Result } from '#shared/result.ts'
import { quote } from './scan.ts'
import { scanAuthentication, type AuthenticationParts } from './authentication-header.ts'

export type DigestAlgorithm = 'MD5' | 'SHA-256'
export type DigestQop = 'auth' | 'auth-int'

/** Weakest first. */
export const digestAlgorithms = ['MD5', 'SHA-256'] as const satisfies readonly DigestAlgorithm[]

export interface DigestChallenge {
  readonly realm: string
  readonly nonce: string
  readonly opaque: string | null
  readonly algorithm: DigestAlgorithm
  /** True for the `-sess` variants (RFC 7616 §3.4.2). */
  readonly session: boolean
  /** Empty: the RFC 2069 form without qop. */
  readonly qop: readonly DigestQop[]
  readonly stale: boolean
}

export interface DigestAuthorization {
  readonly username: string
  readonly realm: string
  readonly nonce: string
  readonly uri: string
  /** Lower-case hex. */
  readonly response: string
  readonly algorithm: DigestAlgorithm
  readonly session: boolean
  readonly opaque: string | null
  readonly qop: DigestQop | null
  /** Eight hex digits where `qop` is there. */
  readonly nc: string | null
  readonly cnonce: string | null
}

/** Hex digest; strings are hashed as UTF-8 (RFC 7616 §4). */
export function digestHash(algorithm: DigestAlgorithm, input: string | Uint8Array): string {
  return createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
    .update(input)
    .digest('hex')
}

/** HA1 = H(user:realm:password), the secret both ends keep instead of the password (RFC 7616 §3.4.2). */
export function computeHa1(algorithm: DigestAlgorithm, username: string, realm: string, password: string): string {
  return digestHash(algorithm, `${username}:${realm}:${password}`)
}

/**
 * Reads every usable challenge of one or more WWW-/Proxy-Authenticate values, several per value included. Schemes other
 * than Digest and unknown algorithms are left out.
 */
export function parseChallenges(values: readonly string[]): DigestChallenge[] {
  const challenges: DigestChallenge[] = []
  for (const value of values) {
    for (const parts of scanAuthentication(value) ?? []) {
      const challenge = readChallenge(parts)
      if (challenge !== null) challenges.push(challenge)
    }
  }
  return challenges
}

function readChallenge({ scheme, parameters }: AuthenticationParts): DigestChallenge | null {
  const realm = parameters.get('realm')
  const nonce = parameters.get('nonce')
  const algorithm = readAlgorithm(parameters.get('algorithm'))
  if (scheme !== 'digest' || realm === undefined || nonce === undefined || algorithm === null) return null
  const offered = parameters.get('qop')
  const qop = (offered ?? '').split(',').map((item) => item.trim().toLowerCase())
  const usable = qop.filter((item): item is DigestQop => item === 'auth' || item === 'auth-int')
  if (offered !== undefined && usable.length === 0) return null
  const opaque = parameters.get('opaque') ?? null
  return { realm, nonce, opaque, ...algorithm, qop: usable, stale: parameters.get('stale')?.toLowerCase() === 'true' }
}

function readAlgorithm(text: string | undefined): { algorithm: DigestAlgorithm; session: boolean } | null {
  const name = (text ?? 'MD5').toUpperCase()
  const session = name.endsWith('-SESS')
  const base = session ? name.slice(0, -'-SESS'.length) : name
  return base === 'MD5' || base === 'SHA-256' ? { algorithm: base, session } : null
}

/** What an account insists on before it answers a challenge (design §10). */
export interface DigestPolicy {
  /** The only realm answered; null before the first registration. */
  readonly realm: string | null
  /** Strongest algorithm ever seen from this realm; weaker ones are refused. */
  readonly strongest: DigestAlgorithm | null
  /** Algorithms for which a secret is at hand. */
  readonly available: readonly DigestAlgorithm[]
}

export type DigestRefusal = 'no-usable-challenge' | 'foreign-realm-refused' | 'weaker-digest-refused'

/** Picks the strongest challenge the policy allows; order in the message does not matter. */
export function chooseChallenge(
  challenges: readonly DigestChallenge[],
  policy: DigestPolicy,
): Result<DigestChallenge, DigestRefusal> {
  if (challenges.length === 0) return err('no-usable-challenge')
  const own = challenges.filter((challenge) => policy.realm === null || challenge.realm === policy.realm)
  if (own.length === 0) return err('foreign-realm-refused')
  const floor = policy.strongest === null ? 0 : digestAlgorithms.indexOf(policy.strongest)
  const strong = own.filter((challenge) => digestAlgorithms.indexOf(challenge.algorithm) >= floor)
  if (strong.length === 0) return err('weaker-digest-refused')
  const usable = strong.filter((challenge) => policy.available.includes(challenge.algorithm))
  const best = usable.sort((a, b) => rank(b) - rank(a))[0]
  return best === undefined ? err('no-usable-challenge') : ok(best)
}

function rank(challenge: DigestChallenge): number {
  return digestAlgorithms.indexOf(challenge.algorithm) * 2 + (challenge.qop.length > 0 ? 1 : 0)
}

/** Everything that goes into one digest response. */
export interface DigestInput {
  readonly ha1: string
  readonly method: string
  /** The `uri` parameter as sent. */
  readonly uri: string
  readonly body: Uint8Array
  /** Where `qop` is offered: eight hex digits of the request counter for this nonce. */
  readonly nc: string
  readonly cnonce: string
}

type DigestTerms = Pick<DigestAuthorization, 'algorithm' | 'session' | 'nonce' | 'qop'>

/** The response value, RFC 7616 §3.4.1; lower-case hex. */
export function computeResponse(terms: DigestTerms, input: DigestInput): string {
  const { algorithm, session, nonce, qop } = terms
  const hash = (text: string | Uint8Array): string => digestHash(algorithm, text)
  const ha1 = session ? hash(`${input.ha1}:${nonce}:${input.cnonce}`) : input.ha1
  const a2 = `${input.method}:${input.uri}`
  const ha2 = hash(qop === 'auth-int' ? `${a2}:${hash(input.body)}` : a2)
  if (qop === null) return hash(`${ha1}:${nonce}:${ha2}`)
  return hash(`${ha1}:${nonce}:${input.nc}:${input.cnonce}:${qop}:${ha2}`)
}

/** Builds the answer to a challenge. qop `auth` is preferred: proxies may touch bodies. */
export function answerChallenge(challenge: DigestChallenge, username: string, input: DigestInput): DigestAuthorization {
  const qop = challenge.qop.includes('auth') ? 'auth' : (challenge.qop[0] ?? null)
  const { realm, nonce, opaque, algorithm, session } = challenge
  const response = computeResponse({ algorithm, session, nonce, qop }, input)
  const counted =
    qop === null ? { nc: null, cnonce: session ? input.cnonce : null } : { nc: input.nc, cnonce: input.cnonce }
  return { username, realm, nonce, uri: input.uri, response, algorithm, session, opaque, qop, ...counted }
}

/** Value of an Authorization or Proxy-Authorization header. */
export function serializeAuthorization(authorization: DigestAuthorization): string {
  const { username, realm, nonce, uri, response, algorithm, session, opaque, qop, nc, cnonce } = authorization
  const parts = [`username=${quote(username)}`, `realm=${quote(realm)}`, `nonce=${quote(nonce)}`, `uri=${quote(uri)}`]
  parts.push(`response="${response}"`, `algorithm=${algorithm}${session ? '-sess' : ''}`)
  if (cnonce !== null) parts.push(`cnonce=${quote(cnonce)}`)
  if (qop !== null && nc !== null) parts.push(`qop=${qop}`, `nc=${nc}`)
  if (opaque !== null) parts.push(`opaque=${quote(opaque)}`)
  return `Digest ${parts.join(', ')}`
}

/** Value of a WWW-Authenticate or Proxy-Authenticate header. */
export function serializeChallenge(challenge: DigestChallenge): string {
  const { realm, nonce, opaque, algorithm, session, qop, stale } = challenge
  const parts = [`realm=${quote(realm)}`, `nonce=${quote(nonce)}`, `algorithm=${algorithm}${session ? '-sess' : ''}`]
  if (qop.length > 0) parts.push(`qop="${qop.join(',')}"`)
  if (opaque !== null) parts.push(`opaque=${quote(opaque)}`)
  if (stale) parts.push('stale=true')
  return `Digest ${parts.join(', ')}`
}

/** Reads an Authorization or Proxy-Authorization value; null when it is not a well-formed Digest one. */
export function parseAuthorization(value: string): DigestAuthorization | null {
  const all = scanAuthentication(value)
  const parts = all?.length === 1 ? all[0] : undefined
  if (parts?.scheme !== 'digest') return null
  const { parameters } = parts
  if (!['username', 'realm', 'nonce', 'uri', 'response'].every((name) => parameters.has(name))) return null
  const algorithm = readAlgorithm(parameters.get('algorithm'))
  const counted = readCounted(parameters)
  if (algorithm === null || counted === null) return null
  const text = (name: string): string => parameters.get(name) ?? ''
  const response = text('response').toLowerCase()
  if (!responsePatterns[algorithm.algorithm].test(response)) return null
  const named = { username: text('username'), realm: text('realm'), nonce: text('nonce'), uri: text('uri') }
  return { ...named, ...algorithm, response, opaque: parameters.get('opaque') ?? null, ...counted }
}

const responsePatterns: Readonly<Record<DigestAlgorithm, RegExp>> = {
  MD5: /^[0-9a-f]{32}$/,
  'SHA-256': /^[0-9a-f]{64}$/,
}

type DigestCount = Pick<DigestAuthorization, 'qop' | 'nc' | 'cnonce'>

function readCounted(parameters: ReadonlyMap<string, string>): DigestCount | null {
  const qop = parameters.get('qop')?.toLowerCase()
  const cnonce = parameters.get('cnonce') ?? null
  if (qop === undefined) return { qop: null, nc: null, cnonce }
  const nc = parameters.get('nc')?.toLowerCase() ?? ''
  if (qop !== 'auth' && qop !== 'auth-int') return null
  return /^[0-9a-f]{8}$/.test(nc) && cnonce !== null && cnonce !== '' ? { qop, nc, cnonce } : null
}

/** True when the response was made with this HA1 for this method and body; the comparison takes constant time. */
export function verifyResponse(
  authorization: DigestAuthorization,
  request: { readonly method: string; readonly body: Uint8Array },
  ha1: string,
): boolean {
  const { uri, nc, cnonce, response } = authorization
  if (authorization.session && cnonce === null) return false
  const input = { ha1, method: request.method, body: request.body, uri, nc: nc ?? '', cnonce: cnonce ?? '' }
  const expected = Buffer.from(computeResponse(authorization, input), 'latin1')
  const given = Buffer.from(response, 'latin1')
  return expected.length === given.length && timingSafeEqual(expected, given)
}
