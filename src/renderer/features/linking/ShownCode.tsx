import type { NewDeviceLinking } from '#shared/model/linking-views.ts'
import { displayAor } from '#shared/model/aor.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { DialogActions } from '#renderer/ui/Dialog.tsx'
import { FocusedHeading } from '#renderer/ui/FocusedHeading.tsx'
import { groupCode, remainingText, spellCode } from './code-digits.ts'
import { QrPicture } from './QrPicture.tsx'
import { useSecondsLeft } from './use-seconds-left.ts'

/** Seconds before the end at which a screen reader is told; everything in between would only be noise. */
const spokenAt = [60, 30, 10] as const

/** Properties of {@link ShownCode}. */
export interface ShownCodeProps {
  readonly linking: NewDeviceLinking
  /** Null where main has to be told the address once more. */
  readonly onRenew: (() => void) | null
  readonly onCancel: () => void
}

/** Picture and digits for the other device, until they have run out. */
export function ShownCode({ linking, onRenew, onCancel }: ShownCodeProps) {
  const t = useT()
  const seconds = useSecondsLeft(linking.expiresAt ?? 0)
  if (linking.expiresAt !== null && seconds === 0) {
    return (
      <>
        <p role="alert">{t('linking.expired')}</p>
        <Ending onRenew={onRenew} onCancel={onCancel} />
      </>
    )
  }
  return (
    <div className="flex flex-col gap-3">
      <FocusedHeading>{t('linking.showLead', { name: displayAor(linking.account) })}</FocusedHeading>
      <ol className="ms-5 list-decimal text-sm text-soft">
        <li>{t('linking.showStep1')}</li>
        <li>{t('linking.showStep2')}</li>
      </ol>
      {linking.qr !== null && (
        <div className="flex justify-center">
          <QrPicture text={linking.qr} label={t('linking.picture')} />
        </div>
      )}
      {linking.code !== null && <Digits code={linking.code} />}
      {linking.expiresAt !== null && <Remaining seconds={seconds} />}
      <p className="text-sm text-soft">{t('linking.showWarning')}</p>
      <DialogActions>
        <Button onPress={onCancel}>{t('app.cancel')}</Button>
      </DialogActions>
    </div>
  )
}

function Digits({ code }: { readonly code: string }) {
  const t = useT()
  return (
    <div className="text-center">
      <p className="text-sm text-soft" aria-hidden>
        {t('linking.digitsLabel')}
      </p>
      <p className="font-mono text-3xl font-semibold tracking-wider tabular-nums" aria-hidden>
        {groupCode(code)}
      </p>
      <p className="sr-only">{t('linking.digitsSpoken', { digits: spellCode(code) })}</p>
    </div>
  )
}

function Remaining({ seconds }: { readonly seconds: number }) {
  const t = useT()
  const spoken = spokenAt.findLast((at) => seconds <= at)
  return (
    <>
      <p role="timer" className="text-center text-sm text-soft tabular-nums">
        {t('linking.remaining', { time: remainingText(seconds) })}
      </p>
      <p role="status" className="sr-only">
        {spoken !== undefined && t('linking.secondsLeft', { seconds: spoken })}
      </p>
    </>
  )
}

/** What can be done once it has run out or failed. */
export function Ending({ onRenew, onCancel }: Pick<ShownCodeProps, 'onRenew' | 'onCancel'>) {
  const t = useT()
  return (
    <DialogActions>
      <Button onPress={onCancel} autoFocus={onRenew === null}>
        {t('app.back')}
      </Button>
      {onRenew !== null && (
        <Button variant="primary" autoFocus onPress={onRenew}>
          {t('linking.newCode')}
        </Button>
      )}
    </DialogActions>
  )
}
