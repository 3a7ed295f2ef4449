import { compareBytes } from '../bytes/bytes.ts'
import { toBase64Url } from '../bytes/base64url.ts'
import { ProtocolError } from '../errors.ts'
import { decodeLinkBody, decodeSignedLink } from '../model/device-link.ts'
import type { Aor, DeviceId } from '../model/ids.ts'
import type { VerifierPort } from '../ports/verifier.ts'
import {
  applyVerifiedLink,
  deviceIdText,
  linkHash,
  verifyLink,
  type ChainState,
  type LinkHash,
} from './device-chain.ts'

/** Bound on the links that are looked at; more are ignored. */
const maxLinks = 8192
/** Signings of one body that are looked at. */
const maxSignings = 64

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
  /** What devices picked on the way that was followed. */
  readonly picks: readonly DevicePick[]
  /** Devices that a link anywhere behind the start revokes, whichever branch counts. */
  readonly revoked: ReadonlySet<DeviceId>
}

interface DevicePick {
  readonly by: DeviceId
  readonly branches: ReadonlySet<LinkHash>
}

/**
 * Reads the chain that starts with link 0 `identity` out of links in any order and number; null without a valid link 0.
 * At a fork a branch counts if the user picked it, or if it alone carries a link signed by the paper key. Where none carries
 * one, it counts if it alone carries a pick by a device that is valid at the fork and that no other branch revokes: a device of
 * which one branch says that it is lost or stolen has no say.
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
  let way: Followed = { state: start, fork: null, signedByPaper: false, picks: [], revoked: new Set() }
  for (;;) {
    const branches = branchesAt(way.state, walk)
    const [only, second] = branches
    if (only === undefined) return way
    if (second !== undefined) return settle(way, branches, walk)
    way = passing(way, only)
  }
}

/** The way with one more link. */
function passing(way: Followed, { link, state }: Branch): Followed {
  const { body, signers } = link
  const revoked = body.kind === 'revoke' ? new Set([...way.revoked, deviceIdText(body.target)]) : way.revoked
  const branches = body.kind === 'pick' ? new Set(body.branches.map(toBase64Url)) : null
  const picked = branches === null ? [] : signers.flatMap((by) => (by === 'paper' ? [] : [{ by, branches }]))
  return {
    ...{ state, fork: null, revoked, signedByPaper: way.signedByPaper || link.signedByPaper },
    picks: picked.length === 0 ? way.picks : [...way.picks, ...picked],
  }
}

/** Goes on along the branch that counts, or stops at the fork. */
function settle(way: Followed, branches: readonly Branch[], walk: Walk): Followed {
  const behind = branches.map((branch) => ({ branch, rest: branchFollowed(branch, walk) }))
  const revoked = behind.reduce((all, { rest }) => union(all, rest.revoked), way.revoked)
  const chosen = choose(way.state, behind, walk)
  if (chosen === undefined) return { ...way, revoked, fork: forkAt(way.state, branches) }
  const { rest } = chosen
  return {
    ...{ ...rest, revoked, picks: [...way.picks, ...rest.picks] },
    signedByPaper: way.signedByPaper || rest.signedByPaper,
  }
}

/** What follows, its own first link included. */
function branchFollowed(branch: Branch, walk: Walk): Followed {
  const nothing = { state: branch.state, fork: null, signedByPaper: false, picks: [], revoked: new Set<DeviceId>() }
  const first = passing(nothing, branch)
  const rest = follow(branch.state, walk)
  return {
    ...{ ...rest, revoked: union(first.revoked, rest.revoked), picks: [...first.picks, ...rest.picks] },
    signedByPaper: first.signedByPaper || rest.signedByPaper,
  }
}

function union<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): ReadonlySet<T> {
  return b.size === 0 ? a : new Set([...a, ...b])
}

interface Branch {
  readonly link: Parameters<typeof applyVerifiedLink>[1]
  readonly state: ChainState
}

function branchesAt(state: ChainState, walk: Walk): readonly Branch[] {
  const seen = new Map<LinkHash, Branch>()
  const tried = new Map<LinkHash, number>()
  for (const { hash, bytes } of walk.links.get(state.head) ?? []) {
    const [known, tries] = [seen.get(hash), tried.get(hash) ?? 0]
    if (known?.link.signedByPaper === true || tries === maxSignings) continue
    tried.set(hash, tries + 1)
    const link = verifyLink(state, bytes, walk.account, walk.crypto)
    // Of one body signed several times the paper's word counts, whichever came first.
    if (link.ok && (known === undefined || link.value.signedByPaper))
      seen.set(hash, { link: link.value, state: applyVerifiedLink(state, link.value) })
  }
  return [...seen.values()]
}

interface BranchBehind {
  readonly branch: Branch
  readonly rest: Followed
}

function choose(at: ChainState, behind: readonly BranchBehind[], walk: Walk): BranchBehind | undefined {
  const picked = behind.filter(({ branch }) => walk.picked.has(branch.link.hash))
  if (picked.length === 1) return picked[0]
  const byPaper = behind.filter(({ rest }) => rest.signedByPaper)
  const byDevices = byPaper.length > 0 ? byPaper : behind.filter((one) => isPicked(at, one, behind))
  return byDevices.length === 1 ? byDevices[0] : undefined
}

function isPicked(at: ChainState, one: BranchBehind, all: readonly BranchBehind[]): boolean {
  const { hash } = one.branch.link
  return one.rest.picks.some(({ by, branches }) => {
    const isValid = at.devices.get(by)?.revokedAt === null
    return isValid && branches.has(hash) && all.every((other) => other === one || !other.rest.revoked.has(by))
  })
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
  for (const siblings of byPrevious.values())
    siblings.sort((a, b) => (a.hash === b.hash ? compareBytes(a.bytes, b.bytes) : a.hash < b.hash ? -1 : 1))
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
