import { useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { useApp } from '#renderer/stores/app-store.ts'
import { showDialog } from '#renderer/stores/screen-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Fact } from '#renderer/ui/Feedback.tsx'
import { Logo } from '../onboarding/StepFrame.tsx'

/** Which program this is, and what it runs on. */
export function About() {
  const t = useT()
  const app = useApp()
  if (app === null) return null
  return (
    <>
      <div className="flex items-center gap-4">
        <Logo />
        <div>
          <p className="text-lg font-semibold">{t('app.name')}</p>
          <p className="text-sm text-soft">{t('app.version', { version: app.version })}</p>
        </div>
      </div>
      <p>{t('app.aboutText')}</p>
      <dl className="grid grid-cols-2 gap-x-4 rounded-2xl border border-line bg-raised px-4 py-2">
        <Fact term={t('app.host')}>{app.host === 'electron' ? t('app.hostElectron') : t('app.hostChromium')}</Fact>
        <Fact term={t('app.sandbox')}>{app.sandboxed ? t('app.on') : t('app.off')}</Fact>
        <Fact term={t('app.profile')}>{app.profile}</Fact>
      </dl>
      <p className="text-sm text-soft">{t('app.licence')}</p>
      <div className="flex flex-wrap items-center gap-3">
        <Button onPress={() => showDialog({ kind: 'shortcuts' })}>{t('shell.shortcuts')}</Button>
        <Button onPress={() => void perform('app.quit', {})}>{t('app.quit')}</Button>
      </div>
      <p className="text-sm text-soft">{t('app.quitHint')}</p>
    </>
  )
}
