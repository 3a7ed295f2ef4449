import { ShieldCheck } from 'lucide-react'
import { useCallback, useEffect, useState } from 'react'
import type { CallDeviceView, ComparedElsewhereView } from '#shared/model/calls.ts'
import type { ConversationId } from '#shared/model/ids.ts'
import { formatDateTime } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { attempt, perform } from '#renderer/stores/actions.ts'
import { useContacts } from '#renderer/stores/app-store.ts'
import { Button } from '#renderer/ui/Button.tsx'
import { Field } from '#renderer/ui/Field.tsx'

/** Devices of this contact that calls agreed keys with: their names, and whether the user compared, here or on another own device. */
export function CallDevices({ id }: { readonly id: ConversationId }) {
  return (
    <>
      <OwnCalls id={id} />
      <ComparedElsewhere id={id} />
    </>
  )
}

function OwnCalls({ id }: { readonly id: ConversationId }) {
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

/** What the user compared on another own device: shown, and nothing that a call of this one may rest on. */
function ComparedElsewhere({ id }: { readonly id: ConversationId }) {
  const t = useT()
  const language = useLanguage()
  const marks = useComparedElsewhere(id)
  if (marks.length === 0) return null
  return (
    <section aria-label={t('callDevices.elsewhere')} className="flex flex-col gap-2">
      <h3 className="text-sm font-medium">{t('callDevices.elsewhere')}</h3>
      <ul className="flex flex-col gap-2">
        {marks.map(({ zid, name, device, deviceName, at }) => (
          <li key={`${zid} ${device}`} className="flex gap-1.5 rounded-xl border border-line p-3 text-sm">
            <ShieldCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-good" />
            <span className="min-w-0 wrap-anywhere">
              {name === '' ? t('callDevices.unnamed') : name}
              <span className="block text-xs text-soft">
                {t('callDevices.comparedOn', { device: deviceName, when: formatDateTime(language, at) })}
              </span>
            </span>
          </li>
        ))}
      </ul>
      <p className="text-xs text-soft">{t('callDevices.elsewhereHint')}</p>
    </section>
  )
}

/** Asked anew with every change of contacts: another device may have compared just now. */
function useComparedElsewhere(id: ConversationId): readonly ComparedElsewhereView[] {
  const contacts = useContacts()
  const [marks, setMarks] = useState<readonly ComparedElsewhereView[]>([])
  useEffect(() => {
    let gone = false
    void attempt('calls.comparedElsewhere', { conversationId: id }).then((reply) => {
      if (!gone && reply.ok) setMarks(reply.value)
    })
    return () => {
      gone = true
    }
  }, [id, contacts])
  return marks
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
