import { useState } from 'react'
import type { AccountView } from '#shared/model/views.ts'
import type { BridgeResult } from '#shared/bridge/table.ts'
import type { ReplicaDeviceView } from '#shared/model/replication-views.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Checkbox } from '#renderer/ui/Choice.tsx'
import { Dialog, DialogActions } from '#renderer/ui/Dialog.tsx'
import { Working } from '#renderer/ui/Feedback.tsx'
import { useServer } from '../holdings/use-server.ts'

/** Properties of {@link RemoveDevice}. */
export interface RemoveDeviceProps {
  readonly account: AccountView
  readonly device: ReplicaDeviceView
  readonly onClose: () => void
  readonly onRemoved: (result: BridgeResult<'devices.revoke'>) => void
}

/** The question before a device is removed: what that means, and whether the password changes with it. */
export function RemoveDevice({ account, device, onClose, onRemoved }: RemoveDeviceProps) {
  const t = useT()
  const server = useServer(account)
  const [wanted, setWanted] = useState(true)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const isHome = server?.ok === true && server.value.kind === 'home'

  async function remove(): Promise<void> {
    setBusy(true)
    setError(null)
    const question = { accountId: account.id, deviceId: device.id, changePassword: isHome && wanted }
    const reply = await attempt('devices.revoke', question)
    setBusy(false)
    if (reply.ok) onRemoved(reply.value)
    else setError(errorText(t, reply.code, reply.params))
  }

  return (
    <Dialog
      title={t('devices.removeTitle', { name: device.name })}
      closeLabel={t('app.close')}
      role="alertdialog"
      onClose={busy ? () => undefined : onClose}
    >
      <div className="flex flex-col gap-3">
        <p>{t('devices.removeText')}</p>
        <p>{t('devices.removeKeeps')}</p>
        {server === null && <Working label={t('holdings.asking')} />}
        {isHome && (
          <div>
            <Checkbox isSelected={wanted} onChange={setWanted}>
              {t('devices.alsoPassword')}
            </Checkbox>
            <p className="ps-8 text-sm text-soft">{t('devices.alsoPasswordHint')}</p>
          </div>
        )}
        {server !== null && !isHome && <p className="text-sm text-soft">{t('devices.passwordElsewhere')}</p>}
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
          variant="danger"
          isDisabled={server === null}
          pendingText={busy ? t('devices.removing') : undefined}
          onPress={() => void remove()}
        >
          {t('devices.removeAction')}
        </Button>
      </DialogActions>
    </Dialog>
  )
}
