import { Lock, MessageSquarePlus, Search, Settings, X } from 'lucide-react'
import { useState } from 'react'
import { Button, Input, SearchField } from 'react-aria-components'
import { useT } from '#renderer/i18n/i18n.ts'
import { askToLock } from '#renderer/stores/lock.ts'
import { openSettings, showDialog } from '#renderer/stores/screen-store.ts'
import { IconButton } from '#renderer/ui/Button.tsx'
import { inputClass } from '#renderer/ui/Field.tsx'
import { cx } from '#renderer/ui/cx.ts'
import { SearchResults } from '../search/SearchResults.tsx'
import { AccountStates } from './AccountStates.tsx'
import { ConversationList } from './ConversationList.tsx'

/** Search on top, conversations or results below, the state of each account at the foot. */
export function Sidebar() {
  const t = useT()
  const [text, setText] = useState('')
  const searching = text.trim() !== ''
  return (
    <div className="flex min-h-0 flex-1 flex-col" data-pane="list">
      <header className="flex items-center gap-1 p-2.5">
        <SearchField
          aria-label={t('shell.search')}
          value={text}
          onChange={setText}
          data-search
          className="group relative min-w-0 flex-1"
          onKeyDown={(event) => {
            if (event.key !== 'ArrowDown') return
            event.preventDefault()
            document.querySelector<HTMLElement>('[data-list-row]')?.focus()
          }}
        >
          <Search
            aria-hidden
            className="pointer-events-none absolute start-3 top-1/2 size-4 -translate-y-1/2 text-soft"
          />
          <Input
            placeholder={t('shell.searchPlaceholder')}
            aria-keyshortcuts="Control+K"
            data-pane-focus
            maxLength={400}
            className={cx(inputClass, 'h-9 ps-9 pe-8 text-sm text-ellipsis [&::-webkit-search-cancel-button]:hidden')}
          />
          <Button
            aria-label={t('shell.clearSearch')}
            className="absolute end-1 top-1/2 flex size-7 -translate-y-1/2 items-center justify-center rounded-md text-soft group-data-[empty]:hidden hover:text-ink"
          >
            <X aria-hidden className="size-4" />
          </Button>
        </SearchField>
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
      {searching ? <SearchResults text={text} /> : <ConversationList />}
      <AccountStates />
    </div>
  )
}
