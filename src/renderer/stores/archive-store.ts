/** What runs of an export or import, as main announces it, and what became of one that the user did not wait for. */
import { create } from 'zustand'
import type { BridgeReply } from '#shared/bridge/api.ts'
import type { ErrorCode } from '#shared/errors.ts'
import type { ArchiveActivity, ExportResult, ImportResult } from '#shared/model/archive-views.ts'

export type ArchiveOutcome =
  | { readonly kind: 'exported'; readonly result: ExportResult }
  | { readonly kind: 'imported'; readonly result: ImportResult }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly params: Readonly<Record<string, string | number>> }

interface ArchiveState {
  readonly activity: ArchiveActivity | null
  readonly outcome: ArchiveOutcome | null
}

const useStore = create<ArchiveState>(() => ({ activity: null, outcome: null }))

/** What runs, null for nothing. */
export function useArchiveActivity(): ArchiveActivity | null {
  return useStore((state) => state.activity)
}

/** What became of the last one that ended behind the user's back. */
export function useArchiveOutcome(): ArchiveOutcome | null {
  return useStore((state) => state.outcome)
}

/** Main says what runs. */
export function handleArchive(activity: ArchiveActivity | null): void {
  useStore.setState({ activity })
}

/** An export or import ended whose dialog the user had closed. */
export function endedBehind<T extends ExportResult | ImportResult>(
  reply: BridgeReply<T>,
  done: (result: T) => ArchiveOutcome,
): void {
  const failed = reply.ok ? null : ({ kind: 'failed', code: reply.code, params: reply.params } as const)
  useStore.setState({ outcome: reply.ok ? done(reply.value) : failed })
}

/** The user has seen it. */
export function forgetOutcome(): void {
  useStore.setState({ outcome: null })
}
