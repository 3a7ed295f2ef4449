import { Lock } from 'lucide-react'
import { lockAfterChoices } from '#shared/model/views.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { changeSettings, useSettings } from '#renderer/stores/app-store.ts'
import { askToLock } from '#renderer/stores/lock.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Select, Switch } from '#renderer/ui/Choice.tsx'
import { Card, Group } from './Group.tsx'

/** When Sotto locks by itself, and locking now. */
export function LockSettings() {
  const t = useT()
  const settings = useSettings()
  if (settings === null) return null
  return (
    <Group title={t('lock.settings')} text={t('lock.settingsText')}>
      <Card>
        <div className="flex flex-wrap items-end justify-between gap-3">
          <div className="min-w-0 flex-1 basis-48">
            <Select
              label={t('lock.after')}
              value={String(settings.lockAfterMinutes)}
              onChange={(value) => {
                const chosen = lockAfterChoices.find((minutes) => String(minutes) === value)
                if (chosen !== undefined) void changeSettings({ lockAfterMinutes: chosen })
              }}
              options={lockAfterChoices.map((minutes) => ({
                value: String(minutes),
                label: minutes === 0 ? t('lock.never') : t('lock.minutes', { count: minutes }),
              }))}
            />
          </div>
          <Button onPress={askToLock}>
            <Lock aria-hidden className="size-4" />
            {t('lock.now')}
          </Button>
        </div>
        <Switch
          isSelected={settings.lockWithScreen}
          onChange={(lockWithScreen) => void changeSettings({ lockWithScreen })}
          hint={t('lock.withScreenHint')}
        >
          {t('lock.withScreen')}
        </Switch>
      </Card>
    </Group>
  )
}
