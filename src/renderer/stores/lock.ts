/** Locking from the window. */
import { create } from 'zustand'
import { perform } from './actions.ts'
import { callsNow, isRunning } from './call-store.ts'
import { showDialog } from './screen-store.ts'

const useStore = create<{ readonly asked: boolean }>(() => ({ asked: false }))

/** Whether the user is to say what becomes of the call that runs. */
export function useLockQuestion(): boolean {
  return useStore((state) => state.asked)
}

/** Locks at once, or asks where that would end a call. */
export function askToLock(): void {
  if (callsNow().some(isRunning)) useStore.setState({ asked: true })
  else void lock('keep')
}

/** Locks; while people talk `end` hangs up, `keep` waits for them. */
export async function lock(calls: 'keep' | 'end'): Promise<void> {
  dropLockQuestion()
  showDialog(null)
  await perform('app.lock', { calls })
}

/** The question is answered, or was taken back. */
export function dropLockQuestion(): void {
  useStore.setState({ asked: false })
}

/** Takes back a lock that waits. */
export async function stayOpen(): Promise<void> {
  await perform('app.stayOpen', {})
}
