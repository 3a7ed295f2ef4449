import { useAccount } from '#renderer/stores/app-store.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { showDialog, useDialog } from '#renderer/stores/screen-store.ts'
import { Dialog } from '#renderer/ui/Dialog.tsx'
import type { AccountId } from '#shared/model/ids.ts'
import { displayAor } from '#shared/model/aor.ts'
import { ExportDialog } from '../archive/ExportDialog.tsx'
import { ImportDialog } from '../archive/ImportDialog.tsx'
import { TransferDialog } from '../calls/TransferDialog.tsx'
import { DeleteDialog } from '../chat/DeleteDialog.tsx'
import { LinkDialog } from '../chat/LinkDialog.tsx'
import { MessageDetails } from '../chat/MessageDetails.tsx'
import { ContactCard } from '../contact/ContactCard.tsx'
import { NewConversation } from '../conversations/NewConversation.tsx'
import { AccountForm } from '../onboarding/AccountForm.tsx'
import { PaperSecret } from '../onboarding/PaperSecret.tsx'
import { Shortcuts } from './Shortcuts.tsx'

const close = (): void => showDialog(null)

/** The one dialog that is open, if any. */
export function Dialogs() {
  const t = useT()
  const dialog = useDialog()
  switch (dialog?.kind) {
    case undefined:
      return null
    case 'new-conversation':
      return (
        <Dialog title={t('newConversation.title')} closeLabel={t('app.close')} onClose={close}>
          <NewConversation />
        </Dialog>
      )
    case 'add-account':
      return (
        <Dialog title={t('accounts.addTitle')} closeLabel={t('app.close')} onClose={close}>
          <AccountForm onDone={(accountId) => showDialog({ kind: 'paper-secret', accountId })} />
        </Dialog>
      )
    case 'shortcuts':
      return (
        <Dialog title={t('shell.shortcuts')} closeLabel={t('app.close')} onClose={close}>
          <Shortcuts />
        </Dialog>
      )
    case 'export':
      return <ExportDialog id={dialog.id} onClose={close} />
    case 'import':
      return <ImportDialog onClose={close} mayHide />
    case 'contact':
      return (
        <Dialog title={t('contact.title')} closeLabel={t('app.close')} onClose={close}>
          <ContactCard id={dialog.id} onClose={close} />
        </Dialog>
      )
    case 'message-details':
      return <MessageDetails message={dialog.message} onClose={close} />
    case 'delete-message':
      return <DeleteDialog message={dialog.message} onClose={close} />
    case 'link':
      return <LinkDialog url={dialog.url} onClose={close} />
    case 'transfer':
      return <TransferDialog callId={dialog.callId} onClose={close} />
    case 'paper-secret':
      return <PaperDialog accountId={dialog.accountId} />
  }
}

function PaperDialog({ accountId }: { readonly accountId: AccountId }) {
  const t = useT()
  const account = useAccount(accountId)
  return (
    <Dialog title={t('paper.title')} closeLabel={t('app.close')} onClose={close}>
      {account !== undefined && <p className="mb-2 text-sm text-soft selectable">{displayAor(account.aor)}</p>}
      <PaperSecret accountId={accountId} onDone={close} onLater={close} />
    </Dialog>
  )
}
