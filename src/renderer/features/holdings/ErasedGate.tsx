import { type ReactNode, useEffect, useState } from 'react'
import { type ErasedView, fileUses } from '#shared/model/holdings.ts'
import { formatBytes, formatCount } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { ask, perform } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { DialogActions } from '#renderer/ui/Dialog.tsx'
import { Fact } from '#renderer/ui/Feedback.tsx'
import { StepFrame } from '../onboarding/StepFrame.tsx'

/** Before a new set-up (`isNew`: there is no profile yet): after everything was erased, what a new look at the disk found. */
export function ErasedGate({ isNew, children }: { readonly isNew: boolean; readonly children: ReactNode }) {
  const [erased, setErased] = useState<ErasedView | null>(null)
  useEffect(() => {
    if (!isNew) return
    let stale = false
    void ask('profile.erased', {}).then((answer) => {
      if (!stale) setErased(answer)
    })
    return () => {
      stale = true
    }
  }, [isNew])
  return erased === null ? children : <Erased erased={erased} onDone={() => setErased(null)} />
}

function Erased({ erased, onDone }: { readonly erased: ErasedView; readonly onDone: () => void }) {
  const t = useT()
  const language = useLanguage()
  const { disk, left, resumed } = erased
  const ofUser = fileUses.filter((use) => use !== 'lock' && use !== 'other' && disk.uses[use].count > 0)
  return (
    <StepFrame
      title={t(ofUser.length === 0 ? 'holdings.erasedTitle' : 'holdings.erasedNotTitle')}
      lead={t(resumed ? 'holdings.erasedResumed' : 'holdings.erasedLead')}
    >
      <dl className="grid grid-cols-2 gap-x-4">
        {(['history', 'keys', 'keychain', 'attachments', 'log'] as const).map((use) => (
          <Fact key={use} term={t(`holdings.uses.${use}`)}>
            {t('holdings.amount', {
              count: disk.uses[use].count,
              formatted: formatCount(language, disk.uses[use].count),
              size: formatBytes(language, disk.uses[use].bytes),
            })}
          </Fact>
        ))}
        <Fact term={t('holdings.leftFiles')} wide mono>
          {left.length === 0 ? t('holdings.nothingLeft') : left.join(', ')}
        </Fact>
        <Fact term={t('holdings.folder')} wide mono>
          {disk.folder}
        </Fact>
      </dl>
      <p className="mt-2 text-sm text-soft">{t('holdings.erasedHint')}</p>
      <DialogActions>
        <Button onPress={() => void perform('app.quit', {})}>{t('app.quit')}</Button>
        <Button variant="primary" autoFocus onPress={onDone}>
          {t('holdings.beginAnew')}
        </Button>
      </DialogActions>
    </StepFrame>
  )
}
