import { useState } from 'react'
import type { AccountView } from '#shared/model/views.ts'
import { displayAor } from '#shared/model/aor.ts'
import type { ServerCopyView } from '#shared/model/replication-views.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Checkbox } from '#renderer/ui/Choice.tsx'
import { Dialog, DialogActions } from '#renderer/ui/Dialog.tsx'

/** Properties of {@link SwitchOffDialog}. */
export interface SwitchOffDialogProps {
  readonly account: AccountView
  readonly server: string
  readonly onClose: () => void
  /** With what the server said afterwards; null when nothing was to be erased. */
  readonly onOff: (copy: ServerCopyView | null) => void
}

/** The question before replication ends: whether the server's copy goes too. */
export function SwitchOffDialog({ account, server, onClose, onOff }: SwitchOffDialogProps) {
  const t = useT()
  const [erase, setErase] = useState(true)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)

  async function switchOff(): Promise<void> {
    setBusy(true)
    setError(null)
    const reply = await attempt('replication.switchOff', { accountId: account.id, erase })
    setBusy(false)
    if (reply.ok) onOff(reply.value)
    else setError(errorText(t, reply.code, reply.params))
  }

  return (
    <Dialog
      title={t('replication.offTitle', { name: displayAor(account.aor) })}
      closeLabel={t('app.close')}
      role="alertdialog"
      onClose={busy ? () => undefined : onClose}
    >
      <div className="flex flex-col gap-3">
        <p>{t('replication.offText')}</p>
        <Checkbox isSelected={erase} onChange={setErase}>
          {t('replication.offErase', { server })}
        </Checkbox>
        <p className="text-sm text-soft">{t(erase ? 'replication.offErases' : 'replication.offKeeps')}</p>
        {error !== null && (
          <p role="alert" className="text-sm text-danger">
            {error}
          </p>
        )}
      </div>
      <DialogActions>
        <Button autoFocus isDisabled={busy} onPress={onClose}>
          {t('app.cancel')}
        </Button>
        <Button
          variant={erase ? 'danger' : 'primary'}
          pendingText={busy ? t(erase ? 'replication.erasing' : 'replication.switchingOff') : undefined}
          onPress={() => void switchOff()}
        >
          {t(erase ? 'replication.offAndErase' : 'replication.off')}
        </Button>
      </DialogActions>
    </Dialog>
  )
}
