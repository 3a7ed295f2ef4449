import { AudioLines } from 'lucide-react'
import { displayAor } from '#shared/model/aor.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { useAccounts, useSettings } from '#renderer/stores/app-store.ts'
import { openCallTest } from '#renderer/stores/screen-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Working } from '#renderer/ui/Feedback.tsx'
import { DeviceFields, VoiceSwitches } from '../calls/DeviceFields.tsx'
import { AccountCallSettings } from './AccountCallSettings.tsx'
import { Group } from './Group.tsx'

/** Devices and their test, the voice, and for every account who may hear what. */
export function CallSettings() {
  const t = useT()
  const accounts = useAccounts()
  const settings = useSettings()
  if (settings === null) return <Working label={t('settings.loading')} />
  return (
    <>
      <Group title={t('callSettings.devices')}>
        <div className="grid gap-3 min-[40rem]:grid-cols-2">
          <DeviceFields />
        </div>
        <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
          <Button size="small" onPress={openCallTest}>
            <AudioLines aria-hidden className="size-3.5" />
            {t('callTest.open')}
          </Button>
          <p className="text-sm text-soft">{t('callTest.openText')}</p>
        </div>
      </Group>
      <Group title={t('callSettings.voice')} text={t('callSettings.voiceHint')}>
        <VoiceSwitches />
      </Group>
      {accounts.map((account) => (
        <Group key={account.id} title={t('callSettings.ofAccount', { account: displayAor(account.aor) })}>
          <AccountCallSettings account={account} />
        </Group>
      ))}
    </>
  )
}
