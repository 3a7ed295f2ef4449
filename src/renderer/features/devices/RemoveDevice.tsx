import { useState } from 'react'
import type { AccountView } from '#shared/model/views.ts'
import type { ReplicaDeviceView } from '#shared/model/replication-views.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Dialog, DialogActions } from '#renderer/ui/Dialog.tsx'
import { Working } from '#renderer/ui/Feedback.tsx'
import { useServer } from '../holdings/use-server.ts'

/** Properties of {@link RemoveDevice}. */
export interface RemoveDeviceProps {
  readonly account: AccountView
  readonly device: ReplicaDeviceView
  readonly onClose: () => void
  readonly onRemoved: () => void
}

/** The question before a device is removed: what that means, and what the device can still do. */
export function RemoveDevice({ account, device, onClose, onRemoved }: RemoveDeviceProps) {
  const t = useT()
  const server = useServer(account)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const isHome = server?.ok === true && server.value.kind === 'home'

  async function remove(): Promise<void> {
    setBusy(true)
    setError(null)
    const reply = await attempt('devices.revoke', { accountId: account.id, deviceId: device.id })
    setBusy(false)
    if (reply.ok) onRemoved()
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
        {server !== null && (
          <p className="text-sm text-soft">{t(isHome ? 'devices.passwordChanges' : 'devices.passwordElsewhere')}</p>
        )}
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
