import { z } from 'zod'
import { lockAfterChoices, type SettingsView } from '#shared/model/views.ts'

const stored = z.object({
  theme: z.enum(['system', 'light', 'dark']).catch('system'),
  language: z.enum(['system', 'en', 'de']).catch('system'),
  fontScale: z.number().min(0.8).max(1.6).catch(1),
  notifications: z.boolean().catch(true),
  notificationPreview: z.boolean().catch(false),
  keepRunning: z.boolean().catch(true),
  lockAfterMinutes: z.literal(lockAfterChoices).catch(0),
  lockWithScreen: z.boolean().catch(true),
  microphone: z.string().max(200).catch(''),
  speaker: z.string().max(200).catch(''),
  camera: z.string().max(200).catch(''),
  echoCancellation: z.boolean().catch(true),
  noiseSuppression: z.boolean().catch(true),
  gainControl: z.boolean().catch(true),
  keepDays: z.number().int().min(0).max(36_500).catch(0),
})

/** What a new profile starts with: previews off, since a notification shows on a locked screen. */
export const defaultSettings: SettingsView = stored.parse({})

/** Settings as the store keeps them; anything unreadable falls back field by field. */
export function parseSettings(json: string | null): SettingsView {
  if (json === null) return defaultSettings
  try {
    return stored.parse(JSON.parse(json))
  } catch {
    return defaultSettings
  }
}

/** Where settings are kept: the encrypted history's settings table. */
export interface SettingsStorePort {
  setting(key: string): Promise<string | null>
  setSetting(key: string, valueJson: string | null): Promise<void>
}

const settingKey = 'settings'

/** The person's settings on this device. */
export class Settings {
  readonly #store: SettingsStorePort
  readonly #listeners = new Set<(settings: SettingsView) => void>()
  #current: SettingsView = defaultSettings

  constructor(store: SettingsStorePort) {
    this.#store = store
  }

  async start(): Promise<void> {
    this.#current = parseSettings(await this.#store.setting(settingKey))
    this.#announce()
  }

  get(): SettingsView {
    return this.#current
  }

  /** Applies the given fields only; resolves when they are durable. */
  async set(changes: { readonly [K in keyof SettingsView]?: SettingsView[K] | undefined }): Promise<SettingsView> {
    const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
    this.#current = { ...this.#current, ...given }
    await this.#store.setSetting(settingKey, JSON.stringify(this.#current))
    this.#announce()
    return this.#current
  }

  onChange(handler: (settings: SettingsView) => void): () => void {
    this.#listeners.add(handler)
    return () => this.#listeners.delete(handler)
  }

  #announce(): void {
    for (const listener of this.#listeners) listener(this.#current)
  }
}
