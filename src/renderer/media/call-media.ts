import type { CallId, LegId } from '#shared/model/calls.ts'
import { CapturedTrack, microphoneFailure } from './captured-track.ts'
import { captureChosen } from './chosen-device.ts'
import { deviceIdOf } from './devices.ts'
import { Leg } from './leg.ts'
import type { AudioOutput, CallPictures, MediaFailure, MediaPorts } from './platform.ts'

/** What a leg may send. */
interface Wanted {
  readonly microphone: boolean
  readonly camera: boolean
}

const nothing: Wanted = { microphone: false, camera: false }

/** What a call's media report to the engine. */
export interface CallMediaEvents {
  readonly changed: () => void
  readonly devices: () => readonly MediaDeviceInfo[]
}

/** Everything of one call: its legs, one microphone, one camera, and the one leg that is heard and seen. */
export class CallMedia {
  readonly callId: CallId
  readonly #ports: MediaPorts
  readonly #events: CallMediaEvents
  readonly #certificate: Promise<RTCCertificate>
  readonly #legs = new Map<LegId, Leg>()
  readonly #wanted = new Map<LegId, Wanted>()
  readonly #output: AudioOutput
  readonly #microphone: CapturedTrack
  readonly #camera: CapturedTrack
  #played: LegId | null = null
  #pictures: CallPictures = { local: null, remote: null }
  #closed = false

  constructor(callId: CallId, ports: MediaPorts, events: CallMediaEvents) {
    this.callId = callId
    this.#ports = ports
    this.#events = events
    // One for all legs of the call, so that a fork costs no new keys.
    this.#certificate = ports.platform.makeCertificate()
    this.#output = ports.platform.makeOutput()
    this.#microphone = this.#capture(() => this.#openMicrophone(), 'microphone')
    this.#camera = this.#capture(() => this.#openCamera(), 'camera')
    this.followDevices()
  }

  get empty(): boolean {
    return this.#legs.size === 0 && this.#wanted.size === 0
  }

  get pictures(): CallPictures {
    return this.#pictures
  }

  /** The connection whose figures count. */
  get connection(): RTCPeerConnection | null {
    return this.#playedLeg()?.connection ?? null
  }

  async open(id: LegId, video: boolean): Promise<void> {
    if (this.#wanted.has(id)) return
    this.#wanted.set(id, nothing)
    try {
      const certificate = await this.#certificate
      // The call may have gone while the key was made.
      if (this.#closed || !this.#wanted.has(id)) return
      const leg = new Leg({ ...{ id, callId: this.callId, video, certificate }, ...this.#legParts(id) })
      this.#legs.set(id, leg)
      this.#played ??= id
      leg.open()
      this.#send()
    } catch {
      this.#ports.replies.failed(id, 'engine')
    }
  }

  answer(id: LegId, sdp: string): void {
    this.#legs.get(id)?.answer(sdp)
  }

  renegotiate(id: LegId, video: boolean): void {
    this.#legs.get(id)?.renegotiate(video)
    this.#refresh()
  }

  /** Opens or closes devices: they are open while any leg wants them. */
  async capture(id: LegId, wanted: Wanted): Promise<void> {
    if (!this.#wanted.has(id)) return
    this.#wanted.set(id, wanted)
    await this.#follow()
    this.#send()
  }

  sendDigit(id: LegId, digit: string): void {
    this.#legs.get(id)?.sendDigit(digit)
  }

  play(id: LegId): void {
    this.#played = id
    this.#refresh()
  }

  closeLeg(id: LegId): void {
    this.#legs.get(id)?.close()
    this.#legs.delete(id)
    this.#wanted.delete(id)
    if (this.#played === id) this.#played = this.#legs.keys().next().value ?? null
    void this.#follow()
    this.#refresh()
  }

  close(): void {
    this.#closed = true
    for (const leg of this.#legs.values()) leg.close()
    this.#legs.clear()
    this.#wanted.clear()
    this.#microphone.close()
    this.#camera.close()
    this.#output.play(null)
  }

  setMuted(muted: boolean): void {
    this.#microphone.setEnabled(!muted)
  }

  /** The chosen speaker, if it is there. */
  followDevices(): void {
    this.#output.setSpeaker(deviceIdOf('speaker', this.#ports.settings().speaker, this.#events.devices()))
  }

  async reopen(which: 'microphone' | 'camera'): Promise<void> {
    await (which === 'microphone' ? this.#microphone : this.#camera).reopen()
  }

  #legParts(id: LegId): Pick<ConstructorParameters<typeof Leg>[0], 'platform' | 'events'> {
    const { platform, replies } = this.#ports
    return {
      platform,
      events: {
        offer: (sdp) => replies.offer(id, sdp),
        connected: () => replies.connected(id),
        failed: () => replies.failed(id, 'engine'),
        remoteChanged: () => this.#refresh(),
      },
    }
  }

  #capture(open: () => Promise<MediaStream>, which: 'microphone' | 'camera'): CapturedTrack {
    return new CapturedTrack({
      open,
      changed: () => {
        this.#send()
        this.#refresh()
      },
      reasonOf: (error) => (which === 'camera' ? 'camera-denied' : microphoneFailure(error)),
      failed: (reason) => this.#failed(which, reason),
    })
  }

  #failed(which: 'microphone' | 'camera', reason: MediaFailure): void {
    for (const [id, wanted] of this.#wanted) if (wanted[which]) this.#ports.replies.failed(id, reason)
  }

  async #follow(): Promise<void> {
    const all = [...this.#wanted.values()]
    await Promise.all([
      this.#microphone.want(all.some((wanted) => wanted.microphone)),
      this.#camera.want(all.some((wanted) => wanted.camera)),
    ])
  }

  #send(): void {
    for (const [id, leg] of this.#legs) {
      const { microphone, camera } = this.#wanted.get(id) ?? nothing
      leg.send(microphone ? this.#microphone.track : null, camera ? this.#camera.track : null)
    }
  }

  #playedLeg(): Leg | undefined {
    return this.#played === null ? undefined : this.#legs.get(this.#played)
  }

  #refresh(): void {
    if (this.#closed) return
    const leg = this.#playedLeg()
    this.#output.play(leg?.remote('audio') ?? null)
    const remote = leg?.remote('video') ?? null
    const camera = this.#camera.track
    const shown = this.#pictures.local?.getTracks()[0] ?? null
    const local =
      camera === shown ? this.#pictures.local : camera === null ? null : this.#ports.platform.makeStream([camera])
    if (local === this.#pictures.local && remote === this.#pictures.remote) return
    this.#pictures = { local, remote }
    this.#events.changed()
  }

  #openMicrophone(): Promise<MediaStream> {
    const { microphone, echoCancellation, noiseSuppression, gainControl } = this.#ports.settings()
    const deviceId = deviceIdOf('microphone', microphone, this.#events.devices())
    const voice = { echoCancellation, noiseSuppression, autoGainControl: gainControl }
    return captureChosen(this.#ports.platform.capture, 'audio', deviceId, voice)
  }

  #openCamera(): Promise<MediaStream> {
    const deviceId = deviceIdOf('camera', this.#ports.settings().camera, this.#events.devices())
    const picture = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } }
    return captureChosen(this.#ports.platform.capture, 'video', deviceId, picture)
  }
}
