import { toBase64Url } from '../bytes/base64url.ts'
import { ProtocolError } from '../errors.ts'
import { decodeLinkBody, decodeSignedLink } from '../model/device-link.ts'
import type { Aor } from '../model/ids.ts'
import type { VerifierPort } from '../ports/verifier.ts'
import { applyVerifiedLink, linkHash, verifyLink, type ChainState, type LinkHash } from './device-chain.ts'

/** Bound on the links that are looked at; more are ignored. */
const maxLinks = 8192

/** Two or more valid links after `after`: nothing is written until the user or the paper key picks one. */
export interface ChainFork {
  readonly after: LinkHash
  readonly branches: readonly LinkHash[]
}

/** What a set of links amounts to: the state up to the head, or up to the fork. */
export interface ChainReading {
  readonly state: ChainState
  readonly fork: ChainFork | null
}

/** Which chain to read out of a set of links. */
export interface ChainWanted {
  readonly account: Aor
  /** Hash of its link 0. */
  readonly identity: LinkHash
  /** Branches the user picked at forks, by the hash of their first link. */
  readonly picked: ReadonlySet<LinkHash>
  readonly crypto: VerifierPort
}

/** Where a link says it belongs: nothing of it is verified. */
export interface LinkPlace {
  readonly hash: LinkHash
  /** What it extends; '' for link 0. */
  readonly previous: LinkHash
}

/** Links by the hash they extend, each once. */
type LinksByPrevious = ReadonlyMap<LinkHash, readonly { readonly hash: LinkHash; readonly bytes: Uint8Array }[]>

interface Walk extends Omit<ChainWanted, 'identity'> {
  readonly links: LinksByPrevious
  readonly followed: Map<LinkHash, Followed>
}

interface Followed extends ChainReading {
  readonly signedByPaper: boolean
}

/**
 * Reads the chain that starts with link 0 `identity` out of links in any order and number; null without a valid link 0.
 * At a fork a branch counts if the user picked it, or if it alone carries a link signed by the paper key.
 */
export function readChain(links: readonly Uint8Array[], wanted: ChainWanted): ChainReading | null {
  const { account, identity, picked, crypto } = wanted
  const sorted = sortLinks(links.slice(0, maxLinks), crypto)
  const genesis = sorted.get('')?.filter(({ hash }) => hash === identity) ?? []
  for (const { bytes } of genesis) {
    const first = verifyLink(null, bytes, account, crypto)
    if (!first.ok) continue
    const { state, fork } = follow(applyVerifiedLink(null, first.value), {
      ...{ links: sorted, account, picked, crypto },
      followed: new Map(),
    })
    return { state, fork }
  }
  return null
}

/** Remembers what it found per head: forks inside forks must not be walked twice for each level. */
function follow(start: ChainState, walk: Walk): Followed {
  const known = walk.followed.get(start.head)
  if (known !== undefined) return known
  const found = walkOn(start, walk)
  walk.followed.set(start.head, found)
  return found
}

function walkOn(start: ChainState, walk: Walk): Followed {
  let state = start
  let signedByPaper = false
  for (;;) {
    const branches = branchesAt(state, walk)
    const [only, second] = branches
    if (only === undefined) return { state, fork: null, signedByPaper }
    if (second !== undefined) return settle(state, branches, { walk, signedByPaper })
    state = only.state
    signedByPaper ||= only.link.signedByPaper
  }
}

/** Goes on along the branch that counts, or stops at the fork. */
function settle(
  state: ChainState,
  branches: readonly Branch[],
  { walk, signedByPaper }: { readonly walk: Walk; readonly signedByPaper: boolean },
): Followed {
  const chosen = choose(branches, walk)
  if (chosen === undefined) return { state, fork: forkAt(state, branches), signedByPaper }
  const rest = follow(chosen.state, walk)
  return { ...rest, signedByPaper: signedByPaper || chosen.link.signedByPaper || rest.signedByPaper }
}

interface Branch {
  readonly link: Parameters<typeof applyVerifiedLink>[1]
  readonly state: ChainState
}

function branchesAt(state: ChainState, walk: Walk): readonly Branch[] {
  const seen = new Map<LinkHash, Branch>()
  for (const { hash, bytes } of walk.links.get(state.head) ?? []) {
    if (seen.has(hash)) continue
    const link = verifyLink(state, bytes, walk.account, walk.crypto)
    if (link.ok) seen.set(hash, { link: link.value, state: applyVerifiedLink(state, link.value) })
  }
  return [...seen.values()]
}

function choose(branches: readonly Branch[], walk: Walk): Branch | undefined {
  const picked = branches.filter(({ link }) => walk.picked.has(link.hash))
  if (picked.length === 1) return picked[0]
  const byPaper = branches.filter(({ link, state }) => link.signedByPaper || follow(state, walk).signedByPaper)
  return byPaper.length === 1 ? byPaper[0] : undefined
}

function forkAt(state: ChainState, branches: readonly Branch[]): ChainFork {
  return { after: state.head, branches: branches.map(({ link }) => link.hash).sort() }
}

/** Groups by previous hash, sorted by hash so that the order of arrival cannot matter; malformed links fall out. */
function sortLinks(links: readonly Uint8Array[], crypto: VerifierPort): LinksByPrevious {
  const byPrevious = new Map<LinkHash, { hash: LinkHash; bytes: Uint8Array }[]>()
  for (const bytes of links) {
    const placed = placeOfLink(bytes, crypto)
    if (placed === null) continue
    const siblings = byPrevious.get(placed.previous) ?? []
    byPrevious.set(placed.previous, [...siblings, { hash: placed.hash, bytes }])
  }
  for (const siblings of byPrevious.values()) siblings.sort((a, b) => (a.hash < b.hash ? -1 : 1))
  return byPrevious
}

/** Null for what is no link. */
export function placeOfLink(bytes: Uint8Array, crypto: VerifierPort): LinkPlace | null {
  try {
    const { body } = decodeSignedLink(bytes)
    const { previous } = decodeLinkBody(body)
    return { hash: linkHash(body, crypto), previous: previous === null ? '' : toBase64Url(previous) }
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}
