import { equalBytes } from '#shared/bytes/bytes.ts'
import { SottoError } from '#shared/errors.ts'
import type { KnownChain } from '#shared/identity/chain-ports.ts'
import { applyVerifiedLink, verifyLink, type LinkHash } from '#shared/identity/device-chain.ts'
import { readChain, type ChainReading } from '#shared/identity/read-chain.ts'
import type { PaperKeys } from '#shared/model/device-link.ts'
import type { Aor } from '#shared/model/ids.ts'
import { nodeVerifier } from '#main/keys/verifier.ts'

/** A chain as its links say, picked branches apart. */
export type PaperChain = ChainReading & Pick<KnownChain, 'links'>

/**
 * The chain whose link 0 bears this paper's keys, by its signature: no other identity can be passed off as the person's.
 * @throws SottoError `restore-other-identity` where there is none such, or more than one; `restore-forked`.
 */
export function chainOfPaper(links: readonly Uint8Array[], account: Aor, paper: PaperKeys): PaperChain {
  const [identity, second] = identitiesOf(links, account, paper)
  if (identity === undefined || second !== undefined) throw new SottoError('restore-other-identity')
  const reading = readChain(links, { account, identity, picked: new Set(), crypto: nodeVerifier })
  if (reading === null) throw new SottoError('restore-other-identity')
  if (reading.fork !== null) throw new SottoError('restore-forked')
  return { ...reading, links }
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
