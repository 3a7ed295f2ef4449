/** What the media engine needs of the browser and of its surroundings; tests bring their own. */
import type { CallId, LegId } from '#shared/model/calls.ts'
import type { SettingsView } from '#shared/model/views.ts'

/** Why a leg has no media; the words of `media.failed`. */
export type MediaFailure = 'microphone-denied' | 'microphone-missing' | 'camera-denied' | 'engine'

/** The settings that the engine follows. */
export type MediaSettings = Pick<
  SettingsView,
  'microphone' | 'speaker' | 'camera' | 'echoCancellation' | 'noiseSuppression' | 'gainControl'
>

export type DeviceRole = 'microphone' | 'speaker' | 'camera'

/** A chosen device vanished, so that the system's choice is used, or came back and is used again. */
export interface DeviceChange {
  readonly role: DeviceRole
  readonly change: 'gone' | 'back'
}

/** What the engine answers main with. */
export interface MediaReplies {
  readonly offer: (legId: LegId, sdp: string) => void
  readonly failed: (legId: LegId, reason: MediaFailure) => void
  readonly connected: (legId: LegId) => void
}

/** Plays the sound of one stream on one speaker. */
export interface AudioOutput {
  readonly play: (stream: MediaStream | null) => void
  /** A device id of the browser; empty = the system's. */
  readonly setSpeaker: (deviceId: string) => void
}

/** The browser. */
export interface MediaPlatform {
  readonly connect: (configuration: RTCConfiguration) => RTCPeerConnection
  readonly makeCertificate: () => Promise<RTCCertificate>
  readonly capture: (constraints: MediaStreamConstraints) => Promise<MediaStream>
  readonly makeStream: (tracks: readonly MediaStreamTrack[]) => MediaStream
  readonly devices: () => Promise<readonly MediaDeviceInfo[]>
  readonly onDevices: (changed: () => void) => () => void
  readonly makeOutput: () => AudioOutput
}

/** What a call shows: the pictures of both sides. */
export interface CallPictures {
  readonly local: MediaStream | null
  readonly remote: MediaStream | null
}

/** Everything the engine is made of. */
export interface MediaPorts {
  readonly platform: MediaPlatform
  readonly replies: MediaReplies
  readonly settings: () => MediaSettings
  readonly onDeviceChange: (change: DeviceChange) => void
}

/** Whether a call's own voice is switched off; asked whenever a microphone opens. */
export type MutedCalls = ReadonlySet<CallId>
