/** The engine inside the page: runs the program's media commands, keeps what is heard and shows what is seen. */
import type { MediaCommand } from '#shared/model/calls.ts'

export interface EngineInPage {
  /** The offer, where the command asks for one. */
  command(command: MediaCommand): Promise<string | null>
  /** Samples since the last `open` as 16-bit little-endian, base64. */
  recording(): string
  framesDecoded(): Promise<number>
  /** Mean colours of the picture of the other side. */
  seen(): number[]
  /** Mean colours of a picture at a data URL. */
  coloursOf(url: string): Promise<number[]>
}

declare global {
  interface Window {
    engine: EngineInPage
  }
}

export interface PageSettings {
  /** Hz. */
  readonly rate: number
  readonly columns: number
  readonly rows: number
}

/** Runs in the page, so it sees nothing of this file. */
export function installEngine({ rate, columns, rows }: PageSettings): void {
  interface Leg {
    readonly connection: RTCPeerConnection
    context: AudioContext | null
    picture: MediaStream | null
    readonly captured: MediaStreamTrack[]
  }
  const legs = new Map<string, Leg>()
  const certificates = new Map<string, Promise<RTCCertificate>>()
  /** The leg that is heard and seen. */
  let played = ''
  let pieces: Int16Array[] = []

  const record = (stream: MediaStream, id: string): AudioContext => {
    const audio = new Audio()
    // Chromium decodes only what something plays.
    audio.autoplay = true
    audio.srcObject = stream
    const context = new AudioContext({ sampleRate: rate })
    // An AudioWorklet would need a file of its own; in a test the old node will do.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    const tap = context.createScriptProcessor(1024, 1, 1)
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    tap.onaudioprocess = ({ inputBuffer }) => {
      if (played !== id) return
      pieces.push(Int16Array.from(inputBuffer.getChannelData(0), (x) => Math.max(-1, Math.min(1, x)) * 32_767))
    }
    context.createMediaStreamSource(stream).connect(tap)
    tap.connect(context.destination)
    return context
  }

  const eye = (): HTMLVideoElement => document.getElementById('eye') as HTMLVideoElement

  const colours = (image: CanvasImageSource): number[] => {
    const field = 16
    const canvas = new OffscreenCanvas(columns * field, rows * field)
    const drawing = canvas.getContext('2d')
    if (drawing === null) return []
    drawing.imageSmoothingQuality = 'high'
    drawing.drawImage(image, 0, 0, canvas.width, canvas.height)
    const means: number[] = []
    for (let n = 0; n < columns * rows; n += 1) {
      const { data } = drawing.getImageData((n % columns) * field, Math.floor(n / columns) * field, field, field)
      for (const channel of [0, 1, 2])
        means.push(data.filter((_, at) => at % 4 === channel).reduce((sum, value) => sum + value, 0) / field ** 2)
    }
    return means
  }

  const play = (id: string): void => {
    played = id
    eye().srcObject = legs.get(id)?.picture ?? null
  }

  const close = (id: string): void => {
    const leg = legs.get(id)
    leg?.connection.close()
    void leg?.context?.close()
    for (const track of leg?.captured ?? []) track.stop()
    legs.delete(id)
    const next = [...legs.keys()].at(-1)
    if (played === id && next !== undefined) play(next)
  }

  const offer = async (made: RTCPeerConnection): Promise<string> => {
    await made.setLocalDescription()
    return made.localDescription?.sdp ?? ''
  }

  /** The legs of one call share it: its offer named one for every branch. */
  const certificateOf = (callId: string): Promise<RTCCertificate> => {
    const made =
      certificates.get(callId) ??
      RTCPeerConnection.generateCertificate({ name: 'ECDSA', namedCurve: 'P-256' } as AlgorithmIdentifier)
    certificates.set(callId, made)
    return made
  }

  const open = async (id: string, callId: string, video: boolean): Promise<string> => {
    const certificate = await certificateOf(callId)
    const policies = { bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require' } as const
    const connection = new RTCPeerConnection({ ...policies, certificates: [certificate] })
    const leg: Leg = { connection, context: null, picture: null, captured: [] }
    if (legs.size === 0) {
      pieces = []
      play(id)
    }
    legs.set(id, leg)
    connection.addTransceiver('audio')
    if (video) connection.addTransceiver('video')
    connection.ontrack = ({ track }) => {
      const stream = new MediaStream([track])
      if (track.kind === 'audio') leg.context = record(stream, id)
      else leg.picture = stream
      if (played === id) play(id)
    }
    return offer(connection)
  }

  const capture = async (id: string, microphone: boolean, camera: boolean): Promise<void> => {
    const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false }
    const stream = await navigator.mediaDevices.getUserMedia({ audio: microphone && plain, video: camera })
    const leg = legs.get(id)
    leg?.captured.push(...stream.getTracks())
    for (const transceiver of leg?.connection.getTransceivers() ?? []) {
      const track = stream.getTracks().find(({ kind }) => kind === transceiver.receiver.track.kind)
      if (track !== undefined) await transceiver.sender.replaceTrack(track)
    }
  }

  const renegotiate = async (id: string, video: boolean): Promise<string | null> => {
    const connection = legs.get(id)?.connection
    if (connection === undefined) return null
    if (video && connection.getTransceivers().length < 2) connection.addTransceiver('video')
    return offer(connection)
  }

  window.engine = {
    command: async (command) => {
      const id = command.legId
      if (command.kind === 'open') return open(id, command.callId, command.video)
      if (command.kind === 'renegotiate') return renegotiate(id, command.video)
      if (command.kind === 'answer')
        await legs.get(id)?.connection.setRemoteDescription({ type: 'answer', sdp: command.sdp })
      if (command.kind === 'capture' && (command.microphone || command.camera))
        await capture(id, command.microphone, command.camera)
      if (command.kind === 'play') play(id)
      if (command.kind === 'close') close(id)
      return null
    },
    recording: () => {
      const bytes = pieces.flatMap((piece) => [...new Uint8Array(piece.buffer)])
      let text = ''
      for (const byte of bytes) text += String.fromCharCode(byte)
      return btoa(text)
    },
    framesDecoded: async () => {
      let frames = 0
      const stats = (await legs.get(played)?.connection.getStats()) ?? new Map<string, unknown>()
      for (const one of stats.values()) frames += (one as { framesDecoded?: number }).framesDecoded ?? 0
      return frames
    },
    seen: () => colours(eye()),
    coloursOf: async (url) => colours(await createImageBitmap(await (await fetch(url)).blob())),
  }
}
