/** Ties the media engine to main, the settings and the calls. */
import { call, on } from './bridge/client.ts'
import { browserPlatform } from './media/browser-platform.ts'
import { setMediaEngine } from './media/current-engine.ts'
import { MediaEngine } from './media/media-engine.ts'
import type { MediaSettings } from './media/platform.ts'
import { onSettings, settingsNow } from './stores/app-store.ts'
import { noteDevice, onCalls } from './stores/call-store.ts'

/** Until the settings are read: the system's devices, and every treatment of the voice. */
const firstSettings: MediaSettings = {
  ...{ microphone: '', speaker: '', camera: '' },
  ...{ echoCancellation: true, noiseSuppression: true, gainControl: true },
}

/** Starts the engine; returns what ends it and lets go of every device. */
export function startMedia(): () => void {
  const engine = new MediaEngine({
    platform: browserPlatform,
    replies: {
      offer: (legId, sdp) => void call('media.offer', { legId, sdp }),
      failed: (legId, reason) => void call('media.failed', { legId, reason }),
      connected: (legId) => void call('media.connected', { legId }),
    },
    settings: () => settingsNow() ?? firstSettings,
    onDeviceChange: noteDevice,
  })
  setMediaEngine(engine)
  const disposers = [
    on('media.command', (command) => engine.handle(command)),
    onSettings(() => engine.settingsChanged()),
    onCalls((calls) => engine.setMuted(new Set(calls.filter((view) => view.muted).map((view) => view.id)))),
  ]
  void call('media.ready', {})
  return () => {
    for (const dispose of disposers) dispose()
    engine.close()
    setMediaEngine(null)
  }
}
