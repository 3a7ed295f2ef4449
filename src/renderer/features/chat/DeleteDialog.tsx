import { useState } from 'react'
import type { MessageView } from '#shared/model/views.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Dialog, DialogActions } from '#renderer/ui/Dialog.tsx'

/** Asks before a message is retracted. */
export function DeleteDialog({ message, onClose }: { readonly message: MessageView; readonly onClose: () => void }) {
  const t = useT()
  const [busy, setBusy] = useState(false)
  const { conversationId, messageId } = message
  return (
    <Dialog title={t('chat.deleteTitle')} closeLabel={t('app.close')} role="alertdialog" onClose={onClose}>
      <p>{t('chat.deleteText')}</p>
      <DialogActions>
        <Button autoFocus onPress={onClose}>
          {t('app.cancel')}
        </Button>
        <Button
          variant="danger"
          pendingText={busy ? t('chat.deleting') : undefined}
          onPress={() => {
            setBusy(true)
            void perform('messages.delete', { conversationId, messageId }).then(onClose)
          }}
        >
          {t('chat.delete')}
        </Button>
      </DialogActions>
    </Dialog>
  )
}
