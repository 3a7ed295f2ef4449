import { describe, expect, it } from 'vitest'
import { defaultSettings, parseSettings, Settings } from './settings.ts'

function memoryStore(): {
  values: Map<string, string>
  setting(k: string): Promise<string | null>
  setSetting(k: string, v: string | null): Promise<void>
} {
  const values = new Map<string, string>()
  return {
    values,
    setting: (key) => Promise.resolve(values.get(key) ?? null),
    setSetting: (key, value) => {
      if (value === null) values.delete(key)
      else values.set(key, value)
      return Promise.resolve()
    },
  }
}

describe('Settings', () => {
  it('starts private: no preview in notifications', () => {
    expect(defaultSettings).toMatchObject({ notificationPreview: false, theme: 'system', fontScale: 1 })
  })

  it('starts with the system devices and every treatment of the voice on', () => {
    expect(defaultSettings).toMatchObject({ microphone: '', speaker: '', camera: '' })
    expect(defaultSettings).toMatchObject({ echoCancellation: true, noiseSuppression: true, gainControl: true })
    expect(parseSettings('{"microphone":"m1","gainControl":false,"camera":7}')).toEqual({
      ...defaultSettings,
      microphone: 'm1',
      gainControl: false,
    })
  })

  it('keeps what is readable and replaces the rest', () => {
    expect(parseSettings('{"theme":"dark","fontScale":99,"language":7}')).toEqual({ ...defaultSettings, theme: 'dark' })
    expect(parseSettings('not json')).toEqual(defaultSettings)
  })

  it('changes only the given fields, tells listeners, survives a restart', async () => {
    const store = memoryStore()
    const settings = new Settings(store)
    await settings.start()
    const seen: string[] = []
    settings.onChange((now) => seen.push(now.theme))
    await settings.set({ theme: 'dark', language: undefined })
    const again = new Settings(store)
    await again.start()
    expect(seen).toEqual(['dark'])
    expect(again.get()).toEqual({ ...defaultSettings, theme: 'dark' })
  })
})
