/** Which challenges an account answers, and with what (design §10; RFC 3261 §22, RFC 8760). The password stays in here. */
import type { RandomPort } from '#shared/ports/random.ts'
import { err, ok, type Result } from '#shared/result.ts'
import {
  answerChallenge,
  chooseChallenge,
  computeHa1,
  parseChallenges,
  serializeAuthorization,
  type DigestAlgorithm,
  type DigestChallenge,
  type DigestRefusal,
} from '../digest.ts'
import { cseqOf, headerLines, headerValue, tagOf, toOf } from '../headers.ts'
import type { SipRequest, SipResponse } from '../message.ts'
import { BoundedMap } from './bounded-map.ts'
import type { DigestSecrets } from './user-agent.ts'

export type Refusal = DigestRefusal | 'wrong-password'

/** Challenges waiting for the repeated request, and Call-IDs whose INVITE the own proxy challenged. */
const maxRemembered = 256

/** Answers challenges for one account; holds its secrets. */
export class DigestGuard {
  readonly #random: RandomPort
  #secrets: DigestSecrets
  readonly #pending = new BoundedMap<string, DigestChallenge>(maxRemembered)
  readonly #challengedInvites = new BoundedMap<string, true>(maxRemembered)
  readonly #answered = new BoundedMap<string, DigestChallenge>(maxRemembered)
  #counter = 0

  constructor(secrets: DigestSecrets, random: RandomPort) {
    this.#secrets = secrets
    this.#random = random
  }

  /**
   * Judges a 401 or 407 to `request`. Success gives a ticket to turn into credentials by {@link authorize}; a refused
   * challenge must not be answered.
   */
  judge(response: SipResponse, request: SipRequest): Result<{ ticket: string; stale: boolean }, Refusal> {
    if (!this.#mayAnswer(request)) return err('no-usable-challenge')
    const headers = headerLines(response, response.status === 401 ? 'www-authenticate' : 'proxy-authenticate')
    const { realm, strongest } = this.#secrets
    const chosen = chooseChallenge(parseChallenges(headers), { realm, strongest, available: this.#available() })
    if (!chosen.ok) return chosen
    const wasAuthorized = this.#answered.has(transactionKey(request))
    if (wasAuthorized && !chosen.value.stale) return err('wrong-password')
    if (request.method === 'INVITE') this.#challengedInvites.set(headerValue(request, 'call-id') ?? '', true)
    const ticket = `t${(this.#counter += 1)}`
    this.#pending.set(ticket, chosen.value)
    return ok({ ticket, stale: chosen.value.stale })
  }

  /** Credentials for the repeated `request`, or null when the ticket is not ours. */
  authorize(ticket: string, request: SipRequest): string | null {
    const challenge = this.#pending.get(ticket)
    const ha1 = challenge === undefined ? null : this.#ha1(challenge)
    if (challenge === undefined || ha1 === null) return null
    this.#pending.delete(ticket)
    this.#answered.set(transactionKey(request), challenge)
    const cnonce = Buffer.from(this.#random.bytes(16)).toString('hex')
    // Every challenge is answered once, with a cnonce of its own, so the count never passes 1.
    const input = { ha1, method: request.method, uri: request.uri, body: request.body, nc: '00000001', cnonce }
    return serializeAuthorization(answerChallenge(challenge, this.#secrets.username, input))
  }

  /** A REGISTER succeeded: pins its realm and algorithm. New secrets to store, or null when nothing changed. */
  confirm(request: SipRequest): DigestSecrets | null {
    const challenge = this.#answered.get(transactionKey(request))
    if (challenge === undefined) return null
    const { strongest, password, realm, username } = this.#secrets
    const isStronger = strongest === null || (strongest === 'MD5' && challenge.algorithm === 'SHA-256')
    // A changed password is learnt too: the realm stays, its HA1 values are new.
    if (realm !== null && !isStronger && password === null) return null
    const pinned = { ...this.#secrets, realm: challenge.realm, strongest: challenge.algorithm }
    if (password !== null) {
      const text = Buffer.from(password).toString('utf8')
      pinned.ha1Md5 = computeHa1('MD5', username, challenge.realm, text)
      pinned.ha1Sha256 = computeHa1('SHA-256', username, challenge.realm, text)
      password.fill(0)
      pinned.password = null
    }
    this.#secrets = pinned
    return pinned
  }

  #available(): DigestAlgorithm[] {
    const { password, ha1Md5, ha1Sha256 } = this.#secrets
    const available: DigestAlgorithm[] = []
    if (password !== null || ha1Md5 !== null) available.push('MD5')
    if (password !== null || ha1Sha256 !== null) available.push('SHA-256')
    return available
  }

  #ha1(challenge: DigestChallenge): string | null {
    const { username, password, ha1Md5, ha1Sha256 } = this.#secrets
    const stored = challenge.algorithm === 'MD5' ? ha1Md5 : ha1Sha256
    if (stored !== null || password === null) return stored
    return computeHa1(challenge.algorithm, username, challenge.realm, Buffer.from(password).toString('utf8'))
  }

  /** In a dialog the far end, not the proxy, may be asking; a BYE is never worth credentials. */
  #mayAnswer(request: SipRequest): boolean {
    if (tagOf(toOf(request)) === null) return request.method !== 'CANCEL' && request.method !== 'ACK'
    return request.method !== 'BYE' && this.#challengedInvites.has(headerValue(request, 'call-id') ?? '')
  }
}

function transactionKey(request: SipRequest): string {
  return `${headerValue(request, 'call-id') ?? ''} ${cseqOf(request).sequence} ${request.method}`
}
