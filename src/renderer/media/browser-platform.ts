/** The engine's platform in a real page. */
import type { AudioOutput, MediaPlatform } from './platform.ts'

/** An element that is in no document: it plays, and nothing can find it. */
export function makeAudioOutput(): AudioOutput {
  const element = new Audio()
  element.autoplay = true
  let speaker = ''
  return {
    play: (stream) => {
      if (element.srcObject === stream) return
      element.srcObject = stream
      // Refused where sound needs a touch first: the next one starts it.
      if (stream !== null) element.play().catch(() => undefined)
      else element.pause()
    },
    setSpeaker: (deviceId) => {
      if (deviceId === speaker) return
      speaker = deviceId
      // A speaker that went in this moment: the change of devices that follows names another.
      element.setSinkId(deviceId).catch(() => undefined)
    },
  }
}

/** Chromium itself. */
export const browserPlatform: MediaPlatform = {
  connect: (configuration) => new RTCPeerConnection(configuration),
  makeCertificate: () =>
    RTCPeerConnection.generateCertificate({ name: 'ECDSA', namedCurve: 'P-256' } as AlgorithmIdentifier),
  capture: (constraints) => navigator.mediaDevices.getUserMedia(constraints),
  makeStream: (tracks) => new MediaStream([...tracks]),
  devices: () => navigator.mediaDevices.enumerateDevices(),
  onDevices: (changed) => {
    navigator.mediaDevices.addEventListener('devicechange', changed)
    return () => navigator.mediaDevices.removeEventListener('devicechange', changed)
  },
  makeOutput: makeAudioOutput,
}
