import { useState } from 'react'
import { Form } from 'react-aria-components'
import type { AccountView } from '#shared/model/views.ts'
import type { ReplicaDeviceView } from '#shared/model/replication-views.ts'
import { errorText } from '#renderer/i18n/error-text.ts'
import { useT } from '#renderer/i18n/i18n.ts'
import { attempt } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Dialog, DialogActions } from '#renderer/ui/Dialog.tsx'
import { Field } from '#renderer/ui/Field.tsx'

/** Properties of {@link RenameDevice}. */
export interface RenameDeviceProps {
  readonly account: AccountView
  readonly device: ReplicaDeviceView
  readonly onClose: () => void
}

/** Another name for a device, which all devices of the account see. */
export function RenameDevice({ account, device, onClose }: RenameDeviceProps) {
  const t = useT()
  const [name, setName] = useState(device.name)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)

  async function rename(): Promise<void> {
    setBusy(true)
    const wanted = { accountId: account.id, deviceId: device.id, name: name.trim() }
    const reply = await attempt('devices.rename', wanted)
    setBusy(false)
    if (reply.ok) onClose()
    else setError(errorText(t, reply.code, reply.params))
  }

  return (
    <Dialog title={t('devices.renameTitle')} closeLabel={t('app.close')} onClose={onClose}>
      <Form
        onSubmit={(event) => {
          event.preventDefault()
          if (name.trim() !== '' && !busy) void rename()
        }}
      >
        <Field
          label={t('devices.name')}
          hint={t('devices.nameHint')}
          value={name}
          onChange={setName}
          error={error}
          autoFocus
          maxLength={80}
          autoComplete="off"
        />
        <DialogActions>
          <Button onPress={onClose}>{t('app.cancel')}</Button>
          <Button
            type="submit"
            variant="primary"
            isDisabled={name.trim() === ''}
            pendingText={busy ? t('app.saving') : undefined}
          >
            {t('app.save')}
          </Button>
        </DialogActions>
      </Form>
    </Dialog>
  )
}
