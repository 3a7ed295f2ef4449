import { SearchX } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { emptyFilter } from '#shared/model/search.ts'
import type { SearchHit } from '#shared/model/views.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { formatShort } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { attempt } from '#renderer/stores/actions.ts'
import { useConversations } from '#renderer/stores/conversation-store.ts'
import { openConversation } from '#renderer/stores/screen-store.ts'
import { EmptyState, Working } from '#renderer/ui/Feedback.tsx'
import { ConversationRow, conversationName } from '../conversations/ConversationRow.tsx'
import { useRowKeys } from '../conversations/use-row-keys.ts'
import { cutHighlights } from './highlights.ts'

/** Messages asked for; more are found by another word. */
const hitLimit = 60
/** A search starts this long after the last key, ms. */
const searchDelayMs = 120

type Found =
  | { readonly kind: 'searching' }
  | { readonly kind: 'failed'; readonly text: string }
  | { readonly kind: 'found'; readonly hits: readonly SearchHit[]; readonly complete: boolean }

function useSearch(text: string): Found {
  const t = useT()
  const [found, setFound] = useState<Found>({ kind: 'searching' })
  useEffect(() => {
    let stale = false
    const timer = setTimeout(() => {
      const filter = { ...emptyFilter, text }
      void attempt('search.query', { filter, before: null, limit: hitLimit }).then((reply) => {
        if (stale) return
        setFound(
          reply.ok
            ? { kind: 'found', hits: reply.value.hits, complete: reply.value.before === null }
            : { kind: 'failed', text: errorText(t, reply.code, reply.params) },
        )
      })
    }, searchDelayMs)
    return () => {
      stale = true
      clearTimeout(timer)
    }
  }, [text, t])
  return found
}

/** Conversations whose name or address fits, then messages with the matches marked. */
export function SearchResults({ text }: { readonly text: string }) {
  const t = useT()
  const found = useSearch(text.trim())
  const wanted = text.trim().toLocaleLowerCase()
  const people = useConversations()
    .filter((entry) => `${conversationName(entry)} ${entry.peer}`.toLocaleLowerCase().includes(wanted))
    .slice(0, 8)
  const container = useRef<HTMLDivElement>(null)
  const onKeyDown = useRowKeys(container)
  const nothing = people.length === 0 && found.kind === 'found' && found.hits.length === 0
  return (
    <section
      ref={container}
      aria-label={t('search.results')}
      onKeyDown={onKeyDown}
      className="min-h-0 flex-1 overflow-y-auto px-1.5 pb-2"
    >
      <p className="sr-only" role="status">
        {found.kind === 'found' ? t('search.count', { count: found.hits.length }) : t('search.searching')}
      </p>
      {nothing && (
        <EmptyState icon={SearchX} title={t('search.none', { text: text.trim() })} text={t('search.noneHint')} />
      )}
      {people.length > 0 && (
        <>
          <h2 className="px-2 pt-1 pb-1 text-xs font-semibold text-soft">{t('search.people')}</h2>
          <ul>
            {people.map((conversation) => (
              <li key={conversation.id}>
                <ConversationRow conversation={conversation} current={false} />
              </li>
            ))}
          </ul>
        </>
      )}
      {!nothing && <h2 className="px-2 pt-3 pb-1 text-xs font-semibold text-soft">{t('search.messages')}</h2>}
      <Hits found={found} />
    </section>
  )
}

function Hits({ found }: { readonly found: Found }) {
  const t = useT()
  if (found.kind === 'searching') {
    return (
      <div className="px-2 py-2">
        <Working label={t('search.searching')} quiet />
      </div>
    )
  }
  if (found.kind === 'failed') {
    return (
      <p role="alert" className="px-2 text-sm text-danger">
        {found.text}
      </p>
    )
  }
  return (
    <>
      <ul>
        {found.hits.map((hit) => (
          <li key={`${hit.conversationId} ${hit.messageKey}`}>
            <HitRow hit={hit} />
          </li>
        ))}
      </ul>
      {!found.complete && <p className="p-2 text-xs text-soft">{t('search.incomplete')}</p>}
      {found.hits.length >= hitLimit && (
        <p className="p-2 text-xs text-soft">{t('search.more', { count: hitLimit })}</p>
      )}
    </>
  )
}

function HitRow({ hit }: { readonly hit: SearchHit }) {
  const t = useT()
  const language = useLanguage()
  return (
    <button
      type="button"
      data-list-row
      onClick={() => openConversation(hit.conversationId, hit.position)}
      className="flex w-full flex-col gap-0.5 rounded-xl px-2 py-2 text-start -outline-offset-2 hover:bg-hover"
    >
      <span className="flex w-full items-baseline gap-2">
        <span className="min-w-0 flex-1 truncate text-sm font-medium">
          <bdi>{hit.conversationName}</bdi>
        </span>
        <span className="shrink-0 text-xs text-soft tabular-nums">
          {formatShort(language, hit.sentAt, new Date().getTime())}
        </span>
      </span>
      <span className="line-clamp-2 w-full text-sm text-soft wrap-anywhere">
        {hit.direction === 'outgoing' && `${t('list.you')} `}
        <bdi>
          {cutHighlights(hit.excerpt, hit.highlights).map((piece, index) =>
            piece.hit ? (
              <mark key={index} className="rounded-sm bg-mark text-ink">
                {piece.text}
              </mark>
            ) : (
              piece.text
            ),
          )}
        </bdi>
      </span>
    </button>
  )
}
