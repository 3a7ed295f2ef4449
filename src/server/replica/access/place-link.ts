/** Where a new link belongs in a stored chain, and whether it may be stored there (pure). */
import type { KnownChain } from './account-chains.ts'
import type { AccessLimits } from './limits.ts'
import {
  applyVerifiedLink,
  verifyLink,
  type ChainState,
  type LinkHash,
  type LinkRefusal,
} from '#shared/identity/device-chain.ts'
import { placeOfLink } from '#shared/identity/read-chain.ts'
import type { Aor } from '#shared/model/ids.ts'
import type { VerifierPort } from '#shared/ports/verifier.ts'
import { err, ok, type Result } from '#shared/result.ts'

/**
 * Why a link is not stored. `head-moved`: another link stands after the one it extends, and it was not said to be a fork; what stands there is
 * to be read first. `too-many-forks`, `chain-full`: bounds.
 */
export type PlaceRefusal = LinkRefusal | 'head-moved' | 'too-many-forks' | 'chain-full'

export interface OfferedLink {
  readonly bytes: Uint8Array
  /** The link is in use already: it is to be stored beside what stands there, so that every device sees the fork. */
  readonly asFork: boolean
}

export interface LinkPlacing {
  readonly account: Aor
  readonly crypto: VerifierPort
  readonly limits: Pick<AccessLimits, 'links' | 'linksForPaper' | 'forkedLinks'>
}

/** The hash under which to store the link; null when it is stored already. */
export function placeLink(
  chain: KnownChain,
  { bytes, asFork }: OfferedLink,
  { account, crypto, limits }: LinkPlacing,
): Result<LinkHash | null, PlaceRefusal> {
  const place = placeOfLink(bytes, crypto)
  if (place === null) return err('malformed')
  const stored = storedLinks(chain, crypto)
  if (stored.has(place.hash)) return ok(null)
  const parents = [...stored.values()].map(({ previous }) => previous)
  const isForking = parents.includes(place.previous)
  if (isForking && !asFork) return err('head-moved')
  if (isForking && parents.length - new Set(parents).size >= limits.forkedLinks) return err('too-many-forks')
  const state = stateAt(chain, stored, { hash: place.previous, account, crypto })
  if (state === null) return err('wrong-previous')
  const verified = verifyLink(state, bytes, account, crypto)
  if (!verified.ok) return verified
  const room = limits.links - (verified.value.signedByPaper ? 0 : limits.linksForPaper)
  return stored.size < room ? ok(place.hash) : err('chain-full')
}

interface StoredLink {
  readonly bytes: Uint8Array
  readonly previous: LinkHash
}
type StoredLinks = ReadonlyMap<LinkHash, StoredLink>

function storedLinks({ links }: KnownChain, crypto: VerifierPort): StoredLinks {
  const stored = new Map<LinkHash, StoredLink>()
  for (const bytes of links) {
    const place = placeOfLink(bytes, crypto)
    if (place !== null) stored.set(place.hash, { bytes, previous: place.previous })
  }
  return stored
}

/** The state after the link of this hash, on whatever branch it stands; null for a link that is not stored. */
function stateAt(
  { state, fork }: KnownChain,
  stored: StoredLinks,
  at: { readonly hash: LinkHash; readonly account: Aor; readonly crypto: VerifierPort },
): ChainState | null {
  if (fork === null && at.hash === state.head) return state
  let reached: ChainState | null = null
  for (const { bytes } of pathTo(at.hash, stored)) {
    const link = verifyLink(reached, bytes, at.account, at.crypto)
    if (!link.ok) throw new Error('stored link does not verify')
    reached = applyVerifiedLink(reached, link.value)
  }
  return reached
}

/** Link 0 first. */
function pathTo(hash: LinkHash, stored: StoredLinks): readonly StoredLink[] {
  const path: StoredLink[] = []
  for (let link = stored.get(hash); link !== undefined; link = stored.get(link.previous)) path.push(link)
  return path.reverse()
}
