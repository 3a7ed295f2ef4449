import { PhoneForwarded } from 'lucide-react'
import { displayAor } from '#shared/model/aor.ts'
import type { CallView } from '#shared/model/calls.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { perform } from '#renderer/stores/actions.ts'
import { takeReferral } from '#renderer/stores/call-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Banner } from '#renderer/ui/Feedback.tsx'
import { callName } from './call-words.ts'

/** The other side wants the user to call somebody else: asked, never done by itself. */
export function Referral({ view }: { readonly view: CallView }) {
  const t = useT()
  const { referral } = view
  if (referral === null) return null
  const name = callName(t, view)
  const to = displayAor(referral.to)
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
      <span className="wrap-anywhere">
        {referral.by === null
          ? t('referral.asked', { name, to })
          : t('referral.askedBy', { name, to, by: displayAor(referral.by) })}
      </span>
    </Banner>
  )
}
