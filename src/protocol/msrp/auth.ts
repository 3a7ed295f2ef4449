import { createHash, timingSafeEqual } from 'node:crypto'
import { MsrpError } from './errors.ts'

/** Digest algorithms MSRP relays are met with (RFC 2617; RFC 7616 for SHA-256). */
export type DigestAlgorithm = 'MD5' | 'SHA-256'

/** A challenge we can answer: Digest with qop=auth (RFC 4976 §9.1). */
export interface DigestChallenge {
  readonly realm: string
  readonly nonce: string
  readonly algorithm: DigestAlgorithm
  readonly opaque: string | null
  readonly stale: boolean
}

/** An Authorization header taken apart; nothing in it is verified. */
export interface DigestAuthorization {
  readonly username: string
  readonly realm: string
  readonly nonce: string
  readonly algorithm: DigestAlgorithm
  /** Null where the sender left it out, as RFC 4976's own examples do. */
  readonly uri: string | null
  readonly cnonce: string
  /** Nonce count, from 1. */
  readonly nc: number
  readonly response: string
}

const parameterPattern = /\s*([A-Za-z0-9_-]{1,32})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]{1,1024}))\s*(?:,|$)/y

/**
 * Reads `name=value, name="value"` after the word Digest.
 * @throws MsrpError `bad-challenge`
 */
export function parseDigestParameters(value: string): ReadonlyMap<string, string> {
  const scheme = /^Digest\s+/i.exec(value)
  if (scheme === null || value.length > 4096) throw new MsrpError('bad-challenge')
  return parseParameterList(value.slice(scheme[0].length))
}

/**
 * Reads `name=value, …` (Authentication-Info has no scheme word).
 * @throws MsrpError `bad-challenge`
 */
export function parseParameterList(text: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  parameterPattern.lastIndex = 0
  while (parameterPattern.lastIndex < text.length) {
    const match = parameterPattern.exec(text)
    const name = match?.[1]?.toLowerCase()
    if (match === null || name === undefined || parameters.has(name)) throw new MsrpError('bad-challenge')
    parameters.set(name, match[2]?.replace(/\\(.)/g, '$1') ?? match[3] ?? '')
  }
  return parameters
}

/**
 * Reads one WWW-Authenticate header; null = a scheme, algorithm or qop we do not speak.
 * @throws MsrpError `bad-challenge`
 */
export function parseChallenge(value: string): DigestChallenge | null {
  if (!/^Digest\s/i.test(value)) return null
  const parameters = parseDigestParameters(value)
  const algorithm = algorithmOf(parameters.get('algorithm'))
  const [realm, nonce] = [parameters.get('realm'), parameters.get('nonce')]
  const qops =
    parameters
      .get('qop')
      ?.split(',')
      .map((qop) => qop.trim().toLowerCase()) ?? []
  if (realm === undefined || nonce === undefined || nonce === '') throw new MsrpError('bad-challenge')
  if (algorithm === null || !qops.includes('auth')) return null
  const stale = parameters.get('stale')?.toLowerCase() === 'true'
  return { realm, nonce, algorithm, opaque: parameters.get('opaque') ?? null, stale }
}

/** Writes a WWW-Authenticate value. */
export function serializeChallenge(challenge: DigestChallenge): string {
  const opaque = challenge.opaque === null ? '' : `, opaque=${quote(challenge.opaque)}`
  const stale = challenge.stale ? ', stale=true' : ''
  const { realm, nonce, algorithm } = challenge
  return `Digest realm=${quote(realm)}, qop="auth", nonce=${quote(nonce)}, algorithm=${algorithm}${opaque}${stale}`
}

/**
 * Reads an Authorization header.
 * @throws MsrpError `bad-challenge` for anything but Digest with qop=auth, cnonce and nc
 */
export function parseAuthorization(value: string): DigestAuthorization {
  const parameters = parseDigestParameters(value)
  const get = (name: string): string => {
    const found = parameters.get(name)
    if (found === undefined || found.length > 512) throw new MsrpError('bad-challenge')
    return found
  }
  const algorithm = algorithmOf(parameters.get('algorithm'))
  const nc = get('nc')
  if (algorithm === null || get('qop').toLowerCase() !== 'auth' || !/^[0-9a-f]{8}$/i.test(nc))
    throw new MsrpError('bad-challenge')
  return {
    username: get('username'),
    realm: get('realm'),
    nonce: get('nonce'),
    cnonce: get('cnonce'),
    response: get('response').toLowerCase(),
    uri: parameters.get('uri') ?? null,
    nc: Number.parseInt(nc, 16),
    algorithm,
  }
}

function algorithmOf(value: string | undefined): DigestAlgorithm | null {
  const name = value?.toUpperCase() ?? 'MD5'
  return name === 'MD5' || name === 'SHA-256' ? name : null
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

function hash(algorithm: DigestAlgorithm, text: string): string {
  return createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
    .update(text)
    .digest('hex')
}

/** HA1 = H(user:realm:password), the secret both ends keep instead of the password. */
export function digestHa1(algorithm: DigestAlgorithm, username: string, realm: string, password: string): string {
  return hash(algorithm, `${username}:${realm}:${password}`)
}

/** What a response is computed over, beside HA1. */
export type DigestInput = Pick<DigestAuthorization, 'algorithm' | 'nonce' | 'cnonce' | 'nc'> & {
  /** The rightmost URI of To-Path (RFC 4976 §9.1). */
  readonly uri: string
}

/** The response to a challenge for AUTH, hexadecimal. */
export function digestResponse(ha1: string, input: DigestInput): string {
  return digest(ha1, input, `AUTH:${input.uri}`)
}

/** What the relay proves back in `rspauth` (RFC 2617 §3.2.3). */
export function digestRspauth(ha1: string, input: DigestInput): string {
  return digest(ha1, input, `:${input.uri}`)
}

function digest(ha1: string, { algorithm, nonce, cnonce, nc }: DigestInput, a2: string): string {
  return hash(algorithm, `${ha1}:${nonce}:${formatNc(nc)}:${cnonce}:auth:${hash(algorithm, a2)}`)
}

/** Eight hexadecimal digits. */
export function formatNc(nc: number): string {
  return nc.toString(16).padStart(8, '0')
}

/** Compares two hexadecimal digests in constant time. */
export function digestsEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1')]
  return left.length === right.length && timingSafeEqual(left, right)
}

/** The secrets of one account, as the caller stores them. */
export interface DigestCredentials {
  readonly username: string
  /** The one realm they are for; a challenge of another is refused. */
  readonly realm: string
  readonly ha1Md5: string | null
  readonly ha1Sha256: string | null
  /** Strongest algorithm seen from this server: a weaker challenge is refused. */
  readonly strongest: DigestAlgorithm | null
}

/** Why no challenge was answered. */
export type ChallengeRefusal = 'foreign-realm' | 'weaker-digest' | 'no-credentials' | 'unsupported'

/** Picks the strongest challenge that may be answered, or says why none. */
export function chooseChallenge(
  challenges: readonly DigestChallenge[],
  credentials: DigestCredentials,
): { readonly challenge: DigestChallenge; readonly ha1: string } | ChallengeRefusal {
  if (challenges.length === 0) return 'unsupported'
  const ours = challenges.filter((challenge) => challenge.realm === credentials.realm)
  if (ours.length === 0) return 'foreign-realm'
  const strong = ours.find((challenge) => challenge.algorithm === 'SHA-256')
  if (strong !== undefined && credentials.ha1Sha256 !== null) return { challenge: strong, ha1: credentials.ha1Sha256 }
  const weak = ours.find((challenge) => challenge.algorithm === 'MD5')
  if (weak === undefined || credentials.ha1Md5 === null) return 'no-credentials'
  return credentials.strongest === 'SHA-256' ? 'weaker-digest' : { challenge: weak, ha1: credentials.ha1Md5 }
}

/** Writes the Authorization value that answers a challenge. */
export function authorize(
  chosen: { readonly challenge: DigestChallenge; readonly ha1: string },
  credentials: DigestCredentials,
  input: Pick<DigestInput, 'uri' | 'cnonce' | 'nc'>,
): string {
  const { realm, nonce, algorithm, opaque } = chosen.challenge
  const response = digestResponse(chosen.ha1, { ...input, nonce, algorithm })
  const fields = [
    `username=${quote(credentials.username)}`,
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(input.uri)}`,
    `qop=auth, nc=${formatNc(input.nc)}`,
    `cnonce=${quote(input.cnonce)}`,
    `response="${response}"`,
    `algorithm=${algorithm}`,
  ]
  if (opaque !== null) fields.push(`opaque=${quote(opaque)}`)
  return `Digest ${fields.join(', ')}`
}
