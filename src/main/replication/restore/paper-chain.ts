import { equalBytes, wipe } from '#shared/bytes/bytes.ts'
import { SottoError } from '#shared/errors.ts'
import { branchesOf } from '#shared/identity/chain-branches.ts'
import type { KnownChain, PaperInUse } from '#shared/identity/chain-ports.ts'
import { applyVerifiedLink, verifyLink, type LinkHash } from '#shared/identity/device-chain.ts'
import { placeOfLink, readChain, type ChainReading } from '#shared/identity/read-chain.ts'
import type { PaperKeys } from '#shared/model/device-link.ts'
import type { Aor } from '#shared/model/ids.ts'
import { namesIn, openNamesKey } from '#main/keys/device-names.ts'
import { nodeVerifier } from '#main/keys/verifier.ts'

/** A chain as its links say. */
export type PaperChain = ChainReading & Pick<KnownChain, 'links' | 'branches' | 'names'>

/** A paper secret as far as it opens. */
type PaperOpener = Pick<PaperInUse, 'keys' | 'x25519'>

/** The chain is in two versions, and nobody said which one counts. */
export class PaperChainForked extends SottoError {
  readonly chain: PaperChain

  constructor(chain: PaperChain) {
    super('restore-forked')
    this.chain = chain
  }
}

/**
 * The chain whose link 0 bears this paper's keys, by its signature: no other identity can be passed off as the person's.
 * @throws SottoError `restore-other-identity` where there is none such, or more than one.
 */
export function chainOfPaper(links: readonly Uint8Array[], account: Aor, paper: PaperOpener): PaperChain {
  const [identity, second] = identitiesOf(links, account, paper.keys)
  if (identity === undefined || second !== undefined) throw new SottoError('restore-other-identity')
  const wanted = { account, identity, picked: new Set<LinkHash>(), crypto: nodeVerifier }
  const reading = readChain(links, wanted)
  if (reading === null) throw new SottoError('restore-other-identity')
  const namesKey = namesKeyOf(reading, account, paper)
  try {
    return { ...reading, links, branches: branchesOf(links, wanted, reading), names: namesIn(links, namesKey) }
  } finally {
    wipe(namesKey)
  }
}

/**
 * The key of the devices' names, the caller's to wipe.
 * @throws SottoError `restore-other-identity` where link 0, which this paper signed, has it for another one.
 */
export function namesKeyOf({ state }: Pick<ChainReading, 'state'>, account: Aor, paper: PaperOpener): Uint8Array {
  const key = openNamesKey(state.namesBox, paper.x25519, account)
  if (key === null) throw new SottoError('restore-other-identity')
  return key
}

/**
 * Demands that the link the person picked a version by is on the way that counts; without a pick, nothing.
 * @throws SottoError `restore-pick-gone`.
 */
export function demandPicked({ state, links }: PaperChain, picked: LinkHash | null): void {
  if (picked === null) return
  const previous = new Map<LinkHash, LinkHash>()
  for (const bytes of links) {
    const place = placeOfLink(bytes, nodeVerifier)
    if (place !== null) previous.set(place.hash, place.previous)
  }
  let at: LinkHash | undefined = state.head
  while (at !== undefined && at !== picked) at = previous.get(at)
  if (at === undefined) throw new SottoError('restore-pick-gone')
}

function identitiesOf(links: readonly Uint8Array[], account: Aor, paper: PaperKeys): readonly LinkHash[] {
  const found = links.flatMap((bytes) => {
    const first = verifyLink(null, bytes, account, nodeVerifier)
    if (!first.ok) return []
    const state = applyVerifiedLink(null, first.value)
    const isOurs = equalBytes(state.paper.ed25519, paper.ed25519) && equalBytes(state.paper.x25519, paper.x25519)
    return isOurs ? [state.identity] : []
  })
  return [...new Set(found)]
}
