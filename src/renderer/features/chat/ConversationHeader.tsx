import { ArrowLeft, BellOff, Info, Search } from 'lucide-react'
import { memo, useCallback } from 'react'
import { Button as AriaButton } from 'react-aria-components'
import type { AccountId, Aor, ConversationId } from '#shared/model/ids.ts'
import type { ContactPolicy } from '#shared/model/views.ts'
import { displayAor } from '#shared/model/aor.ts'
import { formatCount } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { useTyping } from '#renderer/stores/conversation-store.ts'
import { useLoaded } from '#renderer/stores/message-store.ts'
import { closeMain, showDialog } from '#renderer/stores/screen-store.ts'
import { Avatar } from '#renderer/ui/Avatar.tsx'
import { IconButton } from '#renderer/ui/Button.tsx'
import { CallButtons } from '../calls/CallButtons.tsx'
import { searchKeys } from '../search/search-keys.ts'
import { searchHere } from '../search/search-focus.ts'

/** Properties of {@link ConversationHeader}. */
export interface ConversationHeaderProps {
  readonly id: ConversationId
  readonly name: string
  readonly peer: Aor
  readonly muted: boolean
  readonly accountId: AccountId
  readonly policy: ContactPolicy
}

/** Who one is talking to, and how to learn more about them; drawn again only when that changes, not with every message. */
export const ConversationHeader = memo(function ConversationHeader(props: ConversationHeaderProps) {
  const { id, name, peer, muted, accountId, policy } = props
  const t = useT()
  const openCard = useCallback(() => showDialog({ kind: 'contact', id }), [id])
  return (
    <header className="flex items-center gap-2 border-b border-line px-3 py-2" data-pane="header">
      <IconButton icon={ArrowLeft} label={t('app.back')} onPress={closeMain} className="wide:hidden" />
      <AriaButton
        aria-label={t('chat.contact', { name })}
        onPress={openCard}
        className="flex min-w-0 flex-1 items-center gap-3 rounded-lg p-1 text-start hover:bg-hover"
      >
        <Avatar name={name} seed={peer} size="small" />
        <span className="min-w-0">
          <span className="flex items-center gap-1.5">
            <bdi className="truncate font-semibold">{name}</bdi>
            {muted && <BellOff aria-hidden className="size-3.5 shrink-0 text-soft" />}
          </span>
          <TypingOrAddress id={id} name={name} peer={peer} />
        </span>
      </AriaButton>
      <TypingAnnouncer id={id} name={name} />
      <MessageCount id={id} />
      <CallButtons id={id} accountId={accountId} name={name} policy={policy} />
      <IconButton
        icon={Search}
        label={t('chat.search', { name })}
        keyShortcuts={searchKeys.here}
        onPress={searchHere}
        className="hidden min-[30rem]:inline-flex"
      />
      <IconButton icon={Info} label={t('chat.contact', { name })} onPress={openCard} />
    </header>
  )
})

function TypingOrAddress({ id, name, peer }: Pick<ConversationHeaderProps, 'id' | 'name' | 'peer'>) {
  const t = useT()
  return (
    <span className="block truncate text-xs text-soft">
      {useTyping(id) ? (
        <span className="text-accent">{t('chat.isTyping', { name })}</span>
      ) : (
        <bdi>{displayAor(peer)}</bdi>
      )}
    </span>
  )
}

function TypingAnnouncer({ id, name }: Pick<ConversationHeaderProps, 'id' | 'name'>) {
  const t = useT()
  return (
    <span className="sr-only" aria-live="polite">
      {useTyping(id) ? t('chat.isTyping', { name }) : ''}
    </span>
  )
}

function MessageCount({ id }: Pick<ConversationHeaderProps, 'id'>) {
  const t = useT()
  const language = useLanguage()
  const total = useLoaded(id).window?.total
  if (total === undefined || total === 0) return null
  return (
    <span className="hidden shrink-0 text-xs text-soft tabular-nums min-[30rem]:block">
      {t('chat.messageCount', { count: total, formatted: formatCount(language, total) })}
    </span>
  )
}
