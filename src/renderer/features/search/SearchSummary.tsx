import type { SearchFilter } from '#shared/model/search.ts'
import { formatShortDay } from '#renderer/i18n/format.ts'
import { type Language, type Translate, useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { useConversations } from '#renderer/stores/conversation-store.ts'
import { clearFilters, useSearch } from '#renderer/stores/search-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { conversationName } from '../conversations/ConversationRow.tsx'

/** What narrows the search while the panel is closed: nobody shall look for messages that a forgotten filter hides. */
export function SearchSummary() {
  const t = useT()
  const language = useLanguage()
  const { filter } = useSearch()
  const people = useConversations()
    .filter(({ id }) => filter.conversationIds?.includes(id) === true)
    .map(conversationName)
  const words = [...people, ...wordsOf(t, language, filter)]
  return (
    <div className="flex items-center gap-2 border-b border-line px-3 pb-1.5">
      <p className="line-clamp-2 min-w-0 flex-1 text-xs text-soft wrap-anywhere">{words.join(' · ')}</p>
      <Button size="small" variant="quiet" onPress={clearFilters}>
        {t('search.clear')}
      </Button>
    </div>
  )
}

function wordsOf(t: Translate, language: Language, { kind, direction, from, to }: SearchFilter): readonly string[] {
  return [
    ...(kind === 'any' ? [] : [t(`search.kinds.${kind}`)]),
    ...(direction === 'any' ? [] : [t(`search.directions.${direction}`)]),
    ...(from === null ? [] : [t('search.since', { day: formatShortDay(language, from) })]),
    ...(to === null ? [] : [t('search.until', { day: formatShortDay(language, to - 1) })]),
  ]
}
