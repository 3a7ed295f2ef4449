import { useT } from '#renderer/i18n/i18n.ts'
import { changeSettings, useSettings } from '#renderer/stores/app-store.ts'
import { Switch } from '#renderer/ui/Choice.tsx'
import { Working } from '#renderer/ui/Feedback.tsx'

/** Notifications, and whether Sotto stays when its window closes. */
export function NotificationSettings() {
  const t = useT()
  const settings = useSettings()
  if (settings === null) return <Working label={t('settings.loading')} />
  return (
    <div className="flex flex-col gap-1">
      <Switch isSelected={settings.notifications} onChange={(notifications) => void changeSettings({ notifications })}>
        {t('notifications.enabled')}
      </Switch>
      <Switch
        isSelected={settings.notificationPreview}
        isDisabled={!settings.notifications}
        onChange={(notificationPreview) => void changeSettings({ notificationPreview })}
        hint={t('notifications.previewHint')}
      >
        {t('notifications.preview')}
      </Switch>
      <Switch
        isSelected={settings.keepRunning}
        onChange={(keepRunning) => void changeSettings({ keepRunning })}
        hint={t('notifications.keepRunningHint')}
      >
        {t('notifications.keepRunning')}
      </Switch>
    </div>
  )
}
