import { Monitor, Pencil } from 'lucide-react'
import { useState } from 'react'
import type { AccountView } from '#shared/model/views.ts'
import type { ReplicaDeviceView, ReplicationView } from '#shared/model/replication-views.ts'
import { formatDateTime, formatShortDay } from '#renderer/i18n/format.ts'
import { useLanguage, useT } from '#renderer/i18n/i18n.ts'
import { Button, IconButton } from '#renderer/ui/Button.tsx'
import { Disclosed } from '#renderer/ui/Disclosed.tsx'
import { RemoveDevice } from './RemoveDevice.tsx'
import { RenameDevice } from './RenameDevice.tsx'

interface DeviceListProps {
  readonly account: AccountView
  readonly view: ReplicationView
}

/** The devices of an account; removed ones behind a line. */
export function DeviceList({ account, view }: DeviceListProps) {
  const t = useT()
  const [renaming, setRenaming] = useState<ReplicaDeviceView | null>(null)
  const [removing, setRemoving] = useState<ReplicaDeviceView | null>(null)
  const [removed, setRemoved] = useState<string | null>(null)
  const valid = view.devices.filter(({ revokedAt }) => revokedAt === null)
  const gone = view.devices.filter(({ revokedAt }) => revokedAt !== null)
  return (
    <>
      <p role="status" className="rounded-xl bg-tint px-3 py-2 text-sm empty:hidden">
        {removed}
      </p>
      {valid.length === 0 && <p className="text-sm text-soft">{t('devices.none')}</p>}
      <ul aria-label={t('devices.devices')} className="flex flex-col">
        {valid.map((device) => (
          <li key={device.id} className="border-t border-line py-2.5 first:border-0">
            <Device device={device} onRename={() => setRenaming(device)} onRemove={() => setRemoving(device)} />
          </li>
        ))}
      </ul>
      {gone.length > 0 && (
        <Disclosed label={t('devices.removedCount', { count: gone.length })}>
          <ul aria-label={t('devices.removed')} className="flex flex-col">
            {gone.map((device) => (
              <li key={device.id} className="border-t border-line py-2.5 first:border-0">
                <RemovedDevice device={device} />
              </li>
            ))}
          </ul>
        </Disclosed>
      )}
      <Aside devices={view.aside} />
      {renaming !== null && <RenameDevice account={account} device={renaming} onClose={() => setRenaming(null)} />}
      {removing !== null && (
        <RemoveDevice
          account={account}
          device={removing}
          onClose={() => setRemoving(null)}
          onRemoved={() => {
            setRemoving(null)
            setRemoved(t('devices.removedDone', { name: removing.name }))
          }}
        />
      )}
    </>
  )
}

interface DeviceProps {
  readonly device: ReplicaDeviceView
}

function Device(props: DeviceProps & { readonly onRename: () => void; readonly onRemove: () => void }) {
  const { device, onRename, onRemove } = props
  const t = useT()
  const language = useLanguage()
  const { name, own, addedAt, lastSeenAt } = device
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5">
      <Monitor aria-hidden className="size-5 shrink-0 text-soft" />
      <div className="min-w-0 flex-1 basis-44">
        <p className="flex flex-wrap items-center gap-x-2">
          <span className="min-w-0 font-medium wrap-anywhere">{name === '' ? t('devices.unnamed') : name}</span>
          {own && <span className="rounded-full bg-tint px-2 py-0.5 text-xs">{t('devices.own')}</span>}
        </p>
        <p className="text-xs text-soft">
          {t('devices.added', { day: formatShortDay(language, addedAt) })}
          {!own && (
            <span className="block">
              {lastSeenAt === null
                ? t('devices.neverSeen')
                : t('devices.lastSeen', { time: formatDateTime(language, lastSeenAt) })}
            </span>
          )}
        </p>
      </div>
      <div className="flex shrink-0 items-center gap-1">
        <IconButton icon={Pencil} label={t('devices.rename', { name })} size="small" onPress={onRename} />
        {!own && (
          <Button size="small" variant="plainDanger" onPress={onRemove} label={t('devices.removeNamed', { name })}>
            {t('devices.remove')}
          </Button>
        )}
      </div>
    </div>
  )
}

/** Devices of a version of the list that was not picked. */
function Aside({ devices }: { readonly devices: ReplicationView['aside'] }) {
  const t = useT()
  const language = useLanguage()
  if (devices.length === 0) return null
  return (
    <Disclosed label={t('devices.fork.asideCount', { count: devices.length })}>
      <p className="text-xs text-soft">{t('devices.fork.asideText')}</p>
      <ul aria-label={t('devices.fork.aside')} className="flex flex-col">
        {devices.map(({ id, name, addedAt }) => (
          <li key={id} className="border-t border-line py-2.5 first:border-0">
            <p className="wrap-anywhere text-soft">{name === '' ? t('devices.unnamed') : name}</p>
            <p className="text-xs text-soft">{t('devices.added', { day: formatShortDay(language, addedAt) })}</p>
          </li>
        ))}
      </ul>
    </Disclosed>
  )
}

function RemovedDevice({ device: { name, addedAt, revokedAt } }: DeviceProps) {
  const t = useT()
  const language = useLanguage()
  return (
    <>
      <p className="wrap-anywhere text-soft">{name === '' ? t('devices.unnamed') : name}</p>
      <p className="text-xs text-soft">
        {t('devices.addedAndRemoved', {
          from: formatShortDay(language, addedAt),
          to: formatShortDay(language, revokedAt ?? addedAt),
        })}
      </p>
    </>
  )
}
