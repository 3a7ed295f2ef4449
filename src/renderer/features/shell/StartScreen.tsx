import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { loadApp, useApp, useStartFailure } from '#renderer/stores/app-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Working } from '#renderer/ui/Feedback.tsx'
import { Logo } from '../onboarding/StepFrame.tsx'
import { Upgrade } from '../unlock/Upgrade.tsx'

function Starting() {
  const t = useT()
  const upgrade = useApp()?.upgrade ?? null
  return (
    <div className={upgrade === null ? 'w-48' : 'w-80 max-w-full'}>
      {upgrade === null ? <Working label={t('app.starting')} quiet /> : <Upgrade percent={upgrade} />}
    </div>
  )
}

/** What is seen before main has answered, or when it cannot. */
export function StartScreen({ missing = false }: { readonly missing?: boolean }) {
  const t = useT()
  const failure = useStartFailure()
  return (
    <main className="flex h-full flex-col items-center justify-center gap-4 bg-panel p-6 text-center">
      <Logo />
      <h1 className="sr-only">{t('app.name')}</h1>
      {missing ? (
        <p>{t('app.noBridge')}</p>
      ) : failure === null ? (
        <Starting />
      ) : (
        <>
          <p role="alert" className="max-w-sm">
            {t('app.failed', { reason: errorText(t, failure) })}
          </p>
          <Button onPress={() => void loadApp()}>{t('app.retry')}</Button>
        </>
      )}
    </main>
  )
}
