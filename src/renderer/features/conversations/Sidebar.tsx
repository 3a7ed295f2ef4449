import { Lock, MessageSquarePlus, Settings } from 'lucide-react'
import { useT } from '#renderer/i18n/i18n.ts'
import { askToLock } from '#renderer/stores/lock.ts'
import { openSettings, showDialog } from '#renderer/stores/screen-store.ts'
import { isAsking, isNarrowed, useSearch } from '#renderer/stores/search-store.ts'
import { IconButton } from '#renderer/ui/Button.tsx'
import { SearchBar } from '../search/SearchBar.tsx'
import { SearchPanel } from '../search/SearchPanel.tsx'
import { SearchResults } from '../search/SearchResults.tsx'
import { SearchSummary } from '../search/SearchSummary.tsx'
import { AccountStates } from './AccountStates.tsx'
import { ConversationList } from './ConversationList.tsx'

/** Search on top, conversations or results below, the state of each account at the foot. */
export function Sidebar() {
  const t = useT()
  const { filter, panelOpen } = useSearch()
  return (
    <div className="flex min-h-0 flex-1 flex-col" data-pane="list">
      <header className="flex items-center gap-1 p-2.5">
        <SearchBar />
        <IconButton
          icon={MessageSquarePlus}
          label={t('shell.newConversation')}
          keyShortcuts="Control+N"
          onPress={() => showDialog({ kind: 'new-conversation' })}
        />
        <IconButton icon={Lock} label={t('shell.lock')} keyShortcuts="Control+L" onPress={askToLock} />
        <IconButton
          icon={Settings}
          label={t('shell.settings')}
          keyShortcuts="Control+,"
          onPress={() => openSettings('accounts')}
        />
      </header>
      {panelOpen && <SearchPanel />}
      {!panelOpen && isNarrowed(filter) && <SearchSummary />}
      {isAsking(filter) ? <SearchResults /> : <ConversationList />}
      <AccountStates />
    </div>
  )
}
