import { useTransfers } from '#renderer/stores/linking-store.ts'
import { useMainView } from '#renderer/stores/screen-store.ts'
import { Transfer } from '../devices/Transfer.tsx'

/** Histories that are coming from other devices, on top of the window. */
export function TransferBar() {
  const main = useMainView()
  const taking = useTransfers().filter(({ doing }) => doing === 'taking')
  // That page shows them itself.
  if (main.kind === 'settings' && main.section === 'devices') return null
  return taking.map((transfer) => (
    <div key={transfer.accountId} className="border-b border-line bg-panel p-2">
      <Transfer transfer={transfer} />
    </div>
  ))
}
