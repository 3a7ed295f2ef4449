import { useState } from 'react'
import type { AccountId } from '#shared/model/ids.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { useApp } from '#renderer/stores/app-store.ts'
import { useConversations } from '#renderer/stores/conversation-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { ImportDialog } from '../archive/ImportDialog.tsx'
import { AccountForm } from './AccountForm.tsx'
import { PaperSecret } from './PaperSecret.tsx'
import { ProfileStep } from './ProfileStep.tsx'
import { StepFrame, StepHeading } from './StepFrame.tsx'

/** Set-up: protect the device, get an account, write the paper secret down. */
export function Onboarding({ onDone, onRead }: { readonly onDone: () => void; readonly onRead: () => void }) {
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
          <AccountForm onDone={setPaperFor} onLinked={onDone} />
          <ImportedHistory onRead={onRead} />
        </>
      ) : (
        <ProfileStep keychain={app?.keychain === 'available'} onDone={() => setProfileMade(true)} />
      )}
    </StepFrame>
  )
}

/** A history from another device can be imported and read before there is an account. */
function ImportedHistory({ onRead }: { readonly onRead: () => void }) {
  const t = useT()
  const [importing, setImporting] = useState(false)
  const hasHistory = useConversations().length > 0
  return (
    <div className="mt-5 flex flex-wrap items-center gap-2 border-t border-line pt-4">
      <p className="min-w-48 flex-1 text-sm text-soft">
        {t(hasHistory ? 'onboarding.historyHere' : 'onboarding.historyElsewhere')}
      </p>
      {hasHistory && (
        <Button size="small" onPress={onRead}>
          {t('onboarding.readHistory')}
        </Button>
      )}
      <Button size="small" onPress={() => setImporting(true)}>
        {t('onboarding.importHistory')}
      </Button>
      {importing && (
        <ImportDialog
          onClose={(imported) => {
            setImporting(false)
            if (imported) onRead()
          }}
        />
      )}
    </div>
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
