import { browserPlatform } from './browser-platform.ts'
import { captureChosen } from './chosen-device.ts'
import { deviceIdOf } from './devices.ts'

/** Opens a camera to look at its picture; returns what closes it. */
export function openCamera(
  camera: string,
  opened: (stream: MediaStream) => void,
  failed: () => void,
  constraints: MediaTrackConstraints = {},
): () => void {
  let closed = false
  let stream: MediaStream | null = null
  const close = (): void => {
    closed = true
    for (const track of stream?.getTracks() ?? []) track.stop()
  }
  const open = async (): Promise<void> => {
    const id = deviceIdOf('camera', camera, await navigator.mediaDevices.enumerateDevices())
    stream = await captureChosen(browserPlatform.capture, 'video', id, constraints)
    if (closed) close()
    else opened(stream)
  }
  open().catch(() => {
    if (!closed) failed()
  })
  return close
}
