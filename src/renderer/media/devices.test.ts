import { describe, expect, it } from 'vitest'
import { deviceIdOf, isPresent, listDevices } from './devices.ts'

const device = (kind: MediaDeviceKind, deviceId: string, label: string): MediaDeviceInfo =>
  ({ kind, deviceId, label, groupId: '' }) as MediaDeviceInfo
const devices = [
  device('audioinput', 'default', 'Default'),
  device('audioinput', 'a1', 'Headset'),
  device('audioinput', 'a2', 'Headset'),
  device('audioinput', 'a3', ''),
  device('audiooutput', 's1', 'Headset'),
  device('videoinput', 'c1', 'x'.repeat(300)),
]

describe('devices', () => {
  it('lists a role without the entries that stand for the system', () => {
    expect(listDevices('microphone', devices).map(({ key, deviceId }) => [key, deviceId])).toEqual([
      ['Headset', 'a1'],
      ['Headset #2', 'a2'],
      ['a3', 'a3'],
    ])
    expect(listDevices('speaker', devices)).toHaveLength(1)
  })

  it('finds the same device by its name when the ids are new', () => {
    const fresh = devices.map((old) => device(old.kind, `new-${old.deviceId}`, old.label))
    expect(deviceIdOf('microphone', 'Headset #2', fresh)).toBe('new-a2')
    expect(deviceIdOf('speaker', 'Headset', fresh)).toBe('new-s1')
  })

  it('falls to the system where the chosen one is not there', () => {
    expect(deviceIdOf('microphone', 'Gone', devices)).toBe('')
    expect(deviceIdOf('microphone', '', devices)).toBe('')
    expect(isPresent('camera', 'Gone', devices)).toBe(false)
  })

  it('makes no key longer than the settings take', () => {
    const [camera] = listDevices('camera', devices)
    expect(camera?.key).toHaveLength(200)
    expect(isPresent('camera', camera?.key ?? '', devices)).toBe(true)
  })
})
