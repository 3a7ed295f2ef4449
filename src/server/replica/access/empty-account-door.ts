import type { ChainStore, LinkToStore } from './chain-store.ts'
import type { DigestOutcome } from '../../home/http/digest.ts'
import type { AccessCrypto } from './crypto.ts'
import type { AddressLimits } from './request-gate.ts'
import { applyVerifiedLink, verifyLink, type ChainState, type LinkRefusal } from '#shared/identity/device-chain.ts'
import { placeOfLink } from '#shared/identity/read-chain.ts'
import type { Aor } from '#shared/model/ids.ts'
import { err, ok, type Result } from '#shared/result.ts'

/** Answers to SIP digest over HTTP (`home/http/digest.ts`). */
export interface DigestPort {
  verify(header: string | undefined, method: string, target: string): DigestOutcome | Promise<DigestOutcome>
}

/** Tokens that let somebody with an account at another SIP provider in. */
export interface InvitationPort {
  /** Uses a token up for this account; true again for the same account, so that a request cut off in the middle can be repeated. */
  redeem(token: Uint8Array, account: Aor): Promise<boolean>
}

/** How somebody shows that an account without a chain is theirs. */
export type OpeningProof =
  | { readonly kind: 'digest'; readonly header: string | undefined }
  | { readonly kind: 'invitation'; readonly token: Uint8Array }

/** A request to open an account, as it reached the listener. */
export interface Opening {
  readonly account: Aor
  readonly link: Uint8Array
  /** What the account's chain had behind link 0, in order: it was here before, and was erased or lost since. */
  readonly more: readonly Uint8Array[]
  readonly proof: OpeningProof
  readonly method: string
  readonly target: string
  /** IP address of the other end. */
  readonly address: string
  /** Over TLS, or from this computer: neither proof may be seen on the way. */
  readonly secure: boolean
}

/**
 * Why an account is not opened. `missing`, `stale`: a digest answer to a (new) challenge is needed. `wrong`: it is another user's, or the
 * token is not valid. `open`: the account has a chain; from now on its devices sign.
 */
export type OpeningRefusal = LinkRefusal | 'too-many' | 'insecure' | 'missing' | 'stale' | 'wrong' | 'open'

export interface EmptyAccountDoorPorts {
  readonly store: ChainStore
  readonly digest: DigestPort
  /** Address of a user whom digest proved. */
  readonly accountOf: (user: string) => Aor
  readonly invitations: InvitationPort
  readonly addresses: AddressLimits
  readonly crypto: AccessCrypto
}

/** Takes the chain of an account that has none: link 0, and what its devices have behind that. Neither proof opens anything after that. */
export class EmptyAccountDoor {
  readonly #ports: EmptyAccountDoorPorts

  constructor(ports: EmptyAccountDoorPorts) {
    this.#ports = ports
  }

  async open(opening: Opening): Promise<Result<'stored' | 'repeated', OpeningRefusal>> {
    const { addresses } = this.#ports
    if (!addresses.admit(opening.address)) return err('too-many')
    if (!opening.secure) return err('insecure')
    const refusal = await this.#refuseProof(opening)
    if (refusal === 'wrong') addresses.recordFailure(opening.address)
    return refusal === null ? this.#store(opening) : err(refusal)
  }

  async #refuseProof({ account, proof, method, target }: Opening): Promise<'missing' | 'stale' | 'wrong' | null> {
    const { digest, invitations, accountOf } = this.#ports
    if (proof.kind === 'invitation') return (await invitations.redeem(proof.token, account)) ? null : 'wrong'
    const proven = await digest.verify(proof.header, method, target)
    if ('refused' in proven) return proven.refused
    return accountOf(proven.user) === account ? null : 'wrong'
  }

  async #store({ account, link, more }: Opening): Promise<Result<'stored' | 'repeated', OpeningRefusal>> {
    const { store, crypto } = this.#ports
    const verified = verifyAll([link, ...more], account, crypto)
    if (!verified.ok) return verified
    if (await store.begin(account, verified.value)) return ok('stored')
    const genesis = (await store.links(account))?.links[0]
    const isRepeat = genesis !== undefined && placeOfLink(genesis, crypto)?.hash === verified.value[0]?.hash
    return isRepeat ? ok('repeated') : err('open')
  }
}

/** Each at its place behind the one before. */
function verifyAll(
  links: readonly Uint8Array[],
  account: Aor,
  crypto: AccessCrypto,
): Result<readonly LinkToStore[], LinkRefusal> {
  const verified: LinkToStore[] = []
  let state: ChainState | null = null
  for (const bytes of links) {
    const link = verifyLink(state, bytes, account, crypto)
    if (!link.ok) return link
    state = applyVerifiedLink(state, link.value)
    verified.push({ hash: link.value.hash, bytes })
  }
  return ok(verified)
}
