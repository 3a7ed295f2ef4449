/** How loud a microphone is, for its test; open only while the user tests. */
import { browserPlatform } from './browser-platform.ts'
import { microphoneFailure } from './captured-track.ts'
import { captureChosen } from './chosen-device.ts'
import { deviceIdOf } from './devices.ts'
import type { MediaFailure, MediaSettings } from './platform.ts'

/** The level is told this often, ms. */
const everyMs = 80
/** What counts as silence and as full, dB of full scale. */
const quietest = -60

/** A root mean square of samples as 0…1 on a scale that the ear finds even. */
export function levelOf(samples: Float32Array): number {
  const mean = samples.reduce((total, sample) => total + sample * sample, 0) / Math.max(1, samples.length)
  const decibel = 10 * Math.log10(Math.max(mean, 1e-12))
  return Math.min(1, Math.max(0, 1 - decibel / quietest))
}

/** Opens the chosen microphone and tells its level; returns what closes it. */
export function watchLevel(
  settings: MediaSettings,
  told: (level: number) => void,
  failed: (reason: MediaFailure) => void,
): () => void {
  let close = (): void => undefined
  let closed = false
  open(settings, told)
    .then((opened) => {
      if (closed) opened()
      else close = opened
    })
    .catch((error: unknown) => {
      if (!closed) failed(microphoneFailure(error))
    })
  return () => {
    closed = true
    close()
  }
}

async function open(settings: MediaSettings, told: (level: number) => void): Promise<() => void> {
  const { echoCancellation, noiseSuppression, gainControl } = settings
  const devices = await navigator.mediaDevices.enumerateDevices()
  const id = deviceIdOf('microphone', settings.microphone, devices)
  const voice = { echoCancellation, noiseSuppression, autoGainControl: gainControl }
  const stream = await captureChosen(browserPlatform.capture, 'audio', id, voice)
  const context = new AudioContext()
  const analyser = context.createAnalyser()
  context.createMediaStreamSource(stream).connect(analyser)
  const samples = new Float32Array(analyser.fftSize)
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples)
    told(levelOf(samples))
  }, everyMs)
  return () => {
    clearInterval(timer)
    for (const track of stream.getTracks()) track.stop()
    void context.close()
  }
}
