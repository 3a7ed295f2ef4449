import { useState } from 'react'
import type { AccountId } from '#shared/model/ids.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { useApp } from '#renderer/stores/app-store.ts'
import { AccountForm } from './AccountForm.tsx'
import { PaperSecret } from './PaperSecret.tsx'
import { ProfileStep } from './ProfileStep.tsx'
import { StepFrame, StepHeading } from './StepFrame.tsx'

/** Set-up: protect the device, get an account, write the paper secret down. */
export function Onboarding({ onDone }: { readonly onDone: () => void }) {
  const t = useT()
  const app = useApp()
  const [paperFor, setPaperFor] = useState<AccountId | null>(null)
  const [profileMade, setProfileMade] = useState(false)
  return (
    <StepFrame title={t('onboarding.welcome')} lead={t('onboarding.lead')}>
      {paperFor !== null ? (
        <PaperStep accountId={paperFor} onDone={onDone} />
      ) : profileMade || app?.phase === 'ready' ? (
        <>
          <StepHeading step={2} title={t('onboarding.stepAccount')} />
          <p className="mb-4 text-sm text-soft">{t('onboarding.accountLead')}</p>
          <AccountForm onDone={setPaperFor} />
        </>
      ) : (
        <ProfileStep keychain={app?.keychain === 'available'} onDone={() => setProfileMade(true)} />
      )}
    </StepFrame>
  )
}

function PaperStep({ accountId, onDone }: { readonly accountId: AccountId; readonly onDone: () => void }) {
  const t = useT()
  return (
    <>
      <StepHeading step={3} title={t('paper.title')} />
      <PaperSecret accountId={accountId} onDone={onDone} onLater={onDone} />
    </>
  )
}
