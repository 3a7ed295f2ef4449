import { AtSign, Bookmark, FileText, Link, MessageSquare, Phone, X } from 'lucide-react'
import { type ReactNode, useEffect, useId, useState } from 'react'
import { Form, Input, Label, TextField } from 'react-aria-components'
import { type SearchFilter, searchKinds } from '#shared/model/search.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import {
  changeSearch,
  clearFilters,
  forgetSearch,
  isAsking,
  isNarrowed,
  loadSavedSearches,
  runSavedSearch,
  saveSearch,
  useSearch,
} from '#renderer/stores/search-store.ts'
import { Button, IconButton } from '#renderer/ui/Button.tsx'
import { Chips } from '#renderer/ui/Chips.tsx'
import { inputClass } from '#renderer/ui/Field.tsx'
import { cx } from '#renderer/ui/cx.ts'
import { PersonField } from './PersonField.tsx'
import { dayOf, dayStart } from './search-days.ts'

const kindIcons = {
  ...{ any: AtSign, text: MessageSquare, call: Phone },
  ...{ file: FileText, link: Link, bookmark: Bookmark },
} as const
const directions = ['any', 'incoming', 'outgoing'] as const satisfies readonly SearchFilter['direction'][]

/** Everything that narrows a search besides words, and the searches that are kept. */
export function SearchPanel() {
  const t = useT()
  const { filter } = useSearch()
  useEffect(() => void loadSavedSearches(), [])
  return (
    <section
      aria-label={t('search.filters')}
      className="relative flex max-h-3/5 shrink-0 flex-col gap-2.5 overflow-y-auto border-b border-line px-3 pb-3"
    >
      <Chips
        label={t('search.kind')}
        value={filter.kind}
        onChange={(kind) => changeSearch({ kind })}
        chips={searchKinds.map((kind) => ({
          value: kind,
          label: t(`search.kinds.${kind}`),
          ...(kind === 'any' ? {} : { icon: kindIcons[kind] }),
        }))}
      />
      <PersonField
        value={filter.conversationIds?.[0] ?? null}
        onChange={(id) => changeSearch({ conversationIds: id === null ? null : [id] })}
      />
      <Chips
        label={t('search.direction')}
        value={filter.direction}
        onChange={(direction) => changeSearch({ direction })}
        chips={directions.map((direction) => ({ value: direction, label: t(`search.directions.${direction}`) }))}
      />
      <Period filter={filter} />
      <Saving />
      <Saved />
    </section>
  )
}

function Period({ filter }: { readonly filter: SearchFilter }) {
  const t = useT()
  return (
    <div className="grid grid-cols-2 gap-2">
      <DayField
        label={t('search.from')}
        value={dayOf(filter.from)}
        onChange={(day) => changeSearch({ from: dayStart(day) })}
      />
      <DayField
        label={t('search.to')}
        // Searches end before a time, people name the last day.
        value={dayOf(filter.to === null ? null : filter.to - 1)}
        onChange={(day) => changeSearch({ to: dayStart(day, 1) })}
      />
    </div>
  )
}

/** A day; it is asked for when it is complete, so what is being typed stays here. */
function DayField(props: { readonly label: string; readonly value: string; readonly onChange: (day: string) => void }) {
  const { label, value, onChange } = props
  const id = useId()
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label htmlFor={id} className="text-xs font-medium text-soft">
        {label}
      </label>
      <input
        id={id}
        type="date"
        value={value}
        min="1970-01-02"
        max="2999-12-31"
        onChange={(event) => onChange(event.target.value)}
        className={cx(inputClass, 'h-8 px-2 py-1 text-sm')}
      />
    </div>
  )
}

function Saving() {
  const t = useT()
  const { filter } = useSearch()
  const [naming, setNaming] = useState(false)
  if (naming && isAsking(filter)) return <NameForm onDone={() => setNaming(false)} />
  return (
    <Row>
      <Button size="small" variant="quiet" isDisabled={!isNarrowed(filter)} onPress={clearFilters}>
        {t('search.clear')}
      </Button>
      <Button size="small" isDisabled={!isAsking(filter)} onPress={() => setNaming(true)}>
        {t('search.save')}
      </Button>
    </Row>
  )
}

function Row({ children }: { readonly children: ReactNode }) {
  return <div className="flex flex-wrap items-center justify-between gap-2">{children}</div>
}

function NameForm({ onDone }: { readonly onDone: () => void }) {
  const t = useT()
  const [name, setName] = useState('')
  const [busy, setBusy] = useState(false)
  const trimmed = name.trim()
  return (
    <Form
      className="flex flex-col gap-2"
      onSubmit={(event) => {
        event.preventDefault()
        if (trimmed === '' || busy) return
        setBusy(true)
        void saveSearch(trimmed).then((kept) => (kept ? onDone() : setBusy(false)))
      }}
    >
      <TextField
        value={name}
        onChange={setName}
        maxLength={80}
        autoFocus
        onKeyDown={(event) => {
          if (event.key === 'Escape') onDone()
        }}
        className="flex flex-col gap-1"
      >
        <Label className="text-xs font-medium text-soft">{t('search.name')}</Label>
        <Input className={cx(inputClass, 'h-8 py-1 text-sm')} />
      </TextField>
      <Row>
        <Button size="small" variant="quiet" onPress={onDone}>
          {t('app.cancel')}
        </Button>
        <Button
          size="small"
          variant="primary"
          type="submit"
          isDisabled={trimmed === ''}
          pendingText={busy ? t('app.saving') : undefined}
        >
          {t('app.save')}
        </Button>
      </Row>
    </Form>
  )
}

function Saved() {
  const t = useT()
  const { saved } = useSearch()
  const id = useId()
  if (saved.length === 0) return null
  return (
    <div className="flex flex-col gap-1">
      <h2 id={id} className="text-xs font-medium text-soft">
        {t('search.saved')}
      </h2>
      <ul aria-labelledby={id} className="flex flex-wrap gap-1">
        {saved.map((search) => (
          <li key={search.id} className="flex max-w-full items-center rounded-full border border-edge ps-1">
            <button
              type="button"
              onClick={() => runSavedSearch(search)}
              className="min-w-0 truncate rounded-full px-2 py-0.5 text-sm hover:bg-hover"
            >
              <bdi>{search.name}</bdi>
            </button>
            <IconButton
              icon={X}
              size="small"
              label={t('search.forget', { name: search.name })}
              onPress={() => void forgetSearch(search.id)}
            />
          </li>
        ))}
      </ul>
    </div>
  )
}
