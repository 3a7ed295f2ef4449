import type { AccountView } from '#shared/model/views.ts'
import type { ReplicaDeviceView } from '#shared/model/replication-views.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt } from '#renderer/stores/actions.ts'
import { ConfirmDialog } from '#renderer/ui/ConfirmDialog.tsx'
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
  const isHome = server?.ok === true && server.value.kind === 'home'

  const labels = {
    ...{ close: t('app.close'), cancel: t('app.cancel') },
    ...{ action: t('devices.removeAction'), busy: t('devices.removing') },
  }

  async function remove(): Promise<string | null> {
    const reply = await attempt('devices.revoke', { accountId: account.id, deviceId: device.id })
    if (!reply.ok) return errorText(t, reply.code, reply.params)
    onRemoved()
    return null
  }

  return (
    <ConfirmDialog
      {...{ labels, onClose }}
      title={t('devices.removeTitle', { name: device.name })}
      isReady={server !== null}
      onConfirm={remove}
    >
      <p>{t('devices.removeText')}</p>
      <p>{t('devices.removeKeeps')}</p>
      {server === null && <Working label={t('holdings.asking')} />}
      {server !== null && (
        <p className="text-sm text-soft">{t(isHome ? 'devices.passwordChanges' : 'devices.passwordElsewhere')}</p>
      )}
    </ConfirmDialog>
  )
}
