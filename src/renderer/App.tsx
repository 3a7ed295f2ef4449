import { useEffect, useState } from 'react'
import { I18nProvider } from 'react-aria-components'
import type { AppView } from '#shared/model/views.ts'
import { hasBridge } from './bridge/client.ts'
import { CallLayer } from './features/calls/CallLayer.tsx'
import { ErasedGate } from './features/holdings/ErasedGate.tsx'
import { Unerased } from './features/holdings/Unerased.tsx'
import { MainScreen } from './features/shell/MainScreen.tsx'
import { Onboarding } from './features/onboarding/Onboarding.tsx'
import { CertificateDialog } from './features/shell/CertificateDialog.tsx'
import { Notices, SandboxNotice } from './features/shell/Notices.tsx'
import { StartScreen } from './features/shell/StartScreen.tsx'
import { Unlock } from './features/unlock/Unlock.tsx'
import { applyLanguage, resolveLanguage, useLanguage } from './i18n/i18n.ts'
import { useApp, useSettings } from './stores/app-store.ts'

/** The window: one screen per phase, with notices above all of them. */
export function App() {
  useAppearance()
  const language = useLanguage()
  return (
    <I18nProvider locale={language === 'de' ? 'de-DE' : 'en-GB'}>
      <div className="flex h-full flex-col">
        <SandboxNotice />
        <div className="min-h-0 flex-1">{hasBridge() ? <Phase /> : <StartScreen missing />}</div>
        <Notices />
        <CallLayer />
        <CertificateDialog />
      </div>
    </I18nProvider>
  )
}

function Phase() {
  const app = useApp()
  // Set-up ends when the user leaves its last step, not when the account appears.
  const [settingUp, setSettingUp] = useState(false)
  // An imported history can be read without an account.
  const [reading, setReading] = useState(false)
  const mustSetUp =
    app !== null && (app.phase === 'onboarding' || (app.phase === 'ready' && !app.hasAccounts && !reading))
  if (mustSetUp && !settingUp) setSettingUp(true)
  if (app === null) return <StartScreen />
  if (app.phase !== 'onboarding' && app.phase !== 'ready') return <Closed app={app} />
  if (mustSetUp || settingUp) {
    const read = (): void => {
      setReading(true)
      setSettingUp(false)
    }
    return (
      <ErasedGate isNew={app.phase === 'onboarding'}>
        <Onboarding onDone={() => setSettingUp(false)} onRead={read} />
      </ErasedGate>
    )
  }
  return <MainScreen />
}

/** What is seen while nothing is open. */
function Closed({ app }: { readonly app: AppView }) {
  if (app.phase === 'locked') return <Unlock />
  return app.eraseFailure === null ? <StartScreen /> : <Unerased reason={app.eraseFailure} />
}

/** Theme, text size and language, applied to the document: nothing of them is kept in the page. */
function useAppearance(): void {
  const settings = useSettings()
  useEffect(() => {
    if (settings === null) return
    const root = document.documentElement
    if (settings.theme === 'system') root.removeAttribute('data-theme')
    else root.setAttribute('data-theme', settings.theme)
    root.style.fontSize = `${(settings.fontScale * 100).toFixed(0)}%`
    applyLanguage(resolveLanguage(settings.language, navigator.languages))
  }, [settings])
}
