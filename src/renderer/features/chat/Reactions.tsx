import type { MessageView } from '#shared/model/views.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { cx } from '#renderer/ui/cx.ts'
import { isOwnReaction, mayReact } from './reacting.ts'

/** Properties of {@link Reactions}. */
export interface ReactionsProps {
  readonly message: MessageView
  /** Name of the other side. */
  readonly name: string
  readonly focusable: boolean
}

/** One emoji and who chose it. */
interface Chip {
  readonly emoji: string
  readonly own: boolean
  readonly count: number
  readonly words: string
}

function useChips({ reactions = [], ...message }: MessageView, name: string): readonly Chip[] {
  const t = useT()
  const language = useLanguage()
  const list = new Intl.ListFormat(language, { type: 'conjunction' })
  const emojis = [...new Set(reactions.flatMap((reaction) => reaction.emojis))]
  return emojis.map((emoji) => {
    const by = reactions.filter((reaction) => reaction.emojis.includes(emoji))
    const own = by.some((reaction) => isOwnReaction(message, reaction))
    const others = by.length - Number(own)
    const names = [...(own ? [t('reactions.you')] : []), ...(others > 0 ? [name] : [])]
    return { emoji, own, count: by.length, words: t('reactions.from', { emoji, names: list.format(names) }) }
  })
}

/** The emoji under a bubble; pressing one chooses it as well, or takes the own choice back. */
export function Reactions({ message, name, focusable }: ReactionsProps) {
  const t = useT()
  const chips = useChips(message, name)
  if (chips.length === 0) return null
  const { conversationId, author, messageId } = message
  const isFixed = !mayReact(message)
  return (
    <ul aria-label={t('reactions.list')} className="flex flex-wrap gap-1 px-1 pt-1">
      {chips.map(({ emoji, own, count, words }) => (
        <li key={emoji}>
          <button
            type="button"
            aria-label={words}
            aria-pressed={own}
            disabled={isFixed}
            tabIndex={focusable ? 0 : -1}
            onClick={() => void perform('messages.react', { conversationId, author, messageId, emoji, chosen: !own })}
            className={cx(
              'flex h-7 min-w-9 items-center justify-center gap-1 rounded-full border px-2 text-sm enabled:hover:bg-hover',
              own ? 'border-accent bg-tint text-ink' : 'border-line bg-raised text-soft',
            )}
          >
            <span aria-hidden className="emoji">
              {emoji}
            </span>
            {count > 1 && (
              <span aria-hidden className="text-xs tabular-nums">
                {count}
              </span>
            )}
          </button>
        </li>
      ))}
    </ul>
  )
}
