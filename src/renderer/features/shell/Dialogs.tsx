import { useAccount } from '#renderer/stores/app-store.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { type DialogView, openSettings, showDialog, useDialog } from '#renderer/stores/screen-store.ts'
import { Dialog } from '#renderer/ui/Dialog.tsx'
import type { AccountId, ConversationId } from '#shared/model/ids.ts'
import type { MessageView } from '#shared/model/views.ts'
import { displayAor } from '#shared/model/aor.ts'
import { ExportDialog } from '../archive/ExportDialog.tsx'
import { ImportDialog } from '../archive/ImportDialog.tsx'
import { TransferDialog } from '../calls/TransferDialog.tsx'
import { DeleteDialog } from '../chat/DeleteDialog.tsx'
import { LinkDialog } from '../chat/LinkDialog.tsx'
import { MessageDetails } from '../chat/MessageDetails.tsx'
import { ContactCard } from '../contact/ContactCard.tsx'
import { EraseDialog } from '../conversations/EraseDialog.tsx'
import { NewConversation } from '../conversations/NewConversation.tsx'
import { LinkDeviceDialog } from '../linking/LinkDeviceDialog.tsx'
import { AccountForm } from '../onboarding/AccountForm.tsx'
import { PaperSecret } from '../onboarding/PaperSecret.tsx'
import { Shortcuts } from './Shortcuts.tsx'

const close = (): void => showDialog(null)

/** The one dialog that is open, if any. */
export function Dialogs() {
  const dialog = useMainDialog()
  if (dialog === null) return null
  if ('accountId' in dialog) return <AccountDialog {...dialog} />
  switch (dialog.kind) {
    case 'new-conversation':
    case 'add-account':
    case 'shortcuts':
      return <PlainDialog kind={dialog.kind} />
    case 'contact':
    case 'erase-conversation':
      return <ConversationDialog kind={dialog.kind} id={dialog.id} />
    case 'message-details':
    case 'delete-message':
      return <MessageDialog kind={dialog.kind} message={dialog.message} />
    case 'link':
      return <LinkDialog url={dialog.url} onClose={close} />
    case 'transfer':
      return <TransferDialog callId={dialog.callId} onClose={close} />
  }
}

type ArchiveView = Extract<DialogView, { readonly kind: 'export' | 'import' }>

/** The open dialog, if it is not one of {@link ArchiveDialogs}. */
function useMainDialog(): Exclude<DialogView, ArchiveView> | null {
  const dialog = useDialog()
  return dialog?.kind === 'export' || dialog?.kind === 'import' ? null : dialog
}

/** Exporting and importing, if one of them is open. */
export function ArchiveDialogs() {
  const dialog = useDialog()
  if (dialog?.kind === 'import') return <ImportDialog onClose={close} mayHide />
  return dialog?.kind === 'export' ? <ExportDialog id={dialog.id} onClose={close} /> : null
}

const plainTitles = {
  'new-conversation': 'newConversation.title',
  'add-account': 'accounts.addTitle',
  shortcuts: 'shell.shortcuts',
} as const

/** A dialog that is about nothing in particular. */
function PlainDialog({ kind }: { readonly kind: keyof typeof plainTitles }) {
  const t = useT()
  return (
    <Dialog title={t(plainTitles[kind])} closeLabel={t('app.close')} onClose={close}>
      {kind === 'new-conversation' && <NewConversation />}
      {kind === 'add-account' && (
        <AccountForm
          onDone={(accountId) => showDialog({ kind: 'paper-secret', accountId })}
          onLinked={() => openSettings('devices')}
        />
      )}
      {kind === 'shortcuts' && <Shortcuts />}
    </Dialog>
  )
}

function ConversationDialog({ kind, id }: Extract<DialogView, { readonly id: ConversationId }>) {
  const t = useT()
  if (kind === 'erase-conversation') return <EraseDialog id={id} onClose={close} />
  return (
    <Dialog title={t('contact.title')} closeLabel={t('app.close')} onClose={close}>
      <ContactCard id={id} onClose={close} />
    </Dialog>
  )
}

function MessageDialog({ kind, message }: Extract<DialogView, { readonly message: MessageView }>) {
  if (kind === 'delete-message') return <DeleteDialog message={message} onClose={close} />
  return <MessageDetails message={message} onClose={close} />
}

function AccountDialog({ kind, accountId }: Extract<DialogView, { readonly accountId: AccountId }>) {
  if (kind === 'link-device') return <LinkDeviceDialog accountId={accountId} onClose={close} />
  return <PaperDialog accountId={accountId} />
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
