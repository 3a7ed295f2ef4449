import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { ProtocolError } from '#shared/errors.ts'
import {
  digestResponse,
  digestRspauth,
  digestsEqual,
  formatNc,
  parseAuthorization,
  serializeChallenge,
  type DigestAlgorithm,
  type DigestAuthorization,
} from '#protocol/msrp/auth.ts'
import type { Header } from '#protocol/msrp/head.ts'

/** Where the relay finds HA1 = H(user:realm:password); null = no such user, or not for this algorithm. */
export interface Ha1Port {
  ha1(user: string, realm: string, algorithm: DigestAlgorithm): Promise<string | null>
}

export interface VerifierOptions {
  readonly realm: string
  readonly secrets: Ha1Port
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly nonceLifeMs: number
}

/** `challenge`: ask (again); `stale` says the secret may have been right. */
export type Verification =
  | { readonly kind: 'verified'; readonly user: string; readonly headers: readonly Header[] }
  | { readonly kind: 'challenge'; readonly stale: boolean }
  | { readonly kind: 'wrong' }

interface Issued {
  readonly algorithm: DigestAlgorithm
  readonly expiresAtMs: number
  lastNc: number
}

/** Challenges in this order: clients that know both take the first (RFC 7616 §3.7). */
const algorithms = ['SHA-256', 'MD5'] as const
const maxNonces = 16

/** Digest authentication of one connection: nonces are its own, live shortly, and each count works once (RFC 7616 §5). */
export class DigestVerifier {
  readonly #options: VerifierOptions
  readonly #nonces = new Map<string, Issued>()

  constructor(options: VerifierOptions) {
    this.#options = options
  }

  /** WWW-Authenticate headers with fresh nonces. */
  challenge(stale: boolean): readonly Header[] {
    const { realm } = this.#options
    return algorithms.map((algorithm) => {
      const challenge = { realm, nonce: this.#issue(algorithm), algorithm, opaque: null, stale }
      return { name: 'WWW-Authenticate', value: serializeChallenge(challenge) }
    })
  }

  #issue(algorithm: DigestAlgorithm): string {
    const { random, clock, nonceLifeMs } = this.#options
    const nonce = Buffer.from(random.bytes(24)).toString('base64url')
    this.#nonces.set(nonce, { algorithm, expiresAtMs: clock.monotonic() + nonceLifeMs, lastNc: 0 })
    for (const oldest of this.#nonces.keys()) {
      if (this.#nonces.size <= maxNonces) break
      this.#nonces.delete(oldest)
    }
    return nonce
  }

  /** Checks an Authorization header against the rightmost URI of To-Path (RFC 4976 §9.1). */
  async verify(header: string, uri: string): Promise<Verification> {
    const claim = readClaim(header)
    if (claim?.realm !== this.#options.realm) return { kind: 'wrong' }
    if (claim.uri !== null && claim.uri !== uri) return { kind: 'wrong' }
    const issued = this.#nonces.get(claim.nonce)
    if (issued?.algorithm !== claim.algorithm) return { kind: 'challenge', stale: true }
    if (issued.expiresAtMs < this.#options.clock.monotonic() || claim.nc <= issued.lastNc)
      return { kind: 'challenge', stale: true }
    // Counted before the secret is looked up: two answers in flight cannot both use one count.
    issued.lastNc = claim.nc
    const known = await this.#options.secrets.ha1(claim.username, claim.realm, claim.algorithm)
    const input = { ...claim, uri }
    // An unknown user costs the same work as a wrong password.
    const right = digestsEqual(digestResponse(known ?? '', input), claim.response)
    if (known === null || !right) return { kind: 'wrong' }
    return { kind: 'verified', user: claim.username, headers: [this.#proof(known, claim, uri)] }
  }

  /** RFC 4976 §9.1: the relay proves that it knows the secret, and hands out the next nonce. */
  #proof(ha1: string, claim: DigestAuthorization, uri: string): Header {
    const rspauth = digestRspauth(ha1, { ...claim, uri })
    const nextnonce = this.#issue(claim.algorithm)
    const cnonce = claim.cnonce.replace(/["\\]/g, '\\$&')
    const value = `nextnonce="${nextnonce}", rspauth="${rspauth}", cnonce="${cnonce}", nc=${formatNc(claim.nc)}, qop=auth`
    return { name: 'Authentication-Info', value }
  }
}

function readClaim(header: string): DigestAuthorization | null {
  try {
    return parseAuthorization(header)
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}
