import { makeAudioOutput } from './browser-platform.ts'
import { deviceIdOf } from './devices.ts'
import { lengthOf, patterns, schedule, type Tone } from './tones.ts'

/** Plays a tone on the chosen speaker until it is stopped, or once; returns what stops it at once. */
export function playTone(tone: Tone, speaker: string, ended?: () => void): () => void {
  const pattern = patterns[tone]
  const context = new AudioContext()
  const target = context.createMediaStreamDestination()
  const output = makeAudioOutput()
  const round = (): void => schedule(context, target, pattern, context.currentTime + 0.02)
  let stopped = false
  const start = (deviceId: string): void => {
    if (stopped) return
    output.setSpeaker(deviceId)
    output.play(target.stream)
    // Suspended where sound needs a touch first.
    void context.resume().catch(() => undefined)
    round()
  }
  void navigator.mediaDevices
    .enumerateDevices()
    .catch(() => [])
    .then((devices) => start(deviceIdOf('speaker', speaker, devices)))
  const again = pattern.period > 0 ? setInterval(round, pattern.period * 1000) : undefined
  const over = pattern.period > 0 ? undefined : setTimeout(() => stop(), lengthOf(pattern) * 1000 + 300)
  function stop(): void {
    if (stopped) return
    stopped = true
    clearInterval(again)
    clearTimeout(over)
    output.play(null)
    void context.close()
    ended?.()
  }
  return stop
}
