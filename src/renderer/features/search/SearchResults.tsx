import { SearchX } from 'lucide-react'
import { useRef } from 'react'
import type { ConversationView } from '#shared/model/views.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { formatCount } from '#renderer/i18n/format.ts'
import { type Language, type Translate, useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { useConversations } from '#renderer/stores/conversation-store.ts'
import { hitKey, isNarrowed, retrySearch, type SearchState, useSearch } from '#renderer/stores/search-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { EmptyState, Working } from '#renderer/ui/Feedback.tsx'
import { ConversationRow, conversationName } from '../conversations/ConversationRow.tsx'
import { useRowKeys } from '../conversations/use-row-keys.ts'
import { HitRow } from './HitRow.tsx'
import { useResultsPlace } from './use-results-place.ts'

/** Conversations shown above the messages. */
const peopleShown = 8

/** Conversations whose name or address fits, then messages with the matches marked, read on while one scrolls. */
export function SearchResults() {
  const t = useT()
  const language = useLanguage()
  const search = useSearch()
  const people = usePeople(search)
  const container = useRef<HTMLDivElement>(null)
  const onScroll = useResultsPlace(container, search.hits.length)
  const onKeyDown = useRowKeys(container)
  const nothing = people.length === 0 && isDone(search) && search.hits.length === 0
  return (
    <section
      ref={container}
      aria-label={t('search.results')}
      aria-busy={search.loading !== null}
      onKeyDown={onKeyDown}
      onScroll={onScroll}
      className="relative min-h-0 flex-1 overflow-y-auto px-1.5 pb-2"
    >
      <p className="sr-only" role="status">
        {countWords(t, language, search)}
      </p>
      {nothing && <Nothing text={search.filter.text.trim()} />}
      {people.length > 0 && <People people={people} />}
      {!nothing && <h2 className="px-2 pt-3 pb-1 text-xs font-semibold text-soft">{t('search.messages')}</h2>}
      <Hits search={search} />
    </section>
  )
}

function isDone({ loading, failure }: SearchState): boolean {
  return loading === null && failure === null
}

/** What a screen reader hears of the results. */
function countWords(t: Translate, language: Language, { hits, loading, before, failure }: SearchState): string {
  if (loading === 'first') return t('search.searching')
  if (failure !== null) return ''
  const count = { count: hits.length, formatted: formatCount(language, hits.length) }
  return before === null && loading === null ? t('search.count', count) : t('search.countMore', count)
}

/** Names are looked through only where nothing but words is asked for. */
function usePeople({ filter }: SearchState): readonly ConversationView[] {
  const wanted = filter.text.trim().toLocaleLowerCase()
  const conversations = useConversations()
  if (wanted === '' || isNarrowed(filter)) return []
  return conversations
    .filter((entry) => `${conversationName(entry)} ${entry.peer}`.toLocaleLowerCase().includes(wanted))
    .slice(0, peopleShown)
}

function Nothing({ text }: { readonly text: string }) {
  const t = useT()
  const title = text === '' ? t('search.noneFiltered') : t('search.none', { text })
  return (
    <EmptyState icon={SearchX} title={title} text={t(text === '' ? 'search.noneFilteredHint' : 'search.noneHint')} />
  )
}

function People({ people }: { readonly people: readonly ConversationView[] }) {
  const t = useT()
  return (
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
  )
}

function Hits({ search }: { readonly search: SearchState }) {
  const t = useT()
  const { hits, loading, openedKey } = search
  return (
    <>
      <ul className={loading === 'first' ? 'opacity-60' : undefined}>
        {hits.map((hit) => (
          // Rows out of sight are not laid out: there may be thousands.
          <li key={hitKey(hit)} className="[contain-intrinsic-size:auto_4rem] [content-visibility:auto]">
            <HitRow hit={hit} opened={hitKey(hit) === openedKey} />
          </li>
        ))}
      </ul>
      {loading !== null && (
        <div className="px-2 py-2">
          <Working label={t('search.searching')} quiet />
        </div>
      )}
      <Failure search={search} />
    </>
  )
}

function Failure({ search: { failure } }: { readonly search: SearchState }) {
  const t = useT()
  if (failure === null) return null
  return (
    <div className="flex flex-col items-start gap-2 px-2">
      <p role="alert" className="text-sm text-danger">
        {errorText(t, failure.code, failure.params)}
      </p>
      <Button size="small" onPress={retrySearch}>
        {t('app.retry')}
      </Button>
    </div>
  )
}
