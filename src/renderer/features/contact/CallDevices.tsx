import { ShieldCheck } from 'lucide-react'
import { useCallback, useEffect, useState } from 'react'
import type { CallDeviceView } from '#shared/model/calls.ts'
import type { ConversationId } from '#shared/model/ids.ts'
import { formatDateTime } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { attempt, perform } from '#renderer/stores/actions.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Field } from '#renderer/ui/Field.tsx'

/** Devices of this contact that calls agreed keys with: their names, and whether the user compared. */
export function CallDevices({ id }: { readonly id: ConversationId }) {
  const t = useT()
  const [devices, refresh] = useDevices(id)
  if (devices.length === 0) return null
  return (
    <section aria-label={t('callDevices.title')} className="flex flex-col gap-2">
      <h3 className="text-sm font-medium">{t('callDevices.title')}</h3>
      <ul className="flex flex-col gap-3">
        {devices.map((device) => (
          <Device key={device.zid} id={id} device={device} onChanged={refresh} />
        ))}
      </ul>
    </section>
  )
}

function useDevices(id: ConversationId): readonly [readonly CallDeviceView[], () => void] {
  const [devices, setDevices] = useState<readonly CallDeviceView[]>([])
  const [asked, setAsked] = useState(0)
  useEffect(() => {
    let gone = false
    void attempt('calls.devices', { conversationId: id }).then((reply) => {
      if (!gone && reply.ok) setDevices(reply.value)
    })
    return () => {
      gone = true
    }
  }, [id, asked])
  return [devices, useCallback(() => setAsked((before) => before + 1), [])]
}

interface DeviceProps {
  readonly id: ConversationId
  readonly device: CallDeviceView
  readonly onChanged: () => void
}

function Device({ id, device, onChanged }: DeviceProps) {
  const t = useT()
  const language = useLanguage()
  const { zid, compared, lastCallAt } = device
  const [name, setName] = useState(device.name)
  const keep = (): void => {
    if (name.trim() === device.name) return
    void perform('calls.renameDevice', { conversationId: id, zid, name: name.trim() }).then(onChanged)
  }
  const when = t('callDevices.lastCall', { when: formatDateTime(language, lastCallAt) })
  return (
    <li className="flex flex-col gap-1.5 rounded-xl border border-line p-3">
      <Field
        label={t('sas.device')}
        hint={when}
        value={name}
        onChange={setName}
        onBlur={keep}
        maxLength={80}
        autoComplete="off"
      />
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm">
        {compared ? (
          <>
            <span className="flex items-center gap-1.5 text-good">
              <ShieldCheck aria-hidden className="size-4 shrink-0" />
              {t('callDevices.compared')}
            </span>
            <Button
              size="small"
              variant="quiet"
              onPress={() => void perform('calls.forgetComparison', { conversationId: id, zid }).then(onChanged)}
            >
              {t('callDevices.forget')}
            </Button>
            <span className="basis-full text-xs text-soft">{t('callDevices.forgetHint')}</span>
          </>
        ) : (
          <span className="text-soft">{t('callDevices.notCompared')}</span>
        )}
      </div>
    </li>
  )
}
