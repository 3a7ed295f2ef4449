import { useEffect, useState } from 'react'
import { useT } from '#renderer/i18n/i18n.ts'
import { listDevices } from '#renderer/media/devices.ts'
import type { DeviceRole } from '#renderer/media/platform.ts'
import { changeSettings, useSettings } from '#renderer/stores/app-store.ts'
import { type Option, Select, Switch } from '#renderer/ui/Choice.tsx'

const allRoles: readonly DeviceRole[] = ['microphone', 'speaker', 'camera']
/** Stands for the system's choice: a list needs a key that is not empty. */
const systemKey = ' '

/** The devices of this computer as they come and go. */
function useDeviceList(): readonly MediaDeviceInfo[] {
  const [devices, setDevices] = useState<readonly MediaDeviceInfo[]>([])
  useEffect(() => {
    let gone = false
    const read = (): void => {
      void navigator.mediaDevices
        .enumerateDevices()
        .catch(() => [])
        .then((now) => {
          if (!gone) setDevices(now)
        })
    }
    read()
    navigator.mediaDevices.addEventListener('devicechange', read)
    return () => {
      gone = true
      navigator.mediaDevices.removeEventListener('devicechange', read)
    }
  }, [])
  return devices
}

/** Microphone, speaker and camera; a chosen one that is not plugged in stays chosen. */
export function DeviceFields({ roles = allRoles }: { readonly roles?: readonly DeviceRole[] }) {
  const settings = useSettings()
  const devices = useDeviceList()
  if (settings === null) return null
  return roles.map((role) => <DeviceField key={role} role={role} chosen={settings[role]} devices={devices} />)
}

function DeviceField(props: { role: DeviceRole; chosen: string; devices: readonly MediaDeviceInfo[] }) {
  const { role, chosen, devices } = props
  const t = useT()
  const label = t(`callSettings.${role}`)
  const options: Option<string>[] = [
    { value: systemKey, label: t('callSettings.system') },
    ...listDevices(role, devices).map(({ key, label: name }, at) => ({
      value: key,
      label: name === '' ? t('callSettings.unnamed', { role: label, number: at + 1 }) : key,
    })),
  ]
  if (chosen !== '' && !options.some((option) => option.value === chosen)) {
    options.push({ value: chosen, label: t('callSettings.gone', { device: chosen }) })
  }
  return (
    <Select
      label={label}
      value={chosen === '' ? systemKey : chosen}
      options={options}
      onChange={(value) => void changeSettings({ [role]: value === systemKey ? '' : value })}
    />
  )
}

const switches = ['echoCancellation', 'noiseSuppression', 'gainControl'] as const

/** What is done to the voice before it leaves. */
export function VoiceSwitches() {
  const t = useT()
  const settings = useSettings()
  if (settings === null) return null
  return (
    <div className="flex flex-col">
      {switches.map((name) => (
        <Switch key={name} isSelected={settings[name]} onChange={(on) => void changeSettings({ [name]: on })}>
          {t(`callSettings.${name}`)}
        </Switch>
      ))}
    </div>
  )
}
