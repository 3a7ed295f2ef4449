import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { useSettings } from '#renderer/stores/app-store.ts'
import { Select } from '#renderer/ui/Choice.tsx'
import { keepChoices, keepWords } from '../contact/KeepSettings.tsx'
import { Group } from './Group.tsx'

/** How long messages stay where a conversation says nothing else. */
export function KeepDefault() {
  const t = useT()
  const language = useLanguage()
  const days = useSettings()?.keepDays ?? 0
  return (
    <Group title={t('keep.default')} text={t('keep.defaultText')}>
      <Select
        label={t('keep.days')}
        value={String(days)}
        options={keepChoices.map((value) => ({ value: String(value), label: keepWords(t, language, value) }))}
        onChange={(chosen) => void perform('settings.set', { keepDays: Number(chosen) })}
      />
    </Group>
  )
}
