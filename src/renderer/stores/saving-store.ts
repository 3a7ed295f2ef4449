/** Files that are being saved or were, as main announces them. */
import { create } from 'zustand'
import { isSameRow, type RowRef, type SavingView } from '#shared/model/saving.ts'

const useStore = create<{ readonly saving: readonly SavingView[] }>(() => ({ saving: [] }))

/** What becomes of the file of a row, undefined for nothing. */
export function useSaving(row: RowRef): SavingView | undefined {
  return useStore(({ saving }) => saving.find((each) => isSameRow(each, row)))
}

/** Main says what is being saved. */
export function handleSaving(saving: readonly SavingView[]): void {
  useStore.setState({ saving })
}
