/** What runs of an export or import, as main announces it. */
import { create } from 'zustand'
import type { ArchiveActivity } from '#shared/model/archive-views.ts'

const useStore = create<{ readonly activity: ArchiveActivity | null }>(() => ({ activity: null }))

/** What runs, null for nothing. */
export function useArchiveActivity(): ArchiveActivity | null {
  return useStore((state) => state.activity)
}

/** Main says what runs. */
export function handleArchive(activity: ArchiveActivity | null): void {
  useStore.setState({ activity })
}
