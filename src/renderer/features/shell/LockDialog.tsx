import { Lock } from 'lucide-react'
import { useT } from '#renderer/i18n/i18n.ts'
import { dropLockQuestion, lock, stayOpen, useLockQuestion } from '#renderer/stores/lock.ts'
import { useApp } from '#renderer/stores/app-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Dialog, DialogActions } from '#renderer/ui/Dialog.tsx'
import { Banner } from '#renderer/ui/Feedback.tsx'

/** Locking ends a call: the user says whether it may. */
export function LockDialog() {
  const t = useT()
  if (!useLockQuestion()) return null
  return (
    <Dialog title={t('lock.title')} closeLabel={t('app.close')} role="alertdialog" onClose={dropLockQuestion}>
      <p>{t('lock.inCall')}</p>
      <DialogActions>
        <Button onPress={dropLockQuestion}>{t('app.cancel')}</Button>
        <Button variant="plainDanger" onPress={() => void lock('end')}>
          {t('lock.hangUp')}
        </Button>
        <Button variant="primary" autoFocus onPress={() => void lock('keep')}>
          {t('lock.afterCall')}
        </Button>
      </DialogActions>
    </Dialog>
  )
}

/** Stays while a lock waits for a call to end. */
export function LockPending() {
  const t = useT()
  if (useApp()?.lockPending !== true) return null
  return (
    <div className="border-b border-line bg-panel p-2">
      <Banner
        icon={Lock}
        tone="tint"
        role="status"
        actions={
          <Button size="small" onPress={() => void stayOpen()}>
            {t('lock.stayOpen')}
          </Button>
        }
      >
        {t('lock.pending')}
      </Banner>
    </div>
  )
}
