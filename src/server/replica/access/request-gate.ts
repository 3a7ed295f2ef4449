import type { AccountChains } from './account-chains.ts'
import { Challenges } from './challenges.ts'
import type { AccessCrypto } from './crypto.ts'
import {
  checkSignature,
  refuseArrival,
  refuseUse,
  signerOf,
  type Arrival,
  type RequestRefusal,
  type RequestSigner,
  type RequestUse,
} from './judge-request.ts'
import type { AccessLimits } from './limits.ts'
import { SeenRequests } from './seen-requests.ts'
import { toBase64Url } from '#shared/bytes/base64url.ts'
import { equalBytes } from '#shared/bytes/bytes.ts'
import { ProtocolError } from '#shared/errors.ts'
import type { ChainReading } from '#shared/identity/read-chain.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { ClockPort } from '#shared/ports/clock.ts'
import type { RandomPort } from '#shared/ports/random.ts'
import { decodeAuthorization, type SignedRequest } from '#shared/replication/request.ts'
import { err, ok, type Result } from '#shared/result.ts'

/** Counts what comes from an address (`home/http/request-limits.ts`). */
export interface AddressLimits {
  /** Counts one request; false when this address has had its share. */
  admit(address: string): boolean
  /** Somebody claimed to be who they are not. */
  recordFailure(address: string): void
}

/** Counts what an account does (`home/proxy/rate.ts`). */
export interface AccountLimits {
  take(account: string): boolean
}

declare const accepted: unique symbol
/** A request whose signer may do what it asks for. */
export interface AcceptedRequest {
  readonly [accepted]: true
  readonly account: Aor
  readonly signer: RequestSigner
  readonly use: RequestUse
  /** The chain by which it was judged. */
  readonly chain: ChainReading
  /** To be kept where others have to be shown who asked. */
  readonly signed: SignedRequest
}

/** A request whose head may pass; who asks is known once its body is there. */
export interface AdmittedRequest {
  readonly account: Aor
  withBody(body: Uint8Array): Promise<Result<AcceptedRequest, RequestRefusal>>
}

export interface RequestGatePorts {
  readonly chains: AccountChains
  readonly addresses: AddressLimits
  readonly accounts: AccountLimits
  readonly clock: ClockPort
  readonly random: RandomPort
  readonly crypto: AccessCrypto
  readonly limits: Pick<AccessLimits, 'challengeMs' | 'seenRequests'>
}

/** Lets requests through that a device of the account's chain signed for this server, this connection and this moment. */
export class RequestGate {
  readonly #ports: RequestGatePorts
  readonly #challenges: Challenges
  readonly #seen: SeenRequests

  constructor(ports: RequestGatePorts) {
    const { clock, limits } = ports
    this.#ports = ports
    this.#challenges = new Challenges({ ...ports, lifetimeMs: limits.challengeMs })
    this.#seen = new SeenRequests({ clock, lifetimeMs: limits.challengeMs, capacity: limits.seenRequests })
  }

  /** A challenge for requests of the next minutes, any number of them. */
  challenge(): Uint8Array {
    return this.#challenges.issue()
  }

  /** Decides by the head alone, so that nobody unknown has a body read. */
  async admit(arrival: Arrival): Promise<Result<AdmittedRequest, RequestRefusal>> {
    const { addresses, chains } = this.#ports
    if (!addresses.admit(arrival.address)) return err('too-many')
    const signed = readSigned(arrival.authorization)
    if (signed === null) return err('malformed')
    const refusal = refuseArrival(signed.request, arrival)
    if (refusal !== null) return err(refusal)
    // Before the store is asked: who has no challenge of ours causes no work there.
    if (this.#challenges.issuedAt(signed.request.challenge) === null) return err('stale-challenge')
    const account = signed.request.account as Aor
    const chain = await chains.read(account)
    const refused = this.#judge(signed, arrival, chain)
    if (refused !== null) return err(refused)
    const asked = { account, use: arrival.use, signed }
    return ok({ account, withBody: (body) => this.#finish(asked, body, chain) })
  }

  /** Nothing is waited for in here: two copies of a request cannot both be the first. */
  #judge(signed: SignedRequest, { address, use }: Arrival, chain: ChainReading | null): RequestRefusal | null {
    const { addresses, accounts, crypto } = this.#ports
    const proven = checkSignature(signed, chain, crypto)
    if (!proven.ok) {
      addresses.recordFailure(address)
      return proven.error
    }
    const refusal = refuseUse(proven.value, signerOf(signed.request), use)
    if (refusal !== null) return refusal
    // Only now: nobody else can use up what an account may do.
    return accounts.take(signed.request.account) ? this.#refuseRepeat(signed) : 'too-many'
  }

  #refuseRepeat({ request, bytes }: SignedRequest): RequestRefusal | null {
    const issuedAt = this.#challenges.issuedAt(request.challenge)
    if (issuedAt === null) return 'stale-challenge'
    const noted = this.#seen.note(toBase64Url(this.#ports.crypto.hash(bytes)), issuedAt)
    if (noted === 'first') return null
    return noted === 'repeated' ? 'replayed' : 'stale-challenge'
  }

  /** Judged anew: a body takes its time, and its device may have been revoked in the meantime. */
  async #finish(
    { account, use, signed }: Pick<AcceptedRequest, 'account' | 'use' | 'signed'>,
    body: Uint8Array,
    judged: ChainReading | null,
  ): Promise<Result<AcceptedRequest, RequestRefusal>> {
    const { chains, crypto } = this.#ports
    if (!equalBytes(crypto.hash(body), signed.request.body)) return err('wrong-body')
    const chain = await chains.read(account)
    // The signature was checked by the very same chain.
    const proven = chain !== null && chain === judged ? ok(chain) : checkSignature(signed, chain, crypto)
    if (!proven.ok) return proven
    const signer = signerOf(signed.request)
    const refusal = refuseUse(proven.value, signer, use)
    return refusal === null
      ? ok({ account, use, signed, signer, chain: proven.value } as AcceptedRequest)
      : err(refusal)
  }
}

function readSigned(authorization: string | undefined): SignedRequest | null {
  try {
    return decodeAuthorization(authorization)
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}
