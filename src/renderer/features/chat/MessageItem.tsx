import { Check, CheckCheck, CircleAlert, Clock, Ellipsis, RotateCw } from 'lucide-react'
import { memo, useState } from 'react'
import { Button as AriaButton, DialogTrigger, Popover } from 'react-aria-components'
import type { MessageView } from '#shared/model/views.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { formatTime } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Menu } from '#renderer/ui/Menu.tsx'
import { cx } from '#renderer/ui/cx.ts'
import { DeleteDialog } from './DeleteDialog.tsx'
import { MessageDetails } from './MessageDetails.tsx'
import { MessageText } from './MessageText.tsx'
import { useMessageMenu } from './use-message-menu.ts'
import { shownAt } from './timeline.ts'

/** Properties of {@link MessageItem}. */
export interface MessageItemProps {
  readonly message: MessageView
  readonly authorName: string
  readonly first: boolean
  readonly last: boolean
  readonly landed: boolean
  readonly focusable: boolean
  readonly onEdit: (message: MessageView) => void
}

const icons = { queued: Clock, sent: Check, delivered: CheckCheck, displayed: CheckCheck, failed: CircleAlert } as const

/** One message with its marks, menu and details. */
export const MessageItem = memo(function MessageItem(props: MessageItemProps) {
  const { message, authorName, first, last, landed, focusable, onEdit } = props
  const t = useT()
  const language = useLanguage()
  const [menuOpen, setMenuOpen] = useState(false)
  const [dialog, setDialog] = useState<'delete' | 'details' | null>(null)
  const own = message.direction === 'outgoing'
  const entries = useMessageMenu(message, {
    onEdit,
    onDelete: () => setDialog('delete'),
    onDetails: () => setDialog('details'),
  })
  return (
    <article
      tabIndex={focusable ? 0 : -1}
      data-message={message.key}
      data-position={message.position}
      aria-label={t('chat.from', {
        name: own ? t('chat.you') : authorName,
        time: formatTime(language, shownAt(message)),
      })}
      onKeyDown={(event) => {
        if (event.target !== event.currentTarget) return
        if (event.key === 'Enter' || event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) {
          event.preventDefault()
          setMenuOpen(true)
        }
      }}
      className={cx(
        'group/message flex w-full items-center gap-1 rounded-lg px-4 -outline-offset-2',
        own ? 'flex-row-reverse' : 'flex-row',
        first ? 'pt-2' : 'pt-0.5',
        last && 'pb-0.5',
        landed && 'landed',
      )}
    >
      <Bubble message={message} first={first} last={last} />
      <div
        className={cx(
          'opacity-0 group-focus-within/message:opacity-100 group-hover/message:opacity-100',
          menuOpen && 'opacity-100',
        )}
      >
        <Menu label={t('chat.menuOf')} entries={entries} isOpen={menuOpen} onOpenChange={setMenuOpen}>
          <AriaButton
            aria-label={t('chat.menuOf')}
            excludeFromTabOrder={!focusable}
            className="flex size-7 items-center justify-center rounded-md text-soft hover:bg-hover hover:text-ink"
          >
            <Ellipsis aria-hidden className="size-4" />
          </AriaButton>
        </Menu>
      </div>
      {dialog === 'delete' && <DeleteDialog message={message} onClose={() => setDialog(null)} />}
      {dialog === 'details' && <MessageDetails message={message} modal onClose={() => setDialog(null)} />}
    </article>
  )
})

function Bubble({
  message,
  first,
  last,
}: {
  readonly message: MessageView
  readonly first: boolean
  readonly last: boolean
}) {
  const t = useT()
  const own = message.direction === 'outgoing'
  return (
    <div
      className={cx(
        'flex max-w-[min(38rem,85%)] min-w-0 flex-col rounded-2xl px-3 py-1.5 forced-colors:border',
        own ? 'bg-tint' : 'bg-bubble',
        !first && (own ? 'rounded-se-md' : 'rounded-ss-md'),
        !last && (own ? 'rounded-ee-md' : 'rounded-es-md'),
      )}
    >
      {message.deleted ? <p className="text-soft italic">{t('chat.deleted')}</p> : <MessageText text={message.text} />}
      {message.conflicting && (
        <p className="mt-1 flex items-center gap-1.5 text-xs text-warn">
          <CircleAlert aria-hidden className="size-3.5 shrink-0" />
          {t('chat.conflict')}
        </p>
      )}
      <Footer message={message} last={last} />
      {message.state === 'failed' && own && !message.deleted && <Failed message={message} />}
    </div>
  )
}

function Footer({ message, last }: { readonly message: MessageView; readonly last: boolean }) {
  const t = useT()
  const language = useLanguage()
  const own = message.direction === 'outgoing'
  const state = own ? t(`state.${message.state}`) : t('state.received')
  const Icon = icons[message.state]
  return (
    <DialogTrigger>
      <AriaButton
        excludeFromTabOrder
        aria-label={`${formatTime(language, shownAt(message))}, ${state}${message.edited ? `, ${t('chat.edited')}` : ''}. ${t('chat.details')}`}
        className={cx(
          'mt-0.5 flex items-center gap-1 self-end rounded text-xs text-soft tabular-nums hover:text-ink',
          !last && !message.edited && message.state !== 'failed' && message.state !== 'queued' && 'sr-only',
        )}
      >
        {message.edited && <span>{t('chat.edited')}</span>}
        <span>{formatTime(language, shownAt(message))}</span>
        {own && (
          <Icon
            aria-hidden
            className={cx(
              'size-3.5',
              message.state === 'displayed' && 'text-accent',
              message.state === 'failed' && 'text-danger',
            )}
          />
        )}
      </AriaButton>
      <Popover className="rounded-xl border border-line bg-raised shadow-lg" placement="bottom end">
        <MessageDetails message={message} />
      </Popover>
    </DialogTrigger>
  )
}

function Failed({ message }: { readonly message: MessageView }) {
  const t = useT()
  const reason = message.failure === undefined ? '' : errorText(t, message.failure)
  return (
    <div className="mt-1 flex flex-wrap items-center gap-2 border-t border-line pt-1.5 text-sm text-danger">
      <span className="min-w-40 flex-1">
        {reason === '' ? t('state.failed') : t('state.failedBecause', { reason })}
      </span>
      <Button
        size="small"
        onPress={() =>
          void perform('messages.retry', { conversationId: message.conversationId, messageId: message.messageId })
        }
      >
        <RotateCw aria-hidden className="size-3.5" />
        {t('state.retry')}
      </Button>
    </div>
  )
}
