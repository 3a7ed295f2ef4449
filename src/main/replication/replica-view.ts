/** What the screen shows of one account's replication, out of what the parts know (pure). */
import { toHex } from '#shared/bytes/bytes.ts'
import type { ErrorCode } from '#shared/errors.ts'
import type { ChainStep } from '#shared/identity/chain-branches.ts'
import { deviceIdText, type ChainState } from '#shared/identity/device-chain.ts'
import { nameBehind, nameOfDevice, type DeviceNames, type KnownChain } from '#shared/identity/chain-ports.ts'
import type { AccountId, DeviceId } from '#shared/model/ids.ts'
import type {
  ChainBranchView,
  ChainChangeView,
  ReplicaDeviceView,
  ReplicaFaultView,
  ReplicationState,
  ReplicationView,
} from '#shared/model/replication-views.ts'
import type { Place } from '#shared/replication/head.ts'
import { faultKey, forkKey, type ReplicaFault } from './faults.ts'

/** What a running replica knows of itself. */
export interface ReplicaFacts {
  readonly state: ReplicationState
  readonly error: ErrorCode | null
  readonly progress: ReplicationView['progress']
  readonly waiting: number
  readonly lastContactAt: number | null
  readonly unopened: number
  readonly isPasswordDue: boolean
  readonly erasure: ReplicationView['erasure']
  readonly isFullOfFiles: boolean
  readonly faults: readonly ReplicaFault[]
  readonly places: readonly Place[]
  /** What others said is there, in their batches and directly. */
  readonly claims: readonly Place[]
  /** When devices, by their ids, last said directly what is all here, ms. */
  readonly confirmed: Readonly<Record<string, number>>
}

/** What is remembered of faults beside what they are. */
export interface FaultNotes {
  readonly dismissed: readonly string[]
  /** When each was found, ms. */
  readonly found: Readonly<Record<string, number>>
}

export interface ReplicaViewParts {
  readonly accountId: AccountId
  readonly server: string | null
  readonly own: DeviceId | null
  readonly chain: KnownChain | null
  readonly facts: ReplicaFacts
  readonly notes: FaultNotes
}

export const noFacts: ReplicaFacts = {
  ...{ state: 'off', error: null, progress: null, waiting: 0, lastContactAt: null, unopened: 0, isPasswordDue: false },
  ...{ isFullOfFiles: false, erasure: null },
  ...{ faults: [], places: [], claims: [], confirmed: {} },
}

export function replicaView({ accountId, server, own, chain, facts, notes }: ReplicaViewParts): ReplicationView {
  const { state, error, progress, waiting, lastContactAt, unopened, isPasswordDue, isFullOfFiles, erasure } = facts
  const devices = chain === null ? [] : deviceViews(chain, own, facts)
  return {
    ...{ accountId, state, server, error, progress, waiting, lastContactAt, unopened, isPasswordDue, devices },
    ...{ isFullOfFiles, erasure },
    ...completeness(facts, devices),
    faults: faultViews(facts.faults, chain, notes),
    branches: chain === null ? [] : branchViews(chain, own),
    aside: chain === null ? [] : asideViews(chain),
  }
}

function deviceViews(
  chain: KnownChain,
  own: DeviceId | null,
  { places, confirmed }: Pick<ReplicaFacts, 'places' | 'confirmed'>,
): readonly ReplicaDeviceView[] {
  const seen = new Map(places.map(({ device, at }) => [deviceIdText(device), at]))
  return [...chain.state.devices]
    .map(([id, { sealedName, addedAt, revokedAt }]): ReplicaDeviceView => {
      const name = nameBehind(chain.names, sealedName)
      const lastSeenAt = Math.max(seen.get(id) ?? 0, confirmed[id] ?? 0)
      return { id, name, own: id === own, addedAt, revokedAt, lastSeenAt: lastSeenAt === 0 ? null : lastSeenAt }
    })
    .sort((a, b) => Number(a.revokedAt !== null) - Number(b.revokedAt !== null) || a.addedAt - b.addedAt)
}

function asideViews({ aside, names }: KnownChain): ReplicationView['aside'] {
  return aside.map(({ id, sealedName, addedAt }) => ({ id, addedAt, name: nameBehind(names, sealedName) }))
}

/** Up to when everything is here: what another device has signed it knew then, else what the server says it has. */
function completeness(
  { places, claims, lastContactAt }: ReplicaFacts,
  devices: readonly ReplicaDeviceView[],
): Pick<ReplicationView, 'completeUpTo' | 'confirmedBy'> {
  const read = new Map(places.map(({ device, seq }) => [toHex(device), seq]))
  const isBehind = claims.some(({ device, seq }) => isOther(device, devices) && seq > (read.get(toHex(device)) ?? 0))
  if (isBehind) return { completeUpTo: null, confirmedBy: null }
  const [witness] = devices
    .filter(({ own, revokedAt }) => !own && revokedAt === null)
    .flatMap(({ id, name, lastSeenAt }) => (lastSeenAt === null ? [] : [{ device: id, name, at: lastSeenAt }]))
    .sort((a, b) => b.at - a.at)
  if (witness !== undefined) return { completeUpTo: witness.at, confirmedBy: witness }
  return { completeUpTo: lastContactAt, confirmedBy: null }
}

function isOther(device: Uint8Array, devices: readonly ReplicaDeviceView[]): boolean {
  const view = devices.find(({ id }) => id === deviceIdText(device))
  return view !== undefined && !view.own && view.revokedAt === null
}

function faultViews(
  faults: readonly ReplicaFault[],
  chain: KnownChain | null,
  { dismissed, found }: FaultNotes,
): readonly ReplicaFaultView[] {
  const views = faults.map((fault): ReplicaFaultView => {
    const key = faultKey(fault)
    const entries = 'first' in fault ? fault.last - fault.first + 1 : null
    return { key, kind: fault.kind, device: deviceIdText(fault.device), foundAt: found[key] ?? 0, entries }
  })
  const forked = chain?.fork == null ? [] : [forkView(chain.fork.after, found)]
  return [...views.filter(({ key }) => !dismissed.includes(key)), ...forked]
}

function forkView(after: string, found: FaultNotes['found']): ReplicaFaultView {
  const key = forkKey(after)
  return { key, kind: 'chain-forked', device: null, foundAt: found[key] ?? 0, entries: null }
}

/** The ways a forked chain may go on; `own` = this device, null where it is none of the account. */
export function branchViews(
  { state, branches, names }: Pick<KnownChain, 'state' | 'branches' | 'names'>,
  own: DeviceId | null,
): readonly ChainBranchView[] {
  const isValid = (at: ChainState): boolean => own !== null && at.devices.get(own)?.revokedAt === null
  // A device that one of the branches removes has no say (`read-chain.ts`).
  const mayPick = isValid(state) && branches.every((branch) => isValid(branch.state))
  return branches.map(({ state: end, steps }) => ({
    key: end.head,
    mayPick,
    hasOwn: isValid(end),
    devices: [...end.devices.values()]
      .filter(({ revokedAt }) => revokedAt === null)
      .map(({ sealedName }) => nameBehind(names, sealedName)),
    changes: steps.map((step) => changeView(step, names)),
  }))
}

function changeView({ body, signers, before }: ChainStep, names: DeviceNames): ChainChangeView {
  const nameOf = (id: DeviceId): string => nameOfDevice({ state: before, names }, id)
  const added = body.kind === 'add' ? deviceIdText(body.device.id) : null
  const signer = signers.find((one) => one !== added) ?? 'paper'
  return {
    kind: body.kind,
    device:
      body.kind === 'add'
        ? nameBehind(names, body.device.name)
        : 'target' in body
          ? nameOf(deviceIdText(body.target))
          : '',
    newName: body.kind === 'rename' ? nameBehind(names, body.name) : null,
    by: signer === 'paper' ? null : nameOf(signer),
    at: body.at,
  }
}
