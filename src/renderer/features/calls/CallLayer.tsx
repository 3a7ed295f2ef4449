import { AddressDialog } from './AddressDialog.tsx'
import { IncomingCalls } from './IncomingCalls.tsx'
import { useCallShortcuts } from './use-call-shortcuts.ts'
import { useRinging } from './use-ringing.ts'

/** What of calls is there on every screen, also while Sotto is locked: ringing, answering, keys and a question. */
export function CallLayer() {
  useRinging()
  useCallShortcuts()
  return (
    <>
      <IncomingCalls />
      <AddressDialog />
    </>
  )
}
