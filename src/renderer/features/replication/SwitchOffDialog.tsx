import { useState } from 'react'
import type { AccountView } from '#shared/model/views.ts'
import { displayAor } from '#shared/model/aor.ts'
import type { ServerCopyView } from '#shared/model/replication-views.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt } from '#renderer/stores/actions.ts'
import { Checkbox } from '#renderer/ui/Choice.tsx'
import { ConfirmDialog } from '#renderer/ui/ConfirmDialog.tsx'

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
  const labels = {
    ...{ close: t('app.close'), cancel: t('app.cancel') },
    action: t(erase ? 'replication.offAndErase' : 'replication.off'),
    busy: t(erase ? 'replication.erasing' : 'replication.switchingOff'),
  }

  async function switchOff(): Promise<string | null> {
    const reply = await attempt('replication.switchOff', { accountId: account.id, erase })
    if (!reply.ok) return errorText(t, reply.code, reply.params)
    onOff(reply.value)
    return null
  }

  return (
    <ConfirmDialog
      {...{ labels, onClose }}
      title={t('replication.offTitle', { name: displayAor(account.aor) })}
      variant={erase ? 'danger' : 'primary'}
      onConfirm={switchOff}
    >
      <p>{t('replication.offText')}</p>
      <Checkbox isSelected={erase} onChange={setErase}>
        {t('replication.offErase', { server })}
      </Checkbox>
      <p className="text-sm text-soft">{t(erase ? 'replication.offErases' : 'replication.offKeeps')}</p>
    </ConfirmDialog>
  )
}
