import { ArrowDown } from 'lucide-react'
import { type ReactElement, useCallback, useMemo, useRef } from 'react'
import { Virtualizer, type VirtualizerHandle } from 'virtua'
import type { ConversationId } from '#shared/model/ids.ts'
import type { MessageView } from '#shared/model/views.ts'
import { formatDay, localDay } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import type { LoadedConversation } from '#renderer/stores/message-store.ts'
import type { MessageWindow } from '#renderer/stores/message-window.ts'
import { Working } from '#renderer/ui/Feedback.tsx'
import { cx } from '#renderer/ui/cx.ts'
import { clickableWhileScrolling } from '#renderer/ui/virtual-list.ts'
import { MessageItem } from './MessageItem.tsx'
import { topHeight } from './list-top.ts'
import { buildTimeline, type TimelineItem } from './timeline.ts'
import { useMessageFocus } from './use-message-focus.ts'
import { useMessageScroll } from './use-message-scroll.ts'

/** Properties of {@link MessageList}. */
export interface MessageListProps {
  readonly id: ConversationId
  readonly name: string
  readonly loaded: LoadedConversation
  readonly messages: MessageWindow
  readonly unreadKey: string | null
  readonly onEdit: (message: MessageView) => void
}

/** The messages that are loaded, of which only those on screen are drawn. */
export function MessageList({ id, name, loaded, messages, unreadKey, onEdit }: MessageListProps) {
  const t = useT()
  const handle = useRef<VirtualizerHandle>(null)
  const scroller = useRef<HTMLDivElement>(null)
  const items = useMemo(() => buildTimeline(messages.messages, unreadKey, localDay), [messages.messages, unreadKey])
  const scroll = useMessageScroll({ id, handle, scroller, items, messages, target: loaded.target, unreadKey })
  const focus = useMessageFocus({ scroller, handle, items })
  const landedKey = scroll.landedKey
  const draw = useCallback(
    (item: TimelineItem): ReactElement =>
      item.kind === 'message' ? (
        <MessageItem
          key={item.key}
          message={item.message}
          authorName={name}
          first={item.first}
          last={item.last}
          landed={item.key === landedKey}
          focusable={item.key === focus.focusKey}
          onEdit={onEdit}
        />
      ) : (
        <Separator key={item.key} item={item} />
      ),
    [name, landedKey, focus.focusKey, onEdit],
  )
  return (
    <div className="relative min-h-0 flex-1" data-pane="messages">
      <div
        ref={scroller}
        role="log"
        aria-live="off"
        aria-label={t('chat.messages', { name })}
        aria-busy={loaded.loading !== null}
        onKeyDown={focus.onKeyDown}
        onFocus={focus.onFocus}
        className="flex h-full flex-col overflow-y-auto overscroll-contain bg-canvas contain-strict py-3 [overflow-anchor:none]"
      >
        {/* Pushes a short conversation down to the composer. */}
        <div className="grow" />
        <ListTop messages={messages} />
        <div className={cx('shrink-0', clickableWhileScrolling)} data-content>
          <Virtualizer
            ref={handle}
            as="ul"
            item="li"
            scrollRef={scroller}
            shift={messages.shifted}
            data={items}
            keepMounted={focus.keepMounted}
            startMargin={topHeight}
            onScroll={scroll.onScroll}
          >
            {draw}
          </Virtualizer>
        </div>
      </div>
      {loaded.loading === 'older' && (
        <div className="absolute inset-x-0 top-0 px-4 pt-1">
          <Working label={t('chat.loadingOlder')} quiet />
        </div>
      )}
      {scroll.away && <JumpButton count={scroll.newBelow} onPress={scroll.toNewest} />}
    </div>
  )
}

function ListTop({ messages }: { readonly messages: MessageWindow }) {
  const t = useT()
  return (
    <div className="flex h-10 shrink-0 items-center justify-center px-4 text-xs text-soft">
      {!messages.hasOlder && t('chat.beginning')}
    </div>
  )
}

function Separator({ item }: { readonly item: Exclude<TimelineItem, { kind: 'message' }> }) {
  const t = useT()
  const language = useLanguage()
  if (item.kind === 'unread') {
    return (
      <div className="flex items-center gap-3 px-4 py-2 text-xs font-semibold text-accent" data-unread-divider>
        <span aria-hidden className="h-px flex-1 bg-accent" />
        {t('chat.unread')}
        <span aria-hidden className="h-px flex-1 bg-accent" />
      </div>
    )
  }
  const age = localDay(new Date().getTime()) - localDay(item.at)
  const text = age === 0 ? t('chat.today') : age === 1 ? t('chat.yesterday') : formatDay(language, item.at)
  return (
    <div className="flex justify-center px-4 pt-4 pb-1">
      <span className="rounded-full bg-panel px-3 py-0.5 text-xs text-soft">{text}</span>
    </div>
  )
}

function JumpButton({ count, onPress }: { readonly count: number; readonly onPress: () => void }) {
  const t = useT()
  return (
    <button
      type="button"
      onClick={onPress}
      aria-label={count > 0 ? t('chat.newBelow', { count }) : t('chat.newest')}
      title={t('chat.newest')}
      className="absolute end-5 bottom-3 flex h-10 min-w-10 items-center justify-center gap-1.5 rounded-full border border-line bg-raised px-2.5 text-sm font-medium text-accent shadow-md hover:bg-hover"
    >
      {count > 0 && <span aria-hidden>{count}</span>}
      <ArrowDown aria-hidden className="size-4.5" />
    </button>
  )
}
