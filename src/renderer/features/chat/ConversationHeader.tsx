import { ArrowLeft, BellOff, Info } from 'lucide-react'
import { Button as AriaButton } from 'react-aria-components'
import type { ConversationView } from '#shared/model/views.ts'
import { displayAor } from '#shared/model/aor.ts'
import { formatCount } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { useTyping } from '#renderer/stores/conversation-store.ts'
import { useLoaded } from '#renderer/stores/message-store.ts'
import { closeMain, showDialog } from '#renderer/stores/screen-store.ts'
import { Avatar } from '#renderer/ui/Avatar.tsx'
import { IconButton } from '#renderer/ui/Button.tsx'

/** Who one is talking to, and how to learn more about them. */
export function ConversationHeader(props: { readonly conversation: ConversationView; readonly name: string }) {
  const { conversation, name } = props
  const t = useT()
  const language = useLanguage()
  const typing = useTyping(conversation.id)
  const total = useLoaded(conversation.id).window?.total
  const openCard = (): void => showDialog({ kind: 'contact', id: conversation.id })
  return (
    <header className="flex items-center gap-2 border-b border-line px-3 py-2" data-pane="header">
      <IconButton icon={ArrowLeft} label={t('app.back')} onPress={closeMain} className="wide:hidden" />
      <AriaButton
        aria-label={t('chat.contact', { name })}
        onPress={openCard}
        className="flex min-w-0 flex-1 items-center gap-3 rounded-lg p-1 text-start hover:bg-hover"
      >
        <Avatar name={name} seed={conversation.peer} size="small" />
        <span className="min-w-0">
          <span className="flex items-center gap-1.5">
            <bdi className="truncate font-semibold">{name}</bdi>
            {conversation.muted && <BellOff aria-hidden className="size-3.5 shrink-0 text-soft" />}
          </span>
          <span className="block truncate text-xs text-soft">
            {typing ? (
              <span className="text-accent">{t('chat.isTyping', { name })}</span>
            ) : (
              <bdi>{displayAor(conversation.peer)}</bdi>
            )}
          </span>
        </span>
      </AriaButton>
      <span className="sr-only" aria-live="polite">
        {typing ? t('chat.isTyping', { name }) : ''}
      </span>
      {total !== undefined && total > 0 && (
        <span className="hidden shrink-0 text-xs text-soft tabular-nums min-[30rem]:block">
          {t('chat.messageCount', { count: total, formatted: formatCount(language, total) })}
        </span>
      )}
      <IconButton icon={Info} label={t('chat.contact', { name })} onPress={openCard} />
    </header>
  )
}
