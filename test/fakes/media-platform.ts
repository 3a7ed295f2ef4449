/** A browser for the media engine: connections, devices and sound that only remember what was done with them. */
import type { MediaPlatform } from '#renderer/media/platform.ts'

/** A microphone or camera that is open until it is stopped. */
export class FakeTrack {
  enabled = true
  muted = false
  readyState: 'live' | 'ended' = 'live'
  onended: (() => void) | null = null
  onmute: (() => void) | null = null
  onunmute: (() => void) | null = null
  readonly kind: 'audio' | 'video'
  readonly constraints: MediaTrackConstraints

  constructor(kind: 'audio' | 'video', constraints: MediaTrackConstraints = {}) {
    this.kind = kind
    this.constraints = constraints
  }

  stop(): void {
    this.readyState = 'ended'
  }

  /** The device is pulled out. */
  pull(): void {
    this.readyState = 'ended'
    this.onended?.()
  }

  setMuted(muted: boolean): void {
    this.muted = muted
    if (muted) this.onmute?.()
    else this.onunmute?.()
  }
}

/** A connection that makes offers by number. */
export class FakeConnection {
  readonly configuration: RTCConfiguration
  readonly transceivers: {
    kind: string
    direction: string
    sender: { track: FakeTrack | null; dtmf: { toneBuffer: string } }
  }[] = []
  signalingState = 'stable'
  connectionState = 'new'
  remote = ''
  closed = false
  offers = 0
  /** Rejects the next description. */
  broken = false
  ontrack: ((event: { track: FakeTrack }) => void) | null = null
  onconnectionstatechange: (() => void) | null = null
  stats: readonly unknown[] = []

  constructor(configuration: RTCConfiguration) {
    this.configuration = configuration
  }

  addTransceiver(kind: string, { direction }: { direction: string }): unknown {
    const sender = {
      track: null as FakeTrack | null,
      replaceTrack: (track: FakeTrack | null) => {
        sender.track = track
        return Promise.resolve()
      },
      dtmf: {
        canInsertDTMF: true,
        toneBuffer: '',
        insertDTMF: (tones: string) => {
          sender.dtmf.toneBuffer = tones
        },
      },
    }
    const made = { kind, direction, sender }
    this.transceivers.push(made)
    return made
  }

  createOffer(): Promise<{ sdp: string }> {
    this.offers += 1
    const kinds = this.transceivers.map(({ kind, direction }) => `${kind} ${direction}`)
    return Promise.resolve({ sdp: `offer ${this.offers}: ${kinds.join(', ')}` })
  }

  setLocalDescription(): Promise<void> {
    this.signalingState = 'have-local-offer'
    return Promise.resolve()
  }

  setRemoteDescription({ sdp }: { sdp: string }): Promise<void> {
    if (this.broken) return Promise.reject(new Error('bad description'))
    this.remote = sdp
    this.signalingState = 'stable'
    return Promise.resolve()
  }

  getStats(): Promise<Map<number, unknown>> {
    return Promise.resolve(new Map(this.stats.entries()))
  }

  become(state: string): void {
    this.connectionState = state
    this.onconnectionstatechange?.()
  }

  receive(track: FakeTrack): void {
    this.ontrack?.({ track })
  }

  close(): void {
    this.closed = true
  }

  /** What is sent, by kind. */
  sent(kind: string): FakeTrack | null {
    return this.transceivers.find((transceiver) => transceiver.kind === kind)?.sender.track ?? null
  }
}

/** A speaker. */
export class FakeOutput {
  stream: { readonly tracks: readonly FakeTrack[] } | null = null
  speaker = ''
}

const device = (kind: MediaDeviceKind, label: string): MediaDeviceInfo =>
  ({ kind, label, deviceId: `id of ${label}`, groupId: '' }) as MediaDeviceInfo

/** The platform and what a test may look at. */
export class FakeMediaPlatform {
  readonly connections: FakeConnection[] = []
  readonly tracks: FakeTrack[] = []
  readonly outputs: FakeOutput[] = []
  certificates = 0
  devices: MediaDeviceInfo[] = [device('audioinput', 'Built-in'), device('videoinput', 'Webcam')]
  /** Name of the error that opening a device fails with. */
  refusal = ''
  /** Id of a device that is listed and cannot be opened any more. */
  vanished: string | null = null
  /** Devices open only after {@link letOpen}. */
  slow = false
  readonly #waiting: (() => void)[] = []
  #devicesChanged: (() => void) | null = null

  /** Devices that are open now. */
  get open(): readonly FakeTrack[] {
    return this.tracks.filter((track) => track.readyState === 'live')
  }

  letOpen(): void {
    for (const go of this.#waiting.splice(0)) go()
  }

  plug(kind: MediaDeviceKind, label: string): void {
    this.devices = [...this.devices, device(kind, label)]
    this.#devicesChanged?.()
  }

  unplug(label: string): void {
    this.devices = this.devices.filter((known) => known.label !== label)
    this.#devicesChanged?.()
  }

  readonly #capture = async (constraints: MediaStreamConstraints): Promise<MediaStream> => {
    if (this.slow) await new Promise<void>((go) => this.#waiting.push(go))
    if (this.refusal !== '') throw Object.assign(new Error('refused'), { name: this.refusal })
    const kind = constraints.audio === undefined ? 'video' : 'audio'
    const wanted = (constraints[kind] ?? {}) as MediaTrackConstraints
    if ((wanted.deviceId as ConstrainDOMStringParameters | undefined)?.exact === this.vanished)
      throw Object.assign(new Error('gone'), { name: 'OverconstrainedError' })
    const track = new FakeTrack(kind, wanted)
    this.tracks.push(track)
    return this.#stream([track])
  }

  readonly #stream = (tracks: readonly unknown[]): MediaStream =>
    ({ tracks, getTracks: () => [...tracks] }) as unknown as MediaStream

  readonly platform: MediaPlatform = {
    connect: (configuration) => {
      const made = new FakeConnection(configuration)
      this.connections.push(made)
      return made as unknown as RTCPeerConnection
    },
    makeCertificate: () => {
      this.certificates += 1
      return Promise.resolve({ number: this.certificates } as unknown as RTCCertificate)
    },
    capture: this.#capture,
    makeStream: this.#stream,
    devices: () => Promise.resolve(this.devices),
    onDevices: (changed) => {
      this.#devicesChanged = changed
      return () => (this.#devicesChanged = null)
    },
    makeOutput: () => {
      const output = new FakeOutput()
      this.outputs.push(output)
      return {
        play: (stream) => (output.stream = stream as unknown as FakeOutput['stream']),
        setSpeaker: (deviceId) => (output.speaker = deviceId),
      }
    },
  }
}
