import { Phone } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { AccountView } from '#shared/model/views.ts'
import { aorDomain, displayAor } from '#shared/model/aor.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { watchLevel } from '#renderer/media/level-meter.ts'
import { playTone } from '#renderer/media/tone-player.ts'
import { ask } from '#renderer/stores/actions.ts'
import { useAccounts, useSettings } from '#renderer/stores/app-store.ts'
import { placeCall } from '#renderer/stores/call-store.ts'
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
        <Tests accounts={accounts} />
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

function Tests({ accounts }: { readonly accounts: readonly AccountView[] }) {
  const t = useT()
  const [listening, setListening] = useState(false)
  const speaker = useSettings()?.speaker ?? ''
  const connected = accounts.find((account) => account.connection.kind === 'registered')
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap gap-2">
        <Button size="small" onPress={() => setListening(!listening)}>
          {t(listening ? 'callSettings.stopTest' : 'callSettings.testMicrophone')}
        </Button>
        <Button size="small" onPress={() => void playTone('test', speaker)}>
          {t('callSettings.testSpeaker')}
        </Button>
        <Button
          size="small"
          isDisabled={connected === undefined}
          onPress={() => {
            if (connected !== undefined) void callEcho(connected)
          }}
        >
          <Phone aria-hidden className="size-3.5" />
          {t('callSettings.echo')}
        </Button>
      </div>
      {listening && <MicrophoneTest />}
      <p className="text-sm text-soft">{t('callSettings.echoText')}</p>
    </div>
  )
}

async function callEcho(account: AccountView): Promise<void> {
  const peer = `echo@${aorDomain(account.aor)}`
  const conversationId = await ask('conversations.start', { accountId: account.id, peer })
  if (conversationId !== null) await placeCall({ conversationId, name: peer, video: false })
}

/** Shows how loud the microphone is; it is open as long as this is shown, and no longer. */
function MicrophoneTest() {
  const t = useT()
  const settings = useSettings()
  const [level, setLevel] = useState(0)
  const [failed, setFailed] = useState(false)
  useEffect(() => {
    if (settings === null) return
    return watchLevel(settings, setLevel, () => setFailed(true))
  }, [settings])
  if (failed) {
    return (
      <p role="alert" className="text-sm text-danger">
        {t('callSettings.testFailed')}
      </p>
    )
  }
  const percent = Math.round(level * 100)
  return (
    <div className="flex flex-col gap-1">
      <div
        role="meter"
        aria-label={t('callSettings.level')}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        className="h-2 overflow-hidden rounded-full border border-edge bg-sunken"
      >
        <svg aria-hidden viewBox="0 0 100 1" preserveAspectRatio="none" className="size-full">
          <rect width={percent} height={1} className="fill-accent" />
        </svg>
      </div>
      <p className="text-xs text-soft">{t('callSettings.speakNow')}</p>
    </div>
  )
}
