import { ArrowDown, ArrowUp, Trash2 } from 'lucide-react'
import { useState } from 'react'
import type { ConversationHolding } from '#shared/model/holdings.ts'
import { formatBytes, formatCount } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { Button, IconButton } from '#renderer/ui/Button.tsx'
import { Group } from '../settings/Group.tsx'
import { ConfirmErase } from './ConfirmErase.tsx'
import { holdingName, type Sorting, sortHoldings, wholeSize } from './sort-holdings.ts'
import type { ErasingProps } from './YourData.tsx'

/** Rows drawn before the user asks for all of them. */
const firstRows = 20

/** Every conversation with what it holds; the largest first unless sorted otherwise. */
export function ConversationHoldings({ view, recount, onFound }: ErasingProps) {
  const t = useT()
  const [sorting, setSorting] = useState<Sorting>({ by: 'size', reversed: false })
  const [all, setAll] = useState(false)
  const [erasing, setErasing] = useState<ConversationHolding | null>(null)
  const { conversations } = view.history
  const sorted = sortHoldings(conversations, sorting)
  const shown = all ? sorted : sorted.slice(0, firstRows)

  async function erase(target: ConversationHolding): Promise<boolean> {
    onFound(null)
    if (!(await perform('conversations.erase', { conversationId: target.id }))) return false
    const found = await recount()
    if (found === null) return true
    const left = found.history.conversations.find(({ id }) => id === target.id)
    const name = holdingName(target)
    onFound({
      gone: left === undefined,
      text: left === undefined ? t('holdings.goneConversation', { name }) : t('holdings.notGone', { name }),
    })
    return true
  }

  if (conversations.length === 0) return null
  return (
    <Group title={t('holdings.conversations')} text={t('holdings.conversationsText')}>
      <div className="rounded-2xl border border-line bg-raised px-4 py-1.5">
        <table className="w-full table-fixed text-sm">
          <caption className="sr-only">{t('holdings.conversations')}</caption>
          <thead className="text-xs text-soft">
            <tr>
              <SortHeader label={t('holdings.conversation')} by="name" sorting={sorting} onSort={setSorting} />
              <SortHeader label={t('holdings.size')} by="size" sorting={sorting} onSort={setSorting} narrow />
              <th scope="col" className="w-9">
                <span className="sr-only">{t('holdings.erase')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((conversation) => (
              <Row key={conversation.id} conversation={conversation} onErase={() => setErasing(conversation)} />
            ))}
          </tbody>
        </table>
      </div>
      {shown.length < sorted.length && (
        <div>
          <Button size="small" variant="quiet" onPress={() => setAll(true)}>
            {t('holdings.showAll', { count: sorted.length })}
          </Button>
        </div>
      )}
      {erasing !== null && (
        <ConfirmErase
          title={t('holdings.eraseConversationTitle', { name: holdingName(erasing) })}
          text={t('holdings.eraseConversationText')}
          onErase={() => erase(erasing)}
          onClose={() => setErasing(null)}
        />
      )}
    </Group>
  )
}

function SortHeader(props: {
  readonly label: string
  readonly by: Sorting['by']
  readonly sorting: Sorting
  readonly onSort: (sorting: Sorting) => void
  readonly narrow?: boolean
}) {
  const { label, by, sorting, onSort, narrow = false } = props
  const current = sorting.by === by
  // The largest first is what comes down; names go up from A.
  const ascending = current && (by === 'name') !== sorting.reversed
  const Icon = ascending ? ArrowUp : ArrowDown
  return (
    <th
      scope="col"
      aria-sort={current ? (ascending ? 'ascending' : 'descending') : 'none'}
      className={narrow ? 'w-24 text-end font-medium' : 'text-start font-medium'}
    >
      <button
        type="button"
        onClick={() => onSort({ by, reversed: current && !sorting.reversed })}
        className="inline-flex items-center gap-1 rounded-md py-1 hover:text-ink"
      >
        {label}
        {current && <Icon aria-hidden className="size-3.5" />}
      </button>
    </th>
  )
}

function Row({ conversation, onErase }: { readonly conversation: ConversationHolding; readonly onErase: () => void }) {
  const t = useT()
  const language = useLanguage()
  const name = holdingName(conversation)
  const counts = (['messages', 'calls', 'files'] as const)
    .filter((kind) => conversation[kind] > 0)
    .map((kind) =>
      t(`holdings.counts.${kind}`, {
        count: conversation[kind],
        formatted: formatCount(language, conversation[kind]),
      }),
    )
  return (
    <tr className="border-t border-line">
      <th scope="row" className="py-1 text-start font-normal">
        <bdi className="block truncate">{name}</bdi>
        <span className="block truncate text-xs text-soft">{counts.join(', ')}</span>
      </th>
      <td className="py-1 ps-3 text-end whitespace-nowrap tabular-nums">
        {formatBytes(language, wholeSize(conversation))}
      </td>
      <td className="py-1 text-end">
        <IconButton
          icon={Trash2}
          size="small"
          label={t('holdings.eraseConversationTitle', { name })}
          onPress={onErase}
        />
      </td>
    </tr>
  )
}
