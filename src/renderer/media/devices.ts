/** Which device is meant and whether it is there; pure. */
import type { DeviceRole } from './platform.ts'

/** A device as a list offers it. */
export interface DeviceChoice {
  /** What the settings keep; see {@link deviceKey}. */
  readonly key: string
  /** Id of the browser, for this run only. */
  readonly deviceId: string
  /** The device's own name; empty where the browser does not tell it. */
  readonly label: string
}

const kinds: Readonly<Record<DeviceRole, MediaDeviceKind>> = {
  microphone: 'audioinput',
  speaker: 'audiooutput',
  camera: 'videoinput',
}
/** Entries that stand for the system's choice rather than for a device. */
const aliases: ReadonlySet<string> = new Set(['', 'default', 'communications'])
/** Longest key the settings take. */
const keyLimit = 200

/**
 * The devices of a role. The browser's ids are new for every profile, and the Chromium host starts with a fresh one: what
 * is kept is the device's name, with its number where several share it.
 */
export function listDevices(role: DeviceRole, devices: readonly MediaDeviceInfo[]): readonly DeviceChoice[] {
  const seen = new Map<string, number>()
  const own = devices.filter((device) => device.kind === kinds[role] && !aliases.has(device.deviceId))
  return own.map(({ deviceId, label }) => {
    const count = (seen.get(label) ?? 0) + 1
    seen.set(label, count)
    return { key: deviceKey(deviceId, label, count), deviceId, label }
  })
}

function deviceKey(deviceId: string, label: string, count: number): string {
  const name = label === '' ? deviceId : label
  const suffix = count === 1 || label === '' ? '' : ` #${String(count)}`
  return name.slice(0, keyLimit - suffix.length) + suffix
}

/** The browser's id of the chosen device; empty = the system's choice, also when the chosen one is not there. */
export function deviceIdOf(role: DeviceRole, key: string, devices: readonly MediaDeviceInfo[]): string {
  if (key === '') return ''
  const found = listDevices(role, devices).find((device) => device.key === key || device.deviceId === key)
  return found?.deviceId ?? ''
}

/** Whether a device was chosen and is there. */
export function isPresent(role: DeviceRole, key: string, devices: readonly MediaDeviceInfo[]): boolean {
  return deviceIdOf(role, key, devices) !== ''
}
