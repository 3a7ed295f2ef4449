/** Every account's replication, as main announces it. An event carries all of it, so that a lost one is made good by the next. */
import { create } from 'zustand'
import type { AccountId } from '#shared/model/ids.ts'
import type { ReplicationView } from '#shared/model/replication-views.ts'
import { call } from '../bridge/client.ts'

interface ReplicationState {
  readonly views: readonly ReplicationView[]
  /** Grows with every event: an answer that one overtook is dropped. */
  readonly heard: number
}

const noViews: readonly ReplicationView[] = []
const useStore = create<ReplicationState>(() => ({ views: noViews, heard: 0 }))

/** Whether the person has to look: something was done that should not be, or it does not go on by itself, or is to be erased. */
export function needsAttention({
  state,
  faults,
  erasure,
}: Pick<ReplicationView, 'state' | 'faults' | 'erasure'>): boolean {
  return state === 'stopped' || faults.length > 0 || erasure !== null
}

/** The replication of one account; undefined until main said something. */
export function useReplication(id: AccountId): ReplicationView | undefined {
  return useStore(({ views }) => views.find(({ accountId }) => accountId === id))
}

/** Whether an account's replication waits for the person. */
export function useNeedsAttention(id: AccountId): boolean {
  return useStore(({ views }) => views.some((view) => view.accountId === id && needsAttention(view)))
}

/** Main says how every account stands. */
export function handleReplication(views: readonly ReplicationView[]): void {
  useStore.setState(({ heard }) => ({ views, heard: heard + 1 }))
}

/** Asks main how every account stands. */
export async function loadReplication(): Promise<void> {
  const { heard } = useStore.getState()
  const reply = await call('replication.list', {})
  if (reply.ok && useStore.getState().heard === heard) useStore.setState({ views: reply.value })
}

/** Nothing is known while Sotto is locked. */
export function forgetReplication(): void {
  handleReplication(noViews)
}
