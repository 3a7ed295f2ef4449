import { ArrowLeft } from 'lucide-react'
import { useT } from '#renderer/i18n/i18n.ts'
import { useSettings } from '#renderer/stores/app-store.ts'
import { closeCallTest } from '#renderer/stores/screen-store.ts'
import { IconButton } from '#renderer/ui/Button.tsx'
import { Working } from '#renderer/ui/Feedback.tsx'
import { Group } from '../settings/Group.tsx'
import { ConnectionTest } from './ConnectionTest.tsx'
import { CameraTest, MicrophoneTest, SpeakerTest } from './DeviceTests.tsx'

/** Tries out calls before there is one: microphone, speaker, camera, and the connection with an echo contact. */
export function CallTest() {
  const t = useT()
  const settings = useSettings()
  return (
    <section
      className="flex h-full min-h-0 flex-col"
      aria-label={t('callTest.title')}
      data-pane="call-test"
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented) closeCallTest()
      }}
    >
      <header className="flex items-center gap-2 border-b border-line px-3 py-2">
        <IconButton icon={ArrowLeft} label={t('app.back')} onPress={closeCallTest} />
        <h2 className="text-base font-semibold">{t('callTest.title')}</h2>
      </header>
      <div className="relative min-h-0 flex-1 overflow-y-auto p-5 [scrollbar-gutter:stable]">
        <div className="mx-auto flex max-w-2xl flex-col gap-7">
          {settings === null ? (
            <Working label={t('settings.loading')} />
          ) : (
            <>
              <Group title={t('callSettings.devices')}>
                <div className="grid gap-x-4 gap-y-5 min-[40rem]:grid-cols-2">
                  <MicrophoneTest settings={settings} />
                  <SpeakerTest settings={settings} />
                  <CameraTest settings={settings} />
                </div>
              </Group>
              <Group title={t('callTest.connection')} text={t('callTest.connectionText')}>
                <ConnectionTest />
              </Group>
            </>
          )}
        </div>
      </div>
    </section>
  )
}
