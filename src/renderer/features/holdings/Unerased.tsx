import { useState } from 'react'
import type { ErrorCode } from '#shared/errors.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt, perform } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { DialogActions } from '#renderer/ui/Dialog.tsx'
import { StepFrame } from '../onboarding/StepFrame.tsx'

/** Everything was to be erased, and the disk refused: why, and what to do. */
export function Unerased({ reason }: { readonly reason: ErrorCode }) {
  const t = useT()
  const [busy, setBusy] = useState(false)
  return (
    <StepFrame title={t('holdings.unerasedTitle')} lead={t('holdings.unerasedLead')}>
      <p role="alert">{errorText(t, reason)}</p>
      <p className="mt-2 text-sm text-soft">{t('holdings.unerasedHint')}</p>
      <DialogActions>
        <Button isDisabled={busy} onPress={() => void perform('app.quit', {})}>
          {t('app.quit')}
        </Button>
        <Button
          variant="primary"
          autoFocus
          pendingText={busy ? t('holdings.erasing') : undefined}
          onPress={() => {
            setBusy(true)
            void attempt('profile.finishErasing', {}).then(() => setBusy(false))
          }}
        >
          {t('app.retry')}
        </Button>
      </DialogActions>
    </StepFrame>
  )
}
