/** What stands on the branches of a forked chain, for the person to choose between; and what was left aside once it is settled. */
import { decodeLinkBody, decodeSignedLink, type LinkBody } from '../model/device-link.ts'
import type { DeviceId } from '../model/ids.ts'
import { applyVerifiedLink, deviceIdText, verifyLink, type ChainState, type LinkHash } from './device-chain.ts'
import { linksInOrder } from './link-order.ts'
import { readChain, type ChainReading, type ChainWanted } from './read-chain.ts'

/** Forks within forks multiply; a server stores fewer. */
const maxBranches = 16
/** As many as a pick has room for. */
const maxPath = 8

/** One link of a branch. */
export interface ChainStep {
  readonly body: LinkBody
  readonly signers: readonly (DeviceId | 'paper')[]
  /** What holds before it. */
  readonly before: ChainState
}

/** One way the chain may go on from where it forks, up to its end. */
export interface ChainBranch {
  /** First links of the branches that lead there, the one at the first fork first. */
  readonly path: readonly LinkHash[]
  readonly state: ChainState
  readonly steps: readonly ChainStep[]
}

/** A device that only branches have which do not count. */
export interface DeviceAside {
  readonly id: DeviceId
  readonly sealedName: Uint8Array
  readonly addedAt: number
}

/** The ways the chain may go on; none where it is not forked. */
export function branchesOf(
  links: readonly Uint8Array[],
  wanted: ChainWanted,
  reading: ChainReading,
): readonly ChainBranch[] {
  if (reading.fork === null) return []
  return endsOf(links, wanted, []).map(({ path, state }) => {
    return { path, state, steps: stepsTo(links, { wanted, from: reading.state, to: state.head }) }
  })
}

/** Devices that links add which do not count. */
export function devicesAside(links: readonly Uint8Array[], { state }: ChainReading): readonly DeviceAside[] {
  const aside = new Map<DeviceId, DeviceAside>()
  for (const bytes of links) {
    const body = decodeLinkBody(decodeSignedLink(bytes).body)
    if (body.kind !== 'add') continue
    const id = deviceIdText(body.device.id)
    if (!state.devices.has(id)) aside.set(id, { id, sealedName: body.device.name, addedAt: body.at })
  }
  return [...aside.values()]
}

type End = Pick<ChainBranch, 'path' | 'state'>

function endsOf(links: readonly Uint8Array[], wanted: ChainWanted, path: readonly LinkHash[]): readonly End[] {
  const reading = readChain(links, { ...wanted, picked: new Set([...wanted.picked, ...path]) })
  if (reading === null) return []
  if (reading.fork === null) return [{ path, state: reading.state }]
  const ends: End[] = []
  for (const branch of reading.fork.branches) {
    if (ends.length >= maxBranches || path.length >= maxPath) break
    ends.push(...endsOf(links, wanted, [...path, branch]))
  }
  return ends.slice(0, maxBranches)
}

interface Stretch {
  readonly wanted: ChainWanted
  readonly from: ChainState
  readonly to: LinkHash
}

function stepsTo(links: readonly Uint8Array[], { wanted, from, to }: Stretch): readonly ChainStep[] {
  const { account, crypto } = wanted
  const behind = linksInOrder(links, crypto, [from.head])
  const previous = new Map(behind.map(({ place }) => [place.hash, place.previous]))
  const onPath = new Set<LinkHash>()
  for (let at: LinkHash | undefined = to; at !== undefined && at !== from.head; at = previous.get(at)) onPath.add(at)
  const steps: ChainStep[] = []
  let state = from
  for (const { bytes, place } of behind) {
    // Of one body signed several times the first that holds.
    if (!onPath.has(place.hash) || place.previous !== state.head) continue
    const link = verifyLink(state, bytes, account, crypto)
    if (!link.ok) continue
    steps.push({ body: link.value.body, signers: link.value.signers, before: state })
    state = applyVerifiedLink(state, link.value)
  }
  return steps
}

/** What a set of links amounts to, branches included: two sets that differ in something that counts differ here. */
export function fingerprintOf(links: readonly Uint8Array[], wanted: ChainWanted, reading: ChainReading): string {
  if (reading.fork === null) return reading.state.head
  const ends = endsOf(links, wanted, []).map(({ path, state }) => `${path.join(' ')} ${state.head}`)
  return [reading.state.head, ...ends].join('\n')
}
