/** The linking of a device that runs, and histories on their way, as main announces them. */
import { create } from 'zustand'
import type { BridgeEvents } from '#shared/bridge/events.ts'
import type { AccountId } from '#shared/model/ids.ts'
import type { HistoryTransferView, LinkingView } from '#shared/model/linking-views.ts'
import { call } from '../bridge/client.ts'

type Linking = BridgeEvents['linking.changed']

const nothing: Linking = { linking: null, transfers: [] }
const useStore = create<Linking & { readonly heard: number }>(() => ({ ...nothing, heard: 0 }))

/** What is being linked; null = nothing. */
export function useLinking(): LinkingView | null {
  return useStore(({ linking }) => linking)
}

/** All histories on their way. */
export function useTransfers(): readonly HistoryTransferView[] {
  return useStore(({ transfers }) => transfers)
}

/** The history of an account on its way to or from another device. */
export function useTransfer(id: AccountId): HistoryTransferView | undefined {
  return useStore(({ transfers }) => transfers.find(({ accountId }) => accountId === id))
}

/** Main says what is being linked, and what is on its way. */
export function handleLinking({ linking, transfers }: Linking): void {
  useStore.setState(({ heard }) => ({ linking, transfers, heard: heard + 1 }))
}

/** Asks main; an answer that an event overtook is dropped. */
export async function loadLinking(): Promise<void> {
  const { heard } = useStore.getState()
  const reply = await call('linking.view', {})
  if (reply.ok && useStore.getState().heard === heard) useStore.setState(reply.value)
}

/** Nothing is known while Sotto is locked. */
export function forgetLinking(): void {
  handleLinking(nothing)
}
