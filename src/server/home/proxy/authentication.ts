/** Digest authentication of the domain's users (RFC 3261 §22, RFC 7616, RFC 8760). */
import {
  computeHa1,
  parseAuthorization,
  serializeChallenge,
  verifyResponse,
  type DigestAlgorithm,
  type DigestAuthorization,
} from '#protocol/sip/digest.ts'
import { fromOf, headerLines, uriOf } from '#protocol/sip/headers.ts'
import { NonceIssuer } from '#protocol/sip/nonce.ts'
import { equalUris } from '#protocol/sip/uri-compare.ts'
import { parseUri } from '#protocol/sip/uri.ts'
import type { SipHeader, SipRequest } from '#protocol/sip/message.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { RateLimit, RateTable } from './rate.ts'
import { userOf } from './routing.ts'
import type { FlowTransport } from './flow.ts'
import type { ProxyLimits } from './limits.ts'
import type { AccountsPort } from './ports.ts'

/** `registrar` asks with 401 and WWW-Authenticate, `proxy` with 407 and Proxy-Authenticate. */
export type Challenger = 'registrar' | 'proxy'

export type AuthenticationResult =
  | { readonly kind: 'proven'; readonly user: string }
  /** Ask (again). `wrong` = a digest was given and did not prove right. */
  | {
      readonly kind: 'challenge'
      readonly status: 401 | 407
      readonly headers: readonly SipHeader[]
      readonly wrong: boolean
    }
  | { readonly kind: 'refused'; readonly status: 400 | 403 }

const headerNames = {
  registrar: { credentials: 'authorization', challenge: 'www-authenticate', status: 401 },
  proxy: { credentials: 'proxy-authorization', challenge: 'proxy-authenticate', status: 407 },
} as const

/**
 * What is asked for: SHA-256, and MD5 too where the user lets old phones in. Those give up at any algorithm they do not know, whatever
 * the order (libre 1.1), so over what phones speak MD5 stands alone; Sotto itself comes over WebSocket, and takes the stronger.
 */
function algorithmsFor(letsPhonesIn: boolean, transport: FlowTransport): readonly DigestAlgorithm[] {
  if (!letsPhonesIn) return ['SHA-256']
  return transport === 'ws' || transport === 'wss' ? ['SHA-256', 'MD5'] : ['MD5']
}

export class Authenticator {
  readonly #accounts: AccountsPort
  readonly #realm: string
  readonly #nonces: NonceIssuer
  readonly #failures: RateTable
  /** HA1 of nobody: unknown users cost the same work as known ones. */
  readonly #decoy: string

  constructor(
    ports: { clock: ClockPort; random: RandomPort; accounts: AccountsPort; domain: string },
    limits: ProxyLimits,
  ) {
    this.#accounts = ports.accounts
    this.#realm = ports.domain
    const nonceOptions = { lifetimeMs: limits.nonceSeconds * 1000, tracked: limits.trackedNonces }
    this.#nonces = new NonceIssuer(ports, nonceOptions)
    // Guessing: twenty wrong passwords at once, then one every ten seconds per user name.
    this.#failures = new RateTable(() => new RateLimit(ports.clock, 0.1, limits.authenticationFailures), 4_096)
    this.#decoy = computeHa1('SHA-256', 'nobody', ports.domain, Buffer.from(ports.random.bytes(16)).toString('hex'))
  }

  authenticate(request: SipRequest, challenger: Challenger, transport: FlowTransport): AuthenticationResult {
    const ask = (flags: { readonly stale: boolean; readonly wrong: boolean }): AuthenticationResult =>
      this.#challenge(challenger, this.#algorithms(request, transport), flags)
    const authorization = this.#ownCredentials(request, challenger)
    if (authorization === null) return ask({ stale: false, wrong: false })
    if (!namesSameTarget(authorization, request)) return { kind: 'refused', status: 400 }
    const user = authorization.username.toLowerCase()
    const count = authorization.nc === null ? null : Number.parseInt(authorization.nc, 16)
    const verdict = this.#nonces.check(authorization.nonce, count)
    if (verdict === 'foreign' || verdict === 'replayed') return ask({ stale: false, wrong: true })
    const ha1 = this.#accounts.ha1(user, this.#realm, authorization.algorithm)
    const isRight = verifyResponse(authorization, request, ha1 ?? this.#decoy) && ha1 !== null
    if (!isRight) {
      return this.#failures.take(user) ? ask({ stale: false, wrong: true }) : { kind: 'refused', status: 403 }
    }
    // RFC 7616 §3.5: stale=true only tells someone who knows the password.
    if (verdict === 'stale') return ask({ stale: true, wrong: false })
    this.#nonces.markUsed(authorization.nonce, count)
    return { kind: 'proven', user }
  }

  #ownCredentials(request: SipRequest, challenger: Challenger): DigestAuthorization | null {
    for (const value of headerLines(request, headerNames[challenger].credentials)) {
      const authorization = parseAuthorization(value)
      if (authorization?.realm === this.#realm) return authorization
    }
    return null
  }

  /** By whom it says that it comes from. */
  #algorithms(request: SipRequest, transport: FlowTransport): readonly DigestAlgorithm[] {
    const from = uriOf(fromOf(request))
    const isUser = from.scheme === 'sip' || from.scheme === 'sips'
    const letsPhonesIn = isUser && this.#accounts.ha1(userOf(from), this.#realm, 'MD5') !== null
    return algorithmsFor(letsPhonesIn, transport)
  }

  #challenge(
    challenger: Challenger,
    algorithms: readonly DigestAlgorithm[],
    { stale, wrong }: { readonly stale: boolean; readonly wrong: boolean },
  ): AuthenticationResult {
    const { challenge: name, status } = headerNames[challenger]
    const nonce = this.#nonces.issue()
    const headers = algorithms.map((algorithm) => {
      const value = serializeChallenge({
        ...{ realm: this.#realm, nonce, opaque: null, algorithm, session: false, stale },
        qop: ['auth', 'auth-int'],
      })
      return { name, value }
    })
    return { kind: 'challenge', status, headers, wrong }
  }
}

/** The digest must have been made for this Request-URI (RFC 7616 §3.4.6). */
function namesSameTarget(authorization: DigestAuthorization, request: SipRequest): boolean {
  if (authorization.uri === request.uri) return true
  try {
    return equalUris(parseUri(authorization.uri), parseUri(request.uri))
  } catch {
    // Not a URI at all: not this one.
    return false
  }
}
