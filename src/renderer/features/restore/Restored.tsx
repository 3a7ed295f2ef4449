import { useState } from 'react'
import type { AccountId, DeviceId } from '#shared/model/ids.ts'
import type { ReplicaDeviceView, ReplicationView } from '#shared/model/replication-views.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt } from '#renderer/stores/actions.ts'
import { useReplication } from '#renderer/stores/replication-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Switch } from '#renderer/ui/Choice.tsx'
import { DialogActions } from '#renderer/ui/Dialog.tsx'
import { Working } from '#renderer/ui/Feedback.tsx'
import { FocusedHeading } from '#renderer/ui/FocusedHeading.tsx'
import { ReplicationProgress } from '../replication/ReplicationProgress.tsx'

/** Properties of {@link Restored}. */
export interface RestoredProps {
  readonly accountId: AccountId
  readonly onDone: () => void
}

/** The account is back: how far its history is, and which of its devices are lost. */
export function Restored({ accountId, onDone }: RestoredProps) {
  const t = useT()
  const view = useReplication(accountId)
  const others = (view?.devices ?? []).filter(({ own, revokedAt }) => !own && revokedAt === null)
  return (
    <div className="flex flex-col gap-3">
      <FocusedHeading>{t('restore.doneTitle')}</FocusedHeading>
      <p className="text-sm text-soft">{t('restore.doneText')}</p>
      {view === undefined ? <Working label={t('settings.loading')} /> : <ReplicationProgress view={view} />}
      {view !== undefined && others.length > 0 ? (
        <LostDevices view={view} others={others} onDone={onDone} />
      ) : (
        <DialogActions>
          <Button variant="primary" onPress={onDone}>
            {t('app.next')}
          </Button>
        </DialogActions>
      )}
    </div>
  )
}

/** Removes these one after the other; the text of the first failure, or null. */
function useRemoval(accountId: AccountId) {
  const t = useT()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)
  async function remove(devices: readonly DeviceId[]): Promise<void> {
    setBusy(true)
    setError(null)
    for (const deviceId of devices) {
      const reply = await attempt('devices.revoke', { accountId, deviceId })
      if (reply.ok) continue
      setError(errorText(t, reply.code, reply.params))
      break
    }
    setBusy(false)
  }
  return { busy, error, remove }
}

interface LostDevicesProps {
  readonly view: ReplicationView
  readonly others: readonly ReplicaDeviceView[]
  readonly onDone: () => void
}

/** Whoever finds a lost device could still read along: the question is asked before anything else is said. */
function LostDevices({ view: { accountId, state }, others, onDone }: LostDevicesProps) {
  const t = useT()
  const [kept, setKept] = useState<ReadonlySet<DeviceId>>(new Set())
  const { busy, error, remove } = useRemoval(accountId)
  const lost = others.filter(({ id }) => !kept.has(id))
  const keep = (id: DeviceId, isKept: boolean): void => {
    setKept(new Set([...kept].filter((one) => one !== id).concat(isKept ? [id] : [])))
  }
  return (
    <>
      <fieldset className="flex flex-col gap-1">
        <legend className="font-medium">{t('restore.lostTitle')}</legend>
        <p className="mb-1 text-sm text-soft">{t('restore.lostText')}</p>
        {others.map(({ id, name }) => (
          <Switch
            key={id}
            isSelected={!kept.has(id)}
            isDisabled={busy}
            onChange={(isLost: boolean) => keep(id, !isLost)}
          >
            {t('restore.isLost', { name })}
          </Switch>
        ))}
      </fieldset>
      {error !== null && (
        <p role="alert" className="text-sm text-danger">
          {error}
        </p>
      )}
      <DialogActions>
        <Button isDisabled={busy} onPress={onDone}>
          {t('restore.keepAll')}
        </Button>
        <Button
          variant="danger"
          isDisabled={lost.length === 0 || state !== 'current'}
          pendingText={busy ? t('devices.removing') : undefined}
          onPress={() => void remove(lost.map(({ id }) => id))}
        >
          {t('restore.removeLost')}
        </Button>
      </DialogActions>
    </>
  )
}
