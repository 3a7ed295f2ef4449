/** Opening the device that was chosen. */
import type { MediaPlatform } from './platform.ts'

/** What Chromium says of a device that is not there. */
const goneNames: ReadonlySet<string> = new Set(['OverconstrainedError', 'NotFoundError'])

/**
 * Opens a device by the browser's id, empty = the system's choice. It is insisted on: what is merely asked for loses against
 * the device that is open already. One that went in this moment gives way to the system's: it must not cost the call its voice.
 */
export async function captureChosen(
  capture: MediaPlatform['capture'],
  kind: 'audio' | 'video',
  deviceId: string,
  constraints: MediaTrackConstraints = {},
): Promise<MediaStream> {
  const system = { [kind]: constraints }
  if (deviceId === '') return capture(system)
  try {
    return await capture({ [kind]: { ...constraints, deviceId: { exact: deviceId } } })
  } catch (error) {
    if (!(error instanceof Error || error instanceof DOMException) || !goneNames.has(error.name)) throw error
    return capture(system)
  }
}
