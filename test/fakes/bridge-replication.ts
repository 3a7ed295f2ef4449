/** Replication and devices of the fake bridge: stories to start from, and what a test lets happen. */
import type { BridgeReply } from '#shared/bridge/api.ts'
import type { BridgeArgs, BridgeName, BridgeResult } from '#shared/bridge/table.ts'
import type { AccountId, DeviceId } from '#shared/model/ids.ts'
import type {
  ErasureView,
  ReplicaDeviceView,
  ReplicaFaultView,
  ReplicationView,
  ServerCopyView,
} from '#shared/model/replication-views.ts'
import type { AccountView } from '#shared/model/views.ts'

type Row = Extract<BridgeName, `replication.${string}` | `devices.${string}`>
type Reply<N extends BridgeName> = BridgeResult<N> | BridgeReply<BridgeResult<N>>
type Rows = { readonly [N in Row]: (args: BridgeArgs<N>) => Reply<N> }

const [minute, day] = [60_000, 86_400_000]
const id = (letter: string): DeviceId => letter.repeat(22) as DeviceId

function device(letter: string, name: string, over: Partial<ReplicaDeviceView> = {}): ReplicaDeviceView {
  const now = Date.now()
  return {
    id: id(letter),
    name,
    own: false,
    addedAt: now - 40 * day,
    revokedAt: null,
    lastSeenAt: now - minute,
    ...over,
  }
}

const own = () => device('D', 'Alice’s laptop', { own: true, addedAt: Date.now() - 90 * day, lastSeenAt: null })
const three = (): readonly ReplicaDeviceView[] => [
  own(),
  device('P', 'Desk in the study'),
  device('T', 'Tablet', { lastSeenAt: null }),
  device('O', 'Old phone', { revokedAt: Date.now() - 12 * day }),
]

const fault = (
  kind: ReplicaFaultView['kind'],
  device: string | null,
  entries: number | null,
  hoursAgo: number,
): ReplicaFaultView => ({
  key: `${kind} ${device ?? ''}`,
  ...{ kind, device: device === null ? null : id(device), entries },
  foundAt: Date.now() - hoursAgo * 60 * minute,
})

const current = (): Partial<ReplicationView> => ({
  ...{ state: 'current', devices: three(), completeUpTo: Date.now() - 2 * minute, lastContactAt: Date.now() - minute },
  confirmedBy: { device: id('P'), name: 'Desk in the study', at: Date.now() - minute },
})

/** Two versions of the list of devices; `mayPick` = neither of them removes this device. */
const split = (mayPick: boolean): Partial<ReplicationView> => {
  const at = (hours: number) => Date.now() - hours * 60 * minute
  const study = { by: 'Desk in the study', newName: null } as const
  const lost = { kind: 'revoke', device: 'Alice’s laptop', ...study, at: at(1) } as const
  const names = ['Desk in the study', 'Tablet']
  return {
    ...{ ...current(), state: 'stopped', error: 'devices-forked', faults: [fault('chain-forked', null, null, 1)] },
    branches: [
      {
        ...{ key: 'a'.repeat(43), mayPick, hasOwn: mayPick },
        devices: [...(mayPick ? ['Alice’s laptop'] : []), ...names, 'Desktop-4F2'],
        changes: [
          { kind: 'add', device: 'Desktop-4F2', ...study, at: at(2) },
          ...(mayPick ? [] : [lost]),
          { kind: 'epoch', device: '', ...study, at: at(1) },
        ],
      },
      {
        ...{ key: 'b'.repeat(43), mayPick, hasOwn: true, devices: ['Alice’s laptop', ...names, 'Kitchen'] },
        changes: [
          { kind: 'add', device: 'Kitchen tablet', by: 'Alice’s laptop', newName: null, at: at(3) },
          { kind: 'rename', device: 'Kitchen tablet', newName: 'Kitchen', by: 'Alice’s laptop', at: at(2) },
        ],
      },
    ],
  }
}

/** Ways an account's replication may stand. */
const stories = {
  off: () => ({}),
  foreign: () => ({ server: null }),
  current,
  alone: () => ({ ...current(), devices: [own()], confirmedBy: null }),
  'server-only': () => ({ ...current(), confirmedBy: null, waiting: 3, unopened: 2 }),
  pushing: () => ({
    ...{ ...current(), state: 'working', waiting: 3600 },
    progress: { doing: 'pushing', done: 1234, total: 4834 },
  }),
  offline: () => ({ ...current(), state: 'offline', error: 'server-unreachable', waiting: 12 }),
  faulty: () => ({
    ...current(),
    faults: [
      ...[fault('forged', 'P', 4, 1), fault('forked', 'P', null, 2), fault('withheld', 'P', 12, 3)],
      ...[fault('body-withheld', 'T', 1, 4), fault('rolled-back', null, 40, 5), fault('chain-forked', null, null, 6)],
    ],
  }),
  split: () => split(true),
  'split-apart': () => split(false),
  'old-password': () => ({ ...current(), isPasswordDue: true }),
  'to-be-erased': () => ({
    ...current(),
    erasure: { askedAt: Date.now() - 2 * day, dueAt: Date.now() + 12 * day },
  }),
  'full-of-files': () => ({ ...current(), isFullOfFiles: true }),
  copied: () => ({ ...current(), state: 'stopped', faults: [fault('ahead', 'D', null, 1)] }),
} as const satisfies Record<string, () => Partial<ReplicationView>>

/** What a scenario says of replication. */
export interface ReplicationScript {
  readonly story?: keyof typeof stories
  /** Batches that stay on the server when it is told to erase, until it was asked this often. */
  /** The server keeps what other devices sealed, and what became of the wish to erase it. */
  readonly sealedElsewhere?: ErasureView
  readonly leftover?: { readonly batches: number; readonly asked: number }
}

const failed = (code: 'replica-needs-linking' | 'invalid-argument' | 'not-found' | 'wrong-paper-secret') =>
  ({ ok: false, code, params: {} }) as const

export class FakeReplication {
  readonly #emit: (views: readonly ReplicationView[]) => void
  readonly #script: ReplicationScript
  #views: readonly ReplicationView[]
  #batches = 58
  #erased = false
  #asked = 0
  #elsewhere: ErasureView | null

  constructor(
    accounts: readonly AccountView[],
    emit: (views: readonly ReplicationView[]) => void,
    script: ReplicationScript = {},
  ) {
    this.#emit = emit
    this.#script = script
    this.#elsewhere = script.sealedElsewhere ?? null
    this.#views = accounts.map((account) => ({
      ...{ accountId: account.id, state: 'off', server: '127.0.0.1:8443', error: null, progress: null, waiting: 0 },
      ...{ completeUpTo: null, confirmedBy: null, lastContactAt: null, unopened: 0, faults: [], devices: [own()] },
      ...{ branches: [], aside: [] },
      ...{ isPasswordDue: false, isFullOfFiles: false, erasure: null },
      ...stories[script.story ?? 'off'](),
    }))
  }

  /** An account came back from its paper secret: its history is on its way. */
  restored(accountId: AccountId): void {
    const reading = { doing: 'reading', done: 120, total: 480 } as const
    this.#views = [
      {
        ...{ accountId, server: '127.0.0.1:8443', error: null, waiting: 0, unopened: 0, faults: [] },
        ...{ ...current(), state: 'working', progress: reading, devices: three(), erasure: null },
      } as ReplicationView,
    ]
    this.#emit(this.#views)
  }

  /** Something changes in main. */
  change(over: Partial<ReplicationView>): void {
    this.#views = this.#views.map((view) => ({ ...view, ...over }))
    this.#emit(this.#views)
  }

  /** How it stands with the first account. */
  get first(): ReplicationView {
    return this.#views[0]!
  }

  #view(accountId: string): ReplicationView | undefined {
    return this.#views.find((view) => view.accountId === (accountId as AccountId))
  }

  readonly rows: Rows = {
    'replication.list': () => this.#views,
    'replication.switchOn': ({ accountId, server }) => {
      const chosen = server ?? this.#view(accountId)?.server ?? null
      if (chosen === null) return failed('invalid-argument')
      if (this.#elsewhere !== null) return failed('replica-needs-linking')
      this.#erased = false
      this.change({ server: chosen, state: 'working', progress: { doing: 'preparing', done: 0, total: null } })
    },
    'replication.askErasure': ({ ask }) => {
      const now = Date.now()
      if (ask && this.#elsewhere !== null) this.#elsewhere = { state: 'asked', askedAt: now, dueAt: now + 14 * day }
      return this.#elsewhere ?? { state: 'none' }
    },
    'replication.keepHistory': () => this.change({ erasure: null }),
    'replication.switchOff': ({ erase }) => {
      this.change({ state: 'off', progress: null, faults: [], error: null, confirmedBy: null })
      if (!erase) return null
      this.#erased = true
      return this.#copy()
    },
    'replication.serverCopy': () => {
      this.#asked += 1
      return this.#copy()
    },
    'replication.syncNow': () => this.change({ state: 'current', progress: null, error: null }),
    'replication.pause': () => this.change({ state: 'paused' }),
    'replication.dismissFault': ({ accountId, key }) =>
      this.change({ faults: (this.#view(accountId)?.faults ?? []).filter((fault) => fault.key !== key) }),
    'replication.rejoin': () => this.change({ state: 'joining', faults: [] }),
    'devices.pickBranch': ({ branch, words }) => {
      if (words !== null && new TextDecoder().decode(words) !== 'right words') return failed('wrong-paper-secret')
      const stranger = {
        id: 'SSSSSSSSSSSSSSSSSSSSSA' as DeviceId,
        name: 'Desktop-4F2',
        addedAt: Date.now() - 7_200_000,
      }
      const aside = branch.startsWith('b') ? [stranger] : []
      this.change({ state: 'current', error: null, branches: [], faults: [], aside })
    },
    'devices.rename': ({ accountId, deviceId, name }) => this.#changeDevice(accountId, deviceId, { name }),
    'devices.revoke': ({ accountId, deviceId }) => {
      this.#changeDevice(accountId, deviceId, { revokedAt: Date.now() })
    },
  }

  #changeDevice(accountId: string, deviceId: string, over: Partial<ReplicaDeviceView>): void {
    const devices = this.#view(accountId)?.devices ?? []
    this.change({ devices: devices.map((one) => (one.id === (deviceId as DeviceId) ? { ...one, ...over } : one)) })
  }

  #copy(): ServerCopyView {
    const { leftover } = this.#script
    const left = leftover === undefined || this.#asked >= leftover.asked ? 0 : leftover.batches
    const batches = this.#erased ? left : this.#batches
    return {
      ...{ server: this.#views[0]?.server ?? '', batches, bytes: batches * 61_440 },
      ...{ oldestDay: batches === 0 ? null : '2026-10-03', at: Date.now() },
    }
  }
}
