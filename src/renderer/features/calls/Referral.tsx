import { PhoneForwarded } from 'lucide-react'
import { displayAor } from '#shared/model/aor.ts'
import type { CallView } from '#shared/model/calls.ts'
import { type Translate, useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { takeReferral } from '#renderer/stores/call-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Banner } from '#renderer/ui/Feedback.tsx'
import { callName } from './call-words.ts'

function words(t: Translate, name: string, { to, by, attended }: NonNullable<CallView['referral']>): string {
  const names = { name, to: displayAor(to) }
  if (by !== null) return t('referral.askedBy', { ...names, by: displayAor(by) })
  return t(attended ? 'referral.attended' : 'referral.asked', names)
}

/** The other side wants the user to call somebody else: asked, never done by itself. */
export function Referral({ view }: { readonly view: CallView }) {
  const t = useT()
  const { referral } = view
  if (referral === null) return null
  const name = callName(t, view)
  return (
    <Banner
      icon={PhoneForwarded}
      tone="warn"
      role="alert"
      actions={
        <>
          <Button size="small" onPress={() => void perform('calls.declineReferral', { callId: view.id })}>
            {t('referral.stay')}
          </Button>
          <Button size="small" variant="primary" onPress={() => void takeReferral(view)}>
            {t('referral.call')}
          </Button>
        </>
      }
    >
      <span className="wrap-anywhere">{words(t, name, referral)}</span>
    </Banner>
  )
}
