import { BellOff, CircleAlert, Phone, Pin } from 'lucide-react'
import { memo, useRef, useState } from 'react'
import type { ConversationView } from '#shared/model/views.ts'
import { displayAor } from '#shared/model/aor.ts'
import { formatCount, formatDuration, formatShort } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { useTyping } from '#renderer/stores/conversation-store.ts'
import { openConversation } from '#renderer/stores/screen-store.ts'
import { Avatar } from '#renderer/ui/Avatar.tsx'
import { cx } from '#renderer/ui/cx.ts'
import { isMissed, recordWords } from '../calls/call-words.ts'
import { ConversationMenu } from './ConversationMenu.tsx'
import { useShownUnread } from './use-shown-unread.ts'

/** The name people see: the conversation's, else its address. */
export function conversationName(conversation: ConversationView): string {
  return conversation.name === '' ? displayAor(conversation.peer) : conversation.name
}

/** One conversation in the list. */
export const ConversationRow = memo(function ConversationRow(props: {
  readonly conversation: ConversationView
  readonly current: boolean
}) {
  const { conversation, current } = props
  const language = useLanguage()
  const name = conversationName(conversation)
  const unread = useShownUnread(conversation, current)
  const [menuOpen, setMenuOpen] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  return (
    <>
      <button
        ref={button}
        type="button"
        data-list-row
        aria-keyshortcuts="Shift+F10"
        onContextMenu={(event) => {
          event.preventDefault()
          setMenuOpen(true)
        }}
        aria-current={current ? 'true' : undefined}
        onClick={() => openConversation(conversation.id)}
        className={cx(
          'flex w-full items-center gap-3 rounded-xl px-2 py-2 text-start -outline-offset-2',
          current ? 'bg-tint forced-colors:outline' : 'hover:bg-hover',
        )}
      >
        <Avatar name={name} seed={conversation.peer} />
        <span className="min-w-0 flex-1">
          <span className="flex items-baseline gap-2">
            <span className={cx('min-w-0 flex-1 truncate', unread > 0 ? 'font-semibold' : 'font-medium')}>
              <bdi>{name}</bdi>
            </span>
            {conversation.lastAt > 0 && (
              <span className="shrink-0 text-xs text-soft tabular-nums">
                {formatShort(language, conversation.lastAt, new Date().getTime())}
              </span>
            )}
          </span>
          <span className="flex min-h-5 items-center gap-1.5 text-sm text-soft">
            <Preview conversation={conversation} />
            <Marks conversation={conversation} unread={unread} />
          </span>
        </span>
      </button>
      {menuOpen && <ConversationMenu conversation={conversation} trigger={button} onClose={() => setMenuOpen(false)} />}
    </>
  )
})

function Preview({ conversation }: { readonly conversation: ConversationView }) {
  const t = useT()
  const typing = useTyping(conversation.id)
  const className = 'min-w-0 flex-1 truncate'
  if (conversation.policy === 'pending') return <span className={className}>{t('list.request')}</span>
  if (conversation.policy === 'blocked') return <span className={className}>{t('list.blocked')}</span>
  if (typing) return <span className={cx(className, 'text-accent')}>{t('list.typing')}</span>
  if (conversation.draft !== '') {
    return (
      <span className={className}>
        <span className="text-accent">{t('list.draft')}</span> <bdi>{firstLine(conversation.draft)}</bdi>
      </span>
    )
  }
  if (conversation.previewDirection === 'none') return <span className={className}>{t('list.empty')}</span>
  return (
    <span className={className}>
      {conversation.previewDirection === 'outgoing' && isWritten(conversation) && `${t('list.you')} `}
      <PreviewText conversation={conversation} />
    </span>
  )
}

/** Whether somebody wrote or sent what is previewed; calls and timers say themselves who. */
function isWritten({ previewCall, previewTimer }: ConversationView): boolean {
  return previewCall === undefined && previewTimer === undefined
}

function PreviewText({ conversation }: { readonly conversation: ConversationView }) {
  const t = useT()
  const language = useLanguage()
  const { previewCall: record, previewTimer: timer, previewDirection } = conversation
  if (timer !== undefined) {
    const time = timer === 0 ? t('timer.off') : formatDuration(language, timer)
    return <span>{t('timer.preview', { time })}</span>
  }
  if (record === undefined) return <bdi>{firstLine(conversation.preview)}</bdi>
  const direction = previewDirection === 'outgoing' ? 'outgoing' : 'incoming'
  return (
    <span className={cx(isMissed(record, direction) && 'text-danger')}>
      <Phone aria-hidden className="me-1 inline size-3.5 align-[-0.125em]" />
      {recordWords(t, record, direction)}
    </span>
  )
}

function firstLine(text: string): string {
  return text.slice(0, 200).replace(/\s+/gu, ' ').trim()
}

function Marks({ conversation, unread }: { readonly conversation: ConversationView; readonly unread: number }) {
  const t = useT()
  const language = useLanguage()
  return (
    <>
      {conversation.previewState === 'failed' && (
        <CircleAlert role="img" aria-label={t('list.failed')} className="size-4 shrink-0 text-danger" />
      )}
      {conversation.pinned && <Pin role="img" aria-label={t('list.pinned')} className="size-3.5 shrink-0 text-soft" />}
      {conversation.muted && (
        <BellOff role="img" aria-label={t('list.muted')} className="size-3.5 shrink-0 text-soft" />
      )}
      {unread > 0 && (
        <span className="shrink-0 rounded-full bg-accent px-1.5 text-center text-xs leading-5 font-semibold text-on-accent tabular-nums min-w-5">
          <span aria-hidden>{unread > 999 ? '999+' : formatCount(language, unread)}</span>
          <span className="sr-only">{t('list.unread', { count: unread })}</span>
        </span>
      )}
    </>
  )
}
