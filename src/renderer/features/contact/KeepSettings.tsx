import { useT, useLanguage, type Translate } from '#renderer/i18n/i18n.ts'
import type { ConversationView } from '#shared/model/views.ts'
import { formatDays, formatDuration } from '#renderer/i18n/format.ts'
import { perform } from '#renderer/stores/actions.ts'
import { useSettings } from '#renderer/stores/app-store.ts'
import { Select, Switch, type Option } from '#renderer/ui/Choice.tsx'
import { conversationName } from '../conversations/ConversationRow.tsx'

/** Days after which messages go; 0 = never. */
export const keepChoices = [0, 7, 30, 90, 365] as const
/** Seconds after which messages disappear on both sides; 0 = they do not. */
const timerChoices = [0, 300, 3600, 86_400, 604_800, 2_419_200] as const
const asSettings = 'settings'

/** Where the conversation stands in the list, and how long its messages stay, here and on the other side. */
export function KeepSettings({ conversation }: { readonly conversation: ConversationView }) {
  const t = useT()
  const conversationId = conversation.id
  return (
    <>
      <div className="flex flex-col">
        <Switch
          isSelected={conversation.pinned}
          onChange={(pinned) => void perform('conversations.setPinned', { conversationId, pinned })}
        >
          {t('keep.pinned')}
        </Switch>
        <Switch
          isSelected={conversation.archived}
          onChange={(archived) => void perform('conversations.setArchived', { conversationId, archived })}
          hint={t('keep.archivedHint')}
        >
          {t('keep.archived')}
        </Switch>
        <Switch
          isSelected={!conversation.muted}
          onChange={(on) => void perform('conversations.setMuted', { conversationId, muted: !on })}
        >
          {t('contact.mute')}
        </Switch>
      </div>
      <KeepDays conversation={conversation} />
      {conversation.policy === 'accepted' && <Disappearing conversation={conversation} />}
    </>
  )
}

/** The words for a number of days. */
export function keepWords(t: Translate, language: 'en' | 'de', days: number): string {
  return days === 0 ? t('keep.forever') : formatDays(language, days)
}

function withOwn(choices: readonly number[], own: number | null): readonly number[] {
  return own === null || choices.includes(own) ? choices : [...choices, own].toSorted((a, b) => a - b)
}

function KeepDays({ conversation }: { readonly conversation: ConversationView }) {
  const t = useT()
  const language = useLanguage()
  const usual = useSettings()?.keepDays ?? 0
  const days = withOwn(keepChoices, conversation.keepDays)
  const options: readonly Option<string>[] = days.map((value) => ({
    value: String(value),
    label: keepWords(t, language, value),
  }))
  const unset = { value: asSettings, label: t('keep.asSettings', { days: keepWords(t, language, usual) }) }
  return (
    <div className="flex flex-col gap-1">
      <Select
        label={t('keep.days')}
        value={conversation.keepDays === null ? asSettings : String(conversation.keepDays)}
        // What was chosen once stays a choice of this conversation.
        options={conversation.keepDays === null ? [unset, ...options] : options}
        onChange={(chosen) => {
          if (chosen === asSettings) return
          void perform('conversations.setKeepDays', { conversationId: conversation.id, keepDays: Number(chosen) })
        }}
      />
      <p className="text-xs text-soft">{t('keep.daysHint')}</p>
    </div>
  )
}

function Disappearing({ conversation }: { readonly conversation: ConversationView }) {
  const t = useT()
  const language = useLanguage()
  const { own } = conversation.timers
  return (
    <div className="flex flex-col gap-1">
      <Select
        label={t('timer.label')}
        value={String(own)}
        options={withOwn(timerChoices, own).map((seconds) => ({
          value: String(seconds),
          label: seconds === 0 ? t('timer.off') : formatDuration(language, seconds),
        }))}
        onChange={(chosen) => {
          void perform('conversations.setTimer', { conversationId: conversation.id, seconds: Number(chosen) })
        }}
      />
      <p className="text-xs text-soft">{timerState(t, language, conversation)}</p>
    </div>
  )
}

/** In words: on for both, waiting for one side, or off. */
function timerState(t: Translate, language: 'en' | 'de', conversation: ConversationView): string {
  const { own, peer } = conversation.timers
  const name = conversationName(conversation)
  if (own > 0 && peer > 0) return t('timer.both', { time: formatDuration(language, Math.min(own, peer)) })
  if (own > 0) return t('timer.waiting', { name })
  if (peer > 0) return t('timer.theyWant', { name, time: formatDuration(language, peer) })
  return t('timer.hint')
}
