import { useState } from 'react'
import type { ConversationId } from '#shared/model/ids.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { useConversation } from '#renderer/stores/conversation-store.ts'
import { closeMain, mainViewNow } from '#renderer/stores/screen-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Dialog, DialogActions } from '#renderer/ui/Dialog.tsx'
import { conversationName } from './ConversationRow.tsx'

/** Asks before a conversation is erased from this device. */
export function EraseDialog({ id, onClose }: { readonly id: ConversationId; readonly onClose: () => void }) {
  const t = useT()
  const conversation = useConversation(id)
  const [busy, setBusy] = useState(false)
  const name = conversation === undefined ? '' : conversationName(conversation)
  const erase = async (): Promise<void> => {
    setBusy(true)
    const main = mainViewNow()
    if (
      (await perform('conversations.erase', { conversationId: id })) &&
      main.kind === 'conversation' &&
      main.id === id
    )
      closeMain()
    onClose()
  }
  return (
    <Dialog title={t('keep.eraseTitle', { name })} closeLabel={t('app.close')} role="alertdialog" onClose={onClose}>
      <p>{t('keep.eraseText', { name })}</p>
      <DialogActions>
        <Button autoFocus onPress={onClose}>
          {t('app.cancel')}
        </Button>
        <Button variant="danger" pendingText={busy ? t('chat.deleting') : undefined} onPress={() => void erase()}>
          {t('keep.erase')}
        </Button>
      </DialogActions>
    </Dialog>
  )
}
