import { useState } from 'react'
import type { MessageView } from '#shared/model/views.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { useConversation } from '#renderer/stores/conversation-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Cards } from '#renderer/ui/Choice.tsx'
import { Dialog, DialogActions } from '#renderer/ui/Dialog.tsx'
import { conversationName } from '../conversations/ConversationRow.tsx'

/** Removed from the own devices, or withdrawn: then the other side is asked to delete it as well. */
type Way = 'for-me' | 'ask'

/** Asks in which of two ways a message shall go; they are not the same, and say so. */
export function DeleteDialog({ message, onClose }: { readonly message: MessageView; readonly onClose: () => void }) {
  const t = useT()
  const [busy, setBusy] = useState(false)
  const conversation = useConversation(message.conversationId)
  const name = conversation === undefined ? '' : conversationName(conversation)
  const [way, setWay] = useState<Way>('for-me')
  const titles: Readonly<Record<Way, string>> = {
    'for-me': t('chat.deleteForMe'),
    ask: t('chat.askToDelete', { name }),
  }
  const run = (): void => {
    setBusy(true)
    void remove(message, way).then(onClose)
  }
  return (
    <Dialog title={t('chat.deleteTitle')} closeLabel={t('app.close')} role="alertdialog" onClose={onClose}>
      {canAsk(message) ? (
        <Cards
          label={t('chat.deleteHow')}
          value={way}
          options={[
            { value: 'for-me', label: titles['for-me'], text: t('chat.deleteForMeText', { name }) },
            { value: 'ask', label: titles.ask, text: t('chat.askToDeleteText', { name }) },
          ]}
          onChange={setWay}
        />
      ) : (
        <p>{t('chat.deleteForMeText', { name })}</p>
      )}
      <DialogActions>
        <Button autoFocus onPress={onClose}>
          {t('app.cancel')}
        </Button>
        <Button variant="danger" pendingText={busy ? t('chat.deleting') : undefined} onPress={run}>
          {titles[way]}
        </Button>
      </DialogActions>
    </Dialog>
  )
}

/** Only what one wrote oneself, and what still stands, can be withdrawn. */
function canAsk({ direction, deleted, text, authenticatedBy }: MessageView): boolean {
  return direction === 'outgoing' && !deleted && text !== '' && authenticatedBy !== 'file'
}

function remove({ conversationId, author, messageId }: MessageView, way: Way): Promise<unknown> {
  if (way === 'ask') return perform('messages.delete', { conversationId, messageId })
  return perform('messages.remove', { conversationId, author, messageId })
}
