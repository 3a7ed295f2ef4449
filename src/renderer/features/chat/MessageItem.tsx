import {
  Bookmark,
  Check,
  CheckCheck,
  CircleAlert,
  Clock,
  Ellipsis,
  RotateCw,
  SmilePlus,
  Timer,
  type LucideIcon,
} from 'lucide-react'
import { memo, type RefObject, useRef, useState } from 'react'
import type { MessageView } from '#shared/model/views.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { formatTime } from '#renderer/i18n/format.ts'
import { type Translate, useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { showDialog } from '#renderer/stores/screen-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { cx } from '#renderer/ui/cx.ts'
import { CallBubble } from '../calls/CallBubble.tsx'
import { FileBubble } from './FileBubble.tsx'
import { MessageText } from './MessageText.tsx'
import { MessageMenu } from './MessageMenu.tsx'
import { mayReact } from './reacting.ts'
import { ReactionPicker } from './ReactionPicker.tsx'
import { Reactions } from './Reactions.tsx'
import { TimerLine } from './TimerLine.tsx'
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

/** One message with its marks; its menu exists only while it is open, so that scrolling stays light. */
export const MessageItem = memo(function MessageItem(props: MessageItemProps) {
  const { timer } = props.message
  return timer === undefined ? <BubbleItem {...props} /> : <TimerItem {...props} seconds={timer} />
})

function TimerItem({ message, seconds, authorName, focusable }: MessageItemProps & { readonly seconds: number }) {
  return (
    <article
      tabIndex={focusable ? 0 : -1}
      data-message={message.key}
      data-position={message.position}
      className="px-4 py-2 -outline-offset-2"
    >
      <TimerLine message={message} seconds={seconds} name={authorName} />
    </article>
  )
}

function BubbleItem(props: MessageItemProps) {
  const { message, authorName, first, last, landed, focusable, onEdit } = props
  const t = useT()
  const language = useLanguage()
  const [opened, setOpened] = useState<'menu' | 'picker' | null>(null)
  const [menuButton, pickerButton] = [useRef<HTMLButtonElement>(null), useRef<HTMLButtonElement>(null)]
  const own = message.direction === 'outgoing'
  // Dialogs live outside the row: a row goes when it leaves the screen, and would take its dialog with it.
  const actions = {
    onReact: () => setOpened('picker'),
    onEdit,
    onDelete: () => showDialog({ kind: 'delete-message', message }),
    onDetails: () => showDialog({ kind: 'message-details', message }),
  }
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
          setOpened('menu')
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
      <div className={cx('flex max-w-[min(38rem,85%)] min-w-0 flex-col', own ? 'items-end' : 'items-start')}>
        <Bubble {...{ message, authorName, first, last }} onDetails={actions.onDetails} />
        <Reactions {...{ message, focusable }} name={authorName} />
      </div>
      {mayReact(message) && (
        <RowButton
          {...{ focusable, icon: SmilePlus, label: t('reactions.react'), popup: 'dialog' }}
          button={pickerButton}
          isOpen={opened === 'picker'}
          onClick={() => setOpened('picker')}
        />
      )}
      <RowButton
        {...{ focusable, icon: Ellipsis, label: t('chat.menuOf'), popup: 'menu' }}
        button={menuButton}
        isOpen={opened === 'menu'}
        onClick={() => setOpened('menu')}
      />
      {opened === 'picker' && (
        <ReactionPicker message={message} trigger={pickerButton} onClose={() => setOpened(null)} />
      )}
      {opened === 'menu' && (
        <MessageMenu
          message={message}
          actions={actions}
          trigger={menuButton}
          onClose={() => setOpened((now) => (now === 'menu' ? null : now))}
        />
      )}
    </article>
  )
}

interface RowButtonProps {
  readonly label: string
  readonly icon: LucideIcon
  readonly popup: 'menu' | 'dialog'
  readonly button: RefObject<HTMLButtonElement | null>
  readonly isOpen: boolean
  readonly focusable: boolean
  readonly onClick: () => void
}

/** A button beside the bubble that is seen while the row is pointed at or has the focus. */
function RowButton({ label, icon: Icon, popup, button, isOpen, focusable, onClick }: RowButtonProps) {
  return (
    <button
      ref={button}
      type="button"
      aria-label={label}
      aria-haspopup={popup}
      tabIndex={focusable ? 0 : -1}
      onClick={onClick}
      className={cx(
        'flex size-7 shrink-0 items-center justify-center rounded-md text-soft opacity-0 group-focus-within/message:opacity-100 group-hover/message:opacity-100 hover:bg-hover hover:text-ink',
        isOpen && 'opacity-100',
      )}
    >
      <Icon aria-hidden className="size-4" />
    </button>
  )
}

interface BubbleProps {
  readonly message: MessageView
  readonly authorName: string
  readonly first: boolean
  readonly last: boolean
  readonly onDetails: () => void
}

function Content({ message, authorName }: Pick<BubbleProps, 'message' | 'authorName'>) {
  const t = useT()
  if (message.deleted) return <p className="text-soft italic">{t('chat.deleted')}</p>
  if (message.call !== undefined) return <CallBubble message={message} record={message.call} name={authorName} />
  if (message.file !== undefined) return <FileBubble message={message} file={message.file} />
  return <MessageText text={message.text} />
}

function Bubble({ message, authorName, first, last, onDetails }: BubbleProps) {
  const t = useT()
  const own = message.direction === 'outgoing'
  return (
    <div
      className={cx(
        'flex max-w-full min-w-0 flex-col rounded-2xl px-3 py-1.5 forced-colors:border',
        own ? 'bg-tint' : 'bg-bubble',
        !first && (own ? 'rounded-se-md' : 'rounded-ss-md'),
        !last && (own ? 'rounded-ee-md' : 'rounded-es-md'),
      )}
    >
      <Content message={message} authorName={authorName} />
      {message.conflicting && (
        <p className="mt-1 flex items-center gap-1.5 text-xs text-warn">
          <CircleAlert aria-hidden className="size-3.5 shrink-0" />
          {t('chat.conflict')}
        </p>
      )}
      <Footer message={message} last={last} onDetails={onDetails} />
      {message.state === 'failed' &&
        own &&
        message.authenticatedBy !== 'file' &&
        !message.deleted &&
        message.call === undefined && <Failed message={message} />}
    </div>
  )
}

interface FooterProps {
  readonly message: MessageView
  readonly last: boolean
  readonly onDetails: () => void
}

function footerWords(t: Translate, message: MessageView, time: string): string {
  const state = message.direction === 'outgoing' ? t(`state.${message.state}`) : t('state.received')
  const marks = [
    ...(message.edited ? [t('chat.edited')] : []),
    ...(message.authenticatedBy === 'file' ? [t('chat.fromFile')] : []),
    ...(message.bookmarked ? [t('chat.bookmarked')] : []),
    ...(message.expiresAfter === undefined ? [] : [t('timer.disappears')]),
  ]
  return [time, ...(message.call === undefined ? [state] : []), ...marks].join(', ')
}

/** Whether the foot says more than when it was. */
function isMarked({ edited, bookmarked, expiresAfter, state }: MessageView): boolean {
  return edited || bookmarked || expiresAfter !== undefined || state === 'failed' || state === 'queued'
}

/** Time and state; pressing it tells more. */
function Footer({ message, last, onDetails }: FooterProps) {
  const t = useT()
  const language = useLanguage()
  const own = message.direction === 'outgoing'
  // A call has no way to travel: its bubble says what became of it.
  const marked = own && message.call === undefined
  const Icon = icons[message.state]
  const time = formatTime(language, shownAt(message))
  const quiet = !last && !isMarked(message)
  return (
    <button
      type="button"
      tabIndex={-1}
      aria-haspopup="dialog"
      aria-label={`${footerWords(t, message, time)}. ${t('chat.details')}`}
      onClick={onDetails}
      className={cx(
        'mt-0.5 flex items-center gap-1 self-end rounded text-xs text-soft tabular-nums hover:text-ink',
        quiet && 'sr-only',
      )}
    >
      {message.bookmarked && <Bookmark aria-hidden className="size-3.5 text-accent" />}
      {message.expiresAfter !== undefined && <Timer aria-hidden className="size-3.5" />}
      {message.authenticatedBy === 'file' && <span>{t('chat.fromFile')}</span>}
      {message.edited && <span>{t('chat.edited')}</span>}
      <span>{time}</span>
      {marked && (
        <Icon
          aria-hidden
          className={cx(
            'size-3.5',
            message.state === 'displayed' && 'text-accent',
            message.state === 'failed' && 'text-danger',
          )}
        />
      )}
    </button>
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
