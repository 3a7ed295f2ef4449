import type { ChainStore, LinkToStore } from './chain-store.ts'
import type { AccessCrypto } from './crypto.ts'
import { refuseProof, type OpeningProof, type ProofPorts } from './opening-proof.ts'
import type { AddressLimits } from './request-gate.ts'
import { applyVerifiedLink, verifyLink, type ChainState, type LinkRefusal } from '#shared/identity/device-chain.ts'
import { placeOfLink } from '#shared/identity/read-chain.ts'
import type { Aor } from '#shared/model/ids.ts'
import { err, ok, type Result } from '#shared/result.ts'

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

export interface EmptyAccountDoorPorts extends ProofPorts {
  readonly store: ChainStore
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
    const refusal = await refuseProof(opening, this.#ports, 'redeem')
    if (refusal === 'wrong') addresses.recordFailure(opening.address)
    return refusal === null ? this.#store(opening) : err(refusal)
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
