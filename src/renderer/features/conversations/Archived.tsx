import { Archive, ChevronDown, ChevronRight } from 'lucide-react'
import { useState } from 'react'
import type { ConversationView } from '#shared/model/views.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { useMainView } from '#renderer/stores/screen-store.ts'
import { ConversationRow } from './ConversationRow.tsx'

/** The conversations that the user put away, folded up below the others. */
export function Archived({ conversations }: { readonly conversations: readonly ConversationView[] }) {
  const t = useT()
  const [open, setOpen] = useState(false)
  const main = useMainView()
  const Chevron = open ? ChevronDown : ChevronRight
  if (conversations.length === 0) return null
  return (
    <section aria-label={t('list.archived')}>
      <button
        type="button"
        data-list-row
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="flex w-full items-center gap-3 rounded-xl px-3 py-2 text-start text-sm text-soft -outline-offset-2 hover:bg-hover"
      >
        <Archive aria-hidden className="size-4" />
        <span className="flex-1">{t('list.archivedCount', { count: conversations.length })}</span>
        <Chevron aria-hidden className="size-4" />
      </button>
      {open && (
        <ul>
          {conversations.map((conversation) => (
            <li key={conversation.id}>
              <ConversationRow
                conversation={conversation}
                current={main.kind === 'conversation' && main.id === conversation.id}
              />
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
