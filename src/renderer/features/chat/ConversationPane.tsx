import { useCallback, useEffect, useState } from 'react'
import type { ConversationId } from '#shared/model/ids.ts'
import type { ConversationView, MessageView } from '#shared/model/views.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { useAccount } from '#renderer/stores/app-store.ts'
import { useConversation } from '#renderer/stores/conversation-store.ts'
import { loadedNow, loadNewest, openMessages, useLoaded } from '#renderer/stores/message-store.ts'
import { closeMain, showDialog } from '#renderer/stores/screen-store.ts'
import { firstUnreadKey } from '#renderer/stores/message-window.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { EmptyState, Working } from '#renderer/ui/Feedback.tsx'
import { MessageCircle } from 'lucide-react'
import { CallDock, useFullCall } from '../calls/CallDock.tsx'
import { conversationName } from '../conversations/ConversationRow.tsx'
import { focusSearch } from '../shell/use-shortcuts.ts'
import { Composer } from './Composer.tsx'
import { ConversationHeader } from './ConversationHeader.tsx'
import { MessageList } from './MessageList.tsx'
import { StrangerBanner } from './StrangerBanner.tsx'
import { useMarkRead } from './use-mark-read.ts'

/** One conversation: header, messages, and the composer or the stranger's question. */
export function ConversationPane({ id }: { readonly id: ConversationId }) {
  const conversation = useConversation(id)
  useEffect(() => {
    void openMessages(id)
  }, [id])
  return conversation === undefined ? null : <Pane conversation={conversation} />
}

function Pane({ conversation }: { readonly conversation: ConversationView }) {
  const t = useT()
  const { id } = conversation
  const name = conversationName(conversation)
  const [editing, setEditing] = useState<MessageView | null>(null)
  const onEditDone = useCallback(() => setEditing(null), [])
  const fullCall = useFullCall(id)
  const signedIn = useAccount(conversation.accountId) !== undefined
  useMarkRead(conversation)

  const editLast = useCallback(() => {
    const last = loadedNow(id).window?.messages.findLast(
      (message) =>
        message.direction === 'outgoing' &&
        !message.deleted &&
        !message.conflicting &&
        message.text !== '' &&
        message.authenticatedBy !== 'file',
    )
    if (last !== undefined) setEditing(last)
  }, [id])
  const onSent = useCallback(() => {
    if (loadedNow(id).window?.hasNewer === true) void loadNewest(id)
  }, [id])

  return (
    <section
      aria-label={name}
      className="flex h-full min-h-0 flex-col"
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || event.defaultPrevented) return
        closeMain()
        focusSearch()
      }}
    >
      <ConversationHeader
        id={id}
        name={name}
        peer={conversation.peer}
        muted={conversation.muted}
        accountId={conversation.accountId}
        policy={conversation.policy}
      />
      <CallDock id={id} />
      {!fullCall && <Messages conversation={conversation} name={name} onEdit={setEditing} />}
      {signedIn && conversation.policy === 'pending' && <StrangerBanner conversation={conversation} name={name} />}
      {signedIn && conversation.policy === 'blocked' && (
        <footer className="flex items-center justify-center gap-3 border-t border-line p-3 text-sm text-soft">
          {t('chat.blockedComposer')}
          <Button
            size="small"
            onPress={() => void perform('contacts.setPolicy', { conversationId: id, policy: 'accepted' })}
          >
            {t('chat.unblock')}
          </Button>
        </footer>
      )}
      {!signedIn && <SignedOut />}
      {signedIn && conversation.policy !== 'pending' && conversation.policy !== 'blocked' && (
        <Composer
          conversationId={id}
          name={name}
          initialDraft={conversation.draft}
          editing={editing}
          onEditLast={editLast}
          onEditDone={onEditDone}
          onSent={onSent}
        />
      )}
    </section>
  )
}

/** A history that was imported for an account nobody is signed in to here. */
function SignedOut() {
  const t = useT()
  return (
    <footer className="flex flex-wrap items-center justify-center gap-3 border-t border-line p-3 text-sm text-soft">
      {t('chat.signedOut')}
      <Button size="small" onPress={() => showDialog({ kind: 'add-account' })}>
        {t('accounts.add')}
      </Button>
    </footer>
  )
}

interface MessagesProps {
  readonly conversation: ConversationView
  readonly name: string
  readonly onEdit: (message: MessageView) => void
}

function Messages({ conversation, name, onEdit }: MessagesProps) {
  const t = useT()
  const { id } = conversation
  const loaded = useLoaded(id)
  const unreadKey = useUnreadDivider(conversation)
  if (loaded.window === null) {
    return (
      <div className="flex flex-1 flex-col items-center justify-center gap-3 p-6 text-center">
        {loaded.failure === null ? (
          <div className="w-40">
            <Working label={t('chat.loading')} quiet />
          </div>
        ) : (
          <>
            <p role="alert">{errorText(t, loaded.failure)}</p>
            <Button onPress={() => void loadNewest(id)}>{t('app.retry')}</Button>
          </>
        )}
      </div>
    )
  }
  if (loaded.window.messages.length === 0) {
    return (
      <div className="min-h-0 flex-1">
        <EmptyState icon={MessageCircle} title={t('chat.empty')} text={t('chat.emptyText')} />
      </div>
    )
  }
  return (
    <MessageList id={id} name={name} loaded={loaded} messages={loaded.window} unreadKey={unreadKey} onEdit={onEdit} />
  )
}

/** Where the divider stands: it is set when the conversation opens and stays until it is left. */
function useUnreadDivider(conversation: ConversationView): string | null {
  const { window: loaded } = useLoaded(conversation.id)
  const [unreadAtOpening] = useState(conversation.unread)
  const [divider, setDivider] = useState<{ readonly key: string | null } | null>(null)
  if (divider === null && loaded !== null && !loaded.hasNewer) {
    setDivider({ key: firstUnreadKey(loaded.messages, unreadAtOpening) })
  }
  return divider?.key ?? null
}
