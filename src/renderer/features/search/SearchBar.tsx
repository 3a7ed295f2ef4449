import { Search, SlidersHorizontal, X } from 'lucide-react'
import { Button, Input, SearchField } from 'react-aria-components'
import { useT } from '#renderer/i18n/i18n.ts'
import { changeSearch, isNarrowed, setPanelOpen, useSearch } from '#renderer/stores/search-store.ts'
import { inputClass } from '#renderer/ui/Field.tsx'
import { cx } from '#renderer/ui/cx.ts'
import { shortcutRef } from '#renderer/ui/shortcut-ref.ts'
import { searchKeys } from './search-keys.ts'

/** The words that are looked for, and the button that opens everything else. */
export function SearchBar() {
  const t = useT()
  const { filter } = useSearch()
  return (
    <div className="relative min-w-0 flex-1">
      <SearchField
        aria-label={t('shell.search')}
        value={filter.text}
        onChange={(text) => changeSearch({ text })}
        data-search
        className="group relative"
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
          className={cx(
            inputClass,
            'h-9 ps-9 pe-9 text-sm text-ellipsis group-not-data-[empty]:pe-16 [&::-webkit-search-cancel-button]:hidden',
          )}
        />
        <Button
          aria-label={t('shell.clearSearch')}
          className="absolute end-8.5 top-1/2 flex size-7 -translate-y-1/2 items-center justify-center rounded-md text-soft group-data-[empty]:hidden hover:text-ink"
        >
          <X aria-hidden className="size-4" />
        </Button>
      </SearchField>
      <FilterButton />
    </div>
  )
}

function FilterButton() {
  const t = useT()
  const { filter, panelOpen } = useSearch()
  const narrowed = isNarrowed(filter)
  return (
    <Button
      ref={shortcutRef(searchKeys.filters)}
      aria-label={t(narrowed ? 'search.filtersSet' : 'search.filters')}
      aria-expanded={panelOpen}
      onPress={() => setPanelOpen(!panelOpen)}
      className={cx(
        'absolute end-1 top-1/2 flex size-7 -translate-y-1/2 items-center justify-center rounded-md hover:text-ink',
        narrowed || panelOpen ? 'bg-tint text-accent' : 'text-soft',
      )}
    >
      <SlidersHorizontal aria-hidden className="size-4" />
      {narrowed && <span aria-hidden className="absolute end-0.5 top-0.5 size-2 rounded-full bg-accent" />}
    </Button>
  )
}
