import { MessagesSquare } from 'lucide-react'
import { type ReactElement, useRef } from 'react'
import { Virtualizer } from 'virtua'
import type { ConversationView } from '#shared/model/views.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { splitRequests, useConversations, useConversationsLoaded } from '#renderer/stores/conversation-store.ts'
import { showDialog, useMainView } from '#renderer/stores/screen-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { EmptyState, Working } from '#renderer/ui/Feedback.tsx'
import { cx } from '#renderer/ui/cx.ts'
import { clickableWhileScrolling } from '#renderer/ui/virtual-list.ts'
import { Archived } from './Archived.tsx'
import { ConversationRow } from './ConversationRow.tsx'
import { useRowKeys } from './use-row-keys.ts'

/** Strangers' requests first, then the conversations, pinned and newest on top; at the end what was put away. */
export function ConversationList() {
  const t = useT()
  const { known, archived, requests } = splitRequests(useConversations())
  const loaded = useConversationsLoaded()
  const scroller = useRef<HTMLDivElement>(null)
  const onKeyDown = useRowKeys(scroller)
  if (!loaded) {
    return (
      <div className="flex-1 p-4">
        <Working label={t('shell.conversations')} quiet />
      </div>
    )
  }
  if (known.length + archived.length + requests.length === 0) return <NoConversations />
  return (
    <nav aria-label={t('shell.conversations')} className="min-h-0 flex-1">
      <div
        ref={scroller}
        className={cx('h-full overflow-y-auto px-1.5 pb-2', clickableWhileScrolling)}
        onKeyDown={onKeyDown}
      >
        {requests.length > 0 && (
          <section aria-labelledby="requests-heading" className="mb-1">
            <h2 id="requests-heading" className="px-2 pt-1 pb-1 text-xs font-semibold text-soft">
              {t('list.requestCount', { count: requests.length })}
            </h2>
            <ul>
              {requests.slice(0, 50).map((conversation) => (
                <li key={conversation.id}>
                  <Row conversation={conversation} />
                </li>
              ))}
            </ul>
            <hr className="mx-2 my-1.5 border-line" />
          </section>
        )}
        <Virtualizer as="ul" item="li" scrollRef={scroller} data={known} itemSize={60}>
          {(conversation): ReactElement => <Row key={conversation.id} conversation={conversation} />}
        </Virtualizer>
        <Archived conversations={archived} />
      </div>
    </nav>
  )
}

function Row({ conversation }: { readonly conversation: ConversationView }) {
  const main = useMainView()
  return (
    <ConversationRow
      conversation={conversation}
      current={main.kind === 'conversation' && main.id === conversation.id}
    />
  )
}

function NoConversations() {
  const t = useT()
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <EmptyState
        icon={MessagesSquare}
        title={t('shell.noConversations')}
        text={t('shell.noConversationsText')}
        action={
          <Button variant="primary" onPress={() => showDialog({ kind: 'new-conversation' })}>
            {t('shell.startFirst')}
          </Button>
        }
      />
    </div>
  )
}
