import { useT } from '#renderer/i18n/i18n.ts'
import { changeSettings, useSettings } from '#renderer/stores/app-store.ts'
import { Segments, Select } from '#renderer/ui/Choice.tsx'
import { Working } from '#renderer/ui/Feedback.tsx'

const sizes = [
  { value: '0.9', key: 'textSmall' },
  { value: '1', key: 'textNormal' },
  { value: '1.15', key: 'textLarge' },
  { value: '1.35', key: 'textLarger' },
] as const

function nearestSize(scale: number): string {
  const distance = (value: string): number => Math.abs(Number(value) - scale)
  return sizes.reduce((best, size) => (distance(size.value) < distance(best.value) ? size : best), sizes[1]).value
}

/** Theme, text size and language. */
export function AppearanceSettings() {
  const t = useT()
  const settings = useSettings()
  if (settings === null) return <Working label={t('settings.loading')} />
  return (
    <>
      <Segments
        label={t('appearance.theme')}
        value={settings.theme}
        onChange={(theme) => void changeSettings({ theme })}
        options={[
          { value: 'system', label: t('appearance.themeSystem') },
          { value: 'light', label: t('appearance.themeLight') },
          { value: 'dark', label: t('appearance.themeDark') },
        ]}
      />
      <Segments
        label={t('appearance.textSize')}
        value={nearestSize(settings.fontScale)}
        onChange={(size) => void changeSettings({ fontScale: Number(size) })}
        options={sizes.map(({ value, key }) => ({ value, label: t(`appearance.${key}`) }))}
      />
      <div className="max-w-xs">
        <Select
          label={t('appearance.language')}
          value={settings.language}
          onChange={(language) => void changeSettings({ language })}
          options={[
            { value: 'system', label: t('appearance.languageSystem') },
            { value: 'en', label: t('appearance.languageEn') },
            { value: 'de', label: t('appearance.languageDe') },
          ]}
        />
      </div>
    </>
  )
}
